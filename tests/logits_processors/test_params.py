"""Every value out of range is one RequestError that names the keyword, the value and the range."""

from __future__ import annotations

import math

import pytest

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.logits_processors import (
    MAX_HISTORY,
    BatchProcessor,
    PenaltyParams,
    make_logits_processors,
    repetition_penalty_logits_processor,
)

NUMBERS = {
    "repetition_penalty": [0, -1, 101],
    "context_size": [0, 2.0, MAX_HISTORY + 1],
    "presence_penalty": [-2.1, 3],
    "frequency_penalty": [-2.1, 3],
    "dry_multiplier": [-0.1, 101],
    "dry_base": [0.9, 11],
    "dry_allowed_length": [0, 51, 1.5],
    "dry_range": [0, MAX_HISTORY + 1],
}
NO_NUMBERS = [math.nan, math.inf, -math.inf, True, "1", None]


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, bad in NUMBERS.items() for v in bad + NO_NUMBERS])
def test_out_of_range_names_keyword_and_value(name, value):
    with pytest.raises(RequestError) as caught:
        PenaltyParams(**{name: value})
    assert caught.value.param == name
    assert f"{name}={value!r}" in str(caught.value)


@pytest.mark.parametrize(
    "value", [[(1, 2)], {-1: 0.0}, {"1": 0.0}, {1.0: 0.0}, {1: 101}, {1: math.nan}, {True: 1.0}, 3]
)
def test_bad_biases(value):
    with pytest.raises(RequestError, match="logit_bias") as caught:
        PenaltyParams(logit_bias=value)
    assert caught.value.param == "logit_bias"


@pytest.mark.parametrize("value", [[1], (-1,), ("\n",), "\n"])
def test_bad_sequence_breakers(value):
    with pytest.raises(RequestError, match="dry_sequence_breakers"):
        PenaltyParams(dry_sequence_breakers=value)


def test_message_says_the_range():
    with pytest.raises(RequestError, match="repetition_penalty=0 is not valid: give a number above 0 and at most 100"):
        repetition_penalty_logits_processor(0)
    with pytest.raises(RequestError, match="context_size=0 is not valid: give an integer from 1 to 32768"):
        repetition_penalty_logits_processor(1.1, 0)


@pytest.mark.parametrize("given", [{"logit_bias": {100: 1.0}}, {"dry_sequence_breakers": (5, 100)}])
def test_token_ids_beyond_the_vocabulary(given):
    params = PenaltyParams(**given)
    params.check_vocab(101)
    with pytest.raises(RequestError, match="100 is not a token id; the vocabulary has 0 to 99") as caught:
        params.check_vocab(100)
    assert caught.value.param == next(iter(given))
    with pytest.raises(RequestError):
        BatchProcessor([PenaltyParams(), params], 100)


def test_what_is_needed_of_the_history():
    assert PenaltyParams().is_noop
    assert PenaltyParams(context_size=5, dry_range=9, dry_sequence_breakers=(1,)).is_noop
    assert PenaltyParams().history_size == 0
    assert PenaltyParams(repetition_penalty=1.1).history_size == 60
    assert PenaltyParams(repetition_penalty=1.1, context_size=7, dry_multiplier=1, dry_range=9).history_size == 9
    assert PenaltyParams(frequency_penalty=0.1).history_size == MAX_HISTORY
    assert PenaltyParams(logit_bias={1: 1.0}).history_size == 0
    assert not PenaltyParams(logit_bias={1: 1.0}).is_noop
    assert hash(PenaltyParams(logit_bias={1: 1.0})) == hash(PenaltyParams(logit_bias={1: 1.0}))
    assert PenaltyParams(logit_bias={1: 1.0}) != PenaltyParams(logit_bias={1: 2.0})


def test_make_gives_only_what_is_on():
    assert make_logits_processors() == []
    assert len(make_logits_processors(1.2, 20, 0.5, 0.5, {1: 1.0}, dry_multiplier=0.8)) == 5
    with pytest.raises(RequestError, match="presence_penalty"):
        make_logits_processors(presence_penalty=5)
    with pytest.raises(RequestError, match="num_prompt_tokens"):
        make_logits_processors(presence_penalty=1, num_prompt_tokens=-1)
