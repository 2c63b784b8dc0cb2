"""The small JSON files of a model folder: `config.json`, `generation_config.json` and their like.

Every file is taken to be hostile: its size is limited before it is read and its shape is checked before it is used.
Knows no model family, no weights and no hub.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proxy_inference_engine.errors import ConfigError, ModelNotFoundError
from proxy_inference_engine.types import JSONObject

MAX_CONFIG_BYTES = 4 << 20
MAX_CONFIG_DEPTH = 64

_TAGGED_FLOATS = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_SAMPLING_KEYS: dict[str, tuple[type, ...]] = {
    "do_sample": (bool,),
    "temperature": (int, float),
    "top_p": (int, float),
    "top_k": (int,),
    "min_p": (int, float),
    "repetition_penalty": (int, float),
}


def read_json_object(path: Path, *, max_bytes: int = MAX_CONFIG_BYTES) -> JSONObject:
    """The JSON object that the file holds.

    Raises ConfigError when the file is missing, longer than `max_bytes`, not UTF-8 JSON, nested deeper than
    `MAX_CONFIG_DEPTH`, or something other than an object.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    size = path.stat().st_size
    if size > max_bytes:
        raise ConfigError(f"{path}: {size} bytes, more than the limit of {max_bytes} for this file")
    try:
        value = json.loads(path.read_bytes()[: max_bytes + 1])
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid JSON ({type(error).__name__}: {error})") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: holds a JSON {type(value).__name__}, an object was expected")
    _check_depth(value, path)
    return value


def read_config(folder: Path) -> JSONObject:
    """The model's `config.json`, with floats that transformers tagged (`{"__float__": "Infinity"}`) made plain.

    Raises ModelNotFoundError when the folder has no config.json, ConfigError when the file cannot be used.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelNotFoundError(_missing_config(folder))
    config: JSONObject = _untag(read_json_object(path))
    return config


def generation_defaults(folder: Path | str) -> JSONObject:
    """The sampling defaults of the model's `generation_config.json`, as far as it has them.

    The keys are among do_sample, temperature, top_p, top_k, min_p and repetition_penalty; all others are left out,
    and so are nulls. Empty without the file. Raises ConfigError when the file is not a JSON object or a value has the
    wrong type.
    """
    path = Path(folder) / "generation_config.json"
    if not path.is_file():
        return {}
    found = read_json_object(path)
    defaults: JSONObject = {}
    for key, types in _SAMPLING_KEYS.items():
        value = found.get(key)
        if value is None:
            continue
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ConfigError(f"{path}: `{key}` is {value!r}, {' or '.join(t.__name__ for t in types)} was expected")
        defaults[key] = value
    return defaults


def tag_floats(value: Any) -> Any:
    """The reverse of what `read_config` does: infinities and NaN as tagged objects, so that the file is valid JSON."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"__float__": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {key: tag_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tag_floats(item) for item in value]
    return value


def _untag(value: Any) -> Any:
    if isinstance(value, dict):
        tag = value.get("__float__") if len(value) == 1 else None
        if isinstance(tag, str) and tag in _TAGGED_FLOATS:
            return _TAGGED_FLOATS[tag]
        return {key: _untag(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_untag(item) for item in value]
    return value


def _check_depth(value: Any, path: Path) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_CONFIG_DEPTH):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise ConfigError(f"{path}: nested deeper than the limit of {MAX_CONFIG_DEPTH} levels")


def _missing_config(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return f"{folder} holds an adapter (adapter_config.json), not a whole model: give the folder of its base model"
    if any(folder.glob("*.gguf")):
        return (
            f"{folder} holds a GGUF file: PIE reads safetensors models with a config.json; get that form of the model"
        )
    return f"{folder} has no config.json: it is not a model folder"
