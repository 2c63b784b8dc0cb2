"""BatchProcessor against the reference: any mix of penalties and histories, rows for themselves, inputs intact."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.logits_processors import BatchProcessor, PenaltyParams
from tests.logits_processors import reference

P = PenaltyParams
VOCAB = 12
token_lists = st.lists(st.integers(0, 5), max_size=25)  # few tokens, so that they repeat
params = st.builds(
    PenaltyParams,
    repetition_penalty=st.sampled_from([1.0, 0.7, 1.3, 2.0]),
    context_size=st.sampled_from([1, 3, 60]),
    presence_penalty=st.sampled_from([0.0, 0.5, -1.0]),
    frequency_penalty=st.sampled_from([0.0, 0.25, -0.5]),
    dry_multiplier=st.sampled_from([0.0, 0.8]),
    dry_base=st.sampled_from([1.0, 1.75]),
    dry_allowed_length=st.sampled_from([1, 2, 4]),
    dry_range=st.sampled_from([1, 6, 1024]),
    dry_sequence_breakers=st.sampled_from([(), (3,), (0, 5)]),
    logit_bias=st.sampled_from([{}, {2: 5.0}, {0: -100.0, 11: 1.5}]),
)
row = st.tuples(params, token_lists, token_lists)


def batch(rows, extra=0):
    """Histories right-aligned with -1 for padding, as the engine gives them; and logits."""
    width = max((len(prompt) + len(output) for _, prompt, output in rows), default=0) + extra
    history = np.full((len(rows), width), -1, dtype=np.int32)
    for index, (_, prompt, output) in enumerate(rows):
        if prompt or output:
            history[index, -len(prompt + output) :] = prompt + output
    num_output = mx.array([len(output) for _, _, output in rows], dtype=mx.int32)
    logits = np.random.default_rng(width).standard_normal((len(rows), VOCAB)).astype(np.float32) * 3
    return mx.array(history), num_output, logits


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=5), extra=st.integers(0, 3))
def test_every_mix_equals_the_reference(rows, extra):
    history, num_output, logits = batch(rows, extra)
    actual = np.array(BatchProcessor([r[0] for r in rows], VOCAB)(history, num_output, mx.array(logits)))
    for index, (each, prompt, output) in enumerate(rows):
        expected = reference.process(prompt, output, logits[index], each)
        np.testing.assert_allclose(actual[index], expected, rtol=1e-5, atol=1e-5, err_msg=str(each))


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(row, min_size=2, max_size=5), extra=st.integers(0, 3))
def test_a_row_has_the_same_bits_alone(rows, extra):
    history, num_output, logits = batch(rows, extra)
    together = np.array(BatchProcessor([r[0] for r in rows], VOCAB)(history, num_output, mx.array(logits)))
    for index, each in enumerate(rows):
        own, count, _ = batch([each])
        alone = BatchProcessor([each[0]], VOCAB)(own, count, mx.array(logits[index : index + 1]))
        np.testing.assert_array_equal(np.array(alone)[0], together[index])


everything = P(
    repetition_penalty=1.3,
    presence_penalty=0.5,
    frequency_penalty=0.5,
    dry_multiplier=0.8,
    dry_allowed_length=1,
    logit_bias={3: 2.0},
)


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16])
def test_inputs_are_not_changed(dtype):
    history = mx.array([[1, 2, 3, 1, 2]], dtype=mx.int32)
    logits = mx.array([[0.5 * n - 3 for n in range(VOCAB)]]).astype(dtype)
    num_output = mx.array([2], dtype=mx.int32)
    before = [history.tolist(), num_output.tolist(), logits.tolist()]
    for _ in range(2):
        processed = BatchProcessor([everything], VOCAB)(history, num_output, logits)
        assert processed.dtype == mx.float32
        mx.eval(processed)
        assert [history.tolist(), num_output.tolist(), logits.tolist()] == before
    assert processed.tolist() != before[2]


def test_repetition_counts_a_token_once():
    logits = mx.array([[2.0, -2.0, 1.0, 0.0]])
    penalise = BatchProcessor([P(repetition_penalty=2.0)], 4)
    new = penalise(mx.array([[0, 1, 0, 1, 0, 3]], dtype=mx.int32), mx.array([6]), logits)
    assert new.tolist() == [[1.0, -4.0, 1.0, 0.0]]


def test_empty_histories_and_padding_change_nothing():
    each = P(repetition_penalty=2.0, presence_penalty=1.0, frequency_penalty=1.0, dry_multiplier=1.0)
    logits = mx.array([[2.0, -2.0, 1.0]])
    for width in (0, 1, 5):
        history = mx.full((1, width), -1, dtype=mx.int32)
        assert BatchProcessor([each], 3)(history, mx.array([width]), logits).tolist() == logits.tolist()


def test_tokens_outside_the_vocabulary_do_not_count():
    each = P(repetition_penalty=2.0, presence_penalty=1.0, frequency_penalty=1.0, dry_multiplier=1.0)
    history = mx.array([[3, 2**31 - 1, 3, 2**31 - 1]], dtype=mx.int32)
    logits = mx.array([[2.0, -2.0, 1.0]])
    assert BatchProcessor([each], 3)(history, mx.array([4]), logits).tolist() == logits.tolist()


def test_masked_tokens_stay_masked():
    logits = mx.full((1, VOCAB), -mx.inf)
    history = mx.array([[1, 2, 3, 1, 2]], dtype=mx.int32)
    assert (np.array(BatchProcessor([everything], VOCAB)(history, mx.array([5]), logits)) == -np.inf).all()


def test_a_nan_stays_in_its_row():
    logits = mx.array([[np.nan] * VOCAB, [1.0] * VOCAB])
    history = mx.array([[1, 2, 1], [1, 2, 1]], dtype=mx.int32)
    new = np.array(BatchProcessor([everything] * 2, VOCAB)(history, mx.array([3, 3]), logits))
    assert np.isfinite(new[1]).all()


def test_no_penalty_gives_the_logits_as_float32():
    logits = mx.array([[1.0, 2.0]]).astype(mx.bfloat16)
    new = BatchProcessor([P()], 2)(mx.zeros((1, 0), dtype=mx.int32), mx.array([0]), logits)
    assert (new.dtype, new.tolist()) == (mx.float32, [[1.0, 2.0]])


def test_long_dry_matches_stay_finite_and_stop_growing_at_50():
    each = P(dry_multiplier=100.0, dry_base=10.0)
    history = mx.array([list(range(60)) * 3], dtype=mx.int32)
    logits = mx.zeros((1, 60))
    new = np.array(BatchProcessor([each], 60)(history, mx.array([0]), logits))[0]
    assert new[0] == -1e6
    mild = P(dry_multiplier=1.0, dry_base=1.1)
    new = np.array(BatchProcessor([mild], 60)(history, mx.array([0]), logits))[0]
    np.testing.assert_allclose(new[0], -(1.1**48), rtol=1e-5)
    assert (new[1:] == 0).all()


def test_nothing_is_computed_before_it_is_read():
    vocab = 50_000
    processor = BatchProcessor([everything] * 8, vocab)
    logits = mx.random.normal((8, vocab), key=mx.random.key(0))
    history = mx.array(np.random.default_rng(0).integers(0, vocab, (8, 100)).astype(np.int32))
    before = mx.get_active_memory()
    new = processor(history, mx.array([50] * 8), logits)
    assert mx.get_active_memory() - before < 100_000  # one array of logits would be 1.6 MB
    mx.eval(new)
