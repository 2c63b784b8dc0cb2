"""The engine as a program uses it: what it says equals the plain loop, and every request ends exactly once."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Coroutine
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine import InferenceEngine, Interaction, PromptCache, RequestError, Role
from proxy_inference_engine.engine.generate import generate_step
from proxy_inference_engine.errors import (
    CapacityError,
    ContextLengthError,
    EngineClosedError,
    InternalError,
    NotSupportedError,
)
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.types import End, PrefillProgress, TextDelta
from tests.fakes import write_tiny_model

PROMPT = [10, 20, 30, 40, 50]
HELLO = [Interaction.simple(Role.USER, "Hello")]


def plain(model: Model, ids: list[int], count: int, stop_tokens: frozenset[int]) -> list[int]:
    """Greedy tokens of the plain loop, up to a stop token."""
    tokens: list[int] = []
    steps = generate_step(model, ids, cache=PromptCache(model), sampler=lambda p: mx.argmax(p, axis=-1))
    for token, _ in steps:
        if token in stop_tokens or len(tokens) == count:
            break
        tokens.append(token)
    steps.close()
    return tokens


async def collect(stream) -> tuple[str, End, list]:
    events = [event async for event in stream]
    assert sum(isinstance(event, End) for event in events) == 1
    assert isinstance(events[-1], End)
    return "".join(e.text for e in events if isinstance(e, TextDelta)), events[-1], events


class TestEqualities:
    async def test_generate_equals_the_plain_loop(self, engine: InferenceEngine, model: Model) -> None:
        for ids in (PROMPT, [7], list(range(100))):
            got, reason = await engine.generate(ids, temperature=0, max_new_tokens=40)
            expected = plain(model, ids, 40, engine.tokenizer.stop_tokens)
            assert got.tolist() == expected
            assert got.dtype == mx.int32
            assert reason == ("length" if len(expected) == 40 else "stop")

    async def test_any_kind_of_integers_will_do(self, engine: InferenceEngine) -> None:
        expected, _ = await engine.generate(PROMPT, temperature=0, max_new_tokens=5)
        for ids in (tuple(PROMPT), mx.array(PROMPT), np.array(PROMPT), [np.int64(i) for i in PROMPT]):
            got, _ = await engine.generate(ids, temperature=0, max_new_tokens=5)
            assert got.tolist() == expected.tolist()

    async def test_together_equals_alone(self, engine: InferenceEngine) -> None:
        prompts = [[i + 1] * (1 + 11 * i) for i in range(8)]
        options = [
            {"temperature": 0.0 if i % 3 == 0 else 0.9, "seed": i, "top_p": 0.9, "repetition_penalty": 1.0 + i % 2}
            for i in range(8)
        ]
        alone = [
            (await engine.generate(ids, max_new_tokens=20, **chosen))[0].tolist()
            for ids, chosen in zip(prompts, options, strict=True)
        ]
        together = await asyncio.gather(
            *(engine.generate(p, max_new_tokens=20, **o) for p, o in zip(prompts, options, strict=True))
        )
        assert [ids.tolist() for ids, _ in together] == alone

    async def test_a_seed_repeats_and_seeds_differ(self, engine: InferenceEngine) -> None:
        async def draw(seed: int | None) -> list[int]:
            ids, _ = await engine.generate(PROMPT, temperature=1.5, min_p=0, seed=seed, max_new_tokens=24)
            return ids.tolist()

        assert await draw(5) == await draw(5)
        assert await draw(5) != await draw(6)
        assert await draw(None) != await draw(None)

    async def test_cached_equals_fresh(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, prefix_cache_bytes=0) as fresh, InferenceEngine(tiny_folder) as cached:
            ids = list(range(60))
            for _ in range(4):
                a, _ = await fresh.generate(ids, temperature=0, max_new_tokens=10)
                b, _ = await cached.generate(ids, temperature=0, max_new_tokens=10)
                assert a.tolist() == b.tolist()
                ids = [*ids, *a.tolist(), 3, 4]

    async def test_streamed_equals_whole(self, engine: InferenceEngine) -> None:
        options = {"temperature": 0.8, "seed": 3, "max_new_tokens": 60}
        text, end, _ = await collect(engine.stream(HELLO, **options))
        reply = await engine.chat(HELLO, **options)
        ids, reason = await engine(HELLO, **options)
        assert "".join(c.content for c in reply.content) == text
        assert list(end.token_ids) == ids.tolist()
        assert end.finish_reason == reason == reply.finish_reason
        assert engine.tokenizer.decode(ids.tolist()) == text

    async def test_a_second_turn_reuses_the_first(self, engine: InferenceEngine) -> None:
        conversation = [Interaction.simple(Role.USER, "A first question, of some length")]
        reply = await engine.chat(conversation, temperature=0, max_new_tokens=8)
        num_first = reply.usage.num_prompt_tokens
        conversation += [reply, Interaction.simple(Role.USER, "And a second")]
        second = await engine.chat(conversation, temperature=0, max_new_tokens=8)
        assert second.usage.num_cached_tokens >= num_first


class TestEnds:
    async def test_nothing_is_generated_for_zero(self, engine: InferenceEngine) -> None:
        ids, reason = await engine.generate(PROMPT, max_new_tokens=0)
        assert (ids.tolist(), reason) == ([], "length")

    @pytest.mark.parametrize("unlimited", [None, -1])
    async def test_no_limit_ends_with_the_context(self, engine: InferenceEngine, unlimited: int | None) -> None:
        ids, reason = await engine.generate(PROMPT, max_new_tokens=unlimited, ignore_stop_tokens=True, temperature=0)
        assert ids.size == engine.context_length - len(PROMPT)
        assert reason == "length"

    async def test_a_stop_token_ends_and_is_not_returned(self, engine: InferenceEngine) -> None:
        stop = min(engine.tokenizer.stop_tokens)
        ids, reason = await engine.generate(PROMPT, logit_bias={stop: 100.0}, max_new_tokens=9)
        assert (ids.tolist(), reason) == ([], "stop")

    async def test_a_stop_string_is_never_shown(self, engine: InferenceEngine) -> None:
        options = {"temperature": 0.9, "seed": 11, "max_new_tokens": 80, "ignore_stop_tokens": True}
        whole, _, _ = await collect(engine.stream(HELLO, **options))
        stop = whole[5:8]
        text, end, _ = await collect(engine.stream(HELLO, stop=[stop, "never there"], **options))
        assert text == whole[: whole.index(stop)]
        assert (end.finish_reason, end.stop_string) == ("stop", stop)

    async def test_a_message_end_that_is_no_single_token_stops_too(self, tmp_path: Path) -> None:
        folder = write_tiny_model(tmp_path / "m", chat_template="[U]{{ messages[0].content }}[/U]")
        options = {"temperature": 0.9, "seed": 11, "max_new_tokens": 80, "ignore_stop_tokens": True}
        with InferenceEngine(folder) as engine:
            whole, _, _ = await collect(engine.stream(HELLO, **options))
            end_of_message = whole[5:8]
            engine.tokenizer.stop_strings = (end_of_message,)
            text, end, _ = await collect(engine.stream(HELLO, **{**options, "ignore_stop_tokens": False}))
            ignored, _, _ = await collect(engine.stream(HELLO, **options))
        assert whole.startswith(text)
        assert end_of_message not in text
        assert (end.finish_reason, end.stop_string) == ("stop", None)
        assert ignored == whole

    async def test_cancelling_a_stream_ends_it(self, engine: InferenceEngine) -> None:
        stream = engine.stream(HELLO, ignore_stop_tokens=True)
        async for event in stream:
            if isinstance(event, TextDelta):
                stream.cancel()
            last = event
        assert isinstance(last, End)
        assert last.finish_reason == "cancelled"
        await idle(engine)

    async def test_a_cancelled_task_frees_its_request(self, engine: InferenceEngine) -> None:
        task = asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await idle(engine)

    async def test_breaking_out_of_the_loop_frees_the_request(self, engine: InferenceEngine) -> None:
        async for event in engine.stream(HELLO, ignore_stop_tokens=True):
            if isinstance(event, TextDelta):
                break
        gc.collect()
        await idle(engine)

    async def test_an_exception_in_the_callers_loop_frees_the_request(self, engine: InferenceEngine) -> None:
        async def consume() -> None:
            async with engine.stream(HELLO, ignore_stop_tokens=True) as stream:
                async for _ in stream:
                    raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            await consume()
        await idle(engine)

    async def test_cancelled_in_the_queue(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, max_num_sequences=1) as engine:
            first = asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True))
            second = asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True))
            await asyncio.sleep(0.05)
            for task in (second, first):
                task.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            await idle(engine)

    async def test_closing_ends_what_runs_with_an_error(self, tiny_folder: Path) -> None:
        engine = InferenceEngine(tiny_folder)
        task = asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(engine.close)
        with pytest.raises(EngineClosedError):
            await task
        with pytest.raises(EngineClosedError):
            await engine.generate(PROMPT)
        engine.close()


async def idle(engine: InferenceEngine) -> None:
    """Wait until nothing runs; fail when something still does after two seconds."""
    scheduler = engine._open().core.scheduler
    deadline = time.monotonic() + 2
    while scheduler.has_work:
        assert time.monotonic() < deadline, "a request was left running"
        await asyncio.sleep(0.005)


class TestEvents:
    async def test_prefill_reports_progress_in_chunks(self, engine: InferenceEngine) -> None:
        prompt = [Interaction.simple(Role.USER, "progress " * 12)]
        _, _, events = await collect(engine.stream(prompt, max_new_tokens=2))
        progress = [e for e in events if isinstance(e, PrefillProgress)]
        assert progress[-1].num_done == progress[-1].num_total
        assert len(progress) > 3
        assert [e.num_done for e in progress] == sorted(e.num_done for e in progress)

    async def test_usage_and_timing(self, engine: InferenceEngine) -> None:
        _, end, _ = await collect(engine.stream(HELLO, max_new_tokens=5, ignore_stop_tokens=True))
        assert end.usage.num_output_tokens == 5
        assert end.usage.num_total_tokens == end.usage.num_prompt_tokens + 5
        assert 0 < end.timing.ttft_ms <= end.timing.total_ms

    async def test_logprobs_before_and_after_processing(self, engine: InferenceEngine, model: Model) -> None:
        _, end, _ = await collect(
            engine.stream(HELLO, max_new_tokens=6, logprobs=3, temperature=0.5, top_k=5, ignore_stop_tokens=True)
        )
        assert end.logprobs is not None
        assert [lp.token_id for lp in end.logprobs] == list(end.token_ids)
        from proxy_inference_engine.engine.prompt import PromptPreparer
        from proxy_inference_engine.engine.request import InferenceOptions

        prompt_ids = PromptPreparer(engine.tokenizer).prepare(HELLO, InferenceOptions()).prompt_ids
        logits = model(mx.array([*prompt_ids, *end.token_ids])[None])[0].astype(mx.float32)
        raw = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
        for index, entry in enumerate(end.logprobs):
            row = raw[len(prompt_ids) - 1 + index].tolist()
            assert entry.logprob == pytest.approx(row[entry.token_id], abs=1e-3)
            assert [value for _, value in entry.top] == pytest.approx(sorted(row)[:-4:-1], abs=1e-3)
            assert entry.sampled_logprob >= entry.logprob - 5

    async def test_greedy_sampled_logprob_is_certain(self, engine: InferenceEngine) -> None:
        _, end, _ = await collect(engine.stream(HELLO, max_new_tokens=3, logprobs=True, temperature=0))
        assert end.logprobs is not None
        assert all(lp.sampled_logprob == pytest.approx(0) and lp.top == () for lp in end.logprobs)


class TestTheEventLoop:
    async def test_keeps_ticking_during_prefill_and_decode(self, tiny_folder: Path) -> None:
        """On a quiet machine the median gap is 5.2 ms and the longest 16 ms; a loop that is blocked hardly ticks."""

        async def ticks_per_second(work: Coroutine[object, object, object]) -> float:
            num_ticks = 0

            async def tick() -> None:
                nonlocal num_ticks
                while True:
                    await asyncio.sleep(0.005)
                    num_ticks += 1

            ticker = asyncio.create_task(tick())
            start = time.perf_counter()
            await work
            ticker.cancel()
            return num_ticks / (time.perf_counter() - start)

        with InferenceEngine(tiny_folder) as engine:
            prompt = list(range(200)) * 2
            busy = await ticks_per_second(engine.generate(prompt, max_new_tokens=100, ignore_stop_tokens=True))
            idle = await ticks_per_second(asyncio.sleep(0.5))
        assert busy > 0.2 * idle


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"temperature": -1}, "temperature.*-1"),
            ({"temperature": float("nan")}, "temperature.*nan"),
            ({"top_p": 0}, "top_p.*0"),
            ({"top_p": 1.5}, "top_p.*1.5"),
            ({"top_k": 2.5}, "top_k.*2.5"),
            ({"min_p": "a"}, "min_p.*'a'"),
            ({"max_new_tokens": -2}, "max_new_tokens.*-2"),
            ({"max_new_tokens": 1.5}, "max_new_tokens.*1.5"),
            ({"seed": -1}, "seed.*-1"),
            ({"seed": 2**64}, "seed"),
            ({"stop": ""}, "stop.*1 to 1024"),
            ({"stop": [1, 2]}, "stop.*not 1"),
            ({"logprobs": 1000}, "logprobs=1000.*0 to 100"),
            ({"tempratur": 1}, "tempratur.*did you mean 'temperature'"),
            ({"temp": 1, "temperature": 1}, "temperature"),
            ({"logit_bias": {10**9: 1.0}}, "logit_bias.*1000000000"),
            ({"tools": "x"}, "tools must be a list"),
        ],
    )
    async def test_is_refused_by_name_and_the_next_request_is_served(
        self, engine: InferenceEngine, options: dict, message: str
    ) -> None:
        with pytest.raises(RequestError, match=message) as caught:
            await engine.chat(HELLO, **options)
        assert caught.value.status == 400
        ids, _ = await engine.generate(PROMPT, max_new_tokens=2, ignore_stop_tokens=True)
        assert ids.size == 2

    async def test_forced_tool_calls_are_not_there_yet(self, engine: InferenceEngine) -> None:
        with pytest.raises(NotSupportedError, match="tool_choice"):
            await engine.chat(HELLO, tool_choice="required")

    async def test_prompts(self, engine: InferenceEngine) -> None:
        with pytest.raises(RequestError, match="empty"):
            await engine.generate([])
        with pytest.raises(RequestError, match="token id"):
            await engine.generate([1, -5])
        with pytest.raises(ContextLengthError, match="512"):
            await engine.chat([Interaction.simple(Role.USER, "x" * 2000)])
        with pytest.raises(RequestError):
            await engine.chat([])

    def test_engine_keywords(self, tiny_folder: Path) -> None:
        with pytest.raises(RequestError, match=r"contextlength.*did you mean 'context_length'"):
            InferenceEngine(tiny_folder, contextlength=3)
        with pytest.raises(RequestError, match="prefill_chunk=0 is not valid: give an integer from 1"):
            InferenceEngine(tiny_folder, prefill_chunk=0)
        with pytest.raises(RequestError, match="9999 is more than the 512"):
            InferenceEngine(tiny_folder, context_length=9999)

    async def test_a_full_queue_refuses(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, max_num_sequences=1, max_queue=1) as engine:
            tasks = [asyncio.create_task(engine.generate(PROMPT, ignore_stop_tokens=True)) for _ in range(2)]
            await asyncio.sleep(0.05)
            with pytest.raises(CapacityError, match="try again later"):
                await engine.generate(PROMPT)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def test_a_template_that_refuses(self, tmp_path: Path) -> None:
        folder = write_tiny_model(tmp_path / "m", chat_template="{{ raise_exception('only one turn, please') }}")
        with InferenceEngine(folder) as engine:
            with pytest.raises(RequestError, match="only one turn, please"):
                await engine.chat(HELLO)
            assert (await engine.generate(PROMPT, max_new_tokens=1, ignore_stop_tokens=True))[0].size == 1


class TestFailures:
    async def test_a_forward_pass_that_fails_ends_its_own_request_only(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder) as engine:
            runner = engine._open().core.runner
            forward = runner.forward

            def sometimes(batch):
                if any(row.sequence.request.prompt_ids[0] == 99 for row in batch.rows):
                    raise RuntimeError("boom")
                return forward(batch)

            runner.forward = sometimes
            good = asyncio.create_task(engine.generate(PROMPT, max_new_tokens=30, ignore_stop_tokens=True))
            with pytest.raises(InternalError, match="boom"):
                await engine.generate([99, 1])
            ids, _ = await good
            assert ids.size == 30
            await idle(engine)

    async def test_logits_that_are_not_numbers_end_their_own_request_only(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder) as engine:
            runner = engine._open().core.runner
            forward = runner.forward

            def sometimes(batch):
                is_bad = [[draw.sequence.request.prompt_ids[0] == 99] for draw in batch.draws]
                return mx.where(mx.array(is_bad), float("nan"), forward(batch))

            runner.forward = sometimes
            good = asyncio.create_task(engine.generate(PROMPT, max_new_tokens=9, ignore_stop_tokens=True))
            with pytest.raises(InternalError, match="not numbers"):
                await engine.generate([99, 1])
            assert (await good)[0].size == 9
            await idle(engine)

    async def test_saved_prompts_are_found_after_a_restart(self, tiny_folder: Path, tmp_path: Path) -> None:
        ids = list(range(100))
        with InferenceEngine(tiny_folder, prompt_cache_dir=tmp_path) as engine:
            first, _ = await engine.generate(ids, temperature=0, max_new_tokens=5)
        assert list(tmp_path.glob("*.safetensors"))
        with InferenceEngine(tiny_folder, prompt_cache_dir=tmp_path) as engine:
            handle = engine.submit(engine._request(ids, _options(temperature=0, max_new_tokens=5), wants_text=False))
            end = [event async for event in handle][-1]
        assert isinstance(end, End)
        assert end.usage.num_cached_tokens == 99
        assert list(end.token_ids) == first.tolist()


def _options(**keywords):
    from proxy_inference_engine.engine.request import InferenceOptions

    return InferenceOptions.from_keywords(keywords)


def test_a_dropped_engine_is_closed(tiny_folder: Path) -> None:
    engine = InferenceEngine(tiny_folder)
    thread = engine._thread._thread
    del engine
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_a_handle_can_be_read_without_asyncio(engine: InferenceEngine) -> None:
    handle = engine.submit(engine._request(PROMPT, _options(max_new_tokens=3, temperature=0), wants_text=True))
    assert isinstance(list(handle)[-1], End)
