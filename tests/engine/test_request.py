"""Inference keywords: defaults from the model, aliases, and what reaches the scheduler."""

from __future__ import annotations

import pytest

from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.errors import ContextLengthError, RequestError


def options(defaults: dict | None = None, **keywords) -> InferenceOptions:
    return InferenceOptions.from_keywords(keywords, defaults)


def build(ids: list[int], given: InferenceOptions | None = None, **changes) -> GenerationRequest:
    model = {"vocab_size": 100, "context_length": 20, "stop_token_ids": frozenset({7})}
    return GenerationRequest.build(ids, given or options(), **{**model, **changes})


def test_without_a_generation_config_ours_apply() -> None:
    sampling = options().sampling
    assert (sampling.temperature, sampling.min_p, sampling.top_p, sampling.top_k) == (1.0, 0.02, 1.0, -1)


def test_the_models_own_defaults_apply_and_the_caller_wins() -> None:
    defaults = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20, "repetition_penalty": 1.1}
    sampling = options(defaults).sampling
    assert (sampling.temperature, sampling.min_p, sampling.top_p, sampling.top_k) == (0.6, 0.0, 0.95, 20)
    assert options(defaults).penalties.repetition_penalty == 1.1
    assert options(defaults, temperature=0.2).sampling.temperature == 0.2
    assert options({"do_sample": False}).sampling.temperature == 0.0


def test_none_means_the_default() -> None:
    assert options(temperature=None, top_k=None, stop=None, seed=None, max_new_tokens=None) == options()


def test_aliases_name_the_same_keyword() -> None:
    assert options(temp=0.3).sampling.temperature == 0.3
    assert options(max_tokens=5).max_new_tokens == 5
    with pytest.raises(RequestError, match="'max_tokens' and another name of 'max_new_tokens'"):
        options(max_new_tokens=1, max_tokens=2)


def test_a_single_stop_is_a_list_of_one() -> None:
    assert options(stop="END").stop == ("END",)
    assert options(stop=["a", "b"]).stop == ("a", "b")


def test_template_variables() -> None:
    assert options(enable_thinking=False, template_variables={"x": 1}).template_variables == {
        "x": 1,
        "enable_thinking": False,
    }


def test_tool_choice_none_offers_no_tools() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert options(tools=tools).tools == tuple(tools)
    assert options(tools=tools, tool_choice="auto").tools == tuple(tools)
    assert options(tools=tools, tool_choice="none").tools is None
    assert options(tools=[]).tools is None


def test_the_budget_never_exceeds_the_context() -> None:
    assert build([1] * 5).max_new_tokens == 15
    assert build([1] * 5, options(max_new_tokens=100)).max_new_tokens == 15
    assert build([1] * 5, options(max_new_tokens=3)).max_new_tokens == 3
    assert build([1] * 5, options(max_new_tokens=-1)).max_new_tokens == 15
    with pytest.raises(ContextLengthError, match="has 20 tokens, and the context of 20"):
        build([1] * 20)


def test_stop_tokens_can_be_ignored() -> None:
    assert build([1]).stop_token_ids == {7}
    assert build([1], options(ignore_stop_tokens=True)).stop_token_ids == frozenset()


def test_every_request_has_a_seed_and_an_id_of_its_own() -> None:
    first, second = build([1]), build([1])
    assert first.seed != second.seed
    assert first.request_id != second.request_id
    assert build([1], options(seed=3)).seed == 3


def test_a_bias_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(RequestError, match="logit_bias: 100 is not a token id; the vocabulary has 0 to 99"):
        build([1], options(logit_bias={100: 1.0}))
