"""Prompt caches as files: one safetensors file a prompt, found again by its tokens.

A file is named `<fingerprint>-<checksum>.safetensors`: the fingerprint says which model wrote it, and the checksum is
over the whole file, so that a damaged one is recognised before any of it is used. It is written under a temporary
name and then renamed, so a crash leaves no half file under a real name. The tokens of every file are kept in memory:
a look-up opens only files that are new. Knows no model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import mlx.core as mx
import numpy as np

logger = logging.getLogger(__name__)

Tokens: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]

_FORMAT = "pie-prompt-cache-1"
_MAX_HEADER_BYTES = 16 * 2**20
_MAX_LAYERS = 4096
_DIGEST_SIZE = 16
# Of any model; a block file is none of ours.
_ANY_NAME = re.compile(rf"(?!block-[0-9a-f]{{16}}-).+-[0-9a-f]{{{2 * _DIGEST_SIZE}}}\.safetensors")
_CHECKSUM_NAME = re.compile(rf"[0-9a-f]{{{2 * _DIGEST_SIZE}}}\.safetensors")
# A folder changed twice within a tick of the file system's clock keeps its time: a young time proves nothing.
_CLOCK_SLACK_NS = 2_000_000_000
# What a damaged or hostile file may raise, from its JSON to its tensors; RecursionError is a RuntimeError.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, RuntimeError, MemoryError, OverflowError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file whose `num_tokens` tokens share `num_shared` leading ones with the prompt that was looked for."""

    path: Path
    num_shared: int
    num_tokens: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's tokens and each layer's arrays, evaluated."""

    token_ids: list[int]
    layers: list[dict[str, mx.array]]


class SavedPrompts:
    """The files of `fingerprint` in `directory`, which need not exist before the first `save`.

    `max_bytes` bounds the saved prompts of all fingerprints in the folder after each `save`: those that were used least
    recently go first. None sets no bound.
    """

    def __init__(self, directory: Path, fingerprint: str, *, max_bytes: int | None = None) -> None:
        self.directory = directory
        self.fingerprint = fingerprint
        self._max_bytes = max_bytes
        self._tokens: dict[str, Tokens | None] = {}  # by file name; None: damaged, and said so
        self._listed_at: tuple[int, int] | None = None  # the folder's time, and when it was read

    def save(self, token_ids: Sequence[int], layers: Sequence[dict[str, mx.array]]) -> Path:
        """Write one file and return its path; files whose tokens it begins with or repeats are removed.

        The file itself is removed, too, where it alone is larger than the bound of the folder.
        Raises OSError when the folder cannot be written.
        """
        path = _write(self.directory, self.fingerprint, token_ids, layers)
        self._refresh()
        new = np.asarray(token_ids, dtype=np.int32)
        self._tokens[path.name] = new
        for name, held in list(self._tokens.items()):
            if held is None or name == path.name or _num_shared(held, new) < len(held):
                continue
            try:
                (self.directory / name).unlink(missing_ok=True)
            except OSError as error:
                logger.warning("an outdated prompt cache file stays: %s", error)
                continue
            del self._tokens[name]
        if self._max_bytes is not None:
            self._shrink(self._max_bytes)
        return path

    def find(self, token_ids: Sequence[int]) -> list[Entry]:
        """The files that share at least one leading token: the longest shared prefix first, then the shortest file.

        Files that cannot be read are passed over, with one warning each.
        """
        self._refresh()
        wanted = np.asarray(token_ids, dtype=np.int32)
        entries = [
            Entry(self.directory / name, num_shared, len(held))
            for name, held in self._tokens.items()
            if held is not None and (num_shared := _num_shared(held, wanted))
        ]
        return sorted(entries, key=lambda entry: (-entry.num_shared, entry.num_tokens))

    def load(self, entry: Entry) -> Loaded | None:
        """Check and read one file; None, with a warning, when it is damaged or gone."""
        try:
            loaded = _read(entry.path)
        except _UNREADABLE as error:
            self.refuse(entry, str(error))
            return None
        with contextlib.suppress(OSError):  # not ours to change: it is only its place in the order
            os.utime(entry.path)
        return loaded

    def refuse(self, entry: Entry, reason: str) -> None:
        """Do not offer this file again, and say so once in the log."""
        self._tokens[entry.path.name] = None
        _warn(entry.path, reason)

    def _shrink(self, max_bytes: int) -> None:
        """Remove the saved prompts that were used least recently, of all models, until the rest fits."""
        files: list[tuple[int, str, int]] = []
        with os.scandir(self.directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if _ANY_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        files.append((status.st_mtime_ns, entry.name, status.st_size))
        total = sum(num_bytes for _, _, num_bytes in files)
        for _, name, num_bytes in sorted(files):
            if total <= max_bytes:
                return
            path = self.directory / name
            try:
                if _read_header(path)[0]["__metadata__"]["format"] != _FORMAT:
                    continue  # somebody else's, whatever its name
                path.unlink(missing_ok=True)
            except _UNREADABLE as error:
                logger.warning("the prompt cache file %s stays in a folder that is too full: %s", path, error)
                continue
            total -= num_bytes
            self._tokens.pop(name, None)

    def _refresh(self) -> None:
        """Bring the tokens held in memory up to date with the folder."""
        now = time.time_ns()
        prefix = f"{self.fingerprint}-"
        try:
            changed_at = self.directory.stat().st_mtime_ns
            if self._listed_at is not None:
                known, listed_at = self._listed_at
                if known == changed_at and changed_at < listed_at - _CLOCK_SLACK_NS:
                    return
            names = {
                name
                for name in os.listdir(self.directory)
                if name.startswith(prefix) and _CHECKSUM_NAME.fullmatch(name, len(prefix))
            }
        except OSError:  # no such folder, or not ours to read: as good as empty
            self._tokens, self._listed_at = {}, None
            return
        self._listed_at = (changed_at, now)
        self._tokens = {name: held for name, held in self._tokens.items() if name in names}
        for name in sorted(names - self._tokens.keys()):
            self._tokens[name] = None
            try:
                self._tokens[name] = _read_token_ids(self.directory / name)
            except _UNREADABLE as error:
                _warn(self.directory / name, str(error))


def _write(directory: Path, fingerprint: str, token_ids: Sequence[int], layers: Sequence[dict[str, mx.array]]) -> Path:
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


def _read(path: Path) -> Loaded:
    if _checksum(path) != path.stem.rpartition("-")[2]:
        raise ValueError("its checksum does not match")
    arrays, metadata = cast("tuple[dict[str, mx.array], dict[str, str]]", mx.load(str(path), return_metadata=True))
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"its format is {metadata.get('format')!r}, not {_FORMAT!r}")
    num_layers = int(metadata["num_layers"])
    if not 0 < num_layers <= _MAX_LAYERS:
        raise ValueError(f"it claims {num_layers} layers; from 1 to {_MAX_LAYERS} are possible")
    layers: list[dict[str, mx.array]] = [{} for _ in range(num_layers)]
    token_ids = cast("list[int]", arrays.pop("token_ids").tolist())
    for key, array in arrays.items():
        _, index, name = key.split(".", 2)
        layers[int(index)][name] = array
    mx.eval(arrays)  # read now, while the file is known to be there
    return Loaded(token_ids, layers)


def _warn(path: Path, reason: str) -> None:
    logger.warning("ignoring the prompt cache file %s: %s", path, reason)


def _num_shared(a: Tokens, b: Tokens) -> int:
    limit = min(len(a), len(b))
    differs = np.flatnonzero(a[:limit] != b[:limit])
    return int(differs[0]) if len(differs) else limit


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_SIZE)).hexdigest()


def _read_token_ids(path: Path) -> Tokens:
    header, data_start = _read_header(path)
    start, stop = header["token_ids"]["data_offsets"]
    if header["token_ids"]["dtype"] != "I32" or not 0 <= start <= stop <= path.stat().st_size - data_start:
        raise ValueError("its token ids lie outside the file")
    with path.open("rb") as file:
        file.seek(data_start + start)
        return np.frombuffer(file.read(stop - start), dtype=np.int32)


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """What the file says of itself, and where its data begins."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= _MAX_HEADER_BYTES:
            raise ValueError(f"its header claims {length} bytes")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is no table")
    return header, 8 + length
