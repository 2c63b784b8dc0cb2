"""Who runs when: sharing what is computed, chunks, priorities, deadlines, room, and several choices of one prompt."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, Interaction, Role
from proxy_inference_engine.engine.batch import Batch
from proxy_inference_engine.engine.budget import StepBudget
from proxy_inference_engine.errors import CapacityError, ContextLengthError, DeadlineError, RequestError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.types import End
from tests.engine import traffic
from tests.engine.traffic import ask, numbers, watch

HELLO = [Interaction.simple(Role.USER, "Hello, who is there?")]
STEADY = {"ignore_stop_tokens": True}


def prompt_tokens(batches: list[Batch]) -> int:
    return sum(batch.num_prompt_tokens for batch in batches)


class TestSharing:
    def test_one_prefix_that_arrives_together_is_computed_once(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=400, chunk=50)
        batches = watch(core)
        prefix = numbers(1, 300)
        runs = [traffic.add(core, ask([*prefix, *numbers(10 + i, 20)])) for i in range(6)]
        traffic.drain(core)
        assert prompt_tokens(batches) <= 300 + 6 * 20 + 6 * 8  # at most a part of a block again
        expected = traffic.alone(model, [run.request for run in runs])
        assert [run.end.token_ids for run in runs] == expected

    def test_a_leader_that_is_cancelled_is_replaced(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=400, chunk=50)
        prompt = numbers(1, 300)
        first, *others = [traffic.add(core, ask([*prompt, i])) for i in range(3)]
        core.step()
        core.scheduler.cancel(first.sequence)
        traffic.drain(core)
        assert first.end.finish_reason == "cancelled"
        assert [run.end.token_ids for run in others] == traffic.alone(model, [run.request for run in others])

    def test_the_reply_is_cached_too(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=400)
        first = traffic.add(core, ask(numbers(2, 101), 30))
        traffic.drain(core)
        turn = [*first.request.prompt_ids, *first.end.token_ids, 7, 8, 9]
        second = traffic.add(core, ask(turn))
        traffic.drain(core)
        assert second.end.usage.num_cached_tokens >= 130  # all but the token drawn last, which nobody computed

    def test_a_prompt_that_strips_the_reasoning_finds_the_longest_part(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=400)
        prompt, reasoning, answer = numbers(3, 90), numbers(4, 60), numbers(5, 20)
        for ids in ([*prompt, *reasoning, *answer], [*prompt, *answer, 1, 2]):
            run = traffic.add(core, ask(ids))
            traffic.drain(core)
        assert run.end.usage.num_cached_tokens == 90
        third = traffic.add(core, ask([*prompt, *answer, 1, 2, *run.end.token_ids, 5]))
        traffic.drain(core)
        assert third.end.usage.num_cached_tokens >= 90 + 22 + 7

    def test_salts_do_not_share(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=400)
        prompt = numbers(6, 100)
        for salt, cached in ((b"a", 0), (b"b", 0), (b"a", 99)):
            run = traffic.add(core, ask(prompt, cache_salt=salt))
            traffic.drain(core)
            assert run.end.usage.num_cached_tokens == cached


class TestChunks:
    def test_a_long_prompt_delays_others_by_one_chunk_at_a_time(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=600, chunk=40)
        short = traffic.add(core, ask([1, 2, 3], 60))
        for _ in range(3):
            core.step()
        batches = watch(core)
        long = traffic.add(core, ask(numbers(7, 1500), 2))
        traffic.drain(core)
        while_prefilling = [b for b in batches if b.num_prompt_tokens]
        assert all(b.num_prompt_tokens <= 40 for b in while_prefilling)
        assert sum(b.num_decoding for b in while_prefilling) >= 35
        assert [short.end.token_ids, long.end.token_ids] == traffic.alone(model, [short.request, long.request])

    def test_short_prompts_do_not_wait_for_a_long_one(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=600, chunk=40)
        traffic.add(core, ask(numbers(8, 1500), 2))
        core.step()
        short = traffic.add(core, ask([1, 2, 3], 1))
        for _ in range(3):
            core.step()
        assert isinstance(short.end, End)
        traffic.drain(core)

    def test_the_budget_adapts_to_the_latency(self) -> None:
        budget = StepBudget(512, target_s=0.1)
        assert budget.num_tokens(0) == 512
        budget.note(0, 0, 0.02)
        budget.note(100, 0, 0.12)  # 1 ms a token
        assert budget.num_tokens(3) == 80
        for _ in range(50):
            budget.note(80, 0, 0.02 + 80 * 0.004)
        assert 16 <= budget.num_tokens(3) <= 20
        assert StepBudget(512, target_s=None).num_tokens(3) == 512


class TestOrder:
    def test_priorities_first_and_nobody_waits_for_ever(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=100, max_num_sequences=1)
        order: list[str] = []
        patient = traffic.add(core, ask([1], 1, priority=5))
        for number in range(200):
            run = traffic.add(core, ask([2, number], 1))
            while run.end is None:
                core.step()
            if patient.end is not None:
                order.append(str(number))
                break
        assert order, "a request of low priority starved"
        assert int(order[0]) <= 70

    def test_a_deadline_ends_one_request_with_an_error(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=100)
        late = traffic.add(core, ask([1, 2], 5000, timeout_s=0.05))
        waiting = traffic.add(core, ask([1, 3], 20))
        time.sleep(0.06)
        traffic.drain(core)
        assert isinstance(late.end, DeadlineError)
        assert isinstance(waiting.end, End)
        traffic.memory_of(core).check()
        assert traffic.memory_of(core).cache.num_free_blocks == 100

    def test_cancelling_in_the_middle_of_a_prompt_frees_within_a_step(self, model: Model) -> None:
        core = traffic.paged(model, num_blocks=200, chunk=32)
        run = traffic.add(core, ask(numbers(9, 1000)))
        for _ in range(4):
            core.step()
        assert traffic.memory_of(core).cache.num_free_blocks < 200
        core.scheduler.cancel(run.sequence)
        core.step()
        assert traffic.memory_of(core).cache.num_free_blocks == 200
        assert run.end.finish_reason == "cancelled"


class TestRoom:
    async def test_what_can_never_fit_is_refused_at_once(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, kv_cache_bytes=100_000) as engine:
            capacity = engine._open().memory.capacity_tokens
            assert engine.context_length == capacity < 512
            with pytest.raises(ContextLengthError, match=str(capacity)):
                await engine.generate(list(range(200)) * 3)
            ids, reason = await engine.generate([1, 2, 3], temperature=0, **STEADY)
            assert (ids.size, reason) == (capacity - 3, "length")

    async def test_many_that_do_not_fit_together_all_end(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder) as roomy, InferenceEngine(tiny_folder, kv_cache_bytes=100_000) as narrow:
            count = narrow.context_length - 40
            prompts = [numbers(i, 30) for i in range(6)]
            options = {"temperature": 0.8, "seed": 3, "max_new_tokens": count, **STEADY}
            expected = [(await roomy.generate(ids, **options))[0].tolist() for ids in prompts]
            got = await asyncio.gather(*(narrow.generate(ids, **options) for ids in prompts))
            assert [ids.tolist() for ids, _ in got] == expected
            narrow._open().memory.check()

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({"kv_cache_bytes": 10}, "kv_cache_bytes=10 holds fewer than 2 blocks"),
            ({"kv_cache_bytes": 100_000, "context_length": 512}, "context_length 512 does not fit"),
            ({"kv_cache_dtype": "int3"}, "kv_cache_dtype='int3' is not valid: it is one of float32"),
            ({"block_size": 4}, "block_size=4 is not valid: give an integer from 8 to 256"),
            ({"target_latency_ms": -1}, "target_latency_ms=-1"),
            ({"draft_model": 5}, "draft_model=5 is not valid"),
        ],
    )
    def test_bad_settings_are_refused_by_name(self, tiny_folder: Path, config: dict, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            InferenceEngine(tiny_folder, **config)

    async def test_keywords_are_checked(self, engine: InferenceEngine) -> None:
        for keywords in ({"priority": 1.5}, {"timeout_s": 0}, {"cache_salt": 5}, {"cache_salt": "x" * 300}):
            with pytest.raises(RequestError, match=next(iter(keywords))):
                await engine.generate([1, 2], **keywords)

    async def test_the_queue_is_bounded(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, max_num_sequences=1, max_queue=2) as engine:
            tasks = [engine.generate([1], max_new_tokens=40, **STEADY) for _ in range(8)]
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, CapacityError) for result in results) >= 4


class TestChoices:
    async def test_each_choice_is_what_its_seed_gives_alone(self, tiny_folder: Path) -> None:
        with InferenceEngine(tiny_folder, prefix_cache_bytes=0) as engine:
            batches = watch(engine._open().core)
            options = {"temperature": 1.0, "max_new_tokens": 12, **STEADY}
            replies = await engine.choices(HELLO, 4, seed=20, **options)
            num_prompt = replies[0].usage.num_prompt_tokens
            assert prompt_tokens(batches) <= num_prompt + 3 * 32
            alone = [await engine.chat(HELLO, seed=20 + i, **options) for i in range(4)]
        assert [_text(r) for r in replies] == [_text(r) for r in alone]
        assert len({_text(r) for r in replies}) > 1

    async def test_best_of_keeps_the_most_probable(self, engine: InferenceEngine) -> None:
        options = {"temperature": 1.5, "max_new_tokens": 6, "seed": 4, **STEADY}
        everything = await engine.choices(HELLO, 5, logprobs=True, **options)
        best = await engine.choices(HELLO, 2, best_of=5, **options)

        def mean(reply: Interaction) -> float:
            return sum(entry.logprob for entry in reply.logprobs) / len(reply.logprobs)

        ranked = sorted(everything, key=mean, reverse=True)
        assert [_text(r) for r in best] == [_text(r) for r in ranked[:2]]

    @pytest.mark.parametrize(
        ("n", "best_of", "message"),
        [(0, None, "n=0"), (1000, None, "1 to 128"), (3, 2, "best_of=2"), (True, None, "n=")],
    )
    async def test_bad_counts(self, engine: InferenceEngine, n: int, best_of: int | None, message: str) -> None:
        with pytest.raises(RequestError, match=message):
            await engine.choices(HELLO, n, best_of=best_of)

    async def test_a_choice_that_is_given_up_leaves_the_others(self, engine: InferenceEngine) -> None:
        first, second = engine.streams(HELLO, 2, max_new_tokens=5, temperature=1.0, seed=1, **STEADY)
        await first.aclose()
        assert (await second.end()).usage.num_output_tokens == 5

    async def test_bad_input_reaches_every_reader(self, engine: InferenceEngine) -> None:
        with pytest.raises(RequestError, match="temperature"):
            await engine.choices(HELLO, 2, temperature=-1)


def _text(reply: Interaction) -> str:
    return "".join(content.content for content in reply.content)
