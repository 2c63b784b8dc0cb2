"""What a model folder says about its tokenizer, in whichever of the known forms it says it.

Reads tokenizer_config.json, special_tokens_map.json, generation_config.json, config.json and the chat templates into
one record. Knows nothing of encoding; the vocabulary itself (tokenizer.json) is read by the `tokenizers` library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy_inference_engine.errors import ConfigError, ModelNotFoundError, UnsupportedModelError

_MAX_JSON_BYTES = 64 * 2**20
_OTHER_VOCABULARIES = ("tokenizer.model", "tekken.json", "tiktoken.model", "vocab.json", "spiece.model")
_FLAGS = ("lstrip", "rstrip", "single_word", "normalized", "special")


@dataclass(frozen=True, slots=True)
class DeclaredToken:
    """A token that a config file names. `token_id` is None where the file gives none; `flags` as in tokenizer.json."""

    content: str
    token_id: int | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerFiles:
    """The folder's own words about its tokenizer.

    `special_tokens` maps names as templates use them ("bos_token") to strings; `declared` are further tokens that may
    be missing from tokenizer.json; `templates` has "default" and named ones; `eos_token_ids` come from
    generation_config.json and config.json and are not checked against the vocabulary. `adds_bos` and `adds_eos` are
    None where the files leave it to tokenizer.json.
    """

    vocabulary: Path
    special_tokens: Mapping[str, str]
    declared: tuple[DeclaredToken, ...]
    templates: Mapping[str, str]
    eos_token_ids: frozenset[int]
    adds_bos: bool | None = None
    adds_eos: bool | None = None


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """Read all of it. Raises ModelNotFoundError, UnsupportedModelError (no tokenizer.json) or ConfigError."""
    if not folder.is_dir():
        raise ModelNotFoundError(f"There is no folder {str(folder)!r} to load a tokenizer from.")
    vocabulary = folder / "tokenizer.json"
    if not vocabulary.is_file():
        others = [name for name in _OTHER_VOCABULARIES if (folder / name).is_file()]
        if others:
            raise UnsupportedModelError(
                f"{str(folder)!r} has {others[0]} but no tokenizer.json. Save the tokenizer in the tokenizers format "
                "(transformers: AutoTokenizer.from_pretrained(...).save_pretrained(...)) and load that."
            )
        raise ModelNotFoundError(f"{str(folder)!r} has no tokenizer.json.")
    config = _read_json(folder / "tokenizer_config.json")
    names = _read_json(folder / "special_tokens_map.json")
    declared = [*_added_tokens(config), *_special_tokens(names), *_special_tokens(config)]
    adds = [config.get(key) for key in ("add_bos_token", "add_eos_token")]
    is_explicit = any(isinstance(value, bool) for value in adds)
    return TokenizerFiles(
        vocabulary=vocabulary,
        special_tokens={n: t.content for n, t in [*_named(names), *_named(config)]},
        declared=tuple(declared),
        templates=_templates(folder, config),
        eos_token_ids=frozenset(
            token_id
            for name in ("generation_config.json", "config.json")
            for token_id in _eos_ids(folder / name, _read_json(folder / name))
        ),
        adds_bos=adds[0] is True if is_explicit else None,
        adds_eos=adds[1] is True if is_explicit else None,
    )


def _read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; an absent file is an empty object."""
    try:
        if not path.is_file():
            return {}
        if (size := path.stat().st_size) > _MAX_JSON_BYTES:
            raise ConfigError(f"{path} has {size} bytes; at most {_MAX_JSON_BYTES} are read.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as JSON: {error}. Download the file again.") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds a {type(value).__name__}, not an object.")
    return value


def _token(value: Any, token_id: int | None = None) -> DeclaredToken | None:
    """A token as files write it: a string, or an object with `content` and flags."""
    if isinstance(value, str):
        return DeclaredToken(value, token_id, {"special": True}) if value else None
    if isinstance(value, dict) and isinstance(value.get("content"), str) and value["content"]:
        flags = {name: value[name] for name in _FLAGS if isinstance(value.get(name), bool)}
        return DeclaredToken(value["content"], token_id, flags)
    return None


def _named(config: Mapping[str, Any]) -> Iterator[tuple[str, DeclaredToken]]:
    """The tokens with a name of their own: bos_token, eos_token, ..., also model-specific ones (image_token)."""
    extra = config.get("extra_special_tokens")
    for source in (extra if isinstance(extra, dict) else {}, config):
        for name, value in source.items():
            token = _token(value) if name.endswith("_token") else None
            if token is not None:
                yield name, token


def _special_tokens(config: Mapping[str, Any]) -> Iterator[DeclaredToken]:
    for _, token in _named(config):
        yield DeclaredToken(token.content, None, {**token.flags, "special": True})
    for key in ("additional_special_tokens", "extra_special_tokens"):
        values = config.get(key)
        for value in values if isinstance(values, list) else ():
            if (further := _token(value)) is not None:
                yield DeclaredToken(further.content, None, {**further.flags, "special": True})


def _added_tokens(config: Mapping[str, Any]) -> Iterator[DeclaredToken]:
    """`added_tokens_decoder`, by ascending id, as the library hands out ids in that order."""
    entries = config.get("added_tokens_decoder")
    if not isinstance(entries, dict):
        return
    for key, value in sorted(entries.items(), key=lambda item: int(item[0]) if item[0].isdecimal() else -1):
        added = _token(value, int(key)) if key.isdecimal() else None
        if added is not None:
            yield added


def _templates(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """The chat templates by name. Files of their own go before what tokenizer_config.json holds."""
    found: dict[str, str] = {}
    for source in (_read_json(folder / "chat_template.json"), config):
        match source.get("chat_template"):
            case None:
                pass
            case str(text):
                found["default"] = text
            case list(entries) if all(_is_named_template(entry) for entry in entries):
                found |= {entry["name"]: entry["template"] for entry in entries}
            case dict(entries) if all(isinstance(text, str) for text in entries.values()):
                found |= entries
            case other:
                raise ConfigError(
                    f"{folder}: chat_template is {str(other)[:80]!r}; it must be a string, or a list of objects with a "
                    "name and a template."
                )
    for path in [folder / "chat_template.jinja", *sorted((folder / "additional_chat_templates").glob("*.jinja"))]:
        try:
            if path.is_file():
                found["default" if path.parent == folder else path.stem] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}. Download the file again.") from error
    return found


def _is_named_template(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "template"))


def _eos_ids(path: Path, config: Mapping[str, Any]) -> Iterator[int]:
    """`eos_token_id`, one or a list, at the top or in the text part of a multimodal config."""
    text_config = config.get("text_config")
    for source in (config, text_config if isinstance(text_config, dict) else {}):
        value = source.get("eos_token_id")
        values = value if isinstance(value, list) else [] if value is None else [value]
        for token_id in values:
            if not isinstance(token_id, int) or isinstance(token_id, bool):
                raise ConfigError(f"{path}: eos_token_id is {value!r}; it must be an integer or a list of integers.")
            yield token_id
