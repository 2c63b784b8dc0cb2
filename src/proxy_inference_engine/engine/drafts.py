"""Guessing ahead: tokens that a sequence will probably draw next, and how many of them are worth computing.

A draft costs one more row in a forward pass. Every draft position is then drawn with the request's own random key for
that position, and drafts hold as long as they equal what was drawn: the tokens are those of plain decoding, greedy or
sampled, and only the number of steps changes. Knows no device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from proxy_inference_engine.engine.sequence import Sequence as RunningSequence

MAX_DRAFTS = 16
_SHORTEST, _LONGEST = 2, 4
_PRIOR = 0.7
_SMOOTHING = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 8, 256
_MAX_FRUITLESS = 8


class Drafter(Protocol):
    """Something that guesses what sequences will draw."""

    def propose(self, asked: Sequence[tuple[RunningSequence, int]]) -> list[tuple[int, ...]]:
        """For each of these, at most so many tokens that may follow its own; none where it has no idea."""
        ...

    def drop(self, sequence: RunningSequence) -> None:
        """Forget a sequence that has ended."""
        ...


class PromptLookup:
    """Guesses that what followed the newest tokens when they last occurred follows them again.

    Source: Saxena, "Prompt Lookup Decoding", 2023.
    """

    def __init__(self) -> None:
        self._indexes: dict[RunningSequence, _Index] = {}

    def propose(self, asked: Sequence[tuple[RunningSequence, int]]) -> list[tuple[int, ...]]:
        """See `Drafter`."""
        return [
            self._indexes.setdefault(sequence, _Index()).propose(sequence.token_ids, count) for sequence, count in asked
        ]

    def drop(self, sequence: RunningSequence) -> None:
        """See `Drafter`."""
        self._indexes.pop(sequence, None)


class _Index:
    """Where the runs of `_SHORTEST` to `_LONGEST` tokens of one sequence last ended."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}
        self._num_indexed = 0

    def propose(self, token_ids: list[int], count: int) -> tuple[int, ...]:
        """At most `count` tokens that may follow `token_ids`, which grow from call to call."""
        after = self._after
        for end in range(max(self._num_indexed, _SHORTEST), len(token_ids)):
            for size in range(_SHORTEST, min(_LONGEST, end) + 1):
                after[tuple(token_ids[end - size : end])] = end
        self._num_indexed = max(self._num_indexed, len(token_ids))
        for size in range(min(_LONGEST, len(token_ids)), _SHORTEST - 1, -1):
            start = after.get(tuple(token_ids[-size:]))
            if start is not None:
                return tuple(token_ids[start : start + count])
        return ()


class DraftLength:
    """How many drafts pay, learnt from how many held.

    The k-th draft is used when all before it hold too, with probability p to the power of k; it is worth its cost as
    long as that exceeds its share of a step's time. When not even one pays, or nothing is found again and
    again, drafting pauses, longer each time.
    """

    def __init__(self) -> None:
        self._probability = _PRIOR
        self._pause = _FIRST_PAUSE
        self._num_left = 0
        self._num_fruitless = 0

    @property
    def is_paused(self) -> bool:
        """Whether no drafts are wanted for the next token: its step need not wait for the one before to be read."""
        return self._num_left > 0

    def skip(self) -> None:
        """A token goes by without drafts."""
        self._num_left = max(self._num_left - 1, 0)

    def num_drafts(self, cost: float) -> int:
        """The number to propose now, where one draft costs `cost` of a step without any; 0 while drafting pauses."""
        if self.is_paused:
            self.skip()
            return 0
        if cost <= 0:
            return MAX_DRAFTS
        if cost >= 1:
            return 0
        return min(MAX_DRAFTS, int(math.log(cost) / math.log(min(self._probability, 0.98))))

    def note_none(self) -> None:
        """Drafts were wanted, and nothing was found to propose."""
        self._num_fruitless += 1
        if self._num_fruitless >= _MAX_FRUITLESS:
            self._num_fruitless = 0
            self._rest()

    def note(self, num_proposed: int, num_held: int, cost: float) -> None:
        """Of `num_proposed` drafts the first `num_held` were right."""
        self._num_fruitless = 0
        num_tried = min(num_held + 1, num_proposed)
        for trial in range(num_tried):
            self._probability += _SMOOTHING * ((trial < num_held) - self._probability)
        if self._probability <= cost:
            self._probability = (_PRIOR + cost) / 2  # the next try gets a chance
            self._rest()
        elif num_held == num_proposed:
            self._pause = _FIRST_PAUSE

    def _rest(self) -> None:
        self._num_left = self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def num_held(drafts: Sequence[int], drawn: Sequence[int]) -> int:
    """How many leading drafts equal what was drawn in their places."""
    for index, (draft, token_id) in enumerate(zip(drafts, drawn, strict=False)):
        if draft != token_id:
            return index
    return len(drafts)
