"""What careless or hostile callers do: it hurts themselves at most, with one clear error."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine import InferenceEngine, RequestError
from proxy_inference_engine.engine.request import GenerationRequest
from proxy_inference_engine.errors import CapacityError, ConfigError, EngineClosedError, InternalError
from proxy_inference_engine.logits_processors import PenaltyParams
from proxy_inference_engine.samplers import SamplingParams
from proxy_inference_engine.types import TextDelta
from tests.fakes import write_tiny_model

PROMPT = [10, 20, 30]
OPTIONS = {"temperature": 0, "ignore_stop_tokens": True}


async def test_generators_collected_in_the_engine_thread_do_not_stop_it(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder) as engine:

        def abandon() -> None:
            steps = engine.generate_step(PROMPT)
            try:
                for _ in steps:
                    raise ValueError("mine")
            except ValueError as error:
                kept = error  # frame -> error -> traceback -> frame: only the collector frees the generator
            del kept

        for _ in range(5):
            abandon()
            await asyncio.wrap_future(engine._thread.call(gc.collect))
            ids, _ = await asyncio.wait_for(engine.generate(PROMPT, max_new_tokens=3, **OPTIONS), 20)
            assert ids.size == 3


def test_an_engine_collected_in_its_own_thread_ends(tiny_folder: Path) -> None:
    engine = InferenceEngine(tiny_folder)
    thread = engine._thread
    holder = [engine]
    del engine
    thread.call(holder.clear)
    thread._thread.join(10)
    assert not thread._thread.is_alive()


async def test_a_bias_changed_after_submission_reaches_nobody(engine: InferenceEngine) -> None:
    bias = {5: 50.0}
    first = asyncio.create_task(engine.generate(PROMPT, logit_bias=bias, max_new_tokens=40, ignore_stop_tokens=True))
    await asyncio.sleep(0.03)
    bias[10**6] = 1.0
    second = asyncio.create_task(engine.generate(PROMPT, presence_penalty=1.0, max_new_tokens=10, **OPTIONS))
    assert (await first)[0].tolist() == [5] * 40
    assert (await second)[0].size == 10


async def test_a_row_that_cannot_be_sampled_ends_alone(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder) as engine:
        runner = engine._open().core.runner
        sample = runner.sample

        def sometimes(logits, draws):
            if any(draw.sequence.request.prompt_ids[0] == 99 for draw in draws):
                raise RuntimeError("boom")
            return sample(logits, draws)

        runner.sample = sometimes
        options = {"max_new_tokens": 30, "repetition_penalty": 1.3, "presence_penalty": 0.5, **OPTIONS}
        expected, _ = await engine.generate(PROMPT, **options)
        good = asyncio.create_task(engine.generate(PROMPT, **options))
        await asyncio.sleep(0.01)
        with pytest.raises(InternalError, match="boom"):
            await engine.generate([99, 1], max_new_tokens=5)
        assert (await good)[0].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (lambda logprobs: mx.array([10**8]), "drew 100000000, not a token id from 0 to"),
        (lambda logprobs: mx.array([-1]), "drew -1"),
        (lambda logprobs: 5, r"one token id as an array \[1\], not int"),
        (lambda logprobs: mx.array([1, 2]), r"shape \(2,\)"),
    ],
)
async def test_a_sampler_that_draws_nonsense(engine: InferenceEngine, sampler, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        next(engine.generate_step(PROMPT, sampler=sampler))
    assert (await engine.generate(PROMPT, max_new_tokens=2, **OPTIONS))[0].size == 2


async def test_a_prefix_cache_that_fails_fails_its_request_only(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder) as engine:
        cache = engine._open().memory.cache
        find = cache.open

        def broken(ids, **options):
            if ids[0] == 99:
                raise RecursionError("deep")
            return find(ids, **options)

        cache.open = broken
        with pytest.raises(InternalError, match="prefix cache failed: deep"):
            await asyncio.wait_for(engine.generate([99], max_new_tokens=2), 20)
        assert (await engine.generate(PROMPT, max_new_tokens=2, **OPTIONS))[0].size == 2


async def test_a_failing_step_ends_what_runs_and_the_engine_goes_on(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder) as engine:
        scheduler = engine._open().core.scheduler
        schedule = scheduler.schedule

        def broken():
            scheduler.schedule = schedule
            raise RuntimeError("our fault")

        scheduler.schedule = broken
        with pytest.raises(InternalError, match="our fault"):
            await asyncio.wait_for(engine.generate(PROMPT), 20)
        assert (await engine.generate(PROMPT, max_new_tokens=2, **OPTIONS))[0].size == 2


async def test_a_burst_does_not_pass_the_queues_limit(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder, max_num_sequences=1, max_queue=1) as engine:
        tasks = [engine.generate(PROMPT, max_new_tokens=50, ignore_stop_tokens=True) for _ in range(20)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, CapacityError) for result in results) >= 16


async def test_closing_gives_each_request_an_error_of_its_own(tiny_folder: Path) -> None:
    engine = InferenceEngine(tiny_folder)
    tasks = [asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True)) for _ in range(3)]
    await asyncio.sleep(0.05)
    await asyncio.to_thread(engine.close)
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, EngineClosedError) for error in errors)
    assert len(set(map(id, errors))) == 3


async def test_a_closed_stream_is_over(engine: InferenceEngine) -> None:
    stream = engine.stream("Hello", ignore_stop_tokens=True)
    assert (await stream.__anext__()) is not None
    await stream.aclose()
    assert [event async for event in stream] == []
    unread = engine.stream("Hello")
    await unread.aclose()
    assert [event async for event in unread] == []


async def test_two_readers_of_one_request_are_told(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder, max_num_sequences=1) as engine:
        busy = engine.stream("Hello", ignore_stop_tokens=True)
        async for event in busy:
            if isinstance(event, TextDelta):
                break
        waiting = engine.stream("Hello", ignore_stop_tokens=True)
        first = asyncio.create_task(waiting.__anext__())
        await asyncio.sleep(0.05)
        with pytest.raises(RuntimeError, match="read by somebody else"):
            await waiting._handle.__anext__()
        first.cancel()
        await busy.aclose()


HUGE = 10**400


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[({name: HUGE}, f"{name}=an integer of 1329 bits") for name in ("temperature", "top_p", "min_p", "seed")],
        ({"logit_bias": {1: HUGE}}, "logit_bias=an integer"),
        ({"max_new_tokens": np.array([1, 2])}, "max_new_tokens"),
        ({"max_new_tokens": -1.0}, "max_new_tokens=-1.0"),
        ({"stop": ["a"] * 100_000}, "stop must be"),
        ({"enable_thinking": "no"}, "enable_thinking='no' is not valid: give True or False"),
        ({"ignore_stop_tokens": "no"}, "ignore_stop_tokens"),
        ({"template_variables": 5}, "template_variables must map names"),
        ({"template_variables": {1: 2}}, "template_variables must map names"),
        ({"template_variables": {"tools": []}}, "tools"),
        ({"xtc_special_tokens": [10**9]}, "xtc_special_tokens"),
    ],
)
async def test_extreme_keywords(engine: InferenceEngine, options: dict, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        await engine.chat("Hello", **options)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "ids",
    [None, 5, "abc", {1, 2}, {1: 2}, [[1, 2]], np.ones((2, 2), int), mx.array(3), [10**5000], [True], [1] * 10**6],
)
async def test_extreme_prompts(engine: InferenceEngine, ids) -> None:
    with pytest.raises(RequestError):
        await engine.generate(ids)
    with pytest.raises(RequestError):
        engine.generate_step(ids)


async def test_what_json_gives_is_taken(engine: InferenceEngine) -> None:
    ids, _ = await engine.generate(
        PROMPT,
        max_new_tokens=np.int64(3),
        logit_bias={"65": 100},
        dry_sequence_breakers=[10],
        xtc_special_tokens=[10],
        **OPTIONS,
    )
    assert ids.tolist() == [65, 65, 65]


@pytest.mark.parametrize("path", [None, 5, b"x"])
def test_model_paths_of_the_wrong_kind(path) -> None:
    with pytest.raises(RequestError, match="model_path must be"):
        InferenceEngine(path)


def test_engine_keywords_of_the_wrong_kind(tiny_folder: Path) -> None:
    for keywords in ({"offline": "no"}, {"prompt_cache_dir": 5}, {"max_queue": 10**400}):
        with pytest.raises(RequestError, match=next(iter(keywords))):
            InferenceEngine(tiny_folder, **keywords)


def test_unknown_sampler_and_penalty_keywords(engine: InferenceEngine) -> None:
    with pytest.raises(RequestError, match="unknown sampler keyword 'bogus'"):
        engine.make_sampler(bogus=1)
    with pytest.raises(RequestError, match="unknown penalty keyword 'bogus'"):
        engine.make_logits_processors(bogus=1)


def test_a_request_made_by_hand_is_checked_too() -> None:
    parts = {"sampling": SamplingParams(), "penalties": PenaltyParams(), "seed": 0}
    with pytest.raises(RequestError, match="prompt is empty"):
        GenerationRequest(prompt_ids=(), max_new_tokens=1, **parts)
    with pytest.raises(RequestError, match="max_new_tokens=-1"):
        GenerationRequest(prompt_ids=(1,), max_new_tokens=-1, **parts)


class TestTheModelsOwnDefaults:
    async def test_do_sample_false_is_greedy(self, tmp_path: Path) -> None:
        folder = write_tiny_model(tmp_path / "m", generation_config={"do_sample": False, "temperature": 1.0})
        with InferenceEngine(folder) as engine:
            expected, _ = await engine.generate(PROMPT, temperature=0, max_new_tokens=20, ignore_stop_tokens=True)
            ids, _ = await engine.generate(PROMPT, max_new_tokens=20, ignore_stop_tokens=True)
        assert ids.tolist() == expected.tolist()

    async def test_generate_step_follows_them_as_generate_does(self, tmp_path: Path) -> None:
        defaults = {"do_sample": False, "repetition_penalty": 1.8}
        folder = write_tiny_model(tmp_path / "m", generation_config=defaults)
        with InferenceEngine(folder) as engine:
            expected, _ = await engine.generate(PROMPT, max_new_tokens=20, ignore_stop_tokens=True)
            steps = engine.generate_step(PROMPT)
            assert [next(steps)[0] for _ in range(20)] == expected.tolist()
            steps.close()

    @pytest.mark.parametrize("bad", [{"temperature": -1}, {"top_p": 0}, {"top_k": 1.5}])
    def test_bad_ones_are_the_models_fault(self, tmp_path: Path, bad: dict) -> None:
        folder = write_tiny_model(tmp_path / "m", generation_config={"do_sample": True, **bad})
        with pytest.raises(ConfigError, match=rf"generation_config.json: .*{next(iter(bad))}"):
            InferenceEngine(folder)

    def test_a_template_that_is_no_jinja_is_the_models_fault(self, tmp_path: Path) -> None:
        folder = write_tiny_model(tmp_path / "m", chat_template="{% for %}")
        with pytest.raises(ConfigError, match="chat template"):
            InferenceEngine(folder)
