"""The NumPy way of a CPU against the array programs of a GPU: same tokens, same distributions."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine.samplers import BatchSampler, SamplingParams, batch, host_row, row_keys
from tests.samplers.test_batch import every_kind, some_logits

P = SamplingParams

MOST_DIFFERENT = 1e-3
"""Share of draws that rounding may turn: two candidates that close together, or a token right at a filter's border."""


@pytest.fixture
def device_sampler(monkeypatch):
    """Makes a `BatchSampler` that goes the way of a GPU."""

    def make(params):
        with monkeypatch.context() as patch:
            patch.setattr(batch, "on_cpu", lambda: False)
            return BatchSampler(params)

    return make


@pytest.mark.parametrize(
    ("size", "num_positions", "spread"),
    [(7, 60, 2.0), (300, 100, 3.0), (5000, 60, 3.0), (5000, 20, 0.3), (40_003, 6, 3.0)],
)
def test_both_ways_draw_the_same_tokens(device_sampler, size, num_positions, spread):
    params = [each for each in every_kind for _ in range(2)]
    one_way, other_way = BatchSampler(params), device_sampler(params)
    num_different = 0
    for position in range(num_positions):
        logits = some_logits(len(params), size, seed=position, spread=spread)
        keys = row_keys(list(range(len(params))), [position] * len(params))
        num_different += (np.array(one_way(logits, keys)) != np.array(other_way(logits, keys))).sum()
    assert num_different <= MOST_DIFFERENT * num_positions * len(params)


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16])
@pytest.mark.parametrize("size", [7, 300, 20_001])
def test_both_ways_give_the_same_distributions(device_sampler, size, dtype):
    logits = some_logits(len(every_kind), size, seed=4).astype(dtype)
    all_keys = row_keys(list(range(len(every_kind))), [3] * len(every_kind))
    for keys in (None, all_keys):
        found = np.array(BatchSampler(every_kind).filtered_logprobs(logits, keys))
        expected = np.array(device_sampler(every_kind).filtered_logprobs(logits, keys))
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_masked_and_tied_rows_go_both_ways(device_sampler):
    logits = np.round(np.array(some_logits(len(every_kind), 9000, seed=9)) * 2) / 2
    logits[:, np.random.default_rng(1).random(9000) < 0.99] = -np.inf
    keys = row_keys(list(range(len(every_kind))), [0] * len(every_kind))
    for each in (logits, np.where(logits > -np.inf, np.float32(0), logits)):
        rows = mx.array(each)
        one_way, other_way = BatchSampler(every_kind), device_sampler(every_kind)
        np.testing.assert_array_equal(np.array(one_way(rows, keys)), np.array(other_way(rows, keys)))
        np.testing.assert_allclose(
            np.array(one_way.filtered_logprobs(rows, keys)),
            np.array(other_way.filtered_logprobs(rows, keys)),
            rtol=1e-5,
        )


def test_what_is_drawn_has_a_probability():
    logits = some_logits(len(every_kind), 6000, seed=5)
    sampler = BatchSampler(every_kind)
    for position in range(40):
        keys = row_keys(list(range(len(every_kind))), [position] * len(every_kind))
        tokens = np.array(sampler(logits, keys)).astype(np.int64)
        logprobs = np.array(sampler.filtered_logprobs(logits, keys))
        assert (logprobs[np.arange(len(every_kind)), tokens] > -np.inf).all()


def test_logits_of_any_layout():
    plain = some_logits(len(every_kind), 600, seed=6)
    keys = row_keys(list(range(len(every_kind))), [1] * len(every_kind))
    sampler = BatchSampler(every_kind)
    expected = np.array(sampler(plain, keys))
    layouts = [mx.contiguous(plain.T).T, mx.concatenate([plain, plain], axis=1)[:, :600], plain[::-1][::-1]]
    for logits in layouts:
        np.testing.assert_array_equal(np.array(sampler(logits, keys)), expected)
    same = mx.broadcast_to(plain[:1], plain.shape)
    np.testing.assert_array_equal(np.array(sampler(same, keys)), np.array(sampler(mx.array(np.array(same)), keys)))


def test_the_input_is_left_as_it_was():
    logits = some_logits(len(every_kind), 600, seed=6)
    before = np.array(logits)
    sampler = BatchSampler(every_kind)
    keys = row_keys([1] * len(every_kind), [1] * len(every_kind))
    mx.eval(sampler(logits, keys), sampler.filtered_logprobs(logits))
    np.testing.assert_array_equal(np.array(logits), before)


@pytest.mark.parametrize("size", [1, 8, 100, 9000, 20_003])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 1.0])
def test_where_true(size, share):
    mask = np.random.default_rng(size).random(size) < share
    np.testing.assert_array_equal(host_row.where_true(mask), np.flatnonzero(mask))


@pytest.mark.parametrize("size", [1, 5, 8000, 20_003])
@pytest.mark.parametrize("rank", [1, 2, 40, 1000, 30_000])
@pytest.mark.parametrize("step", [0.0, 0.5])
def test_at_rank(size, rank, step):
    values = (np.random.default_rng(rank).standard_normal(size) * 3).astype(np.float32)
    if step:
        values = np.round(values / np.float32(step)) * np.float32(step)
        values[1::2] = -np.inf
    expected = np.sort(values)[::-1][rank - 1] if rank < size else -np.inf
    assert host_row.at_rank(values, rank) == expected
