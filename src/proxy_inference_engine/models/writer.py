"""Writes a model folder: safetensors shards, their index, config.json and the files that come along.

The folder appears whole or not at all: everything is written beside it and renamed at the end. Knows no model family.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.errors import CapacityError, RequestError
from proxy_inference_engine.models.checkpoint import INDEX_NAME
from proxy_inference_engine.models.files import tag_floats
from proxy_inference_engine.models.weights import evaluated
from proxy_inference_engine.types import JSONObject

SHARD_BYTES = 5 << 30
"""A shard is closed before it would grow past this; a larger tensor gets a shard of its own."""

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""

_COMPANIONS = (
    "*.json",
    "*.jinja",
    "tokenizer.model",
    "*.tiktoken",
    "merges.txt",
    "vocab.txt",
    "LICENSE*",
    "NOTICE*",
)
_OWN_FILES = frozenset({"config.json", "adapter_config.json"})


@contextmanager
def new_folder(out_folder: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out_folder` when the block ends, and vanishes when it raises.

    Raises RequestError when `out_folder` exists already (an empty folder may) or its parent is missing.
    """
    if out_folder.exists() and not (out_folder.is_dir() and not any(out_folder.iterdir())):
        raise RequestError(
            f"{out_folder} exists already: remove it or choose another folder; nothing is overwritten",
            param="out_folder",
        )
    parent = out_folder.absolute().parent
    if not parent.is_dir():
        raise RequestError(f"{parent}, where {out_folder.name!r} was to be written, is no folder", param="out_folder")
    temporary = parent / f".{out_folder.name}.partial-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        os.replace(temporary, out_folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_weights(
    folder: Path,
    arrays: dict[str, mx.array],
    *,
    num_parameters: int,
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> None:
    """Write the arrays, lazy or not, as shards with an index. Empties `arrays`; one shard is in memory at a time.

    `num_parameters` goes into the index. Raises CapacityError when the disk has less room than the arrays need.
    """
    total = sum(array.nbytes for array in arrays.values())
    free = shutil.disk_usage(folder).free
    if total > free:
        raise CapacityError(f"{folder.parent}: the weights need {total} bytes, but the disk has only {free} free")
    shards = plan_shards({name: array.nbytes for name, array in arrays.items()}, shard_bytes)
    weight_map: dict[str, str] = {}
    done = 0
    for number, names in enumerate(shards, start=1):
        file = "model.safetensors" if len(shards) == 1 else f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        shard: dict[str, mx.array] = {}
        for name, array in evaluated(((name, arrays.pop(name)) for name in names), total):
            shard[name] = array
            done += array.nbytes
            if progress is not None:
                progress(done, total)
        mx.save_safetensors(str(folder / file), shard, metadata={"format": "mlx"})
        weight_map.update(dict.fromkeys(names, file))
    metadata = {"total_size": total, "total_parameters": num_parameters}
    _write_json(folder / INDEX_NAME, {"metadata": metadata, "weight_map": dict(sorted(weight_map.items()))})


def plan_shards(nbytes: Mapping[str, int], shard_bytes: int) -> list[list[str]]:
    """The names in order, cut into shards of at most `shard_bytes` (a larger tensor is a shard of its own)."""
    shards: list[list[str]] = []
    filled = math.inf
    for name, size in nbytes.items():
        if filled + size > shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    return shards


def write_config(folder: Path, config: JSONObject) -> None:
    """Write config.json, without the path that it was once loaded from."""
    config = {key: value for key, value in sorted(config.items()) if key != "_name_or_path"}
    _write_json(folder / "config.json", tag_floats(config))


def copy_companions(source: Path, folder: Path) -> None:
    """Copy tokenizer files, chat templates, generation defaults and licences. Never code or weights."""
    for pattern in _COMPANIONS:
        for path in sorted(source.glob(pattern)):
            if path.is_file() and path.name not in _OWN_FILES and not path.name.endswith(".index.json"):
                shutil.copyfile(path, folder / path.name)


def _write_json(path: Path, value: JSONObject) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
