"""The structuring engine as one object, for programs that run their own loop of forward pass and sampler.

Give it a tokenizer, `configure` it with what the output must satisfy, then at each step let `process_logits` mask the
logits and `sample` draw. With `delimiters` the output is free text until the opening one, bound until the closing one,
and free again. Knows nothing of models; the engine itself works with matchers directly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import mlx.core as mx
import numpy as np
import tokenizers

from proxy_inference_engine.errors import InternalError, RequestError
from proxy_inference_engine.structuring.closing import Closer
from proxy_inference_engine.structuring.compiler import GrammarCache
from proxy_inference_engine.structuring.masks import apply_mask
from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.partial import partial_value
from proxy_inference_engine.structuring.sources import (
    Grammar,
    grammar_from_lark,
    grammar_from_regex,
    grammar_from_schema,
)
from proxy_inference_engine.structuring.vocabulary import Mask, Vocabulary, pack

Label = Literal["text", "reasoning", "tool_call", "data"]


class StructuringTokenizer(Protocol):
    """What the engine needs of a tokenizer."""

    @property
    def backend(self) -> tokenizers.Tokenizer: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def stop_tokens(self) -> Collection[int]: ...
    @property
    def control_tokens(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the output: what it is, and its text without the marks around it."""

    label: Label
    text: str


class StructuringEngine:
    """Binds the output of a loop to a schema, regex, grammar or to calls of tools. Not for use from two threads."""

    def __init__(
        self,
        tokenizer: StructuringTokenizer,
        whitelist_control_tokens: Collection[str] | None = None,
        multi_token_sampling: bool = True,
        *,
        vocab_size: int | None = None,
    ) -> None:
        """`whitelist_control_tokens` may appear in free text around delimiters, others but the tool and reasoning
        marks may not; None: all may. `vocab_size`: the width of the logits, where it is not the tokenizer's.
        """
        self._tokenizer = tokenizer
        self._multi_token_sampling = multi_token_sampling
        size = vocab_size or tokenizer.vocab_size
        self._cache = GrammarCache(Vocabulary.of(tokenizer.backend, size, tokenizer.stop_tokens))
        self._free_mask = self._free(whitelist_control_tokens)
        self._grammar: Grammar | None = None
        self._label: Label = "data"
        self._delimiters: tuple[str, str] | None = None
        self._budget: int | None = None
        self.reset()

    @property
    def vocabulary(self) -> Vocabulary:
        return self._cache.vocabulary

    def configure(
        self,
        structure: Any = None,
        *,
        schema: Any = None,
        regex: str | None = None,
        grammar: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        delimiters: tuple[str, str] | None = None,
        max_new_tokens: int | None = None,
    ) -> None:
        """What the next outputs must satisfy, just one of: `schema` (or `structure`: a dict, JSON text, pydantic model,
        dataclass), `regex`, `grammar` (Lark), `tools` (definitions as of the OpenAI API; one call as JSON of `name`
        and `arguments`). `max_new_tokens` bounds the bound part, which then always ends in time.

        Raises SchemaError for what cannot be bound, RequestError for a budget below the shortest output.
        """
        given = [s for s in (structure, schema, regex, grammar, tools) if s is not None]
        if len(given) != 1:
            raise RequestError(f"{len(given)} structures were given: give one schema, regex, grammar or list of tools")
        if delimiters is not None and not (len(delimiters) == 2 and all(delimiters)):
            raise RequestError(f"delimiters={delimiters!r} is not valid: give two strings", param="delimiters")
        if regex is not None:
            bound = grammar_from_regex(regex)
        elif grammar is not None:
            bound = grammar_from_lark(grammar)
        else:
            bound = grammar_from_schema(tools_schema(tools) if tools is not None else given[0])
        compiled = self._cache.compile(bound)
        if max_new_tokens is not None:
            Closer(compiled.matcher(), max_new_tokens)
        self._grammar, self._delimiters, self._budget = bound, delimiters, max_new_tokens
        self._label = "data" if tools is None else "tool_call"
        self.reset()

    def reset(self) -> None:
        """Start a new output; the configuration stays."""
        self._segments: list[Segment] = []
        self._free_ids: list[int] = []
        self._ended = False
        self._matcher: Matcher | None = None
        self._closer: Closer | None = None
        self._bound_text: str | None = None
        self._bound_forced: list[int] = []
        if self._grammar is not None and self._delimiters is None:
            self._enter()

    def process_logits(self, ids: Any, logits: mx.array) -> mx.array:
        """`logits` [V] or [B, V] with -inf for what must not come next. `ids` (the tokens so far) are not used."""
        mask = self._mask()
        if mask is None:
            return logits
        if logits.ndim == 1:
            return apply_mask(logits[None], mx.array(mask)[None])[0]
        return apply_mask(logits, mx.broadcast_to(mx.array(mask)[None], (logits.shape[0], len(mask))))

    def sample(self, logprobs: mx.array, sampler: Callable[[mx.array], mx.array]) -> list[int]:
        """The next token ids, taken into the output: several where the structure forces them, else the sampler's one.

        Forced tokens are returned without asking the sampler, with `multi_token_sampling` the whole run at once.
        """
        if run := self._forced():
            return run
        token_id = int(np.array(sampler(logprobs if logprobs.ndim == 2 else logprobs[None])).reshape(-1)[0])
        self.advance(token_id)
        return [token_id]

    def advance(self, token_id: int) -> None:
        """Take a token that the caller chose. Raises InternalError for one that is not allowed."""
        if self._matcher is None:
            self._advance_free(token_id)
        elif not self._matcher.advance(token_id):
            raise InternalError(f"token {token_id} is not allowed after {self._matcher.text[-40:]!r}")
        elif self._matcher.is_finished:
            self._leave()

    @property
    def has_reached_accept_state(self) -> bool:
        """Whether the structure is whole; it may still be one that could go on."""
        return self._bound_text is not None or (self._matcher is not None and self._matcher.is_accepting)

    def get_structured_output(self, type: Any = None) -> Any:  # noqa: A002
        """The value of the bound output, None while there is none.

        JSON is parsed (into the pydantic model or dataclass it was configured with), other text stays text. `type`: a
        callable or pydantic model that makes the value from it. Raises RequestError for a part that failed its check.
        """
        text = self._bound_text
        if text is None and self._matcher is not None and self._matcher.is_accepting:
            text = self._matcher.text
        if text is None or self._grammar is None:
            return None
        if self._grammar.check is not None and (problem := self._grammar.check(text)):
            raise RequestError(f"the output does not satisfy its schema: {problem}")
        if type is None:
            return self._grammar.decode(text)
        if hasattr(type, "model_validate_json"):
            return type.model_validate_json(text)
        value = json.loads(text) if self._grammar.kind in ("json_schema", "json") else text
        return value if isinstance(value, type) else type(value)

    def get_live_structured_output(self) -> Any:
        """The object so far, with what is unfinished closed or left out; None before it begins."""
        text = self._bound_text if self._matcher is None else self._matcher.text
        if text is None or self._grammar is None:
            return None
        return partial_value(text) if self._grammar.kind in ("json_schema", "json") else text

    def get_labeled_output(self) -> list[Segment]:
        """The output in order: "text", "reasoning", "tool_call" and "data" segments, the unfinished one last."""
        rest = self._free_segments(self._free_text())
        if self._matcher is not None and self._matcher.tokens():
            rest.append(Segment(self._label, self._matcher.text))
        return [*self._segments, *rest]

    def _enter(self) -> None:
        assert self._grammar is not None
        self._matcher = self._cache.compile(self._grammar).matcher()
        self._closer = Closer(self._matcher, self._budget) if self._budget is not None else None

    def _leave(self) -> None:
        assert self._matcher is not None
        self._bound_text = self._matcher.text
        self._segments.append(Segment(self._label, self._bound_text))
        self._matcher = self._closer = None
        if self._delimiters is None:
            self._ended = True
        else:
            self._bound_forced = self.vocabulary_ids(self._delimiters[1])

    def vocabulary_ids(self, text: str) -> list[int]:
        """`text` as token ids, control tokens parsed."""
        return list(self._tokenizer.backend.encode(text, add_special_tokens=False).ids)

    def _advance_free(self, token_id: int) -> None:
        if self._ended:
            raise InternalError(f"token {token_id} comes after the end of the output")
        if self._bound_forced:
            if token_id != self._bound_forced[0]:
                raise InternalError(f"token {token_id} is not the closing delimiter's {self._bound_forced[0]}")
            self._bound_forced.pop(0)
            return
        if self.vocabulary.is_stop(token_id):
            self._ended = True
            return
        self._free_ids.append(token_id)
        if self._delimiters is not None and self._grammar is not None:
            text = self._free_text()
            if text.endswith(self._delimiters[0]):
                self._segments += self._free_segments(text[: -len(self._delimiters[0])])
                self._free_ids.clear()
                self._enter()

    def _forced(self) -> list[int]:
        if self._bound_forced:
            run = list(self._bound_forced)
        elif self._matcher is None:
            return []
        else:
            left = self._remaining()
            run = self._matcher.forced_tokens() if self._closer is None else self._closer.forced_tokens(left)
        run = run if self._multi_token_sampling else run[:1]
        for token_id in run:
            self.advance(token_id)
        return run

    def _remaining(self) -> int:
        assert self._matcher is not None
        return (self._budget or 0) - len(self._matcher.tokens())

    def _mask(self) -> Mask | None:
        if self._bound_forced:
            return pack(self._bound_forced[:1], self.vocabulary.num_words)
        if self._ended:
            return self.vocabulary.stop_mask if self.vocabulary.stop_token_ids else None
        if self._matcher is None:
            return self._free_mask
        mask = self._matcher.mask()
        narrowed = None if self._closer is None else self._closer.limits(self._remaining(), mask)
        return mask if narrowed is None else narrowed

    def _free_text(self) -> str:
        return str(self._tokenizer.backend.decode(self._free_ids, skip_special_tokens=False))

    def _free_segments(self, text: str) -> list[Segment]:
        marks = getattr(self._tokenizer.control_tokens, "reasoning", None)
        segments: list[Segment] = []
        if marks and marks[0] in text:
            before, _, text = text.partition(marks[0])
            reasoning, _, text = text.partition(marks[1])
            segments += [Segment("text", before), Segment("reasoning", reasoning)]
        segments.append(Segment("text", text))
        return [segment for segment in segments if segment.text]

    def _free(self, whitelist: Collection[str] | None) -> Mask | None:
        """The mask of free text; None: everything."""
        if whitelist is None:
            return None
        control = self._tokenizer.control_tokens
        tags = (*(getattr(control, "reasoning", None) or ()), *(getattr(control, "tool_call", None) or ()))
        added, size = self._tokenizer.backend.get_added_tokens_decoder(), self.vocabulary.vocab_size
        kept = {*whitelist, *tags}
        refused = [
            i
            for i, token in added.items()
            if token.special and token.content not in kept and i < size and not self.vocabulary.is_stop(i)
        ]
        everything = pack(range(self.vocabulary.vocab_size), self.vocabulary.num_words)
        return everything & ~pack(refused, self.vocabulary.num_words)


def tools_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of one call of any of `tools`: an object of `name` and `arguments`."""
    calls = []
    for tool in tools:
        function = tool.get("function", tool)
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise RequestError(f"tool {tool!r:.80} has no name: give the definitions of functions", param="tools")
        arguments = function.get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False}
        properties = {"name": {"const": function["name"]}, "arguments": arguments}
        required = ["name", "arguments"]
        calls.append({"type": "object", "properties": properties, "required": required, "additionalProperties": False})
    if not calls:
        raise RequestError("tools is empty: give at least one", param="tools")
    return calls[0] if len(calls) == 1 else {"anyOf": calls}
