"""Reads the header of a safetensors file and checks it against the file before anyone uses the tensors.

Source of the format: https://github.com/huggingface/safetensors#format (8 bytes of header length, a JSON header, then
the tensors' bytes without holes). Knows no MLX, no model and no config.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy_inference_engine.errors import WeightsError

MAX_HEADER_BYTES = 100_000_000
MAX_TENSORS = 500_000
MAX_RANK = 8
MAX_DIMENSION = 2**31 - 1

_DTYPE_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
    "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
    "U32": 4, "I32": 4, "F32": 4,
    "U64": 8, "I64": 8, "F64": 8, "C64": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What the header says of one tensor. `begin` and `end` are byte offsets within the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def nbytes(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Header:
    """A checked header: every tensor lies within the file, none overlap, and each has the bytes its shape needs."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


def read_header(path: Path) -> Header:
    """The checked header of a safetensors file. Reads nothing but the header.

    Raises WeightsError, naming the file, the value and the limit, for anything that is not a whole, well-formed file.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file")
    file_size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        if len(prefix) < 8:
            raise WeightsError(
                f"{path}: {file_size} bytes, too short for a safetensors file (at least 8); it was truncated"
            )
        header_size = int.from_bytes(prefix, "little")
        if header_size > MAX_HEADER_BYTES:
            raise WeightsError(
                f"{path}: the header claims {header_size} bytes, more than the limit of {MAX_HEADER_BYTES}; "
                "this is not a safetensors file, or it is damaged"
            )
        if header_size > file_size - 8:
            raise WeightsError(
                f"{path}: the header claims {header_size} bytes, but only {file_size - 8} follow; "
                "the file was truncated: download or copy it again"
            )
        raw = file.read(header_size)
    tensors, metadata = _parse(raw, path)
    infos = {name: _tensor(name, entry, 8 + header_size, path) for name, entry in tensors.items()}
    _check_layout(infos, 8 + header_size, file_size, path)
    return Header(infos, metadata)


def _parse(raw: bytes, path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        header = json.loads(raw, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: the header is not valid JSON ({type(error).__name__}: {error})") from error
    if not isinstance(header, dict):
        raise WeightsError(f"{path}: the header is a JSON {type(header).__name__}, an object was expected")
    metadata = header.pop("__metadata__", None)
    if metadata is None:  # MLX writes null where there is none
        metadata = {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise WeightsError(f"{path}: `__metadata__` must map texts to texts")
    if len(header) > MAX_TENSORS:
        raise WeightsError(f"{path}: {len(header)} tensors, more than the limit of {MAX_TENSORS}")
    return header, metadata


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} occurs twice")
        result[key] = value
    return result


def _tensor(name: str, entry: Any, data_begin: int, path: Path) -> TensorInfo:
    where = f"{path}: tensor {name!r}"
    if not isinstance(entry, dict):
        raise WeightsError(f"{where}: its entry is a JSON {type(entry).__name__}, an object was expected")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _DTYPE_BYTES:
        raise WeightsError(f"{where}: dtype {dtype!r} is not supported; it is one of {', '.join(_DTYPE_BYTES)}")
    if not isinstance(shape, list) or len(shape) > MAX_RANK:
        raise WeightsError(f"{where}: shape {shape!r} is not a list of at most {MAX_RANK} sizes")
    if not all(_is_size(size) and size <= MAX_DIMENSION for size in shape):
        raise WeightsError(f"{where}: shape {shape!r}: every size must be an integer from 0 to {MAX_DIMENSION}")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(offset) for offset in offsets):
        raise WeightsError(f"{where}: data_offsets {offsets!r} are not two integers from 0")
    begin, end = offsets
    needed = math.prod(shape) * _DTYPE_BYTES[dtype]
    if end - begin != needed:
        raise WeightsError(
            f"{where}: data_offsets {offsets!r} hold {end - begin} bytes, but {dtype} of shape {shape!r} needs {needed}"
        )
    return TensorInfo(dtype, tuple(shape), data_begin + begin, data_begin + end)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_layout(tensors: Mapping[str, TensorInfo], data_begin: int, file_size: int, path: Path) -> None:
    position = data_begin
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if tensor.end > file_size:
            raise WeightsError(
                f"{path}: tensor {name!r} ends at byte {tensor.end}, but the file has only {file_size}; "
                "the file was truncated: download or copy it again"
            )
        if tensor.begin != position:
            problem = "overlaps the one before" if tensor.begin < position else "leaves a hole before it"
            raise WeightsError(
                f"{path}: tensor {name!r} begins at byte {tensor.begin}, {position} was expected: it {problem}"
            )
        position = tensor.end
    if position != file_size:
        raise WeightsError(f"{path}: the tensors end at byte {position}, but the file has {file_size}: it is damaged")
