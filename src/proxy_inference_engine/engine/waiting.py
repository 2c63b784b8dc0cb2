"""Requests that wait for their turn: by priority, then in the order they came.

A request that was passed over often enough goes before all others, whatever its priority, until it ends: so none waits
for ever. Knows no clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy_inference_engine.engine.sequence import Sequence

MAX_OVERTAKEN = 64
"""After so many later arrivals were admitted before it, a request is next."""


class WaitingList:
    """Kept in order; only the first is ever admitted."""

    def __init__(self) -> None:
        self._sequences: list[Sequence] = []

    def __len__(self) -> int:
        return len(self._sequences)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(self._sequences)

    def __contains__(self, sequence: object) -> bool:
        return sequence in self._sequences

    def add(self, sequence: Sequence) -> None:
        """Put it in its place."""
        place = len(self._sequences)
        while place and self._sequences[place - 1].age > sequence.age:
            place -= 1
        self._sequences.insert(place, sequence)

    def first(self) -> Sequence:
        """Who is next."""
        return self._sequences[0]

    def remove(self, sequence: Sequence) -> None:
        """It is admitted: those that came before it and still wait were overtaken."""
        self.drop(sequence)
        is_new = False
        for other in self._sequences:
            if other.arrival < sequence.arrival:
                other.num_overtaken += 1
                is_new |= other.num_overtaken == MAX_OVERTAKEN
                other.is_promoted |= other.num_overtaken >= MAX_OVERTAKEN
        if is_new:
            self._sequences.sort(key=lambda s: s.age)

    def drop(self, sequence: Sequence) -> None:
        """It ended while it waited."""
        self._sequences.remove(sequence)
