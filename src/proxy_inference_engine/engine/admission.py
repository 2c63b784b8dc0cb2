"""Who runs at the same time: the queue and the running set, who waits for whose prefix, and who makes room.

Requests are let in by priority, then in the order they came, as long as their prompts fit beside what those let in
before will still take. When the memory is full, the youngest make room and are computed again later. Knows no steps.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from proxy_inference_engine.cache.shared_prefix import shared_prefix_length
from proxy_inference_engine.engine.kv_memory import KVMemory
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.engine.waiting import WaitingList

logger = logging.getLogger(__name__)

_MIN_SHARED = 32
"""A prefix that another sequence is computing right now is waited for when it has at least so many tokens."""


class Admission:
    """The sequences of one engine that have not ended. Lives in the engine thread."""

    def __init__(self, memory: KVMemory, max_num_sequences: int) -> None:
        self._memory = memory
        self._max_num_sequences = max_num_sequences
        self.waiting = WaitingList()
        self.running: list[Sequence] = []
        """The oldest first."""
        self._refused: tuple[Sequence, int] | None = None
        """Who did not fit at the last try, and how much room there was."""

    def admit(self) -> Iterator[tuple[Sequence, Exception]]:
        """Let in who is next, as long as there is room. Yields those whose look-up failed, with the cause."""
        while self.waiting and len(self.running) < self._max_num_sequences:
            sequence = self.waiting.first()
            if sequence.num_in_flight:
                return  # preempted, and its last token is on its way
            num_free = self._memory.num_free_tokens
            if self._refused == (sequence, num_free):
                return  # nothing has changed
            try:
                num_cached = self._memory.open(sequence)
            except Exception as cause:
                yield sequence, cause
                continue
            sequence.num_submitted = num_cached
            sequence.num_to_prefill = len(sequence.token_ids)
            leader, num_led = self._find_leader(sequence)
            if self.running and not self._fits(sequence, max(num_cached, num_led)):
                self._memory.close(sequence, keep=True)
                sequence.num_submitted = 0
                self._refused = (sequence, num_free)
                return  # nobody overtakes it, or it would wait for ever
            self.waiting.remove(sequence)
            if not sequence.num_preempted:
                sequence.num_cached = num_cached
                sequence.admitted_at = time.perf_counter()
            sequence.leader, sequence.num_led = leader, num_led
            sequence.finds_more = num_cached > 0
            self.running.append(sequence)
            self.running.sort(key=lambda s: s.age)

    def _fits(self, sequence: Sequence, num_shared: int) -> bool:
        """Whether its prompt, but for `num_shared` tokens, fits beside what those admitted before will still take."""
        outstanding = [
            (s.num_to_prefill, max(self._memory.num_held(s), s.num_led if s.leader is not None else 0))
            for s in self.running
            if s.is_prefilling
        ]
        return self._memory.has_room([*outstanding, (len(sequence.token_ids), num_shared)])

    def _find_leader(self, sequence: Sequence) -> tuple[Sequence | None, int]:
        """The running sequence that is about to compute the longest prefix of this one, and the prefix's length.

        One that is being admitted leads nobody, so nobody comes to wait for itself.
        """
        best, best_length = None, sequence.num_submitted + _MIN_SHARED - 1
        for other in self.running:
            if other.is_prefilling and other.request.cache_salt == sequence.request.cache_salt:
                length = min(shared_prefix_length(other.token_ids, sequence.token_ids), other.num_to_prefill)
                if length > best_length and length > other.num_submitted:
                    best, best_length = other, length
        return (None, 0) if best is None else (best, best_length)

    def make_room(self, sequence: Sequence, num_tokens: int) -> bool:
        """Reserve room for `num_tokens`, preempting younger sequences; False when this one has to make room itself."""
        while not self._memory.reserve(sequence, num_tokens):
            victim = self.running[-1]
            self.preempt(victim)
            if victim is sequence:
                return False
        return True

    def preempt(self, sequence: Sequence) -> None:
        """Take back what a sequence holds; it waits to be computed again."""
        logger.info("request %s makes room for older ones and goes on later", sequence.request.request_id)
        self._leave(sequence)
        self._memory.close(sequence, keep=True)
        sequence.num_preempted += 1
        sequence.num_submitted = 0
        sequence.leader = None
        sequence.history, sequence.last_token = None, None
        self.waiting.add(sequence)

    def waits_for_leader(self, sequence: Sequence) -> bool:
        """Whether another sequence is still computing a prefix of this one; takes it over when it is there."""
        leader = sequence.leader
        if leader is None:
            return False
        if leader.is_prefilling and leader.num_submitted < sequence.num_led:
            return True
        sequence.leader = None
        sequence.finds_more = True
        return False

    def finds_more(self, sequence: Sequence) -> bool:
        """Whether more of its prompt was found computed just now: what is on disk is loaded a part a step."""
        if sequence.finds_more:
            gained = self._memory.extend(sequence)
            sequence.finds_more = gained > 0
            sequence.num_submitted += gained
            if not sequence.num_preempted:
                sequence.num_cached += gained
        return sequence.finds_more

    def remove(self, sequence: Sequence) -> None:
        """It has ended, wherever it was; twice does no harm."""
        if sequence in self.running:
            self._leave(sequence)
        elif sequence in self.waiting:
            self.waiting.drop(sequence)

    def _leave(self, sequence: Sequence) -> None:
        """Out of the running set; who waited for its prefix goes on alone, or it might come to wait for them."""
        self.running.remove(sequence)
        self._refused = None
        for other in self.running:
            if other.leader is sequence:
                other.leader = None
                other.finds_more = True
