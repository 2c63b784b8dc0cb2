"""Between `[B, L, H * D]`, as projections give it, and `[B, H, L, D]`, as attention takes it."""

from __future__ import annotations

from collections.abc import Callable

import mlx.core as mx


def split_heads(x: mx.array, num_heads: int, norm: Callable[[mx.array], mx.array] | None = None) -> mx.array:
    """`[B, L, H * D]` to `[B, H, L, D]`, each head normalised on the way if there is a `norm`."""
    batch, length, _ = x.shape
    if length == 1:  # the same memory in the other order: a decode step saves a transpose for every projection
        x = x.reshape(batch, num_heads, 1, -1)
        return x if norm is None else norm(x)
    x = x.reshape(batch, length, num_heads, -1)
    if norm is not None:
        # Before heads and positions trade places: a norm of strided rows would copy them first.
        x = norm(x)
    return x.transpose(0, 2, 1, 3)


def merge_heads(x: mx.array) -> mx.array:
    """`[B, H, L, D]` to `[B, L, H * D]`."""
    batch, _, length, _ = x.shape
    if length == 1:
        return x.reshape(batch, 1, -1)
    return x.transpose(0, 2, 1, 3).reshape(batch, length, -1)
