"""Prompt caches as files: one safetensors file a prompt, found again by its tokens.

A file is named `<fingerprint>-<checksum>.safetensors`: the fingerprint says which model wrote it, and the checksum is
over the whole file, so that a damaged one is recognised before any of it is used. It is written under a temporary
name and then renamed, so a crash leaves no half file under a real name. Knows no model.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import mlx.core as mx
import numpy as np

logger = logging.getLogger(__name__)

_FORMAT = "pie-prompt-cache-1"
_MAX_HEADER_BYTES = 16 * 2**20
_DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A file whose tokens share `num_shared` leading ones with the prompt that was looked for."""

    path: Path
    num_shared: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's tokens and each layer's arrays, evaluated."""

    token_ids: list[int]
    layers: list[dict[str, mx.array]]


def save(directory: Path, fingerprint: str, token_ids: Sequence[int], layers: Sequence[dict[str, mx.array]]) -> Path:
    """Write one file and return its path. Raises OSError when the folder cannot be written."""
    directory.mkdir(parents=True, exist_ok=True)
    arrays = {f"layers.{i}.{name}": array for i, state in enumerate(layers) for name, array in state.items()}
    arrays["token_ids"] = mx.array(list(token_ids), dtype=mx.int32)
    metadata = {"format": _FORMAT, "fingerprint": fingerprint, "num_layers": str(len(layers))}
    descriptor, name = tempfile.mkstemp(prefix=".writing-", suffix=".safetensors", dir=directory)
    os.close(descriptor)
    temporary = Path(name)
    try:
        mx.save_safetensors(str(temporary), arrays, metadata)
        final = directory / f"{fingerprint}-{_checksum(temporary)}.safetensors"
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return final


def find(directory: Path, fingerprint: str, token_ids: list[int]) -> list[Entry]:
    """The files of `fingerprint` that share at least one leading token, the longest shared prefix first.

    Reads only each file's header and tokens. Files that cannot be read are passed over with a warning.
    """
    entries = []
    wanted = np.asarray(token_ids, dtype=np.int32)
    for path in sorted(directory.glob(f"{fingerprint}-*.safetensors")):
        try:
            held = _read_token_ids(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            warn_damaged(path, str(error))
            continue
        limit = min(len(held), len(wanted))
        differs = np.flatnonzero(held[:limit] != wanted[:limit])
        num_shared = int(differs[0]) if len(differs) else limit
        if num_shared:
            entries.append(Entry(path, num_shared))
    return sorted(entries, key=lambda entry: -entry.num_shared)


def load(entry: Entry) -> Loaded | None:
    """Check and read one file; None, with a warning, when it is damaged or gone."""
    try:
        expected = entry.path.stem.rpartition("-")[2]
        if _checksum(entry.path) != expected:
            raise ValueError("its checksum does not match")
        arrays, metadata = cast(
            "tuple[dict[str, mx.array], dict[str, str]]", mx.load(str(entry.path), return_metadata=True)
        )
        if metadata.get("format") != _FORMAT:
            raise ValueError(f"its format is {metadata.get('format')!r}, not {_FORMAT!r}")
        layers: list[dict[str, mx.array]] = [{} for _ in range(int(metadata["num_layers"]))]
        token_ids = cast("list[int]", arrays.pop("token_ids").tolist())
        for key, array in arrays.items():
            _, index, name = key.split(".", 2)
            layers[int(index)][name] = array
        mx.eval(arrays)  # read now, while the file is known to be there
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        warn_damaged(entry.path, str(error))
        return None
    return Loaded(token_ids, layers)


def warn_damaged(path: Path, reason: str) -> None:
    """Say once, in the log, that `path` is not used."""
    logger.warning("ignoring the prompt cache file %s: %s", path, reason)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_SIZE)).hexdigest()


def _read_token_ids(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= _MAX_HEADER_BYTES:
            raise ValueError(f"its header claims {length} bytes")
        header = json.loads(file.read(length))
        start, stop = header["token_ids"]["data_offsets"]
        if header["token_ids"]["dtype"] != "I32" or not 0 <= start <= stop <= path.stat().st_size - 8 - length:
            raise ValueError("its token ids lie outside the file")
        file.seek(8 + length + start)
        return np.frombuffer(file.read(stop - start), dtype=np.int32)
