"""Small values that pass between the layers. Knows nothing of MLX, models or HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A conversation as text, ready to be encoded.

    `text` is what the chat template wrote. Wherever a caller's text looked like a control token, `text` holds a
    placeholder and `literals` maps it to what the caller typed, so that the tokenizer encodes it as plain text.
    """

    text: str
    literals: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The whole text as a person would read it, placeholders resolved."""
        text = self.text
        for placeholder, literal in self.literals.items():
            text = text.replace(placeholder, literal)
        return text


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The log probability of one sampled token.

    `logprob` is the model's own (log-softmax of the raw logits, float32); `sampled_logprob` is that of the
    distribution it was drawn from, after processors, temperature and filters. `top` lists the model's own best
    alternatives as (token_id, logprob), best first.
    """

    token_id: int
    logprob: float
    sampled_logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request. `num_cached_tokens` of the prompt came from the prefix cache."""

    num_prompt_tokens: int
    num_cached_tokens: int
    num_output_tokens: int

    @property
    def num_total_tokens(self) -> int:
        return self.num_prompt_tokens + self.num_output_tokens


@dataclass(frozen=True, slots=True)
class Timing:
    """Where one request's time went, in milliseconds of wall-clock time."""

    queue_ms: float
    ttft_ms: float
    total_ms: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call the model asks for. `arguments` is the JSON text of an object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """`num_done` of `num_total` prompt tokens are in the cache."""

    num_done: int
    num_total: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of the model's reasoning, which is not part of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the `index`-th tool call of the reply. `id` and `name` come once, with its first piece."""

    index: int
    arguments: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The last event of every stream that did not raise. `token_ids` are all new ones, without the stop token."""

    finish_reason: FinishReason
    token_ids: tuple[int, ...]
    usage: Usage
    timing: Timing
    stop_string: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    was_closed: bool = False
    """Whether a bound output was steered to its end because the token budget ran out."""


Event = PrefillProgress | TextDelta | ReasoningDelta | ToolCallDelta | End
"""What `InferenceEngine.stream` yields: deltas whose joined text is the reply, then one `End`."""

JSONObject = dict[str, Any]
