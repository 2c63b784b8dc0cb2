"""Every value out of range is one RequestError that names the keyword, the value and the range."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.samplers import XTC, MinP, SamplingParams, Temperature, TopK, TopP, make_sampler

BAD = [
    ("temperature", -1),
    ("temperature", 101),
    ("top_k", -2),
    ("top_k", 2.5),
    ("top_k", 2**31),
    ("top_p", 0),
    ("top_p", 1.01),
    ("min_p", -0.1),
    ("min_p", 1.5),
    ("min_tokens_to_keep", 0),
    ("min_tokens_to_keep", 1.0),
    ("xtc_probability", -0.5),
    ("xtc_probability", 2),
    ("xtc_threshold", 1.1),
    ("xtc_special_tokens", [1]),
    ("xtc_special_tokens", (-1,)),
    ("xtc_special_tokens", ("a",)),
]
NUMBERS = ["temperature", "top_k", "top_p", "min_p", "min_tokens_to_keep", "xtc_probability", "xtc_threshold"]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_out_of_range_names_keyword_and_value(name, value):
    with pytest.raises(RequestError) as caught:
        SamplingParams(**{name: value})
    assert caught.value.param == name
    assert caught.value.status == 400
    shown = value if not isinstance(value, list | tuple) else value[0] if isinstance(value, tuple) else value
    assert name in str(caught.value)
    assert repr(shown) in str(caught.value)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "0.5", None, [1]])
def test_what_is_no_finite_number_is_refused(name, value):
    with pytest.raises(RequestError, match=name) as caught:
        SamplingParams(**{name: value})
    assert caught.value.param == name


def test_message_says_the_range():
    with pytest.raises(RequestError, match=r"top_p=0 is not valid: give a number above 0 and at most 1"):
        SamplingParams(top_p=0)
    with pytest.raises(RequestError, match=r"temperature=-1 is not valid: give a number from 0 to 100"):
        SamplingParams(temperature=-1)
    with pytest.raises(
        RequestError, match=r"top_k=-2 is not valid: give an integer from -1 to \d+; -1 and 0 turn it off"
    ):
        SamplingParams(top_k=-2)


def test_good_values_and_derived_properties():
    off = SamplingParams()
    assert not any((off.is_greedy, off.uses_top_k, off.uses_top_p, off.uses_min_p, off.uses_xtc))
    assert SamplingParams(temperature=0).is_greedy
    assert SamplingParams(temperature=1e-6).is_greedy
    assert not SamplingParams(top_k=0).uses_top_k
    assert SamplingParams(top_k=np.int64(3), top_p=np.float32(0.5)).uses_top_k
    assert hash(SamplingParams(xtc_special_tokens=(1, 2))) == hash(SamplingParams(xtc_special_tokens=(1, 2)))
    with pytest.raises(TypeError):
        SamplingParams(topp=0.5)


def test_filters_check_their_own_values():
    for bad in (
        lambda: Temperature(0),
        lambda: TopK(0),
        lambda: TopP(0),
        lambda: MinP(math.nan),
        lambda: XTC(2),
        lambda: XTC(0.5, -1),
        lambda: TopP(0.5, min_tokens_to_keep=0),
    ):
        with pytest.raises(RequestError):
            bad()


def test_make_sampler_checks_its_keywords():
    for bad in ({"temp": -1}, {"top_p": 0}, {"seed": -1}, {"seed": 2**64}, {"seed": 1.5}, {"min_p": math.nan}):
        with pytest.raises(RequestError):
            make_sampler(**bad)
