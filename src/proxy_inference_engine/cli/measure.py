"""Measures an engine: prefill, decode and time to first token, each request alone and none from a cache."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.types import End

if TYPE_CHECKING:
    from proxy_inference_engine.engine import InferenceEngine

MAX_REPEATS = 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeated measurements, and their range."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def rounded(self) -> dict[str, float]:
        """For JSON, to four significant digits."""
        return {name: float(f"{value:.4g}") for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One combination of prompt length and new tokens. Rates are in tokens/s; `decode` is None for one new token."""

    num_prompt: int
    num_new: int
    prefill: Spread
    decode: Spread | None
    ttft_ms: Spread

    def to_json(self) -> dict[str, Any]:
        """The figures under the names that `pie bench --json` prints."""
        return {
            "prompt_tokens": self.num_prompt,
            "new_tokens": self.num_new,
            "prefill_tokens_per_s": self.prefill.rounded(),
            "decode_tokens_per_s": None if self.decode is None else self.decode.rounded(),
            "ttft_ms": self.ttft_ms.rounded(),
        }


def measure(
    engine: InferenceEngine,
    *,
    num_prompt: int,
    num_new: int,
    repeats: int,
    seed: int = 0,
    on_repeat: Callable[[int], None] = lambda index: None,
) -> Speed:
    """Run `repeats` requests of `num_prompt` random tokens, `num_new` to be drawn greedily, one after the other.

    Every prompt is a different one, so no prefix cache helps. `on_repeat` is called before each. Raises RequestError
    for lengths that the context cannot hold.
    """
    if num_prompt + num_new > engine.context_length:
        raise RequestError(
            f"{num_prompt} prompt tokens and {num_new} new ones do not fit in the context of {engine.context_length}"
        )
    ends = []
    for index in range(repeats):
        on_repeat(index)
        ends.append(run_once(engine, random_ids(engine, num_prompt, seed * MAX_REPEATS + index), num_new))
    timings = [end.timing for end in ends]
    return Speed(
        num_prompt=num_prompt,
        num_new=num_new,
        prefill=Spread.of([timing.prefill_tokens_per_s for timing in timings]),
        decode=Spread.of([timing.decode_tokens_per_s for timing in timings]) if num_new > 1 else None,
        ttft_ms=Spread.of([timing.ttft_ms for timing in timings]),
    )


def warm_up(engine: InferenceEngine, *, num_prompt: int) -> float:
    """One short request, for what only the first one does; the seconds it took."""
    start = time.perf_counter()
    run_once(engine, random_ids(engine, num_prompt, seed=-1), 4)
    return time.perf_counter() - start


def run_once(engine: InferenceEngine, prompt_ids: Sequence[int], num_new: int) -> End:
    """One greedy request that stop tokens do not end; its last event."""
    options = InferenceOptions.from_keywords(
        {"max_new_tokens": num_new, "temperature": 0.0, "seed": 0, "ignore_stop_tokens": True}
    )
    request = GenerationRequest.build(
        prompt_ids,
        options,
        vocab_size=engine.model.config.vocab_size,
        context_length=engine.context_length,
        stop_token_ids=frozenset(),
    )
    for event in engine.submit(request):
        if isinstance(event, End):
            return event
    raise AssertionError("a request ended without an End")


def random_ids(engine: InferenceEngine, num_tokens: int, seed: int) -> list[int]:
    """`num_tokens` token ids from anywhere in the vocabulary."""
    generator = random.Random(seed)  # noqa: S311  # measures, guards nothing
    return [generator.randrange(engine.model.config.vocab_size) for _ in range(num_tokens)]
