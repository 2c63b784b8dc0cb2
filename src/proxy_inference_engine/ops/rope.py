"""Rotary position embedding."""

from __future__ import annotations

import mlx.core as mx


def rope(x: mx.array, wavelengths: mx.array, offset: int | mx.array) -> mx.array:
    """Rotate `x [B, H, L, D]` by position, in the form that pairs dimension i with i + half.

    `wavelengths [R / 2]`, float32: positions per radian of each pair; dimensions from R on pass through. `offset` is
    the position of the first of the L tokens: an int, or an array `[B]` of one for each row.
    Source: Su et al., arXiv:2104.09864.
    """
    return mx.fast.rope(
        x,
        2 * wavelengths.size,
        traditional=False,
        base=None,
        scale=1.0,
        offset=offset,
        freqs=wavelengths,
    )
