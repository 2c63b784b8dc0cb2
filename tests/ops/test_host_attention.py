"""Attention straight from a pool in host memory, read in any pieces, equals attention on contiguous arrays."""

from __future__ import annotations

from itertools import pairwise

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine import ops
from proxy_inference_engine.ops import host_attention


class Pool:
    """Float32 slots [K, num_slots, D], in random order outside what a test wrote."""

    def __init__(self, array):
        self.array = array

    def read(self, heads, runs):
        return np.concatenate([self.array[heads, start:stop] for start, stop in runs], axis=1)

    def score(self, runs, queries, out):
        host_attention.score_dense(self.read(slice(None), runs), queries, out)

    def weigh(self, runs, weights, out):
        np.matmul(weights, self.read(slice(None), runs), out=out)


def scattered(rng, contiguous, cuts):
    """A pool that holds `contiguous [K, T, D]` cut at `cuts`, the parts in random order with gaps; and its reads."""
    num_keys = contiguous.shape[1]
    borders = sorted({0, num_keys, *(cut % num_keys for cut in cuts)})
    parts = list(pairwise(borders))
    array = np.full((contiguous.shape[0], num_keys + 3 * len(parts), contiguous.shape[2]), np.nan, dtype=np.float32)
    places, at = {}, 1
    for start, stop in (parts[index] for index in rng.permutation(len(parts))):
        array[:, at : at + stop - start] = contiguous[:, start:stop]
        places[start] = at
        at += stop - start + 3
    reads = [(start, stop, [(places[start], places[start] + stop - start)]) for start, stop in parts]
    if len(reads) > 2:  # two of them together
        (start, _, first), (_, stop, second), *rest = reads
        reads = [(start, stop, [*first, *second]), *rest]
    return Pool(array), reads


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    num_kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    num_queries=st.integers(1, 40),
    num_before=st.integers(0, 40),
    window=st.sampled_from([None, 1, 3, 9, 33]),
    logit_cap=st.sampled_from([None, 5.0]),
    cuts=st.lists(st.integers(1, 80), max_size=6),
    block=st.sampled_from([1, 7, 256]),
    scores=st.sampled_from([1, 1 << 20]),
)
def test_chunk(seed, num_kv_heads, group, num_queries, num_before, window, logit_cap, cuts, block, scores):
    rng = np.random.default_rng(seed)
    num_before = num_before if window is None else min(num_before, window - 1)  # nothing older is read
    num_keys = num_before + num_queries
    queries = rng.standard_normal((num_queries, num_kv_heads, group, 16)).astype(np.float32)
    sides = [rng.standard_normal((num_kv_heads, num_keys, 16)).astype(np.float32) for _ in range(2)]
    keys, reads = scattered(np.random.default_rng(seed), sides[0], cuts)
    values, _ = scattered(np.random.default_rng(seed), sides[1], cuts)
    out = np.full_like(queries, np.nan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_attention, "_MAX_QUERIES", block)
        patch.setattr(host_attention, "_CHUNK_SCORES", scores)
        host_attention.chunk(queries, keys, values, reads, window=window, logit_cap=logit_cap, out=out)
    q = queries.reshape(num_queries, -1, 16).swapaxes(0, 1)
    mask = ops.causal_mask(num_queries, num_keys, window)
    expected = plain(q, *sides, mask=mask, logit_cap=logit_cap)
    assert np.abs(out.reshape(num_queries, -1, 16).swapaxes(0, 1) - expected).max() <= 1e-5


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    num_kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    logit_cap=st.sampled_from([None, 5.0]),
    cuts=st.lists(st.integers(1, 80), max_size=4),
)
def test_decode(seed, num_kv_heads, group, lengths, logit_cap, cuts):
    rng = np.random.default_rng(seed)
    queries = rng.standard_normal((len(lengths) + 2, num_kv_heads, group, 16)).astype(np.float32)
    rows = rng.permutation(len(queries))[: len(lengths)]
    sides = [rng.standard_normal((num_kv_heads, sum(lengths), 16)).astype(np.float32) for _ in range(2)]
    starts = np.cumsum([0, *lengths])
    borders = list(map(int, starts[1:-1]))
    pools = [Pool(side) for side in sides]
    reads = []
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        inner = sorted({start, stop, *(cut for cut in [*cuts, *borders] if start < cut < stop)})
        reads.append([(a - start, b - start, [(a, b)]) for a, b in pairwise(inner)])
    out = np.full_like(queries, np.nan)
    host_attention.decode(queries, *pools, rows, lengths, reads, logit_cap=logit_cap, out=out)
    for row, length, start in zip(rows, lengths, starts[:-1], strict=True):
        seen = [side[:, start : start + length] for side in sides]
        expected = plain(queries[row].reshape(-1, 1, 16), *seen, mask=None, logit_cap=logit_cap)
        assert np.abs(out[row].reshape(-1, 1, 16) - expected).max() <= 1e-5
    others = np.setdiff1d(np.arange(len(queries)), rows)
    assert np.isnan(out[others]).all()


def plain(q, k, v, *, mask, logit_cap):
    out = ops.attention(*(mx.array(side[None]) for side in (q, k, v)), scale=1.0, mask=mask, logit_cap=logit_cap)
    return np.array(out)[0]
