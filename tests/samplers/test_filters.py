"""Single filters and their composition against the NumPy reference: the same tokens kept, the same probabilities."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.samplers import XTC, MinP, Temperature, TopK, TopP, categorical, compose, greedy, row_keys
from tests.samplers import reference

# Quarters tie often, and -inf stands for a grammar's mask.
rows = st.lists(st.one_of(st.integers(-40, 40).map(lambda n: n / 4), st.just(-np.inf)), min_size=1, max_size=40).filter(
    lambda row: max(row) > -np.inf
)
probabilities = st.sampled_from([0.01, 0.1, 0.3, 0.5, 0.75, 0.9, 0.999])
counts = st.integers(1, 6)


def check(filtered, expected):
    actual = np.array(mx.softmax(filtered, axis=-1))[0]
    np.testing.assert_array_equal(np.array(filtered)[0] > -np.inf, expected > 0)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@given(row=rows, k=st.integers(1, 50), count=counts)
def test_top_k(row, k, count):
    check(TopK(k, count)(mx.array([row])), reference.top_k(reference.softmax(np.array(row)), k, count))


@given(row=rows, p=probabilities, count=counts)
def test_top_p(row, p, count):
    check(TopP(p, count)(mx.array([row])), reference.top_p(reference.softmax(np.array(row)), p, count))


@given(row=rows, p=probabilities, count=counts)
def test_min_p(row, p, count):
    check(MinP(p, count)(mx.array([row])), reference.min_p(reference.softmax(np.array(row)), p, count))


@given(row=rows, threshold=probabilities, special=st.sampled_from([(), (0,), (3, 7), (1000,)]))
def test_xtc(row, threshold, special):
    expected = reference.xtc(reference.softmax(np.array(row)), threshold, special)
    check(XTC(1.0, threshold, special)(mx.array([row])), expected)


@given(
    row=rows, temperature=st.sampled_from([0.1, 0.7, 1.0, 3.0]), k=st.integers(1, 50), p=probabilities, m=probabilities
)
def test_composition(row, temperature, k, p, m):
    chain = compose(Temperature(temperature), TopK(k), TopP(p), MinP(m))
    probs = reference.softmax(np.array(row) / temperature)
    check(chain(mx.array([row])), reference.min_p(reference.top_p(reference.top_k(probs, k), p), m))


@pytest.mark.parametrize("size", [2048, 2049, 5000, 9999])
@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0, 10.0])
def test_top_p_on_vocabularies_that_are_halved(size, spread):
    rng = np.random.default_rng(size)
    logits = (rng.standard_normal((3, size)) * spread).astype(np.float32)
    for p in (0.05, 0.5, 0.9, 0.99):
        kept = np.array(TopP(p)(mx.array(logits))) > -np.inf
        for row in range(3):
            probs = np.sort(reference.softmax(logits[row].astype(np.float64)))[::-1]
            before = np.cumsum(probs) - probs
            # With a flat row float32 cannot place the border exactly; a token is then worth 1/size.
            slack = 2e-6
            fewest = (before < p * (1 - slack)).sum() if spread else size
            most = (before < p * (1 + slack)).sum() if spread else size
            assert fewest - 1 <= kept[row].sum() <= most + 1
            least_kept, most_removed = logits[row][kept[row]].min(), logits[row][~kept[row]].max(initial=-np.inf)
            assert least_kept > most_removed


def test_filters_leave_their_input_alone():
    logprobs = mx.array([[1.0, 3.0, 2.0]])
    before = np.array(logprobs)
    compose(Temperature(0.5), TopK(1), TopP(0.5), MinP(0.9), XTC(1.0))(logprobs)
    np.testing.assert_array_equal(np.array(logprobs), before)


def test_composition_of_nothing_changes_nothing():
    logprobs = mx.array([[1.0, 3.0, 2.0]])
    assert compose()(logprobs) is logprobs


def test_xtc_with_chance_needs_keys():
    with pytest.raises(RequestError, match="keys"):
        XTC(0.5)(mx.zeros((1, 4)))
    keys = row_keys(list(range(400)), [0] * 400)
    kept = np.array(XTC(0.25, 0.1)(mx.broadcast_to(mx.array([[2.0, 1.0, 0.0]]), (400, 3)), keys)) > -np.inf
    assert 60 < (~kept[:, 0]).sum() < 140


def test_greedy_takes_the_lowest_id_among_equals():
    assert greedy(mx.array([[0.0, 2.0, 2.0], [5.0, 5.0, 1.0]])).tolist() == [1, 0]


def test_categorical_draws_only_what_is_left():
    keys = row_keys(list(range(200)), [3] * 200)
    logprobs = TopK(2)(mx.broadcast_to(mx.array([[0.0, 2.0, 1.0, -3.0]]), (200, 4)))
    assert set(categorical(logprobs, keys).tolist()) == {1, 2}


@settings(max_examples=20)
@given(shift=st.floats(-50, 50))
def test_filters_do_not_mind_a_constant(shift):
    row = np.array([[0.5, 2.0, 1.25, -3.0, 1.0]], dtype=np.float32)
    chain = compose(TopK(4), TopP(0.8), MinP(0.1))
    kept = [np.array(chain(mx.array(r.astype(np.float32)))) > -np.inf for r in (row, row + np.float32(shift))]
    np.testing.assert_array_equal(*kept)
