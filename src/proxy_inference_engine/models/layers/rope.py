"""Rotary positions: each kind of scaling as a small frozen value, and the layer that rotates.

The formulas and their defaults are those of transformers 5. Kinds: default, linear, llama3, yarn and longrope.
Knows no family.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from proxy_inference_engine import ops

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DefaultRope:
    """Wavelengths rise geometrically from 1 to `theta` positions per radian. Source: Su et al., arXiv:2104.09864."""

    theta: float

    @property
    def attention_factor(self) -> float:
        """What rotated queries and keys are multiplied by."""
        return 1.0

    def wavelengths(self, num_dims: int) -> Float64:
        """Positions per radian of each of the `num_dims / 2` pairs."""
        wavelengths: Float64 = self.theta ** (np.arange(0, num_dims, 2, dtype=np.float64) / num_dims)
        return wavelengths


@dataclass(frozen=True, slots=True)
class LinearRope(DefaultRope):
    """All wavelengths stretched by `factor`. Source: Chen et al., arXiv:2306.15595."""

    factor: float

    def wavelengths(self, num_dims: int) -> Float64:
        """Positions per radian of each of the `num_dims / 2` pairs."""
        return DefaultRope(self.theta).wavelengths(num_dims) * self.factor


@dataclass(frozen=True, slots=True)
class Llama3Rope(DefaultRope):
    """Long wavelengths stretched by `factor`, short ones kept, a smooth change between. As in Llama 3.1."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_length: int

    def wavelengths(self, num_dims: int) -> Float64:
        """Positions per radian of each of the `num_dims / 2` pairs."""
        plain = DefaultRope(self.theta).wavelengths(num_dims)
        turns = self.original_length / (2 * math.pi * plain)  # full turns within the original length
        kept = (turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)
        kept = np.clip(kept, 0.0, 1.0)
        scaled: Float64 = plain / (kept + (1 - kept) / self.factor)
        return scaled


@dataclass(frozen=True, slots=True)
class YarnRope(DefaultRope):
    """A ramp over dimensions from kept to stretched wavelengths. Source: Peng et al., arXiv:2309.00071."""

    factor: float
    original_length: int
    factor_of_attention: float
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    truncate: bool = True

    @property
    def attention_factor(self) -> float:
        """What rotated queries and keys are multiplied by."""
        return self.factor_of_attention

    def wavelengths(self, num_dims: int) -> Float64:
        """Positions per radian of each of the `num_dims / 2` pairs."""
        plain = DefaultRope(self.theta).wavelengths(num_dims)
        first, last = (self._pair_with(turns, num_dims) for turns in (self.beta_fast, self.beta_slow))
        if self.truncate:
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, num_dims - 1)
        ramp = (np.arange(len(plain)) - first) / (last - first or 0.001)
        stretched = np.clip(ramp, 0.0, 1.0)
        scaled: Float64 = plain / (1 - stretched + stretched / self.factor)
        return scaled

    def _pair_with(self, num_turns: float, num_dims: int) -> float:
        """The (fractional) pair that makes so many full turns within the original length."""
        return num_dims * math.log(self.original_length / (num_turns * 2 * math.pi)) / (2 * math.log(self.theta))


@dataclass(frozen=True, slots=True)
class LongRope(DefaultRope):
    """A stretch of its own for each pair: one set up to the original length, another beyond.

    Source: Ding et al., arXiv:2402.13753. All tokens of one sequence are rotated by the same set, by the sequence's
    length as it is now.
    """

    original_length: int
    factor_of_attention: float
    short_factors: tuple[float, ...]
    long_factors: tuple[float, ...]

    @property
    def attention_factor(self) -> float:
        """What rotated queries and keys are multiplied by."""
        return self.factor_of_attention

    def wavelengths(self, num_dims: int) -> Float64:
        """Those up to the original length."""
        return DefaultRope(self.theta).wavelengths(num_dims) * np.array(self.short_factors, dtype=np.float64)

    def long_wavelengths(self, num_dims: int) -> Float64:
        """Those beyond the original length."""
        return DefaultRope(self.theta).wavelengths(num_dims) * np.array(self.long_factors, dtype=np.float64)


class Rope:
    """Rotates queries and keys by their positions. Holds no weights.

    The first `num_dims` of every head turn, the rest pass through.
    """

    def __init__(self, rope: DefaultRope, num_dims: int) -> None:
        self._wavelengths = mx.array(rope.wavelengths(num_dims).astype(np.float32))
        self._long_wavelengths: mx.array | None = None
        self._original_length = 0
        if isinstance(rope, LongRope):
            self._long_wavelengths = mx.array(rope.long_wavelengths(num_dims).astype(np.float32))
            self._original_length = rope.original_length
        self._attention_factor = rope.attention_factor

    def __call__(self, x: mx.array, offset: int | mx.array) -> mx.array:
        """Rotate `x [B, H, L, D]`, whose first token is at position `offset` (an int, or int32 `[B]`).

        Longrope takes an int alone: its wavelengths are chosen by the length of the sequence with the new tokens.
        """
        wavelengths = self._wavelengths
        if self._long_wavelengths is not None:
            assert isinstance(offset, int), "longrope rotates whole sequences, not rows of several"
            if offset + x.shape[2] > self._original_length:
                wavelengths = self._long_wavelengths
        if self._attention_factor != 1.0:
            x = self._scaled(x)
        return ops.rope(x, wavelengths, offset)

    def _scaled(self, x: mx.array) -> mx.array:
        num_dims = 2 * self._wavelengths.size
        if num_dims == x.shape[-1]:
            return x * self._attention_factor
        factors = np.ones(x.shape[-1], dtype=np.float32)
        factors[:num_dims] = self._attention_factor
        return x * mx.array(factors).astype(x.dtype)
