"""How much two runs of tokens have in common at their beginning. Knows what neither of them is."""

from __future__ import annotations

from collections.abc import Sequence


def shared_prefix_length(a: Sequence[int], b: Sequence[int]) -> int:
    """How many leading tokens `a` and `b` have in common. Both must be of one sequence type (two lists)."""
    limit = min(len(a), len(b))
    start = 0
    step = 1024  # slices are compared in C; only the one that differs is walked
    while start < limit:
        stop = min(start + step, limit)
        if a[start:stop] != b[start:stop]:
            return next(i for i in range(start, stop) if a[i] != b[i])
        start = stop
    return limit
