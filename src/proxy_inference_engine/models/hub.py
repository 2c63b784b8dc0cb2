"""From what a person names (a folder, a hub id, `demo`) to a folder on this machine.

Imports huggingface_hub only for a hub id. Knows nothing of what is in the folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from proxy_inference_engine.errors import ModelLoadError, ModelNotFoundError

DEMO_NAME = "demo"
ALLOWED_FILES = (
    "*.json",
    "*.safetensors",
    "*.jinja",
    "tokenizer.model",
    "*.tiktoken",
    "merges.txt",
    "vocab.txt",
)
"""What is fetched: weights, configs, tokenizer files and chat templates. Never code, never pickles."""

IGNORED_FILES = ("*/*", "consolidated*", "adapter_*")
"""Second copies of the weights in other layouts, and what else is not the model itself."""

_HUB_ID = re.compile(r"^[\w.-]+(/[\w.-]+)?$")


def resolve_model(path_or_id: str | os.PathLike[str], *, revision: str | None = None, offline: bool = False) -> Path:
    """The folder of the model: the bundled one for `demo`, a local folder, or a hub id's snapshot.

    A hub id is fetched once and kept in huggingface_hub's cache; `revision` is a branch, tag or commit. With `offline`
    (or HF_HUB_OFFLINE=1) only the cache is used. Raises ModelNotFoundError when there is no such model here or there,
    ModelLoadError when fetching it failed.
    """
    text = os.fspath(path_or_id)
    folder = Path(text).expanduser()
    if text == DEMO_NAME:
        from proxy_inference_engine.demo_model import demo_model_path

        folder = Path(demo_model_path())
    if text and folder.is_dir():
        if revision is not None:
            raise ModelNotFoundError(
                f"revision {revision!r} was given for the local folder {folder}: only models of the hub have revisions"
            )
        return folder
    if folder.is_file():
        raise ModelNotFoundError(f"{folder} is a file; give the folder that holds config.json and the weights")
    if not _HUB_ID.match(text) or text.startswith((".", "~")):
        raise ModelNotFoundError(f"there is no folder {text!r}, and it is not a hub id (`owner/name`) either")
    return _snapshot(text, revision=revision, offline=offline)


def _snapshot(repo_id: str, *, revision: str | None, offline: bool) -> Path:
    from huggingface_hub import constants, errors, snapshot_download

    what = f"model {repo_id!r}" if revision is None else f"revision {revision!r} of model {repo_id!r}"
    try:
        folder = snapshot_download(
            repo_id,
            revision=revision,
            allow_patterns=list(ALLOWED_FILES),
            ignore_patterns=list(IGNORED_FILES),
            local_files_only=offline,
        )
    except errors.GatedRepoError as error:
        raise ModelNotFoundError(
            f"{what} is gated: ask for access at {constants.ENDPOINT}/{repo_id}, then log in with `hf auth login` or "
            "set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"there is no folder {repo_id!r}, and no {what} at {constants.ENDPOINT}; check the spelling, or for a "
            "private model log in with `hf auth login` or set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelNotFoundError(
            f"model {repo_id!r} has no revision {revision or 'main'!r}; give a branch, a tag or a full commit hash"
        ) from error
    except errors.HFValidationError as error:
        raise ModelNotFoundError(f"there is no folder {repo_id!r}, and it is not a hub id either: {error}") from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelNotFoundError(_not_cached(what, error, offline or constants.HF_HUB_OFFLINE)) from error
    except OSError as error:
        raise ModelLoadError(f"{what} could not be fetched from {constants.ENDPOINT}: {_short(error)}") from error
    except Exception as error:
        # The HTTP client of huggingface_hub differs between its versions, and so do the errors that escape it.
        raise ModelLoadError(
            f"{what} could not be fetched from {constants.ENDPOINT}: {type(error).__name__}: {_short(error)}"
        ) from error
    return Path(folder)


def _not_cached(what: str, error: Exception, offline: bool) -> str:
    from huggingface_hub import constants

    if "incomplete" in type(error).__name__.lower():
        problem = f"only part of {what} is in the cache"
    else:
        problem = f"{what} is not in the cache"
    where = constants.HF_HUB_CACHE
    if offline:
        return f"{problem} ({where}), and going online is switched off: run once without `offline` and HF_HUB_OFFLINE"
    return (
        f"{problem} ({where}), and {constants.ENDPOINT} could not be reached ({_short(error.__cause__ or error)}): "
        "check the connection, or give a local folder"
    )


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
