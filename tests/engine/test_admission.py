"""Who is let in, who makes room and who is never forgotten: what went wrong once, so that it does not again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, RequestError
from proxy_inference_engine.engine.batch import Drawn
from proxy_inference_engine.engine.drafts import PromptLookup
from proxy_inference_engine.engine.scheduler import Scheduler
from proxy_inference_engine.errors import CapacityError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.types import End
from tests.engine import traffic
from tests.engine.traffic import ask, numbers


def test_nobody_waits_for_one_who_waits_for_him(model: Model) -> None:
    core = traffic.paged(model, num_blocks=40, block_size=8, chunk=16)
    leader = traffic.add(core, ask(numbers(1, 200), 4))
    core.step()
    follower = traffic.add(core, ask(numbers(1, 200), 4, priority=-1))
    core.step()
    assert follower.sequence.leader is leader.sequence
    core.scheduler.admission.preempt(leader.sequence)  # as for a row of somebody older
    traffic.drain(core, limit=500)
    assert isinstance(leader.end, End)
    assert isinstance(follower.end, End)


def test_a_request_of_low_priority_is_served_in_a_full_pool_under_a_steady_stream(model: Model) -> None:
    core = traffic.paged(model, num_blocks=30, block_size=8, chunk=64, max_num_sequences=6)
    scheduler = core.scheduler
    patient = None
    for number in range(3000):
        while scheduler.num_waiting + scheduler.num_running < 8:
            traffic.add(core, ask(numbers(number + 10, 60), 12))
        if number == 3:
            patient = traffic.add(core, ask(numbers(1, 120), 20, priority=1))
        core.step()
        if patient is not None and patient.end is not None:
            break
    assert patient is not None
    assert isinstance(patient.end, End), f"preempted {patient.sequence.num_preempted} times"
    scheduler.fail_all(CapacityError("the test is over"))


def test_siblings_of_a_running_prompt_are_let_in_beside_it(model: Model) -> None:
    core = traffic.paged(model, num_blocks=64, block_size=8, chunk=64)
    prefix = numbers(2, 400)
    first = traffic.add(core, ask([*prefix, 1], 60))
    for _ in range(9):
        core.step()
    others = [traffic.add(core, ask([*prefix, 2, number], 6)) for number in range(6)]
    core.step()
    assert core.scheduler.num_running == 7
    traffic.drain(core)
    assert sum(run.sequence.num_preempted for run in (first, *others)) == 0


def test_no_more_prompts_are_let_in_than_fit(model: Model) -> None:
    core = traffic.paged(model, num_blocks=64, block_size=8, chunk=64)
    runs = [traffic.add(core, ask(numbers(number, 200), 2)) for number in range(10)]
    traffic.drain(core)
    assert sum(run.sequence.num_preempted for run in runs) == 0


def test_one_who_waits_for_his_drafts_counts_as_waiting(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIE_CPU_BACKEND", "mlx")  # steps overlap: every other one finds the token on its way
    core = traffic.paged(model, num_blocks=600, chunk=512, speculates=True, target_s=1e-9)
    traffic.add(core, ask([1, 2, 3] * 5, 200))
    for _ in range(6):
        core.step()
    traffic.add(core, ask(numbers(3, 2000), 2))
    chunks = []
    for _ in range(12):
        batch = core.scheduler.schedule()
        if batch is not None:
            chunks.append(batch.num_prompt_tokens)
            core.scheduler.submitted(batch)
            core.scheduler.advance(batch, [Drawn(1) for _ in batch.draws])
    assert max(chunks[2:]) <= 128


@pytest.mark.parametrize("fails_at", [2, 3, 4, 5])
def test_a_drafter_that_fails_while_drafts_are_on_their_way(
    model: Model, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    class Failing(PromptLookup):
        num_calls = 0

        def propose(self, asked):
            self.num_calls += 1
            if self.num_calls >= fails_at:
                raise RuntimeError("no idea")
            return [(7, 7, 7)[:count] for _, count in asked]

    monkeypatch.setenv("PIE_CPU_BACKEND", "mlx")
    core = traffic.paged(model, num_blocks=200, drafter=Failing())
    first = traffic.add(core, ask(numbers(3, 10), 20))
    for _ in range(3):
        core.step()
    second = traffic.add(core, ask(numbers(4, 11), 20))
    traffic.drain(core)
    assert [run.end.token_ids for run in (first, second)] == traffic.alone(model, [first.request, second.request])


def test_drafts_take_nobodys_room(model: Model) -> None:
    class Eager(PromptLookup):
        def propose(self, asked):
            return [(7,) * count for _, count in asked]

    core = traffic.paged(model, num_blocks=24, block_size=8, chunk=64, drafter=Eager())
    runs = [traffic.add(core, ask(numbers(number, 40), 20)) for number in range(3)]
    traffic.drain(core)
    assert sum(run.sequence.num_preempted for run in runs) == 0


async def test_a_refused_request_that_is_cancelled_ends_once(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self, sequence):
        raise CapacityError("full")

    monkeypatch.setattr(Scheduler, "add", full)
    with InferenceEngine(tiny_folder) as engine:
        handle = engine.submit(ask([1, 2]))
        events: list = []
        handle.push = events.append  # type: ignore[method-assign]
        handle.cancel()
        await asyncio.sleep(0.05)
    assert len(events) <= 1


async def test_the_plain_loop_lets_others_go_on_between_its_chunks(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder, prefill_chunk=16) as engine:
        stream = engine.stream("Hello", max_new_tokens=400, ignore_stop_tokens=True, temperature=0)
        await stream.__anext__()
        ticks: list[float] = []

        async def read() -> None:
            async for _ in stream:
                ticks.append(time.perf_counter())

        reading = asyncio.create_task(read())
        start = time.perf_counter()
        steps = engine.generate_step(numbers(5, 400))
        await asyncio.to_thread(next, steps)
        took = time.perf_counter() - start
        inside = [tick for tick in ticks if start < tick < start + took]
        steps.close()
        await stream.aclose()
        reading.cancel()
    assert len(inside) >= 5, f"{len(inside)} events in {took:.2f} s"


def test_a_pool_that_no_machine_has_is_refused_by_name(tiny_folder: Path) -> None:
    with pytest.raises(RequestError, match=r"kv_cache_bytes=1000000000000000000.*give less"):
        InferenceEngine(tiny_folder, kv_cache_bytes=10**18)
