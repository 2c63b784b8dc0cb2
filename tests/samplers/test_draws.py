"""Draws follow the distribution: chi-square tests with fixed seeds, so they pass or fail for good."""

from __future__ import annotations

import math

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine.samplers import BatchSampler, SamplingParams, make_sampler, row_keys
from tests.samplers import reference

P = SamplingParams
NUM_DRAWS = 12_000


def draws(params, logits, num_draws=NUM_DRAWS, seed=11):
    """Tokens of one request at successive positions, drawn as rows of one batch."""
    sampler = BatchSampler([params] * num_draws)
    keys = row_keys([seed] * num_draws, list(range(num_draws)))
    return np.array(sampler(mx.broadcast_to(mx.array(logits[None]), (num_draws, len(logits))), keys)).astype(np.int64)


def assert_follows(tokens, probs):
    """Pearson's chi-square, rare tokens pooled; the limit lies 4.5 standard deviations out."""
    counts = np.bincount(tokens, minlength=len(probs))
    assert counts[probs == 0].sum() == 0
    expected = probs * len(tokens)
    common = expected >= 8
    observed = np.append(counts[common], counts[~common].sum())
    wanted = np.append(expected[common], expected[~common].sum())
    used = wanted > 0
    statistic = ((observed[used] - wanted[used]) ** 2 / wanted[used]).sum()
    degrees = max(used.sum() - 1, 1)
    assert statistic < degrees + 4.5 * math.sqrt(2 * degrees), (statistic, degrees)


LOGITS = (np.random.default_rng(5).standard_normal(60) * 1.5).astype(np.float32)


@pytest.mark.parametrize(
    "params",
    [
        P(),
        P(temperature=0.5),
        P(temperature=3.0),
        P(top_k=7),
        P(top_p=0.8),
        P(min_p=0.1),
        P(top_k=30, top_p=0.9, min_p=0.05, temperature=1.5),
        P(xtc_probability=0.4, xtc_threshold=0.08),
        P(top_p=0.95, xtc_probability=1.0, xtc_threshold=0.05),
        P(min_p=0.5, min_tokens_to_keep=6),
    ],
    ids=str,
)
def test_draws_follow_the_reference(params):
    assert_follows(draws(params, LOGITS), reference.distribution(LOGITS, params))


def test_draws_across_many_blocks():
    logits = (np.random.default_rng(6).standard_normal(700) * 0.8).astype(np.float32)
    assert_follows(draws(P(), logits, 20_000), reference.distribution(logits, P()))


def test_uniform_draws_reach_every_token():
    assert_follows(draws(P(), np.zeros(257, np.float32), 20_000), np.full(257, 1 / 257))


def test_successive_draws_and_neighbouring_seeds_are_independent():
    tokens = draws(P(), np.zeros(4, np.float32), 16_000)
    assert_follows(tokens[:-1:2] * 4 + tokens[1::2], np.full(16, 1 / 16))
    sampler = BatchSampler([P()] * 16_000)
    keys = row_keys(list(range(16_000)), [0] * 16_000)
    by_seed = np.array(sampler(mx.zeros((16_000, 4)), keys)).astype(np.int64)
    assert_follows(by_seed[:-1:2] * 4 + by_seed[1::2], np.full(16, 1 / 16))


def test_make_sampler_follows_the_reference():
    sampler = make_sampler(temp=0.8, min_p=0.05, top_p=0.9, seed=3)
    logits = mx.broadcast_to(mx.array(LOGITS[None]), (1000, 60))
    tokens = np.concatenate([np.array(sampler(logits)) for _ in range(10)]).astype(np.int64)
    assert_follows(tokens, reference.distribution(LOGITS, P(temperature=0.8, min_p=0.05, top_p=0.9)))


def test_make_sampler_with_a_seed_repeats_itself_and_equals_a_request():
    logits = mx.array(LOGITS[None])
    first, second = make_sampler(seed=42), make_sampler(seed=42)
    tokens = [first(logits).item() for _ in range(8)]
    assert tokens == [second(logits).item() for _ in range(8)]
    request = BatchSampler([P(min_p=0.02)])
    assert tokens == [request(logits, row_keys([42], [n])).item() for n in range(8)]
    assert len(set(tokens)) > 1


def test_make_sampler_without_a_seed_and_greedy():
    logits = mx.broadcast_to(mx.array(LOGITS[None]), (64, 60))
    assert make_sampler()(logits).tolist() != make_sampler()(logits).tolist()
    assert set(make_sampler(temp=0.0)(logits).tolist()) == {int(LOGITS.argmax())}
    assert len(set(make_sampler(temp=2.0, min_p=0.0)(logits).tolist())) > 5  # rows draw for themselves
