"""Requests that wait for their turn: by priority, then in the order they came.

A request that was passed over often enough goes first whatever its priority, so none waits for ever. Knows no clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy_inference_engine.engine.sequence import Sequence

MAX_OVERTAKEN = 64
"""After so many later arrivals were served first, a request is next."""


class WaitingList:
    """Few at a time are looked at: the first one."""

    def __init__(self) -> None:
        self._sequences: list[Sequence] = []
        self._overtaken: dict[Sequence, int] = {}

    def __len__(self) -> int:
        return len(self._sequences)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(self._sequences)

    def __contains__(self, sequence: object) -> bool:
        return sequence in self._overtaken

    def add(self, sequence: Sequence) -> None:
        """Put it in its place."""
        place = len(self._sequences)
        while place and self._sequences[place - 1].age > sequence.age:
            place -= 1
        self._sequences.insert(place, sequence)
        self._overtaken[sequence] = 0

    def first(self) -> Sequence:
        """Who is next."""
        for sequence, count in self._overtaken.items():  # in the order they were added
            if count >= MAX_OVERTAKEN:
                return sequence
        return self._sequences[0]

    def remove(self, sequence: Sequence) -> None:
        """Take it out; those that came before it and still wait were overtaken."""
        self._sequences.remove(sequence)
        del self._overtaken[sequence]
        for other in self._overtaken:
            if other.arrival < sequence.arrival:
                self._overtaken[other] += 1
