"""Which of the last hidden states go on to the output head, the largest product of a step."""

from __future__ import annotations

from typing import TypeAlias

import mlx.core as mx

Kept: TypeAlias = int | mx.array | None
"""The last so many positions of every row; the rows of these indices, int `[M]`; or all."""


def keep_states(x: mx.array, kept: Kept) -> mx.array:
    """`x [B, L, ...]` to `[B, min(kept, L), ...]` for an int, to `[M, L, ...]` for indices of rows."""
    if kept is None:
        return x
    if isinstance(kept, mx.array):
        return x[kept]
    return x[:, max(x.shape[1] - kept, 0) :]
