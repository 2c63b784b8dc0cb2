"""The plain loop: one token at a time equals whole recomputation, and leaves the cache right wherever it stops."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine import InferenceEngine, PromptCache, RequestError, models
from proxy_inference_engine.engine.generate import generate_step
from proxy_inference_engine.errors import ContextLengthError, NotSupportedError
from proxy_inference_engine.models.base import Model

PROMPT = [10, 20, 30, 40, 50]


def greedy(logprobs: mx.array) -> mx.array:
    return mx.argmax(logprobs, axis=-1)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    return models.load_model(tiny_folder)


def naive(model: Model, ids: list[int], count: int) -> list[int]:
    """The whole sequence anew for every token."""
    ids = list(ids)
    for _ in range(count):
        ids.append(int(mx.argmax(model(mx.array(ids)[None])[0, -1]).item()))
    return ids[-count:]


def take(steps, count: int) -> list[int]:
    tokens = [token for _, (token, _) in zip(range(count), steps, strict=False)]
    steps.close()
    return tokens


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 512])
def test_equals_recomputation_for_every_chunk_size(model: Model, chunk: int) -> None:
    steps = generate_step(model, PROMPT, cache=PromptCache(model), sampler=greedy, prefill_chunk=chunk)
    assert take(steps, 24) == naive(model, PROMPT, 24)


def test_logprobs_are_normalised_float32_vectors(model: Model) -> None:
    token, logprobs = next(generate_step(model, PROMPT, cache=PromptCache(model), sampler=greedy))
    assert logprobs.shape == (model.config.vocab_size,)
    assert logprobs.dtype == mx.float32
    assert np.exp(np.array(logprobs)).sum() == pytest.approx(1, abs=1e-5)
    assert int(mx.argmax(logprobs).item()) == token


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_cache_is_right_wherever_the_caller_stops(model: Model, count: int) -> None:
    cache = PromptCache(model)
    tokens = take(generate_step(model, PROMPT, cache=cache, sampler=greedy), count)
    assert cache.computed_ids == ([*PROMPT, *tokens] if count else [])
    assert all(layer.num_tokens == len(cache.computed_ids) for layer in cache.cache)
    following = take(generate_step(model, [*PROMPT, *tokens, 9], cache=cache, sampler=greedy), 5)
    assert following == naive(model, [*PROMPT, *tokens, 9], 5)


def test_an_exception_in_a_processor_leaves_a_usable_cache(model: Model) -> None:
    cache = PromptCache(model)

    def broken(history: mx.array, logits: mx.array) -> mx.array:
        if history.size > len(PROMPT) + 2:
            raise RuntimeError("mine")
        return logits

    with pytest.raises(RuntimeError, match="mine"):
        take(generate_step(model, PROMPT, cache=cache, sampler=greedy, logits_processors=[broken]), 9)
    assert take(generate_step(model, PROMPT, cache=cache, sampler=greedy), 5) == naive(model, PROMPT, 5)


def test_processors_see_prompt_and_output(model: Model) -> None:
    seen: list[list[int]] = []

    def watch(history: mx.array, logits: mx.array) -> mx.array:
        seen.append(history.tolist())
        return logits

    tokens = take(generate_step(model, PROMPT, cache=PromptCache(model), sampler=greedy, logits_processors=[watch]), 3)
    assert seen[:3] == [PROMPT, [*PROMPT, *tokens[:1]], [*PROMPT, *tokens[:2]]]


def test_ends_when_the_context_is_full(model: Model) -> None:
    steps = generate_step(model, PROMPT, cache=PromptCache(model), sampler=greedy, context_length=12)
    assert len(list(steps)) == 12 - len(PROMPT)


def test_the_next_step_is_submitted_before_a_token_is_yielded(model: Model) -> None:
    drawn = 0

    def counting(logprobs: mx.array) -> mx.array:
        nonlocal drawn
        drawn += 1
        return greedy(logprobs)

    steps = generate_step(model, PROMPT, cache=PromptCache(model), sampler=counting)
    next(steps)
    assert drawn == 2


class TestOnTheEngine:
    def test_equals_the_plain_loop_and_generate(self, engine: InferenceEngine, model: Model) -> None:
        expected = naive(model, PROMPT, 12)
        assert take(engine.generate_step(PROMPT, sampler=greedy), 12) == expected
        assert take(engine.generate_step(mx.array(PROMPT), sampler=greedy), 12) == expected

    def test_logprobs_may_be_used_in_the_callers_thread(self, engine: InferenceEngine) -> None:
        steps = engine.generate_step(PROMPT, sampler=engine.make_sampler(temp=0))
        token, logprobs = next(steps)
        assert int(mx.argmax(logprobs * 2).item()) == token
        steps.close()

    def test_the_engine_serves_while_a_generator_is_paused(self, engine: InferenceEngine) -> None:
        import asyncio

        steps = engine.generate_step(PROMPT, sampler=greedy)
        next(steps)
        ids, _ = asyncio.run(engine.generate([1, 2, 3], max_new_tokens=4))
        assert ids.size <= 4
        next(steps)
        steps.close()

    @pytest.mark.parametrize(
        ("ids", "message"),
        [
            ([], "the prompt is empty"),
            ([1, 99_999], r"prompt_ids\[1\] is 99999"),
            ([-1], r"prompt_ids\[0\] is -1"),
            ([1.5], r"prompt_ids\[0\] is 1.5"),
        ],
    )
    def test_bad_ids_are_refused_at_once(self, engine: InferenceEngine, ids: list[int], message: str) -> None:
        with pytest.raises(RequestError, match=message):
            engine.generate_step(ids)

    def test_a_prompt_longer_than_the_context_names_both_numbers(self, engine: InferenceEngine) -> None:
        with pytest.raises(ContextLengthError, match=r"512 tokens.*512"):
            engine.generate_step([1] * 512)

    def test_vision_is_not_there_yet(self, engine: InferenceEngine) -> None:
        with pytest.raises(NotSupportedError, match="vision"):
            engine.generate_step(PROMPT, pixel_values=mx.zeros((1, 3, 4, 4)))
