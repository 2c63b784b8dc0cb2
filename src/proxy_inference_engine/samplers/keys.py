"""Random keys for rows of a batch, from each request's seed and position alone.

So a row's draw does not depend on which other rows run, nor on how often it was preempted and computed again. Knows
nothing of logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MASK = 2**64 - 1


def row_keys(seeds: Sequence[int], positions: Sequence[int]) -> mx.array:
    """Keys `[B, 2]` uint32 for the draws at `positions` of requests with these `seeds`.

    The key is output `position` of the SplitMix64 generator whose state starts at mix(seed), high word first. The
    seed is mixed once so that neighbouring seeds do not share a stream. Seeds and positions count modulo 2**64.
    Computed on the host; waits for nothing. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
    Generators", OOPSLA 2014.
    """
    assert len(seeds) == len(positions), "one seed and one position for each row"
    seed = np.array([s & _MASK for s in seeds], dtype=np.uint64)
    position = np.array([p & _MASK for p in positions], dtype=np.uint64)
    mixed = _mix(_mix(seed + _GAMMA) + (position + np.uint64(1)) * _GAMMA)
    words = np.stack([mixed >> np.uint64(32), mixed & np.uint64(0xFFFFFFFF)], axis=-1)
    return mx.array(words.astype(np.uint32))


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: a bijection of 64-bit words. Overflow wraps, as it must."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
