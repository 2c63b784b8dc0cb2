"""From a conversation to token ids, and from token ids back to text: what surrounds the model on both sides.

Runs in worker threads (`prepare`) and in the engine thread (`text_stream`); holds no arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction import ChatTemplate, ReplyParser, as_interactions, tool_call_format
from proxy_inference_engine.tokenizer import Tokenizer
from proxy_inference_engine.tokenizer.stop_strings import StopStringMatcher

if TYPE_CHECKING:
    from proxy_inference_engine.interaction import PromptLike


@dataclass(frozen=True, slots=True)
class PreparedPrompt:
    """A rendered and encoded conversation."""

    prompt_ids: list[int]

    starts_in_reasoning: bool
    """Whether the prompt ends inside an opened reasoning tag, so that the reply begins with reasoning."""


class PromptPreparer:
    """Renders, encodes, and knows how the model writes reasoning and tool calls."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._template = ChatTemplate(
            tokenizer.chat_templates or None,
            special_tokens=tokenizer.special_tokens,
            control_strings=tokenizer.control_strings,
        )
        self._reasoning = tokenizer.control_tokens.reasoning
        self._tool_calls = tool_call_format(tokenizer.chat_template or "", tokenizer.control_strings)

    def prepare(self, prompt: PromptLike, options: InferenceOptions) -> PreparedPrompt:
        """Render and encode. Raises RequestError or TemplateError for a conversation that cannot be rendered."""
        conversation = as_interactions(prompt)
        if not conversation:
            raise RequestError("the conversation is empty: give at least one message", param="prompt")
        rendered = self._template.render(conversation, tools=options.tools, variables=options.template_variables)
        opened = self._reasoning is not None and rendered.text.rstrip().endswith(self._reasoning[0])
        return PreparedPrompt(self._tokenizer.encode(rendered), opened)

    def parser(self, prepared: PreparedPrompt, *, is_bound: bool = False) -> ReplyParser:
        """A parser for the reply to `prepared`. A bound reply is text and nothing else, whatever it looks like."""
        if is_bound:
            return ReplyParser(None, None)
        return ReplyParser(self._reasoning, self._tool_calls, starts_in_reasoning=prepared.starts_in_reasoning)

    def text_stream(self, request: GenerationRequest) -> StoppingDetokenizer:
        """Turns the request's tokens into text, up to its stop strings."""
        return StoppingDetokenizer(self._tokenizer, (*request.stop, *request.message_ends))


class StoppingDetokenizer:
    """Streaming text of one reply that ends before the first stop string."""

    def __init__(self, tokenizer: Tokenizer, stop: tuple[str, ...]) -> None:
        self._detokenizer = tokenizer.detokenizer()
        self._matcher = StopStringMatcher(stop) if stop else None

    @property
    def matched_stop(self) -> str | None:
        """The stop string that was found, if one was."""
        return None if self._matcher is None else self._matcher.matched

    def push(self, token_id: int) -> str:
        """The text that is safe to show after this token."""
        text = self._detokenizer.push(token_id)
        return text if self._matcher is None else self._matcher.push(text)

    def finish(self) -> str:
        """What was held back, once no more tokens come."""
        text = self._detokenizer.finish()
        if self._matcher is None:
            return text
        return self._matcher.push(text) + self._matcher.finish()
