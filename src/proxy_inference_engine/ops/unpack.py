"""Packed weights back to float32 on the CPU, block by block, with table look-ups in NumPy.

The tables are read off `mx.dequantize` itself, so there is one definition of every format. Sizes whose values straddle
bytes (3, 5 and 6 bits) have no table and go through `mx.dequantize`, which takes about three times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import mlx.core as mx
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

_TABLE_BITS = (2, 4, 8)
# The scale bytes that stand for 1.0: e8m0 is a power of two with bias 127, e4m3 has its exponent in bits 3 to 6.
_UNIT_SCALES = {"mxfp4": 127, "mxfp8": 127, "nvfp4": 0x38}
# The element bytes whose first value is 1.0, in e2m1 and in e4m3.
_UNIT_CODES = {"mxfp4": 0x02, "mxfp8": 0x38, "nvfp4": 0x02}
# NumPy copies items of these types whole: all values of one byte in one look-up.
_ITEMS: dict[int, npt.DTypeLike] = {1: np.float32, 2: np.float64, 4: np.complex128}


def unpack_rows(
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    *,
    block: int,
    group_size: int,
    bits: int,
    mode: str,
) -> Iterator[tuple[int, Float32]]:
    """Yield `(first row, values [<= block, in])` for all rows of a packed `weight [out, in * bits / 32]`."""
    if bits not in _TABLE_BITS:
        assert biases is not None
        for start in range(0, weight.shape[0], block):
            part = slice(start, start + block)
            unpacked = mx.dequantize(
                weight[part], scales[part], biases[part], group_size=group_size, bits=bits, mode=mode
            )
            yield start, np.array(unpacked.astype(mx.float32), copy=False)
        return
    codes = np.array(weight, copy=False).view(np.uint8)
    table = _byte_table(bits, mode)
    factors = _decode_scales(scales, mode)
    offsets = None if biases is None else np.array(biases.astype(mx.float32), copy=False)
    num_groups = scales.shape[-1]
    for start in range(0, weight.shape[0], block):
        part = slice(start, start + block)
        values: Float32 = np.take(table, codes[part]).view(np.float32).reshape(-1, num_groups, group_size)
        values *= factors[part, :, None]
        if offsets is not None:
            values += offsets[part, :, None]
        yield start, values.reshape(len(values), -1)


@lru_cache
def _byte_table(bits: int, mode: str) -> npt.NDArray[np.generic]:
    """For each byte, the float32 values packed in it, as one item."""
    per_byte = 8 // bits
    if mode == "affine":
        codes = np.arange(256)[:, None] >> (bits * np.arange(per_byte)) & ((1 << bits) - 1)
        values = codes.astype(np.float32)
    else:
        words = mx.array(np.arange(256, dtype=np.uint8).view(np.uint32))[None]
        values = _dequantize(words, np.full(256, _UNIT_SCALES[mode], dtype=np.uint8), bits, mode)
    table: npt.NDArray[np.generic] = np.ascontiguousarray(values.reshape(256, per_byte)).view(_ITEMS[per_byte])
    return table[:, 0]


def _decode_scales(scales: mx.array, mode: str) -> Float32:
    if mode == "affine":
        return np.array(scales.astype(mx.float32), copy=False)
    decoded: Float32 = _scale_table(mode)[np.array(scales, copy=False)]
    return decoded


@lru_cache
def _scale_table(mode: str) -> Float32:
    """The value of each scale byte."""
    bits = 8 if mode == "mxfp8" else 4
    group_size = 16 if mode == "nvfp4" else 32
    codes = np.full(256 * group_size * bits // 8, _UNIT_CODES[mode], dtype=np.uint8)
    words = mx.array(codes.view(np.uint32))[None]
    return _dequantize(words, np.arange(256, dtype=np.uint8), bits, mode).reshape(256, group_size)[:, 0].copy()


def _dequantize(words: mx.array, scales: npt.NDArray[np.uint8], bits: int, mode: str) -> Float32:
    group_size = 16 if mode == "nvfp4" else 32
    num_groups = words.shape[-1] * 32 // bits // group_size
    values = mx.dequantize(
        words, mx.array(scales[:num_groups])[None], group_size=group_size, bits=bits, mode=mode, dtype=mx.float32
    )
    return np.array(values)
