"""How an engine is set up. Frozen, checked when made; what one request asks is in `engine.request`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from proxy_inference_engine.errors import RequestError


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineConfig:
    """Settings of an `InferenceEngine`, given as its keywords.

    Raises RequestError naming the keyword, its value and the range.
    """

    revision: str | None = None
    """Branch, tag or commit of a hub model."""

    offline: bool = False
    """Use only what is already on this machine; never ask the hub."""

    dtype: str | None = None
    """Compute type: `float32`, `float16` or `bfloat16`; None takes the checkpoint's own, and float32 on a CPU."""

    context_length: int | None = None
    """The most tokens, prompt and reply together, of a request; None takes what the model was made for."""

    prefill_chunk: int | None = None
    """Prompt tokens computed per step; None chooses by device. Smaller chunks disturb running requests less."""

    max_num_sequences: int = 16
    """Requests that run at the same time; more wait in the queue."""

    max_queue: int = 1024
    """Requests that may wait; more are refused with CapacityError."""

    prefix_cache_bytes: int | None = None
    """Device bytes kept for the next turns of finished conversations; None takes an eighth of the memory, 0 keeps
    none.
    """

    prompt_cache_dir: str | Path | None = None
    """Folder where conversations are saved when the engine closes, and looked for when one starts; None uses none."""

    def __post_init__(self) -> None:
        for name, low in (
            ("context_length", 1),
            ("prefill_chunk", 1),
            ("max_num_sequences", 1),
            ("max_queue", 0),
            ("prefix_cache_bytes", 0),
        ):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < low):
                raise RequestError(f"{name} must be an integer of at least {low}, not {value!r}", param=name)

    @classmethod
    def from_keywords(cls, keywords: dict[str, Any]) -> EngineConfig:
        """Build from an `InferenceEngine`'s keywords. Raises RequestError for an unknown one."""
        reject_unknown(keywords, {field.name for field in fields(cls)}, "engine keyword")
        return cls(**keywords)


def reject_unknown(given: dict[str, Any], known: set[str], what: str) -> None:
    """Raise RequestError for the first name in `given` that is not in `known`, suggesting the nearest that is."""
    import difflib

    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are: {', '.join(sorted(known))}"
            raise RequestError(f"unknown {what} {name!r}{hint}", param=name)


def check_number(name: str, value: Any, low: float, high: float = math.inf, *, integer: bool = False) -> None:
    """Raise RequestError unless `value` is a finite number (an integer, if asked) in [low, high]."""
    kind = "an integer" if integer else "a number"
    expected = (int,) if integer else (int, float)
    valid = (
        isinstance(value, expected) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )
    if not valid:
        limits = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        raise RequestError(f"{name} must be {kind} {limits}, not {value!r}", param=name)
