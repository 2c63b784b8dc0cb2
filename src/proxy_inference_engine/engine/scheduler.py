"""Who runs this step, and what became of the last one.

A step carries one token of every sequence that is decoding, or a few where drafts are tried, and prompt tokens up to a
budget: so a long prompt delays the others by one chunk at a time. Who runs at all is settled by `Admission`. Knows no
MLX: it moves ids and counts; the runner moves arrays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from proxy_inference_engine.engine.admission import Admission
from proxy_inference_engine.engine.batch import Batch, Drawn, Row
from proxy_inference_engine.engine.budget import StepBudget
from proxy_inference_engine.engine.drafts import Drafter, num_held
from proxy_inference_engine.engine.kv_memory import KVMemory
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.engine.structure import Binding
from proxy_inference_engine.errors import CapacityError, DeadlineError, EngineError, InternalError
from proxy_inference_engine.types import FinishReason, PrefillProgress, TextDelta

logger = logging.getLogger(__name__)

_SHORTEST_FIRST_STEPS = 4
"""So many steps make a round: in all but one the shortest prompts go before those that came first."""


class Scheduler:
    """The rows of each step and the bookkeeping between steps. Lives in the engine thread."""

    def __init__(
        self,
        memory: KVMemory,
        budget: StepBudget,
        *,
        max_num_sequences: int,
        max_queue: int,
        drafter: Drafter | None = None,
    ) -> None:
        self._memory = memory
        self._budget = budget
        self._max_open = max_num_sequences + max_queue
        self._drafter = drafter
        self.admission = Admission(memory, max_num_sequences)
        self._num_arrived = 0
        self._last_read_at = 0.0
        self._has_deadlines = False
        self._num_shared_steps = 0

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.admission.waiting or self.admission.running)

    @property
    def num_waiting(self) -> int:
        return len(self.admission.waiting)

    @property
    def num_running(self) -> int:
        return len(self.admission.running)

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence. Raises CapacityError when the queue is full."""
        if self.num_waiting + self.num_running >= self._max_open:
            raise CapacityError(f"{self.num_waiting} requests wait already, the most allowed: try again later")
        if sequence.request.max_new_tokens == 0:
            self._finish(sequence, "length")
            return
        if not self.has_work:
            self._last_read_at = 0.0
        self._num_arrived += 1
        sequence.arrival = self._num_arrived
        self._has_deadlines |= sequence.request.timeout_s is not None
        self.admission.waiting.add(sequence)

    def rest(self) -> bool:
        """Use idle time for the memory; True when nothing is left to do for it."""
        return self._memory.rest()

    # -- before a step ----------------------------------------------------------------------------------------

    def schedule(self) -> Batch | None:
        """The next step's rows, or None when there is nothing to submit."""
        if self._has_deadlines:
            self._end_late_ones()
        for sequence, cause in self.admission.admit():
            self.fail_unexpectedly(sequence, cause, "the prefix cache failed")
        drafts = self._propose() if self._drafter is not None else {}
        decoding: list[Row] = []
        prefilling: list[Sequence] = []
        for sequence in list(self.admission.running):  # the oldest first: whoever has to make room is younger
            if not sequence.wants_step or sequence not in self.admission.running:
                continue
            if sequence.is_prefilling:
                prefilling.append(sequence)
            elif (row := self._decoding_row(sequence, drafts.get(sequence, ()))) is not None:
                decoding.append(row)
        # Counted whether or not they have a row now: one whose drafts are being read waits for a token like the others.
        num_decoding = sum(s.wants_step and not s.is_prefilling for s in self.admission.running)
        rows = [*decoding, *self._prompt_rows(prefilling, self._budget.num_tokens(num_decoding))]
        running = set(self.admission.running)
        rows = [row for row in rows if row.sequence in running]  # without those that made room meanwhile
        return Batch(tuple(rows)) if rows else None

    def _propose(self) -> dict[Sequence, tuple[int, ...]]:
        """Drafts for the sequences that are worth it now."""
        assert self._drafter is not None
        cost, capacity = self._budget.draft_cost, self._memory.capacity_tokens
        asked: list[tuple[Sequence, int]] = []
        for sequence in self.admission.running:
            is_free = sequence.binding is None
            if is_free and sequence.wants_step and not sequence.is_prefilling and sequence.is_read:
                room = sequence.request.max_new_tokens - sequence.num_drawn
                if capacity is not None:
                    room = min(room, capacity - sequence.num_submitted)
                if (count := min(room - 1, sequence.drafts.num_drafts(cost))) > 0:
                    asked.append((sequence, count))
        try:
            proposed = self._drafter.propose(asked) if asked else []
        except Exception:  # a guess is never worth a request
            logger.exception("guessing ahead failed and is switched off")
            self._drafter = None
            return {}
        for (sequence, _), drafts in zip(asked, proposed, strict=True):
            if not drafts:
                sequence.drafts.note_none()
        return {sequence: drafts for (sequence, _), drafts in zip(asked, proposed, strict=True)}

    def _decoding_row(self, sequence: Sequence, drafts: tuple[int, ...]) -> Row | None:
        if not sequence.is_read:
            if sequence.num_drafts_in_flight or sequence.binding is not None:
                return None  # which of its draws counts, or what may follow, is not known yet
            if self._drafter is not None:
                if not sequence.drafts.is_paused:
                    return None  # drafts may follow the token on its way
                sequence.drafts.skip()
        num_tokens = max(len(sequence.token_ids), sequence.num_submitted + 1)
        if drafts and not self._memory.reserve(sequence, num_tokens + len(drafts)):
            drafts = ()  # a guess is not worth anybody's room
        if not drafts and not self.admission.make_room(sequence, num_tokens):
            return None
        if not sequence.is_read:
            return Row(sequence, None, num_draws=1)
        # More than one where a grammar forced some: they enter together.
        new = sequence.token_ids[sequence.num_submitted :]
        return Row(sequence, (*new, *drafts), num_draws=1 + len(drafts))

    def _prompt_rows(self, sequences: list[Sequence], budget: int) -> Iterator[Row]:
        """Chunks of prompts: the first in order gets half of the budget or more, the shortest rests what is left.

        Every few steps it is those that came first that get what is left.
        """
        ready = [s for s in sequences if not self.admission.waits_for_leader(s) and not self.admission.finds_more(s)]
        if len(ready) > 1:
            first, *others = ready
            share = max(budget // 2, budget - sum(s.num_to_prefill - s.num_submitted for s in others))
            self._num_shared_steps += 1
            if self._num_shared_steps % _SHORTEST_FIRST_STEPS:
                others.sort(key=lambda s: s.num_to_prefill - s.num_submitted)
            else:  # or a long one of low priority would never get a turn
                others.sort(key=lambda s: s.arrival)
            queue = [(first, share), *((s, budget) for s in others)]
        else:
            queue = [(s, budget) for s in ready]
        for sequence, most in queue:
            start = sequence.num_submitted
            stop = min(sequence.num_to_prefill, start + min(budget, most))
            if stop <= start or sequence not in self.admission.running or not self.admission.make_room(sequence, stop):
                continue
            budget -= stop - start
            is_last = stop == sequence.num_to_prefill
            yield Row(sequence, tuple(sequence.token_ids[start:stop]), num_draws=int(is_last), is_prompt=True)

    def _end_late_ones(self) -> None:
        now = time.perf_counter()
        for sequence in [*self.admission.running, *self.admission.waiting]:
            limit_s = sequence.request.timeout_s
            if limit_s is not None and now - sequence.submitted_at > limit_s and not sequence.is_ended:
                self._end_with(
                    sequence,
                    DeadlineError(
                        f"request {sequence.request.request_id} was not done after timeout_s={limit_s:g}: "
                        f"{sequence.num_output} tokens of the reply were there"
                    ),
                )

    # -- after a step -----------------------------------------------------------------------------------------

    def submitted(self, batch: Batch) -> None:
        """Count what the runner has just submitted."""
        for row in batch.rows:
            sequence = row.sequence
            sequence.num_submitted += row.num_new
            sequence.num_drawn += row.num_draws
            sequence.num_in_flight += 1
            sequence.num_drafts_in_flight = len(row.drafts)
            self._memory.submitted(sequence, row.num_new)
            if row.is_prompt:
                self._memory.record(sequence)  # device work is in order: who finds it comes after it

    def advance(self, batch: Batch, drawn: list[Drawn]) -> None:
        """Take in a step's results, in the order of `batch.draws`; tell listeners, end what is done."""
        self._note_time(batch)
        start = 0
        for row in batch.rows:
            results = drawn[start : start + row.num_draws]
            start += row.num_draws
            sequence = row.sequence
            sequence.num_in_flight -= 1
            if not sequence.is_ended:
                if row.is_prompt and not sequence.num_preempted:
                    sequence.listener(
                        PrefillProgress(min(sequence.num_submitted, sequence.num_prompt), sequence.num_prompt)
                    )
                if results:
                    self._take(sequence, row, results)
            self._retire(sequence)

    def _take(self, sequence: Sequence, row: Row, results: list[Drawn]) -> None:
        """Append what was drawn, as far as the drafts before it held."""
        sequence.num_drafts_in_flight = 0
        held = num_held(row.drafts, [result.token_id for result in results])
        for result in results[: held + 1]:
            self._take_token(sequence, result)
            if sequence.is_ended:
                break
        num_failed = row.num_draws - 1 - held
        if row.num_draws > 1:
            sequence.drafts.note(row.num_draws - 1, held, self._budget.draft_cost)
        sequence.num_drawn -= num_failed
        if sequence in self.admission.running and sequence.error is None:
            if num_failed:
                sequence.num_submitted -= num_failed
                self._memory.truncate(sequence, sequence.num_submitted)
            self._memory.record(sequence)

    def _note_time(self, batch: Batch) -> None:
        now = time.perf_counter()
        if self._last_read_at:
            self._budget.note(batch.num_prompt_tokens, batch.num_drafts, now - self._last_read_at, batch.num_decoding)
        self._last_read_at = now if self.has_work else 0.0

    def _take_token(self, sequence: Sequence, drawn: Drawn) -> None:
        request = sequence.request
        if not drawn.is_usable:
            self.fail(
                sequence, InternalError(f"request {request.request_id}: the model gave logits that are not numbers")
            )
            return
        if not sequence.first_token_at:
            sequence.first_token_at = time.perf_counter()
        sequence.token_ids.append(drawn.token_id)
        if drawn.token_id in request.stop_token_ids:
            sequence.has_stop_token = True
            self._finish(sequence, "stop")
            return
        if drawn.logprob is not None:
            sequence.logprobs.append(drawn.logprob)
        self._say(sequence, drawn.token_id)
        if sequence.binding is not None and not sequence.is_ended:
            self._follow(sequence, sequence.binding, drawn.token_id)
        if not sequence.is_ended and sequence.num_output >= request.max_new_tokens:
            is_whole = sequence.binding is not None and sequence.binding.is_accepting
            self._finish(sequence, "stop" if is_whole else "length")

    def _say(self, sequence: Sequence, token_id: int) -> None:
        """The text that a token completes; a stop string in it ends the reply."""
        if sequence.text is None:
            return
        piece = sequence.text.push(token_id)
        if piece:
            sequence.listener(TextDelta(piece))
        if sequence.text.matched_stop is not None:
            self._finish(sequence, "stop")

    def _follow(self, sequence: Sequence, binding: Binding, token_id: int) -> None:
        """Go on in the grammar; what must come next is said at once and computed with the next step."""
        if not binding.take(token_id):
            self.fail(
                sequence,
                InternalError(f"request {sequence.request.request_id}: token {token_id} was drawn against its grammar"),
            )
            return
        if sequence.request.logprobs is None:  # forced tokens have none of their own
            for forced in binding.forced():
                sequence.token_ids.append(forced)
                sequence.num_drawn += 1
                self._say(sequence, forced)
        if binding.is_finished:
            self._finish(sequence, "stop")

    # -- ends -------------------------------------------------------------------------------------------------

    def cancel(self, sequence: Sequence) -> None:
        """End a sequence with reason `cancelled`, wherever it is; nothing happens when it has ended."""
        if not sequence.is_ended:
            self._finish(sequence, "cancelled")
            self._retire(sequence)

    def fail(self, sequence: Sequence, error: EngineError) -> None:
        """End a sequence with an error; what it had computed is not used again."""
        if not sequence.is_ended:
            sequence.error = error
            sequence.listener(error)
        self._let_go(sequence, keep=False)

    def fail_unexpectedly(self, sequence: Sequence, cause: Exception, what: str) -> None:
        """End a sequence with InternalError, the cause chained and logged."""
        request_id = sequence.request.request_id
        logger.exception("request %s: %s", request_id, what, exc_info=cause)
        error = InternalError(f"request {request_id}: {what}: {cause}")
        error.__cause__ = cause
        self.fail(sequence, error)

    def fail_all(self, error: EngineError) -> None:
        """End every sequence with an error like `error`: each its own, as a traceback grows where it is raised."""
        for sequence in [*self.admission.running, *self.admission.waiting]:
            own = type(error)(*error.args)
            own.__cause__ = error.__cause__
            self.fail(sequence, own)

    def _end_with(self, sequence: Sequence, error: EngineError) -> None:
        """End a sequence with an error that is no fault of what it computed, which is kept."""
        sequence.error = error
        sequence.listener(error)
        self._retire(sequence)

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

    def _retire(self, sequence: Sequence) -> None:
        """Give back what an ended sequence holds, once no step of it is in flight."""
        if sequence.is_ended and sequence.num_in_flight == 0:
            if sequence.error is None and sequence in self.admission.running:
                self._memory.record(sequence)
            self._let_go(sequence, keep=True)

    def _let_go(self, sequence: Sequence, *, keep: bool) -> None:
        """Give back what a sequence holds, wherever it is held; `keep` leaves what is computed to be found again."""
        self._memory.close(sequence, keep=keep)
        self.admission.remove(sequence)
        if self._drafter is not None:
            self._drafter.drop(sequence)
