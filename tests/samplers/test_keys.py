"""Row keys are SplitMix64 of (seed, position), whatever the batch."""

from __future__ import annotations

import mlx.core as mx
import numpy as np

from proxy_inference_engine.samplers import row_keys

MASK = 2**64 - 1


def splitmix64(state):
    """The generator of Steele, Lea and Flood, in plain integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def test_reference_gives_the_published_numbers():
    stream = splitmix64(1234567)
    assert [next(stream) for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_keys_are_the_outputs_of_splitmix64():
    seeds = [0, 1, 42, 2**63, MASK]
    for position in (0, 1, 7):
        keys = row_keys(seeds, [position] * len(seeds))
        assert keys.dtype == mx.uint32
        for seed, (high, low) in zip(seeds, np.array(keys).astype(object), strict=True):
            stream = splitmix64(next(splitmix64(seed)))
            expected = [next(stream) for _ in range(position + 1)][-1]
            assert (int(high) << 32) + int(low) == expected


def test_a_key_does_not_depend_on_the_other_rows():
    together = np.array(row_keys([5, 6, 5], [0, 3, 9]))
    alone = np.concatenate([np.array(row_keys([s], [p])) for s, p in [(5, 0), (6, 3), (5, 9)]])
    np.testing.assert_array_equal(together, alone)


def test_keys_are_distinct_over_seeds_and_positions():
    seeds, positions = np.meshgrid(np.arange(64), np.arange(64))
    keys = np.array(row_keys(seeds.reshape(-1).tolist(), positions.reshape(-1).tolist()))
    assert len(np.unique(keys, axis=0)) == 64 * 64


def test_wide_and_negative_integers_count_modulo_two_to_the_64():
    np.testing.assert_array_equal(np.array(row_keys([-1, 2**64 + 3], [0, 0])), np.array(row_keys([MASK, 3], [0, 0])))
    assert row_keys([], []).shape == (0, 2)
