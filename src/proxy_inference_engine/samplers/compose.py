"""Filters one after the other, for callers who build a sampler of their own. The engine uses `BatchSampler`."""

from __future__ import annotations

from typing import Protocol

import mlx.core as mx


class Filter(Protocol):
    """Log probabilities in, log probabilities out, removed tokens at -inf; the input is left as it was.

    `keys [B, 2]` are the rows' random keys, for filters that need chance. What comes out is float32 and need not be
    normalised: filters and `categorical` accept any constant added to a row.
    """

    def __call__(self, logprobs: mx.array, keys: mx.array | None = None) -> mx.array: ...


def compose(*filters: Filter) -> Filter:
    """One filter that applies `filters` from left to right; none at all changes nothing."""

    def composed(logprobs: mx.array, keys: mx.array | None = None) -> mx.array:
        for each in filters:
            logprobs = each(logprobs, keys)
        return logprobs

    return composed
