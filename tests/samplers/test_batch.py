"""BatchSampler: the distributions of the reference, every row as if alone, nothing computed before it is read."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.samplers import BatchSampler, SamplingParams, batch, row_keys, top_p, usable_rows, weights
from tests.samplers import reference

P = SamplingParams

every_kind = [
    P(temperature=0.0),
    P(),
    P(temperature=0.7),
    P(temperature=1.3, min_p=0.02),
    P(top_k=1),
    P(top_k=20, temperature=0.6),
    P(top_k=20, top_p=0.95, temperature=0.6),
    P(top_k=1500, top_p=0.9),
    P(top_p=0.9),
    P(top_p=0.3, min_p=0.05, temperature=2.0),
    P(top_k=40, top_p=0.9, min_p=0.01),
    P(top_p=0.1, min_tokens_to_keep=5),
    P(min_p=0.9, min_tokens_to_keep=3),
    P(top_k=2, min_tokens_to_keep=4),
    P(xtc_probability=0.5, xtc_threshold=0.05),
    P(xtc_probability=1.0, xtc_threshold=0.02, min_p=0.02, xtc_special_tokens=(3, 5)),
    P(top_k=10, xtc_probability=0.3, min_tokens_to_keep=2),
    P(top_p=0.8, xtc_probability=0.7, xtc_threshold=0.1),
]
params = st.builds(
    SamplingParams,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.5]),
    top_k=st.sampled_from([-1, 0, 1, 3, 17, 2000]),
    top_p=st.sampled_from([0.05, 0.5, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.02, 0.4, 1.0]),
    min_tokens_to_keep=st.sampled_from([1, 1, 2, 7, 100]),
    xtc_probability=st.sampled_from([0.0, 0.5, 1.0]),
    xtc_threshold=st.sampled_from([0.0, 0.05, 0.3]),
    xtc_special_tokens=st.sampled_from([(), (0,), (2, 9, 5000)]),
)
values = st.one_of(st.integers(-32, 32).map(lambda n: n / 4), st.just(-np.inf))


def some_logits(num_rows, size, seed=0, spread=3.0):
    return mx.array((np.random.default_rng(seed).standard_normal((num_rows, size)) * spread).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), row_params=st.lists(params, min_size=1, max_size=6), size=st.integers(1, 30))
def test_filtered_logprobs_equal_the_reference(data, row_params, size):
    row = st.lists(values, min_size=size, max_size=size).filter(lambda r: max(r) > -np.inf)
    logits = np.array([data.draw(row) for _ in row_params], dtype=np.float32)
    logprobs = np.array(BatchSampler(row_params).filtered_logprobs(mx.array(logits)))
    for index, each in enumerate(row_params):
        expected = reference.distribution(logits[index], each)
        np.testing.assert_array_equal(logprobs[index] > -np.inf, expected > 0, err_msg=str(each))
        np.testing.assert_allclose(np.exp(logprobs[index]), expected, atol=1e-5, err_msg=str(each))


@pytest.mark.parametrize("each", every_kind, ids=str)
def test_filtered_logprobs_on_a_large_vocabulary(each):
    logits = some_logits(2, 5000, seed=7)
    logprobs = np.array(BatchSampler([each] * 2).filtered_logprobs(logits))
    assert logprobs.dtype == np.float32
    for index in range(2):
        expected = reference.distribution(np.array(logits)[index], each)
        np.testing.assert_array_equal(logprobs[index] > -np.inf, expected > 0)
        np.testing.assert_allclose(np.exp(logprobs[index]), expected, atol=1e-5)


@pytest.mark.parametrize("each", every_kind, ids=str)
def test_the_way_of_a_gpu_on_a_cpu(each, monkeypatch):
    for module in (batch, top_p, weights):
        monkeypatch.setattr(module, "on_cpu", lambda: False)
    test_filtered_logprobs_on_a_large_vocabulary(each)


@pytest.mark.parametrize(("spread", "step"), [(3.0, 0.25), (0.5, 1.0)])
def test_ties_on_a_large_vocabulary(spread, step):
    """16-bit logits tie in their hundreds, also past the tokens that top-k sorts."""
    logits = mx.round(some_logits(3, 5000, seed=8, spread=spread) / step) * step
    kinds = [P(top_k=20, top_p=0.9), P(top_k=1000, top_p=0.5, min_p=0.01), P(top_p=0.6), P(top_k=3000, top_p=0.5)]
    for each in kinds:
        logprobs = np.array(BatchSampler([each] * 3).filtered_logprobs(logits))
        for index in range(3):
            expected = reference.distribution(np.array(logits)[index], each)
            np.testing.assert_array_equal(logprobs[index] > -np.inf, expected > 0, err_msg=str(each))
            np.testing.assert_allclose(np.exp(logprobs[index]), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16])
@pytest.mark.parametrize("size", [300, 5000])
def test_a_row_has_the_same_bits_in_any_batch(size, dtype):
    logits = some_logits(len(every_kind), size, seed=1).astype(dtype)
    keys = row_keys(list(range(len(every_kind))), list(range(100, 100 + len(every_kind))))
    together = BatchSampler(every_kind)
    tokens, logprobs = together(logits, keys), together.filtered_logprobs(logits, keys)
    for index, each in enumerate(every_kind):
        alone = BatchSampler([each])
        one = slice(index, index + 1)
        assert alone(logits[one], keys[one]).item() == tokens[index].item(), each
        np.testing.assert_array_equal(
            np.array(alone.filtered_logprobs(logits[one], keys[one]))[0], np.array(logprobs)[index]
        )


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(len(every_kind))), count=st.integers(1, len(every_kind)))
def test_rows_may_come_in_any_order_and_company(order, count):
    logits = some_logits(len(every_kind), 200, seed=2)
    keys = row_keys(list(range(len(every_kind))), [5] * len(every_kind))
    tokens = np.array(BatchSampler(every_kind)(logits, keys))
    chosen = order[:count]
    picked = mx.array(chosen)
    again = BatchSampler([every_kind[i] for i in chosen])(logits[picked], keys[picked])
    np.testing.assert_array_equal(np.array(again), tokens[chosen])


@pytest.mark.parametrize("each", every_kind, ids=str)
def test_a_mask_survives_every_filter(each):
    logits = np.full((3, 400), -np.inf, dtype=np.float32)
    logits[0, 399] = -80.0  # one token left
    logits[1, [0, 200]] = [1.0, 1.5]
    logits[2, ::2] = np.random.default_rng(0).standard_normal(200) * 2
    sampler = BatchSampler([each] * 3)
    for position in range(20):
        tokens = sampler(mx.array(logits), row_keys([1, 2, 3], [position] * 3)).tolist()
        assert tokens[0] == 399
        assert tokens[1] in (0, 200)
        assert tokens[2] % 2 == 0


@pytest.mark.parametrize("broken", [np.nan, np.inf, "all masked", "all nan"])
def test_a_broken_row_disturbs_no_other(broken):
    count = len(every_kind)
    logits = np.array(some_logits(2 * count, 5000, seed=3))
    spoilt = logits.copy()
    if broken == "all masked":
        spoilt[:count] = -np.inf
    elif broken == "all nan":
        spoilt[:count] = np.nan
    else:
        spoilt[:count, 17] = broken
    keys = row_keys(list(range(2 * count)), [0] * 2 * count)
    sampler = BatchSampler(every_kind + every_kind)
    clean, tokens = np.array(sampler(mx.array(logits), keys)), np.array(sampler(mx.array(spoilt), keys))
    np.testing.assert_array_equal(tokens[count:], clean[count:])
    assert (tokens < 5000).all()
    assert usable_rows(mx.array(spoilt)).tolist() == [False] * count + [True] * count


def test_extreme_but_legal_rows():
    far = [[3e38, -3e38, 0.0], [1e-30, 0.0, -1e-30], [-3e38, -3e38, -3e38], [88.0, 0.0, -np.inf]]
    for each in (P(temperature=1e-5), P(temperature=100.0), P(top_p=1e-9), P(top_p=1 - 1e-9), P(min_p=1.0), P(top_k=5)):
        sampler = BatchSampler([each] * 4)
        logits = mx.array(far)
        logprobs = np.array(sampler.filtered_logprobs(logits))
        assert not np.isnan(logprobs).any()
        np.testing.assert_allclose(np.exp(logprobs.astype(np.float64)).sum(-1), 1.0, atol=1e-5)
        assert sampler(logits, row_keys([1, 2, 3, 4], [0] * 4)).tolist()[3] != 2


def test_nothing_is_computed_before_it_is_read_on_a_gpu(monkeypatch):
    monkeypatch.setattr(batch, "on_cpu", lambda: False)
    num_rows, size = len(every_kind), 50_000
    sampler = BatchSampler(every_kind)
    keys = row_keys([0] * num_rows, [0] * num_rows)
    logits = mx.random.normal((num_rows, size), key=mx.random.key(0))
    before = mx.get_active_memory()
    tokens = sampler(logits, keys)
    logprobs = sampler.filtered_logprobs(logits)
    assert mx.get_active_memory() - before < 100_000  # one array of logits would be 3.6 MB
    del logprobs
    mx.eval(tokens)


def test_results_are_token_ids():
    tokens = BatchSampler(every_kind)(some_logits(len(every_kind), 64), row_keys([9] * 18, list(range(18))))
    assert tokens.shape == (18,)
    assert tokens.dtype == mx.uint32


def test_xtc_coin_is_the_same_for_draw_and_logprobs():
    each = P(xtc_probability=0.5, xtc_threshold=0.1)
    sampler = BatchSampler([each] * 300)
    logits = mx.broadcast_to(mx.array([[3.0, 2.5, 0.0, -1.0]]), (300, 4))
    keys = row_keys(list(range(300)), [0] * 300)
    logprobs = np.array(sampler.filtered_logprobs(logits, keys))
    drawn = np.array(sampler(logits, keys)).astype(np.int64)
    assert (logprobs[np.arange(300), drawn] > -np.inf).all()
    assert 100 < (logprobs[:, 0] == -np.inf).sum() < 200
