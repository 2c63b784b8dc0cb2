"""Guessing ahead: tokens that a sequence will probably draw next, and how many of them are worth computing.

A draft costs one more row in a forward pass. Every draft position is then drawn with the request's own random key for
that position, and drafts hold as long as they equal what was drawn: the tokens are those of plain decoding, greedy or
sampled, and only the number of steps changes. Knows no device.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from proxy_inference_engine.cache.shared_prefix import shared_prefix_length

if TYPE_CHECKING:
    from proxy_inference_engine.engine.sequence import Sequence as RunningSequence

MAX_DRAFTS = 16
_SHORTEST, _LONGEST = 2, 4

_MAX_INDEXED = 2048
"""Tokens that `PromptLookup` indexes a step: a few milliseconds at most."""

_PART, _MAX_PARTS = 1024, 32
_NUM_SLOTS = 2048
"""Chains of a part; a power of two, above the part's length so that few tokens share one."""

_MAX_TRIES = 64
"""Places that are looked at for one guess."""

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

    A step indexes at most `_MAX_INDEXED` tokens, over all sequences, from a sequence's newest part to its older ones,
    and the newest `_MAX_PARTS` parts of each: a long prompt stalls nobody, and gets more guesses as its index grows.
    Parts that sequences have in common are indexed once.

    Source: Saxena, "Prompt Lookup Decoding", 2023.
    """

    def __init__(self) -> None:
        self._indexes: dict[RunningSequence, _Index] = {}
        self._shared: WeakValueDictionary[bytes, _Part] = WeakValueDictionary()

    def propose(self, asked: Sequence[tuple[RunningSequence, int]]) -> list[tuple[int, ...]]:
        """See `Drafter`."""
        left = _MAX_INDEXED
        proposed = []
        for sequence, count in asked:
            index = self._indexes.get(sequence)
            if index is None:
                index = self._indexes[sequence] = _Index(self._shared)
            left -= index.grow(sequence.token_ids, left)
            proposed.append(index.propose(sequence.token_ids, count))
        return proposed

    def drop(self, sequence: RunningSequence) -> None:
        """See `Drafter`."""
        self._indexes.pop(sequence, None)


class _Part:
    """Where pairs of tokens stand among `_PART` places, the newest first.

    Places of one hash are chained through `before`, as in DEFLATE: a few bytes a token, and whoever follows a chain
    compares the tokens. A place is that of the token behind the pair, counted from the start of the part, so that equal
    tokens make equal parts.
    """

    __slots__ = ("__weakref__", "before", "newest")

    def __init__(self) -> None:
        self.newest = array("h", [-1]) * _NUM_SLOTS
        self.before = array("h")

    def add(self, token_ids: Sequence[int]) -> None:
        """One more place for each pair of neighbours among these."""
        newest, before = self.newest, self.before
        for place, (first, second) in enumerate(pairwise(token_ids), len(before)):
            slot = _slot(first, second)
            before.append(newest[slot])
            newest[slot] = place


class _Index:
    """The parts of one sequence, of which the last is still growing.

    Part k has the places from k * `_PART` on, but for the first two places of a sequence, which no pair is before.
    """

    def __init__(self, shared: WeakValueDictionary[bytes, _Part]) -> None:
        self._shared = shared
        self._parts: dict[int, _Part] = {}  # the newest first
        self._last = -1
        self._oldest = 0

    def grow(self, token_ids: list[int], most: int) -> int:
        """Index at most `most` tokens of `token_ids`, which grow from call to call; return how many."""
        last = max(len(token_ids) - 1, 0) // _PART
        if self._last < 0:
            self._last = self._oldest = last
            self._parts[last] = _Part()
        num_new = self._extend(token_ids, most)
        while self._last < last and len(self._parts[self._last].before) == _size(self._last):
            self._last += 1
            self._parts = {self._last: _Part(), **self._parts}
            num_new += self._extend(token_ids, most - num_new)
        while len(self._parts) > _MAX_PARTS:
            self._parts.popitem()
        if self._oldest > 0 and len(self._parts) < _MAX_PARTS:
            num_new += self._look_back(token_ids, most - num_new)
        return num_new

    def propose(self, token_ids: list[int], count: int) -> tuple[int, ...]:
        """At most `count` tokens: what followed the longest match, the newest of these, as far as it is indexed."""
        if len(token_ids) < _SHORTEST:
            return ()
        slot = _slot(token_ids[-2], token_ids[-1])
        best, best_size, num_left = 0, _SHORTEST - 1, _MAX_TRIES
        for number, part in self._parts.items():
            offset = _start(number)
            place = part.newest[slot]
            while place >= 0:
                size = _num_equal(token_ids, offset + place)
                if size > best_size:
                    best, best_size = offset + place, size
                num_left -= 1
                if best_size == _LONGEST or not num_left:
                    return tuple(token_ids[best : best + count]) if best else ()
                place = part.before[place]
        return tuple(token_ids[best : best + count]) if best else ()

    def _extend(self, token_ids: list[int], most: int) -> int:
        """Take in what the last part lacks."""
        part = self._parts[self._last]
        start = _start(self._last) + len(part.before)
        stop = min(len(token_ids), start + most, _start(self._last + 1))
        if stop <= start:
            return 0
        part.add(token_ids[start - 2 : stop - 1])
        return stop - start

    def _look_back(self, token_ids: list[int], most: int) -> int:
        """Take in the next older part, found with another sequence or made."""
        number = self._oldest - 1
        tokens = token_ids[_start(number) - 2 : _start(number + 1) - 1]
        name = array("I", tokens).tobytes()
        part = self._shared.get(name)
        num_new = 0
        if part is None:
            num_new = _size(number)
            if num_new > most:
                return 0
            part = self._shared[name] = _Part()
            part.add(tokens)
        self._parts[number] = part
        self._oldest = number
        return num_new


def _start(number: int) -> int:
    """The first place of part `number`."""
    return max(number * _PART, _SHORTEST)


def _size(number: int) -> int:
    return _start(number + 1) - _start(number)


def _slot(first: int, second: int) -> int:
    return (first * 0x9E3779B1 + second * 0x85EBCA6B) >> 16 & (_NUM_SLOTS - 1)


def _num_equal(token_ids: Sequence[int], end: int) -> int:
    """How many of the last `_LONGEST` tokens stand before `end` too."""
    longest = min(_LONGEST, end)
    for size in range(longest):
        if token_ids[end - 1 - size] != token_ids[-1 - size]:
            return size
    return longest


class DraftLength:
    """How many drafts pay, learnt from how many held.

    The k-th draft is used when all before it hold too, with probability p to the power of k; it is worth its cost as
    long as that exceeds its share of a step's time. When not even one pays, or nothing is found again and again,
    drafting pauses, longer each time.
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
        num = 0 if cost >= 1 else int(math.log(cost) / math.log(min(self._probability, 0.98)))
        if num == 0:  # what a draft costs changes: it is looked at again after a pause
            self._rest()
        return min(MAX_DRAFTS, num)

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
    return shared_prefix_length(tuple(drafts), tuple(drawn))
