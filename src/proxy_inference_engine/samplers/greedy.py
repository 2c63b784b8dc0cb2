"""The most likely token. Knows no randomness."""

from __future__ import annotations

import mlx.core as mx


def greedy(logprobs: mx.array) -> mx.array:
    """Token ids `[B]` uint32 of the largest entries of `logprobs [B, V]`; among equals, the lowest id."""
    return mx.argmax(logprobs, axis=-1)
