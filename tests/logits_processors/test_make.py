"""The single processors as plain callables: `(history [n], logits [B, V]) -> logits [B, V]`."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.logits_processors import (
    PenaltyParams,
    dry_logits_processor,
    frequency_penalty_logits_processor,
    logit_bias_logits_processor,
    make_logits_processors,
    presence_penalty_logits_processor,
    repetition_penalty_logits_processor,
)
from tests.logits_processors import reference

LOGITS = (np.random.default_rng(0).standard_normal((2, 10)) * 2).astype(np.float32)
tokens = st.lists(st.integers(0, 4), max_size=30)


def check(processor, history, expected):
    given = mx.array(LOGITS)
    new = np.array(processor(mx.array(history, dtype=mx.int32), given))
    np.testing.assert_array_equal(np.array(given), LOGITS)
    for row in range(2):
        np.testing.assert_allclose(new[row], expected(LOGITS[row].astype(np.float64)), rtol=1e-5, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(history=tokens, size=st.integers(1, 40))
def test_repetition(history, size):
    processor = repetition_penalty_logits_processor(1.3, size)
    check(processor, history, lambda row: reference.repetition(history[-size:], row, 1.3))


@settings(max_examples=30, deadline=None)
@given(history=tokens, num_prompt=st.integers(0, 40))
def test_presence_and_frequency_count_the_output(history, num_prompt):
    output = history[num_prompt:]
    check(
        presence_penalty_logits_processor(0.7, num_prompt),
        history,
        lambda row: reference.presence_and_frequency(output, row, 0.7, 0.0),
    )
    check(
        frequency_penalty_logits_processor(0.7, num_prompt),
        history,
        lambda row: reference.presence_and_frequency(output, row, 0.0, 0.7),
    )


@settings(max_examples=30, deadline=None)
@given(history=tokens, size=st.integers(1, 40))
def test_dry(history, size):
    params = PenaltyParams(dry_multiplier=0.8, dry_range=size, dry_sequence_breakers=(4,))
    processor = dry_logits_processor(0.8, range=size, sequence_breakers=[4])
    check(processor, history, lambda row: reference.dry(history[-size:], row, params))


def test_logit_bias():
    check(logit_bias_logits_processor({3: 1.5}), [], lambda row: row + 1.5 * (np.arange(10) == 3))
    with pytest.raises(RequestError, match="10 is not a token id"):
        logit_bias_logits_processor({10: 1.0})(mx.array([1]), mx.array(LOGITS))


@settings(max_examples=30, deadline=None)
@given(prompt=tokens, output=tokens)
def test_make_logits_processors_applied_in_turn(prompt, output):
    keywords = {
        "repetition_penalty": 1.2,
        "context_size": 9,
        "presence_penalty": 0.3,
        "frequency_penalty": 0.2,
        "dry_multiplier": 0.8,
        "logit_bias": {1: 2.0},
    }
    processors = make_logits_processors(**keywords, num_prompt_tokens=len(prompt))
    assert len(processors) == 5
    logits = mx.array(LOGITS)
    for processor in processors:
        logits = processor(mx.array(prompt + output, dtype=mx.int32), logits)
    for row in range(2):
        expected = reference.process(prompt, output, LOGITS[row], PenaltyParams(**keywords))
        np.testing.assert_allclose(np.array(logits)[row], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [mx.int32, mx.uint32, mx.int64])
def test_any_integer_history(dtype):
    processor = repetition_penalty_logits_processor(2.0)
    new = processor(mx.array([0, 0], dtype=dtype), mx.array([[2.0, 2.0]]))
    assert new.tolist() == [[1.0, 2.0]]


def test_an_empty_history_of_any_type_and_more_rows_later():
    processor = repetition_penalty_logits_processor(2.0)
    assert processor(mx.array([]), mx.array([[2.0]])).tolist() == [[2.0]]
    assert processor(mx.array([0]), mx.array([[2.0], [4.0]])).tolist() == [[1.0], [2.0]]
