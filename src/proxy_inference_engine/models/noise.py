"""Random values for weights, packed or not, of a size that keeps activations near 1.

Every tensor is cut from one block of noise, which costs a copy instead of a random draw per value. The values depend
on the seed and the tensor's name alone, not on the device.
"""

from __future__ import annotations

import math
import zlib
from functools import cached_property

import mlx.core as mx
import numpy as np

from proxy_inference_engine.models.layers.linear import Quantization

# A prime, so that no two rows of a matrix start at the same place of the block.
_LENGTH = 1_048_573
_SPREAD = 0.02
_E2M1_RMS = 2.93
_HALF_E4M3_RMS = 0.63
# Clears the top exponent bit of four e4m3 bytes: no NaN, and magnitudes below 2.
_HALF_E4M3_MASK = 0xBFBFBFBF


class Noise:
    """A source of random tensors. The same seed gives the same tensors."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    @cached_property
    def _normal(self) -> mx.array:
        return mx.array(np.random.default_rng(self._seed).standard_normal(_LENGTH, dtype=np.float32))

    @cached_property
    def _words(self) -> mx.array:
        return mx.array(np.random.default_rng(self._seed).integers(0, 1 << 32, _LENGTH, dtype=np.uint32))

    def draw(self, name: str, like: mx.array, packing: Quantization | None, dtype: mx.Dtype) -> mx.array:
        """A lazy tensor of the shape of `like`, the parameter `name`, whose layer is packed as `packing` says.

        Floating-point ones have `dtype`, all others the dtype of `like`.
        """
        part = name.rpartition(".")[2]
        if packing is not None and part in ("weight", "scales", "biases"):
            return self._packed(name, part, like, packing, dtype)
        values = self._cut(self._normal, name, like.shape)
        if like.ndim >= 2:
            return (values * (1 / math.sqrt(like.shape[-1]))).astype(dtype)
        return (values * _SPREAD + (0.0 if part == "bias" else 1.0)).astype(dtype)

    def _packed(self, name: str, part: str, like: mx.array, packing: Quantization, dtype: mx.Dtype) -> mx.array:
        if part == "weight":
            words = self._cut(self._words, name, like.shape)
            return words & _HALF_E4M3_MASK if packing.mode == "mxfp8" else words
        rms = 1 / math.sqrt(like.shape[-1] * packing.group_size)
        if packing.mode == "affine":
            # Codes are uniform from 0 to 2^bits - 1: the values spread evenly over -bound to bound.
            bound = rms * math.sqrt(3)
            value = 2 * bound / (2**packing.bits - 1) if part == "scales" else -bound
            return mx.full(like.shape, value, dtype)
        return mx.full(like.shape, _scale_code(packing.mode, rms), mx.uint8)

    def _cut(self, block: mx.array, name: str, shape: tuple[int, ...]) -> mx.array:
        size = math.prod(shape)
        start = zlib.crc32(name.encode()) % _LENGTH
        if start + size <= _LENGTH:
            return mx.contiguous(block[start : start + size].reshape(shape))
        whole, rest = divmod(size - (_LENGTH - start), _LENGTH)
        return mx.concatenate([block[start:], *[block] * whole, block[:rest]]).reshape(shape)


def _scale_code(mode: str, rms: float) -> int:
    """The 8-bit scale that brings random codes of the mode nearest to `rms`."""
    if mode == "nvfp4":
        return min(range(1, 127), key=lambda code: abs(math.log(_e4m3(code) * _E2M1_RMS / rms)))
    of_codes = _E2M1_RMS if mode == "mxfp4" else _HALF_E4M3_RMS
    return max(0, min(254, 127 + round(math.log2(rms / of_codes))))


def _e4m3(code: int) -> float:
    exponent, fraction = code >> 3, code & 7
    return fraction / 8 * 2.0**-6 if exponent == 0 else (1 + fraction / 8) * 2.0 ** (exponent - 7)
