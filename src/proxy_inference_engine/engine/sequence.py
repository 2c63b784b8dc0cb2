"""One running request: what was computed, what was drawn, what was said.

Host state only, but for `last_token` and `history`, which the runner keeps on the device so that the next step can be
submitted before this step's token is read. Changed by the scheduler and the runner, in the engine thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import mlx.core as mx

from proxy_inference_engine.engine.drafts import DraftLength
from proxy_inference_engine.engine.request import GenerationRequest
from proxy_inference_engine.engine.structure import Binding
from proxy_inference_engine.errors import EngineError
from proxy_inference_engine.types import End, Event, FinishReason, Timing, TokenLogprob, Usage


class TextStream(Protocol):
    """Turns token ids into text that is safe to show."""

    @property
    def matched_stop(self) -> str | None:
        """The stop string that was found, if one was."""
        ...

    def push(self, token_id: int) -> str:
        """The text that this token completes."""
        ...

    def finish(self) -> str:
        """What was held back."""
        ...


Listener = Callable[[Event | EngineError], None]
"""Gets every event of a request, in order; the last is an `End` or an error. Called in the engine thread."""


@dataclass(frozen=True, slots=True)
class LastToken:
    """The token drawn last, on the device: the next step's input. Row `index` of the draws of some step."""

    token_ids: mx.array
    index: int


@dataclass(slots=True, eq=False)
class Sequence:
    """The running state of `request`."""

    request: GenerationRequest
    listener: Listener
    text: TextStream | None

    arrival: int = 0
    """Its place in the order of arrival."""

    token_ids: list[int] = field(default_factory=list)
    """The prompt and all tokens read back, a stop token included: what is known on the host."""

    has_stop_token: bool = False
    """Whether the last of `token_ids` ended the reply and is no part of it."""

    num_to_prefill: int = 0
    """The first so many of `token_ids` are computed as a prompt: all that are known when the sequence is admitted."""

    num_cached: int = 0
    """Prompt tokens that came from the prefix cache."""

    num_submitted: int = 0
    """Tokens whose keys and values are in the cache or on their way there."""

    num_drawn: int = 0
    """Tokens drawn, read back or not; drafts that failed are not counted."""

    num_in_flight: int = 0
    """Submitted steps that were not read back yet."""

    num_drafts_in_flight: int = 0
    """Drafts in the step that was not read back yet."""

    num_overtaken: int = 0
    """How many that came later were admitted before it."""

    is_promoted: bool = False
    """Whether it was passed over often enough to come before all others."""

    num_preempted: int = 0
    """How often it had to make room for older ones."""

    leader: Sequence | None = None
    """The sequence that is computing a prefix of this one's prompt: it is waited for."""

    num_led: int = 0
    """How many tokens this one's prompt and the leader's have in common."""

    finds_more: bool = False
    """Whether more of its prompt may be found computed than it has taken over yet."""

    drafts: DraftLength = field(default_factory=DraftLength)
    """How many tokens to guess ahead."""

    binding: Binding | None = None
    """Where the reply stands in the grammar that it is bound to."""

    logprobs: list[TokenLogprob] = field(default_factory=list)

    last_token: LastToken | None = None

    history: mx.array | None = None
    """The newest prompt and output tokens, `[n]`, as far as penalties look back; None when none do."""

    num_in_history: int = 0
    """How many drawn tokens `history` has taken in."""

    finish_reason: FinishReason | None = None
    error: EngineError | None = None

    submitted_at: float = field(default_factory=time.perf_counter)
    admitted_at: float = 0.0
    first_token_at: float = 0.0

    def __post_init__(self) -> None:
        self.token_ids = list(self.request.prompt_ids)
        if self.request.structure is not None:
            self.binding = self.request.structure.bind(self.request.max_new_tokens)

    @property
    def num_prompt(self) -> int:
        return len(self.request.prompt_ids)

    @property
    def num_output(self) -> int:
        """Tokens of the reply read back, without a stop token."""
        return len(self.token_ids) - len(self.request.prompt_ids) - self.has_stop_token

    @property
    def output_ids(self) -> list[int]:
        """The reply's tokens read back, without a stop token."""
        start = len(self.request.prompt_ids)
        return self.token_ids[start : start + self.num_output]

    @property
    def is_prefilling(self) -> bool:
        """Whether tokens of its prompt (or, after a preemption, of what it had said) are left to submit."""
        return self.num_submitted < self.num_to_prefill

    @property
    def is_read(self) -> bool:
        """Whether the token that comes next into the model is known on the host."""
        return self.num_in_flight == 0 and self.num_submitted < len(self.token_ids)

    @property
    def is_ended(self) -> bool:
        return self.finish_reason is not None or self.error is not None

    @property
    def wants_step(self) -> bool:
        """Whether another step may be submitted: more prompt, or room for another token."""
        return not self.is_ended and (self.is_prefilling or self.num_drawn < self.request.max_new_tokens)

    @property
    def age(self) -> tuple[bool, int, int]:
        """Smaller is served first and preempted last."""
        return (not self.is_promoted, self.request.priority, self.arrival)

    def end_event(self) -> End:
        """The last event. Times are wall-clock, from submission."""
        assert self.finish_reason is not None
        now = time.perf_counter()
        first = self.first_token_at or now
        admitted = self.admitted_at or now
        num_decoded = self.num_output - 1
        num_prefilled = self.num_prompt - self.num_cached
        matched = None if self.text is None else self.text.matched_stop
        return End(
            finish_reason=self.finish_reason,
            token_ids=tuple(self.output_ids),
            usage=Usage(self.num_prompt, self.num_cached, self.num_output),
            timing=Timing(
                queue_ms=(admitted - self.submitted_at) * 1e3,
                ttft_ms=(first - self.submitted_at) * 1e3,
                total_ms=(now - self.submitted_at) * 1e3,
                prefill_tokens_per_s=num_prefilled / max(first - admitted, 1e-9),
                decode_tokens_per_s=num_decoded / max(now - first, 1e-9) if num_decoded > 0 else 0.0,
            ),
            stop_string=matched if matched in self.request.stop else None,
            logprobs=None if self.request.logprobs is None else tuple(self.logprobs),
            was_closed=self.binding is not None and self.binding.was_closed,
        )
