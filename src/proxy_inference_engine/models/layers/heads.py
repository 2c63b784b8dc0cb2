"""Between `[B, L, H * D]`, as projections give it, and `[B, H, L, D]`, as attention takes it."""

from __future__ import annotations

import mlx.core as mx


def split_heads(x: mx.array, num_heads: int) -> mx.array:
    """`[B, L, H * D]` to `[B, H, L, D]`."""
    batch, length, _ = x.shape
    return x.reshape(batch, length, num_heads, -1).transpose(0, 2, 1, 3)


def merge_heads(x: mx.array) -> mx.array:
    """`[B, H, L, D]` to `[B, L, H * D]`."""
    batch, _, length, _ = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, -1)
