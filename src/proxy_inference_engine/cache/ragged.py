"""The rows of one step: which tokens of which sequences, and where their keys and values lie in the pool.

A step is laid out as N rows of one token each. Every row belongs to a segment, the new tokens of one sequence; only
attention needs to know. Blocks that neighbour in the pool are merged into runs of slots, to be read as slices.
All layers of a step share one plan, and what it works out once. Knows no array of keys and no model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import mlx.core as mx
import numpy as np
import numpy.typing as npt


class Run(NamedTuple):
    """Consecutive slots `[slot, slot_stop)` that hold the positions `[start, stop)` of a sequence."""

    slot: int
    slot_stop: int
    start: int
    stop: int


class Read(NamedTuple):
    """What is read at a time: the slots `runs`, one after the other, hold the keys `[start, stop)` of those read."""

    start: int
    stop: int
    runs: list[tuple[int, int]]


_SHORT = 64
"""Shorter runs are read together: a copy then costs less than more products."""

_TOGETHER = 1024
"""So many keys at most, so that the copy stays in the cache."""


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """The next `num_new` tokens of one sequence that has `num_before` in the pool; `blocks` has room for all."""

    blocks: Sequence[int]
    num_before: int
    num_new: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One sequence's new tokens: rows `[row, row + num_new)` of the step, at positions from `num_before` on.

    `runs` covers all `num_before + num_new` positions, in order.
    """

    row: int
    num_before: int
    num_new: int
    runs: list[Run]

    @property
    def num_keys(self) -> int:
        """Positions held once the new tokens are: what the last of them may see."""
        return self.num_before + self.num_new

    def first_key(self, window: int | None) -> int:
        """The first position that the first new token sees. A window counts the token itself."""
        return 0 if window is None else max(0, self.num_before - window + 1)

    def read_runs(self, window: int | None) -> list[tuple[int, int]]:
        """The slots `(start, stop)` of the positions that the new tokens read, from `first_key` on."""
        first = self.first_key(window)
        at = bisect_right(self.runs, first, key=lambda run: run.stop)
        runs = [(run.slot, run.slot_stop) for run in self.runs[at:]]
        runs[0] = (runs[0][0] + max(0, first - self.runs[at].start), runs[0][1])
        return runs

    def reads(self, window: int | None, longest: int | None = None) -> list[Read]:
        """How the new tokens read them: long runs one by one, in parts of at most `longest`; short ones together."""
        reads: list[Read] = []
        together = min(_TOGETHER, longest or _TOGETHER)
        at = 0
        joins = False
        for slot, slot_stop in self.read_runs(window):
            is_short = slot_stop - slot < _SHORT
            if is_short and joins and at + slot_stop - slot - reads[-1].start <= together:
                last = reads[-1]
                last.runs.append((slot, slot_stop))
                at += slot_stop - slot
                reads[-1] = Read(last.start, at, last.runs)
                continue
            step = longest or slot_stop - slot
            for begin in range(slot, slot_stop, step):
                end = min(begin + step, slot_stop)
                reads.append(Read(at, at + end - begin, [(begin, end)]))
                at += end - begin
            joins = is_short
        return reads


@dataclass(frozen=True, slots=True)
class DecodeGroup:
    """Segments of one new token and of similar lengths, so that their scores fit one array with little padding."""

    rows: npt.NDArray[np.intp]
    """The rows of the step, [R]."""
    lengths: list[int]
    """Keys that each row sees, [R]."""
    reads: list[list[Read]]
    """How they are read, [R]."""

    @property
    def num_keys(self) -> int:
        """Keys of the longest row."""
        return max(self.lengths)


class RaggedPlan:
    """What every layer of one step needs to know of its rows. Built once, before the step.

    Raises ValueError for a row without new tokens, or whose blocks have no room for them.
    """

    def __init__(self, rows: Sequence[RaggedRow], block_size: int) -> None:
        self.rows = tuple(rows)
        self.block_size = block_size
        self.segments: list[Segment] = []
        first = 0
        for row in self.rows:
            num_keys = row.num_before + row.num_new
            if row.num_new < 1 or row.num_before < 0 or num_keys > len(row.blocks) * block_size:
                raise ValueError(
                    f"{row.num_new} tokens after {row.num_before} do not fit {len(row.blocks)} blocks of {block_size}"
                )
            runs = _merged(row.blocks, num_keys, block_size)
            self.segments.append(Segment(first, row.num_before, row.num_new, runs))
            first += row.num_new
        self.num_tokens = first
        """Rows of the step, N."""
        self.shared: dict[tuple[object, ...], object] = {}
        """What stores of one kind work out once for all layers of the step."""
        self._groups: dict[tuple[int | None, int | None, int, float], list[DecodeGroup]] = {}

    @cached_property
    def positions(self) -> mx.array:
        """The position of each row's token in its sequence, int32 [N]."""
        positions = np.empty(self.num_tokens, dtype=np.int32)
        for segment in self.segments:
            if segment.num_new == 1:
                positions[segment.row] = segment.num_before
            else:
                rows = slice(segment.row, segment.row + segment.num_new)
                positions[rows] = np.arange(segment.num_before, segment.num_keys)
        return mx.array(positions)

    @cached_property
    def writes(self) -> list[tuple[int, int, int, int]]:
        """Where new keys and values go: `(row, row_stop, slot, slot_stop)`, consecutive on both sides."""
        writes = []
        for segment in self.segments:
            row = segment.row - segment.num_before
            at = bisect_right(segment.runs, segment.num_before, key=lambda run: run.stop)
            for run in segment.runs[at:]:
                start = max(run.start, segment.num_before)
                writes.append((row + start, row + run.stop, run.slot + start - run.start, run.slot_stop))
        return writes

    @cached_property
    def slots(self) -> npt.NDArray[np.int32]:
        """The slot of each new token, [N]."""
        slots = np.empty(self.num_tokens, dtype=np.int32)
        for row, row_stop, slot, slot_stop in self.writes:
            if row_stop == row + 1:
                slots[row] = slot
            else:
                slots[row:row_stop] = np.arange(slot, slot_stop)
        return slots

    @cached_property
    def device_slots(self) -> mx.array:
        """`slots` as an MLX array."""
        return mx.array(self.slots)

    @cached_property
    def chunks(self) -> list[Segment]:
        """The segments of several new tokens."""
        return [segment for segment in self.segments if segment.num_new > 1]

    def decode_groups(
        self, window: int | None, *, longest: int | None = None, max_keys: int, padding: float
    ) -> list[DecodeGroup]:
        """The segments of one new token, in groups.

        A group is padded to at most `max_keys` keys in all (or has one row) and by at most the factor `padding`, a few
        keys aside. `longest` bounds each read.
        """
        key = (window, longest, max_keys, padding)
        groups = self._groups.get(key)
        if groups is None:
            groups = self._groups[key] = list(self._grouped(window, longest, max_keys, padding))
        return groups

    def _grouped(self, window: int | None, longest: int | None, max_keys: int, padding: float) -> list[DecodeGroup]:
        ones = [segment for segment in self.segments if segment.num_new == 1]
        lengths = {segment.row: segment.num_keys - segment.first_key(window) for segment in ones}
        ones.sort(key=lambda segment: -lengths[segment.row])
        members: list[list[Segment]] = []
        held = 0
        for segment in ones:
            length = lengths[segment.row]
            if members:
                padded = lengths[members[-1][0].row] * (len(members[-1]) + 1)
                if padded <= max_keys and padded <= padding * (held + length) + _FREE_PADDING:
                    members[-1].append(segment)
                    held += length
                    continue
            members.append([segment])
            held = length
        for group in members:
            group.sort(key=lambda segment: segment.row)
        return [
            DecodeGroup(
                np.array([segment.row for segment in group], dtype=np.intp),
                [lengths[segment.row] for segment in group],
                [segment.reads(window, longest) for segment in group],
            )
            for group in members
        ]


_FREE_PADDING = 512
"""So many padded keys cost less than another group."""


def _merged(blocks: Sequence[int], num_keys: int, block_size: int) -> list[Run]:
    """The runs of slots of the first `num_keys` positions."""
    runs: list[Run] = []
    used = blocks[: -(-num_keys // block_size)]
    begin, first, previous = 0, used[0], used[0] - 1
    for index, block in enumerate(used):
        if block != previous + 1:
            start, stop = begin * block_size, index * block_size
            runs.append(Run(first * block_size, first * block_size + stop - start, start, stop))
            begin, first = index, block
        previous = block
    start = begin * block_size
    runs.append(Run(first * block_size, first * block_size + num_keys - start, start, num_keys))
    return runs
