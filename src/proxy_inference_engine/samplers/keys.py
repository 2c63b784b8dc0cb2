"""Random keys for rows of a batch, from each request's seed and position alone.

So a row's draw does not depend on which other rows run, nor on how often it was preempted and computed again. Knows
nothing of logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

_GAMMA = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_WORD = 2**32 - 1


def row_keys(seeds: Sequence[int], positions: Sequence[int]) -> mx.array:
    """Keys `[B, 2]` uint32 for the draws at `positions` of requests with these `seeds`.

    The key is output `position` of the SplitMix64 generator whose state starts at mix(seed), high word first. The
    seed is mixed once so that neighbouring seeds do not share a stream. Seeds and positions count modulo 2**64.
    Computed on the host, in plain integers: for the rows of a batch that is quicker than NumPy. Source: Steele, Lea
    and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
    """
    words = []
    for seed, position in zip(seeds, positions, strict=True):
        mixed = _mix(_mix((seed + _GAMMA) & _MASK) + (position + 1) * _GAMMA & _MASK)
        words.append((mixed >> 32, mixed & _WORD))
    return mx.array(words, dtype=mx.uint32).reshape(-1, 2)


def _mix(z: int) -> int:
    """SplitMix64's finaliser: a bijection of 64-bit words."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31
