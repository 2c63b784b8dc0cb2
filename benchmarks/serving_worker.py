"""What the two workers of `serving.py` share: commands as lines of JSON, and the memory of MLX and of the process.

Imports MLX alone, nothing of PIE and nothing of mlx-lm: each worker runs in an environment that may have only one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any, TypedDict

import mlx.core as mx


class Request(TypedDict):
    """One request of a workload: when it arrives, what it asks."""

    at_s: float
    """Seconds after the start of the run."""

    prompt_ids: list[int]

    num_shared: int
    """So many of the first prompt ids are a system prompt that other requests have too."""

    num_new: int

    sampling: dict[str, float]
    """`temperature`, `top_k`, `top_p`, `min_p`; empty for greedy."""


class Reply(TypedDict):
    """What became of one request. Times are seconds since the run's start."""

    token_ids: list[int]

    times_s: list[float]
    """When each token was there; the first and the last only where the run asked for no text."""


def serve(worker: object) -> None:
    """Serve commands until stdin ends. Whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), file=answers, flush=True)


def reset_rss_peak() -> None:
    """Let the process's peak begin anew, where the system can."""
    # What loading has freed but the allocator has kept would hide as much of the growth.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def rss_bytes(field: str) -> int | None:
    """`VmRSS` (now) or `VmHWM` (peak) of this process; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return None


class MeasuresMemory:
    """A worker that says what it holds."""

    def reset_peak(self) -> None:
        """Measure memory from here on."""
        mx.clear_cache()
        mx.reset_peak_memory()
        reset_rss_peak()

    def memory(self) -> dict[str, int | None]:
        """Bytes that MLX and the process hold, and their peaks."""
        mlx = {"mlx_bytes": mx.get_active_memory(), "mlx_peak_bytes": mx.get_peak_memory()}
        return {**mlx, "rss_bytes": rss_bytes("VmRSS"), "rss_peak_bytes": rss_bytes("VmHWM")}
