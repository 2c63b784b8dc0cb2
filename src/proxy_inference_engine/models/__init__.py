"""Language models: finding, checking and loading them, and one file per family.

Importing this package loads nothing; `load` imports what it needs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy_inference_engine.models.base import Model
    from proxy_inference_engine.tokenizer import Tokenizer

__all__ = ["load", "load_model"]


def load(
    path_or_id: str | os.PathLike[str],
    *,
    revision: str | None = None,
    dtype: str | None = None,
    offline: bool = False,
) -> tuple[Model, Tokenizer]:
    """The model and tokenizer of a local folder, of a hub id (`owner/name`), or of the bundled `demo`.

    A hub id is fetched once and then served from huggingface_hub's cache; `revision` is a branch, tag or commit, and
    `offline` uses the cache alone. `dtype` ("float32", "float16", "bfloat16") is what the weights are held and computed
    in; None means float32 on CPU and as stored on a GPU. Raises a ModelLoadError (see errors.py) naming what is wrong.
    """
    from proxy_inference_engine.models.hub import resolve_model
    from proxy_inference_engine.tokenizer import Tokenizer

    folder = resolve_model(path_or_id, revision=revision, offline=offline)
    # The tokenizer comes first: it is small, so a folder that lacks it fails before the weights are read.
    tokenizer = Tokenizer.from_folder(folder)
    return load_model(folder, dtype=dtype), tokenizer


def load_model(folder: str | os.PathLike[str], *, dtype: str | None = None) -> Model:
    """The model of a local folder. See `load`."""
    from proxy_inference_engine.models.loader import load_model as load_folder

    return load_folder(os.fspath(folder), dtype=dtype)
