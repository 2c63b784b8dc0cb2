"""Who runs this step, and what became of the last one.

Requests are admitted in the order they came. A step carries one token of every sequence that is decoding and one
chunk of the oldest prompt that is not computed yet, so a long prompt delays the others by one chunk at a time. Knows
no MLX: it moves ids and counts; the runner moves arrays.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass

from proxy_inference_engine.cache import PrefixPool
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.errors import CapacityError, EngineError, InternalError
from proxy_inference_engine.types import FinishReason, PrefillProgress, TextDelta, TokenLogprob

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One sequence's share of a step."""

    sequence: Sequence
    prompt_ids: tuple[int, ...] | None
    """The prompt tokens to compute; None to compute the token drawn last."""

    draws: bool
    """Whether a token is drawn after it: all but the earlier chunks of a prompt."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The rows of one step."""

    rows: tuple[Row, ...]

    @property
    def drawing(self) -> list[Sequence]:
        """The sequences that draw a token, in the order of the logits' rows."""
        return [row.sequence for row in self.rows if row.draws]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was read back for one drawing row."""

    token_id: int
    logprob: TokenLogprob | None = None
    is_usable: bool = True
    """False when the model gave no logits to draw from (NaN)."""


class Scheduler:
    """Queue, running set and the bookkeeping between steps. Lives in the engine thread."""

    def __init__(self, pool: PrefixPool, *, prefill_chunk: int, max_num_sequences: int, max_queue: int) -> None:
        self._pool = pool
        self._prefill_chunk = prefill_chunk
        self._max_num_sequences = max_num_sequences
        self._max_queue = max_queue
        self._waiting: deque[Sequence] = deque()
        self._running: list[Sequence] = []

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self._waiting or self._running)

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        return len(self._running)

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence. Raises CapacityError when the queue is full."""
        if len(self._waiting) + len(self._running) >= self._max_num_sequences + self._max_queue:
            raise CapacityError(f"{len(self._waiting)} requests wait already, the most allowed: try again later")
        if sequence.request.max_new_tokens == 0:
            self._finish(sequence, "length")
            return
        self._waiting.append(sequence)

    def schedule(self) -> Batch | None:
        """The next step's rows, or None when there is nothing to submit."""
        self._admit()
        rows: list[Row] = []
        budget = self._prefill_chunk
        for sequence in self._running:
            if not sequence.wants_step:
                continue
            if not sequence.is_prefilling:
                rows.append(Row(sequence, None, draws=True))
            elif budget > 0:
                start = sequence.num_submitted
                chunk = sequence.request.prompt_ids[start : start + budget]
                budget -= len(chunk)
                rows.append(Row(sequence, chunk, draws=start + len(chunk) == sequence.num_prompt))
        return Batch(tuple(rows)) if rows else None

    def submitted(self, batch: Batch) -> None:
        """Count what the runner has just submitted."""
        for row in batch.rows:
            sequence = row.sequence
            sequence.num_submitted += 1 if row.prompt_ids is None else len(row.prompt_ids)
            sequence.num_drawn += row.draws
            sequence.num_in_flight += 1

    def advance(self, batch: Batch, drawn: list[Drawn]) -> None:
        """Take in a step's results, in the order of `batch.drawing`; tell listeners, end what is done."""
        results = iter(drawn)
        for row in batch.rows:
            sequence = row.sequence
            sequence.num_in_flight -= 1
            result = next(results) if row.draws else None
            if sequence.cache is not None:
                sequence.cache.update(_fed_ids(row))
            if not sequence.is_ended:
                if row.prompt_ids is not None:
                    self._report_prefill(sequence)
                if result is not None:
                    self._take_token(sequence, result)
            self._retire(sequence)

    def cancel(self, sequence: Sequence) -> None:
        """End a sequence with reason `cancelled`, wherever it is; nothing happens when it has ended."""
        if not sequence.is_ended:
            self._finish(sequence, "cancelled")

    def fail(self, sequence: Sequence, error: EngineError) -> None:
        """End a sequence with an error; what it had computed is dropped."""
        if not sequence.is_ended:
            sequence.error = error
            sequence.cache = None
            sequence.listener(error)
        self._remove(sequence)

    def fail_unexpectedly(self, sequence: Sequence, cause: Exception, what: str) -> None:
        """End a sequence with InternalError, the cause chained and logged."""
        request_id = sequence.request.request_id
        logger.exception("request %s: %s", request_id, what, exc_info=cause)
        error = InternalError(f"request {request_id}: {what}: {cause}")
        error.__cause__ = cause
        self.fail(sequence, error)

    def fail_all(self, error: EngineError) -> None:
        """End every sequence with an error like `error`: each its own, as a traceback grows where it is raised."""
        for sequence in [*self._running, *self._waiting]:
            own = type(error)(*error.args)
            own.__cause__ = error.__cause__
            self.fail(sequence, own)

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._max_num_sequences:
            sequence = self._waiting.popleft()
            ids = list(sequence.request.prompt_ids)
            try:
                sequence.cache = self._pool.acquire(ids)
                sequence.num_cached = sequence.num_submitted = len(ids) - len(sequence.cache(ids))
            except Exception as cause:
                self.fail_unexpectedly(sequence, cause, "the prefix cache failed")
                continue
            sequence.admitted_at = time.perf_counter()
            self._running.append(sequence)

    def _report_prefill(self, sequence: Sequence) -> None:
        assert sequence.cache is not None
        num_done = len(sequence.cache.computed_ids)
        sequence.listener(PrefillProgress(num_done, sequence.num_prompt))

    def _take_token(self, sequence: Sequence, drawn: Drawn) -> None:
        request = sequence.request
        if not drawn.is_usable:
            self.fail(
                sequence, InternalError(f"request {request.request_id}: the model gave logits that are not numbers")
            )
            return
        if not sequence.first_token_at:
            sequence.first_token_at = time.perf_counter()
        sequence.last_id = drawn.token_id
        if drawn.token_id in request.stop_token_ids:
            self._finish(sequence, "stop")
            return
        sequence.output_ids.append(drawn.token_id)
        if drawn.logprob is not None:
            sequence.logprobs.append(drawn.logprob)
        if sequence.text is not None:
            piece = sequence.text.push(drawn.token_id)
            if piece:
                sequence.listener(TextDelta(piece))
            if sequence.text.matched_stop is not None:
                self._finish(sequence, "stop")
                return
        if len(sequence.output_ids) >= request.max_new_tokens:
            self._finish(sequence, "length")

    def _finish(self, sequence: Sequence, reason: FinishReason) -> None:
        sequence.finish_reason = reason
        if sequence.text is not None and sequence.text.matched_stop is None:
            rest = sequence.text.finish()
            if rest:
                sequence.listener(TextDelta(rest))
        end = sequence.end_event()
        logger.info(
            "request %s: %s, %d prompt tokens (%d cached), %d output tokens, ttft %.0f ms, %.1f tokens/s",
            sequence.request.request_id,
            reason,
            end.usage.num_prompt_tokens,
            end.usage.num_cached_tokens,
            end.usage.num_output_tokens,
            end.timing.ttft_ms,
            end.timing.decode_tokens_per_s,
        )
        sequence.listener(end)
        self._retire(sequence)

    def _retire(self, sequence: Sequence) -> None:
        """Give back what an ended sequence holds, once no step of it is in flight."""
        if sequence.is_ended and sequence.num_in_flight == 0:
            if sequence.cache is not None:
                self._pool.release(sequence.cache)
                sequence.cache = None
            self._remove(sequence)

    def _remove(self, sequence: Sequence) -> None:
        if sequence in self._running:
            self._running.remove(sequence)
        elif sequence in self._waiting:
            self._waiting.remove(sequence)


def _fed_ids(row: Row) -> tuple[int, ...]:
    """The tokens that this row's step put into the cache: known now, since the step before it was read."""
    if row.prompt_ids is not None:
        return row.prompt_ids
    assert row.sequence.last_id is not None
    return (row.sequence.last_id,)
