"""Random traffic on an engine's inner loop, and the plain engine that it must equal: one request at a time, caches of
its own, no pool, no drafts."""

from __future__ import annotations

import random
from collections.abc import Sequence as Items
from dataclasses import dataclass, field

import mlx.core as mx

from proxy_inference_engine.cache import PagedCache, PrefixPool
from proxy_inference_engine.engine.batch import Batch
from proxy_inference_engine.engine.budget import StepBudget
from proxy_inference_engine.engine.core import EngineCore
from proxy_inference_engine.engine.drafts import Drafter, PromptLookup
from proxy_inference_engine.engine.kv_memory import KVMemory
from proxy_inference_engine.engine.paged_memory import PagedMemory
from proxy_inference_engine.engine.private_memory import PrivateMemory
from proxy_inference_engine.engine.request import GenerationRequest
from proxy_inference_engine.engine.runner import Runner
from proxy_inference_engine.engine.scheduler import Scheduler
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.errors import EngineError
from proxy_inference_engine.logits_processors import PenaltyParams
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.samplers import SamplingParams
from proxy_inference_engine.types import End

GREEDY = SamplingParams(temperature=0.0)


@dataclass
class Run:
    """One request on its way, and its end."""

    request: GenerationRequest
    events: list = field(default_factory=list)
    sequence: Sequence | None = None

    @property
    def end(self) -> End | EngineError | None:
        return self.events[-1] if self.events and isinstance(self.events[-1], End | EngineError) else None


def paged(
    model: Model,
    *,
    num_blocks: int,
    block_size: int = 8,
    chunk: int = 64,
    bits: int | None = None,
    files=None,
    target_s: float | None = None,
    max_idle_bytes: int | None = None,
    **options,
) -> EngineCore:
    """An inner loop over a pool of blocks."""
    from proxy_inference_engine.ops.backend import computes_at_once

    cache = PagedCache(
        model.kv_layout(), num_blocks=num_blocks, block_size=block_size, dtype=model.dtype, bits=bits, files=files
    )
    is_eager = computes_at_once(model.dtype)
    memory = PagedMemory(model, cache, is_eager=is_eager, max_idle_bytes=max_idle_bytes, files=files)
    return _core(model, memory, chunk, target_s, **options)


def plain(model: Model) -> EngineCore:
    """An inner loop that runs rows by themselves and keeps nothing."""
    return _core(model, PrivateMemory(model, PrefixPool(model, budget_bytes=0)), 10_000, None, max_num_sequences=1)


def _core(
    model: Model,
    memory: KVMemory,
    chunk: int,
    target_s: float | None,
    *,
    max_num_sequences: int = 8,
    speculates: bool = False,
    drafter: Drafter | None = None,
) -> EngineCore:
    scheduler = Scheduler(
        memory,
        StepBudget(chunk, target_s),
        max_num_sequences=max_num_sequences,
        max_queue=10_000,
        drafter=PromptLookup() if speculates else drafter,
    )
    return EngineCore(scheduler, Runner(memory, model.config.vocab_size), reads_at_once=memory.is_eager)


def memory_of(core: EngineCore) -> PagedMemory:
    """The pool behind `core`."""
    return core.scheduler._memory  # type: ignore[return-value]


def add(core: EngineCore, request: GenerationRequest) -> Run:
    """Queue a request."""
    run = Run(request)
    run.sequence = Sequence(request, run.events.append, None)
    core.scheduler.add(run.sequence)
    return run


def ask(ids: list[int], count: int = 8, **options) -> GenerationRequest:
    """A greedy request for `count` tokens; `options` are fields of `GenerationRequest`."""
    fields = {"sampling": GREEDY, "penalties": PenaltyParams(), "seed": 1, "wants_text": False, **options}
    return GenerationRequest(prompt_ids=tuple(ids), max_new_tokens=count, **fields)


def numbers(seed: int, count: int, most: int = 250) -> list[int]:
    """`count` token ids below `most`, the same for the same seed."""
    rng = random.Random(seed)
    return [rng.randrange(most) for _ in range(count)]


def watch(core: EngineCore) -> list[Batch]:
    """Every batch from now on."""
    batches: list[Batch] = []
    schedule = core.scheduler.schedule

    def watched() -> Batch | None:
        batch = schedule()
        if batch is not None:
            batches.append(batch)
        return batch

    core.scheduler.schedule = watched  # type: ignore[method-assign]
    return batches


def drain(core: EngineCore, limit: int = 20_000) -> None:
    """Step until nothing is left to do."""
    for _ in range(limit):
        if not core.has_work:
            return
        core.step()
    raise AssertionError("the engine did not come to an end")


def alone(model: Model, requests: Items[GenerationRequest]) -> list[tuple[int, ...]]:
    """The tokens of each request in the plain engine."""
    core = plain(model)
    tokens = []
    for request in requests:
        run = add(core, request)
        drain(core)
        assert isinstance(run.end, End)
        tokens.append(run.end.token_ids)
    return tokens


def make_requests(rng: random.Random, vocab_size: int, count: int, *, longest: int = 150) -> list[GenerationRequest]:
    """Requests of every kind; many share beginnings, some repeat themselves, so that drafts hold."""
    stems = [[rng.randrange(vocab_size) for _ in range(rng.choice((5, 40, 100)))] for _ in range(4)]
    requests = []
    for _ in range(count):
        ids = list(rng.choice(stems))[: rng.choice((3, 30, 1000))] if rng.random() < 0.7 else []
        ids += [rng.randrange(vocab_size) for _ in range(rng.randrange(1, 40))]
        if rng.random() < 0.3:
            ids += ids[-10:] * 3
        greedy = rng.random() < 0.5
        requests.append(
            GenerationRequest(
                prompt_ids=tuple(ids[:longest]),
                max_new_tokens=rng.choice((1, 2, 5, 17, 40)),
                sampling=GREEDY
                if greedy
                else SamplingParams(
                    temperature=rng.choice((0.3, 1.0)), top_p=rng.choice((1.0, 0.8)), top_k=rng.choice((-1, 20))
                ),
                penalties=PenaltyParams(repetition_penalty=1.3, presence_penalty=0.2)
                if rng.random() < 0.3
                else PenaltyParams(),
                seed=rng.getrandbits(32),
                stop_token_ids=frozenset({rng.randrange(vocab_size) for _ in range(4)}),
                priority=rng.choice((0, 0, 0, -1, 3)),
                logprobs=rng.choice((None, None, 2)),
                wants_text=False,
                cache_salt=rng.choice((b"", b"", b"tenant")),
            )
        )
    return requests


def random_traffic(
    core: EngineCore,
    requests: Items[GenerationRequest],
    expected: Items[tuple[int, ...]],
    rng: random.Random,
    *,
    num_steps: int,
    check_every: int = 7,
    preempts: float = 0.03,
) -> dict[str, int]:
    """Drive `core` for `num_steps` with random arrivals, cancellations and preemptions, and compare every end.

    Returns counts of what happened.
    """
    memory = memory_of(core)
    live: list[tuple[Run, tuple[int, ...], bool]] = []
    counts = {"ended": 0, "cancelled": 0, "preempted": 0, "cached": 0}

    def settle() -> None:
        for item in [item for item in live if item[0].end is not None]:
            run, tokens, was_cancelled = item
            live.remove(item)
            assert sum(isinstance(event, End | EngineError) for event in run.events) == 1
            assert isinstance(run.end, End), run.end
            assert run.sequence is not None
            counts["preempted"] += run.sequence.num_preempted
            counts["cached"] += run.sequence.num_cached
            if run.end.finish_reason == "cancelled":
                assert was_cancelled
                counts["cancelled"] += 1
                assert run.end.token_ids == tokens[: len(run.end.token_ids)]
            else:
                counts["ended"] += 1
                assert run.end.token_ids == tokens

    for step in range(num_steps):
        if rng.random() < 0.3 and len(live) < 30:
            for _ in range(rng.choice((1, 1, 3))):
                index = rng.randrange(len(requests))
                live.append((add(core, requests[index]), expected[index], False))
        if live and rng.random() < 0.03:
            place = rng.randrange(len(live))
            run, tokens, _ = live[place]
            live[place] = (run, tokens, True)
            assert run.sequence is not None
            core.scheduler.cancel(run.sequence)
        if core.scheduler.num_running and rng.random() < preempts:  # beside those that a full pool brings
            core.scheduler.admission.preempt(core.scheduler.admission.running[-1])
        if core.has_work:
            core.step()
        settle()
        if step % check_every == 0:
            memory.check()
    drain(core)
    settle()
    assert not live
    memory.check()
    assert not memory.tables
    assert memory.cache.num_free_blocks == memory.cache.num_blocks, "blocks were leaked"
    mx.clear_cache()
    return counts
