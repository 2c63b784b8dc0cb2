"""Which blocks are free, as runs of consecutive ones, so that a sequence's blocks lie next to each other.

Attention reads consecutive blocks as one slice. What is wanted comes therefore from the middle of a long free run,
where both the sequence before it and the new one have room to grow; where there is none, from the shortest that holds
it. Knows nothing of what blocks hold. Everything costs O(1) a run that is taken and a block that is given back.
"""

from __future__ import annotations

_MIN_RUN = 4
_ROOM_TO_GROW = 32


class FreeRuns:
    """The free ones of blocks `0 .. num_blocks - 1`; at first all."""

    def __init__(self, num_blocks: int) -> None:
        self.num_free = num_blocks
        self._stops = {0: num_blocks}  # of each run, by its start
        self._starts = {num_blocks: 0}  # of each run, by its stop
        # Starts of runs of 2^(k-1) to 2^k - 1 blocks, in the order in which they came about.
        self._by_size: list[dict[int, None]] = [{} for _ in range(num_blocks.bit_length() + 1)]
        self._by_size[num_blocks.bit_length()][0] = None

    def take(self, count: int, after: int = -1) -> list[int]:
        """Take up to `count` blocks that follow each other: behind the block `after` where that one's next is free.

        Less than `count`, but at least one, where no run has so many. Some block must be free.
        """
        start = after + 1
        stop = self._stops.get(start, 0) if after >= 0 else 0
        if stop:
            self._remove(start, stop)
            first = start
        else:
            start, stop = self._longest()
            if stop - start < count + 2 * _ROOM_TO_GROW:
                start, stop = self._shortest(max(count, _MIN_RUN))
            self._remove(start, stop)
            spare = stop - start - count
            first = start + spare // 2 if spare >= 2 * _ROOM_TO_GROW else start
            if first > start:
                self._add(start, first)
        last = min(first + count, stop)
        if last < stop:
            self._add(last, stop)
        self.num_free -= last - first
        return list(range(first, last))

    def can_follow(self, block: int) -> bool:
        """Whether the next block is free."""
        return block >= 0 and block + 1 in self._stops

    def give(self, block: int) -> None:
        """Take back one block."""
        start = self._starts.get(block)
        stop = self._stops.get(block + 1)
        if start is None:
            start = block
        else:
            self._remove(start, block)
        if stop is None:
            stop = block + 1
        else:
            self._remove(block + 1, stop)
        self._add(start, stop)
        self.num_free += 1

    def check(self) -> set[int]:
        """The free blocks; raises AssertionError where what is noted of the runs contradicts."""
        assert self._starts == {stop: start for start, stop in self._stops.items()}, "starts and stops contradict"
        sizes = {start: size for size, runs in enumerate(self._by_size) for start in runs}
        assert sizes == {start: (stop - start).bit_length() for start, stop in self._stops.items()}, "wrong sizes"
        free: set[int] = set()
        for start, stop in self._stops.items():
            assert start < stop, f"a free run from {start} to {stop}"
            assert start not in self._starts, f"two free runs meet at {start}"
            assert free.isdisjoint(range(start, stop)), f"the free run from {start} to {stop} overlaps another"
            free.update(range(start, stop))
        assert len(free) == self.num_free, f"{len(free)} blocks are free, {self.num_free} are counted"
        return free

    def _longest(self) -> tuple[int, int]:
        """A run of the largest size class there is."""
        start = next(iter(next(runs for runs in reversed(self._by_size) if runs)))
        return start, self._stops[start]

    def _shortest(self, count: int) -> tuple[int, int]:
        """A run of the smallest size class whose runs all hold `count`, else the longest."""
        for runs in self._by_size[count.bit_length() + 1 :]:
            if runs:
                start = next(iter(runs))
                return start, self._stops[start]
        return self._longest()

    def _add(self, start: int, stop: int) -> None:
        self._stops[start] = stop
        self._starts[stop] = start
        self._by_size[(stop - start).bit_length()][start] = None

    def _remove(self, start: int, stop: int) -> None:
        del self._stops[start], self._starts[stop], self._by_size[(stop - start).bit_length()][start]
