"""A batch becomes logits, logits become tokens: the only place where the engine waits for the device.

`submit` queues a step on the device and returns at once; `read` waits for its tokens. The token drawn last stays on
the device as the next step's input, so step k+1 is submitted before step k is read. Knows no request's text and no
scheduling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

import mlx.core as mx

from proxy_inference_engine.engine.scheduler import Batch, Drawn, Row
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.logits_processors import BatchProcessor, PenaltyParams
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.samplers import BatchSampler, SamplingParams, row_keys
from proxy_inference_engine.types import TokenLogprob

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """What is read back for the rows that asked for log probabilities: float32, on the device."""

    rows: list[tuple[int, int]]
    """Which drawing rows these are, and how many alternatives each asked for."""

    model: mx.array
    """`[R]`: of the drawn token, before processing."""

    sampled: mx.array
    """`[R]`: of the drawn token, in the distribution it was drawn from."""

    top_ids: mx.array
    """`[R, N]`: the model's best tokens, best first."""

    top: mx.array
    """`[R, N]`: their log probabilities, before processing."""

    def arrays(self) -> list[mx.array]:
        return [self.model, self.sampled, self.top_ids, self.top]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A step that was submitted and not read yet."""

    batch: Batch
    token_ids: mx.array | None
    """`[num_drawing]`; None when no row draws."""

    best: mx.array | None
    """`[num_drawing]`: the best logit of each row; not finite when it could not be drawn from (NaN, all masked)."""

    logprobs: Logprobs | None


class Runner:
    """Runs batches on one model. Lives in the engine thread."""

    def __init__(self, model: Model) -> None:
        self._model = model
        vocab_size = model.config.vocab_size
        self._samplers = _Latest[tuple[SamplingParams, ...], BatchSampler](BatchSampler)
        self._processors = _Latest[tuple[PenaltyParams, ...], BatchProcessor](
            lambda params: BatchProcessor(params, vocab_size)
        )

    def forward_row(self, row: Row) -> mx.array:
        """Put one row's tokens through the model: logits of its last token, `[1, V]`, not evaluated."""
        sequence = row.sequence
        assert sequence.cache is not None
        if row.prompt_ids is not None:
            input_ids = mx.array(row.prompt_ids, dtype=mx.int32)[None]
        else:
            assert sequence.last_token is not None
            input_ids = sequence.last_token[None]
        return self._model(input_ids, sequence.cache.cache, logits_to_keep=1).squeeze(1)

    def sample(self, logits: mx.array, sequences: list[Sequence]) -> tuple[mx.array, mx.array, Logprobs | None]:
        """Draw one token for each row of `logits [B, V]`.

        Returns token ids `[B]`, each row's best logit `[B]`, and the log probabilities that were asked.

        Penalties and biases apply first, then temperature and filters. A row's token depends on its own logits,
        parameters, seed and position alone.
        """
        processed = logits
        penalties = tuple(s.request.penalties for s in sequences)
        if not all(p.is_noop for p in penalties):
            processed = self._penalise(logits, sequences, penalties)
        sampler = self._samplers(tuple(s.request.sampling for s in sequences))
        keys = None
        if not sampler.is_greedy:
            keys = row_keys([s.request.seed for s in sequences], [s.num_drawn for s in sequences])
        token_ids = sampler(processed, keys)
        return token_ids, mx.max(processed, axis=-1), _logprobs(logits, processed, token_ids, keys, sequences)

    def submit(self, batch: Batch, row_logits: list[mx.array]) -> Step:
        """Draw for the rows that draw and start computing the step. `row_logits` has one entry per row."""
        drawing = batch.drawing
        token_ids, best, logprobs = None, None, None
        if drawing:
            drawn = [logits for row, logits in zip(batch.rows, row_logits, strict=True) if row.draws]
            logits = drawn[0] if len(drawn) == 1 else mx.concatenate(drawn)
            token_ids, best, logprobs = self.sample(logits, drawing)
            for index, sequence in enumerate(drawing):
                sequence.last_token = token_ids if len(drawing) == 1 else token_ids[index : index + 1]
        waiting = [] if token_ids is None or best is None else [token_ids, best]
        for row in batch.rows:
            if not row.draws and row.sequence.cache is not None:
                waiting.extend(row.sequence.cache.buffers())
        if logprobs is not None:
            waiting.extend(logprobs.arrays())
        mx.async_eval(waiting)  # type: ignore[no-untyped-call]
        return Step(batch, token_ids, best, logprobs)

    def read(self, step: Step) -> list[Drawn]:
        """Wait for a step's tokens, in the order of its drawing rows."""
        if step.token_ids is None or step.best is None:
            return []
        mx.eval(step.token_ids, step.best)
        token_ids = cast("list[int]", step.token_ids.tolist())
        best = cast("list[float]", step.best.tolist())
        drawn = [Drawn(token_id, is_usable=math.isfinite(b)) for token_id, b in zip(token_ids, best, strict=True)]
        if step.logprobs is not None:
            for index, logprob in _read_logprobs(step.logprobs, token_ids).items():
                drawn[index] = replace(drawn[index], logprob=logprob)
        return drawn

    def _penalise(self, logits: mx.array, sequences: list[Sequence], penalties: tuple[PenaltyParams, ...]) -> mx.array:
        histories = [_history(s, p.history_size) for s, p in zip(sequences, penalties, strict=True)]
        width = max(h.size for h in histories)
        padded = [mx.pad(h, (width - h.size, 0), constant_values=-1) if h.size < width else h for h in histories]
        num_output = [min(s.num_drawn, p.history_size) for s, p in zip(sequences, penalties, strict=True)]
        return self._processors(penalties)(mx.stack(padded), mx.array(num_output, dtype=mx.int32), logits)


def _history(sequence: Sequence, size: int) -> mx.array:
    """The newest `size` prompt and output tokens, brought up to date on the device."""
    if sequence.history is None:
        # -1 tells "no history yet" from an empty one; with size 0 nothing is kept.
        newest = sequence.request.prompt_ids[-size:] if size else ()
        sequence.history = mx.array(newest, dtype=mx.int32)
    elif size and sequence.last_token is not None and sequence.num_in_history < sequence.num_drawn:
        sequence.num_in_history = sequence.num_drawn
        sequence.history = mx.concatenate([sequence.history, sequence.last_token.astype(mx.int32)])[-size:]
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


def _logprobs(
    logits: mx.array,
    processed: mx.array,
    token_ids: mx.array,
    keys: mx.array | None,
    sequences: list[Sequence],
) -> Logprobs | None:
    asked = [(i, n) for i, s in enumerate(sequences) if (n := s.request.logprobs) is not None]
    if not asked:
        return None
    picked = mx.array([index for index, _ in asked])
    chosen = token_ids[picked].astype(mx.int32)[:, None]
    raw = logits[picked].astype(mx.float32)
    model = raw - mx.logsumexp(raw, axis=-1, keepdims=True)
    sampler = BatchSampler([sequences[index].request.sampling for index, _ in asked])
    sampled = sampler.filtered_logprobs(processed[picked], None if keys is None else keys[picked])
    num_top = min(max(n for _, n in asked), logits.shape[-1])
    top_ids = mx.argpartition(-model, kth=max(num_top - 1, 0), axis=-1)[:, :num_top]
    top = mx.take_along_axis(model, top_ids, axis=-1)
    order = mx.argsort(-top, axis=-1)
    return Logprobs(
        rows=asked,
        model=mx.take_along_axis(model, chosen, axis=-1)[:, 0],
        sampled=mx.take_along_axis(sampled, chosen, axis=-1)[:, 0],
        top_ids=mx.take_along_axis(top_ids, order, axis=-1),
        top=mx.take_along_axis(top, order, axis=-1),
    )


def _read_logprobs(logprobs: Logprobs, token_ids: list[int]) -> dict[int, TokenLogprob]:
    mx.eval(logprobs.arrays())
    model, sampled = cast("list[float]", logprobs.model.tolist()), cast("list[float]", logprobs.sampled.tolist())
    top_ids, top = cast("list[list[int]]", logprobs.top_ids.tolist()), cast("list[list[float]]", logprobs.top.tolist())
    return {
        row: TokenLogprob(token_ids[row], model[i], sampled[i], tuple(zip(top_ids[i][:n], top[i][:n], strict=True)))
        for i, (row, n) in enumerate(logprobs.rows)
    }
