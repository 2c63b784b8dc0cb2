"""How many threads NumPy's BLAS may use for one product: as many as there are cores that nobody else uses.

OpenBLAS waits for its threads in busy loops, so a thread too many costs far more than a thread too few: on two cores
that other programs kept busy, two threads took four times as long as one. Other programs' use is read from /proc/stat,
a container's share from its control group. Where either or the library is not found, BLAS keeps its own number.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_REFRESH_S = 0.5
_SLACK = 0.3
"""A core that others use for less than this share counts as free."""


@dataclass(frozen=True, slots=True)
class _Blas:
    """The thread setting of the loaded OpenBLAS: at first `OPENBLAS_NUM_THREADS`, or all cores."""

    get_num_threads: Callable[[], int]
    set_num_threads: Callable[[int], None]


@dataclass(slots=True)
class _Usage:
    """Processor seconds used by everybody and by this process, at a time."""

    at: float
    everybody: float
    own: float

    @classmethod
    def now(cls) -> _Usage:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        everybody = (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")
        return cls(time.monotonic(), everybody, time.process_time())


class FreeCores:
    """The number of cores that other programs leave free, read anew every half second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._last = _Usage.now()
        # Nothing was measured yet; the load of the last minute is the best guess.
        self._count = self._rounded(os.getloadavg()[0])

    def count(self) -> int:
        """From 1 to `most`."""
        if self._most > 1 and time.monotonic() - self._last.at > _REFRESH_S:
            last, self._last = self._last, _Usage.now()
            others = (self._last.everybody - last.everybody) - (self._last.own - last.own)
            self._count = self._rounded(others / (self._last.at - last.at))
        return self._count

    def _rounded(self, used_by_others: float) -> int:
        free = (os.cpu_count() or 1) - used_by_others
        return max(1, min(self._most, int(free + _SLACK)))


@contextmanager
def blas_threads() -> Iterator[None]:
    """Keep BLAS to the free cores for the products inside."""
    controls = _controls()
    if controls is None:
        yield
        return
    blas, free = controls
    before, count = blas.get_num_threads(), free.count()
    if count >= before:
        yield
        return
    blas.set_num_threads(count)
    try:
        yield
    finally:
        blas.set_num_threads(before)


@lru_cache(maxsize=1)
def _controls() -> tuple[_Blas, FreeCores] | None:
    try:
        blas = _find_blas()
        return None if blas is None or blas.get_num_threads() < 2 else (blas, FreeCores(_core_limit()))
    except (OSError, ValueError, IndexError):
        return None


def _find_blas() -> _Blas | None:
    lines = Path("/proc/self/maps").read_text().splitlines()
    for path in sorted({line.split(maxsplit=5)[5] for line in lines if "openblas" in line}):
        library = ctypes.CDLL(path)
        for prefix in ("scipy_openblas", "openblas"):
            for suffix in ("64_", ""):
                try:
                    setter = getattr(library, f"{prefix}_set_num_threads{suffix}")
                    getter = getattr(library, f"{prefix}_get_num_threads{suffix}")
                except AttributeError:
                    continue
                return _Blas(getter, setter)
    return None


def _core_limit() -> int:
    """The cores that this process may use at all."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
