"""A batch becomes logits, logits become tokens: the only place where the engine waits for the device.

`submit` queues a step on the device and returns at once; `read` waits for its tokens. The token drawn last stays on
the device as the next step's input, so step k+1 can be submitted before step k is read. Knows no request's text and no
scheduling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

import mlx.core as mx

from proxy_inference_engine.engine.batch import Batch, Draw, Drawn
from proxy_inference_engine.engine.kv_memory import KVMemory
from proxy_inference_engine.engine.logprobs import Logprobs, logprobs_of
from proxy_inference_engine.engine.sequence import LastToken, Sequence
from proxy_inference_engine.engine.structure import masks_of
from proxy_inference_engine.logits_processors import BatchProcessor, PenaltyParams
from proxy_inference_engine.samplers import BatchSampler, SamplingParams, row_keys
from proxy_inference_engine.structuring import apply_mask

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step that was submitted and not read yet."""

    batch: Batch
    token_ids: mx.array | None
    """`[num_draws]`; None when no row draws."""

    best: mx.array | None
    """`[num_draws]`: the best logit of each row; not finite when it could not be drawn from (NaN, all masked)."""

    logprobs: Logprobs | None


class Runner:
    """Runs batches on one model. Lives in the engine thread."""

    def __init__(self, memory: KVMemory, vocab_size: int) -> None:
        self._memory = memory
        self._samplers = _Latest[tuple[SamplingParams, ...], BatchSampler](BatchSampler)
        self._processors = _Latest[tuple[PenaltyParams, ...], BatchProcessor](
            lambda params: BatchProcessor(params, vocab_size)
        )

    def forward(self, batch: Batch) -> mx.array:
        """Put the rows' tokens through the model: logits `[num_draws, V]`."""
        return self._memory.forward(batch)

    def sample(self, logits: mx.array, draws: tuple[Draw, ...]) -> tuple[mx.array, mx.array, Logprobs | None]:
        """Draw one token for each row of `logits [B, V]`.

        Returns token ids `[B]`, each row's best logit `[B]`, and the log probabilities that were asked.

        Penalties and biases apply first, then the grammars of bound rows, then temperature and filters. A row's token
        depends on its own logits, parameters, seed and position alone.
        """
        processed = logits
        requests = [draw.sequence.request for draw in draws]
        penalties = tuple(request.penalties for request in requests)
        if not all(p.is_noop for p in penalties):
            processed = self._penalise(logits, draws, penalties)
        processed = _bound(processed, draws)
        sampler = self._samplers(tuple(request.sampling for request in requests))
        keys = None
        if not sampler.is_greedy:
            positions = [draw.sequence.num_drawn + draw.offset for draw in draws]
            keys = row_keys([request.seed for request in requests], positions)
        token_ids = sampler(processed, keys)
        return token_ids, mx.max(processed, axis=-1), logprobs_of(logits, processed, token_ids, keys, draws)

    def submit(self, batch: Batch, logits: mx.array) -> Step:
        """Draw from `logits [num_draws, V]` and start computing the step."""
        token_ids, best, logprobs = None, None, None
        waiting: list[mx.array] = []
        if batch.draws:
            token_ids, best, logprobs = self.sample(logits, batch.draws)
            waiting += [token_ids, best]
        if any(row.num_draws == 0 for row in batch.rows):
            waiting += self._memory.pending(row for row in batch.rows if row.num_draws == 0)
        if logprobs is not None:
            waiting += logprobs.arrays()
        mx.async_eval(waiting)  # type: ignore[no-untyped-call]
        if token_ids is not None:  # not before: where it fails, rows run again from the tokens they had
            for index, draw in enumerate(batch.draws):
                draw.sequence.last_token = LastToken(token_ids, index)
        return Step(batch, token_ids, best, logprobs)

    def read(self, step: Step) -> list[Drawn]:
        """Wait for a step's tokens, in the order of its draws."""
        if step.token_ids is None or step.best is None:
            return []
        mx.eval(step.token_ids, step.best)
        token_ids = cast("list[int]", step.token_ids.tolist())
        best = cast("list[float]", step.best.tolist())
        drawn = [Drawn(token_id, is_usable=math.isfinite(b)) for token_id, b in zip(token_ids, best, strict=True)]
        if step.logprobs is not None:
            for index, logprob in step.logprobs.read(token_ids).items():
                drawn[index] = replace(drawn[index], logprob=logprob)
        return drawn

    def _penalise(self, logits: mx.array, draws: tuple[Draw, ...], penalties: tuple[PenaltyParams, ...]) -> mx.array:
        histories = [_history(draw, p.history_size) for draw, p in zip(draws, penalties, strict=True)]
        width = max(h.size for h in histories)
        padded = [mx.pad(h, (width - h.size, 0), constant_values=-1) if h.size < width else h for h in histories]
        num_output = [
            min(draw.sequence.num_drawn + draw.offset, p.history_size) for draw, p in zip(draws, penalties, strict=True)
        ]
        return self._processors(penalties)(mx.stack(padded), mx.array(num_output, dtype=mx.int32), logits)


def _bound(logits: mx.array, draws: tuple[Draw, ...]) -> mx.array:
    """`logits [B, V]` with -inf where a bound row's grammar allows no token."""
    bindings = [draw.sequence.binding for draw in draws]
    if all(binding is None for binding in bindings):
        return logits
    return apply_mask(logits, mx.array(masks_of(bindings, (logits.shape[-1] + 31) // 32)))


def _history(draw: Draw, size: int) -> mx.array:
    """The newest `size` tokens before a draw: prompt, output and the drafts before it."""
    history = _own_history(draw.sequence, size)
    if draw.drafts and size:
        history = mx.concatenate([history, mx.array(draw.drafts, dtype=mx.int32)])[-size:]
    return history


def _own_history(sequence: Sequence, size: int) -> mx.array:
    """The newest `size` prompt and output tokens, brought up to date on the device."""
    if sequence.history is None:
        # What is not read back yet comes from the device below; with size 0 nothing is kept.
        sequence.history = mx.array(sequence.token_ids[-size:] if size else (), dtype=mx.int32)
        sequence.num_in_history = len(sequence.token_ids) - sequence.num_prompt
    missing = sequence.num_drawn - sequence.num_in_history
    if not size or missing <= 0:
        return sequence.history
    if sequence.num_in_flight == 0:
        newest = mx.array(sequence.token_ids[-missing:], dtype=mx.int32)
    else:
        last = sequence.last_token
        assert last is not None, "a step is in flight"
        assert missing == 1, "one step in flight draws one token"
        newest = last.token_ids[last.index : last.index + 1].astype(mx.int32)
    sequence.num_in_history = sequence.num_drawn
    sequence.history = mx.concatenate([sequence.history, newest])[-size:]
    return sequence.history


class _Latest(Generic[K, V]):
    """Remembers the value made last: batches mostly keep their composition from step to step.

    Kept per runner, never in a module: the arrays inside belong to one thread.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._item: tuple[K, V] | None = None

    def __call__(self, key: K) -> V:
        if self._item is None or self._item[0] != key:
            self._item = (key, self._make(key))
        return self._item[1]
