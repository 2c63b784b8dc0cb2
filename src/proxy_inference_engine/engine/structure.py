"""Outputs that are bound to a schema, regex, grammar or list of choices: what a request asks, and its state as it runs.

A `Structures` compiles, off the engine thread; a `Binding` follows one reply. Knows no scheduling and no device.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.structuring.closing import Closer
from proxy_inference_engine.structuring.compiler import CompiledGrammar, GrammarCache
from proxy_inference_engine.structuring.matcher import Matcher, fill_masks
from proxy_inference_engine.structuring.sources import (
    Grammar,
    any_json,
    grammar_from_choices,
    grammar_from_lark,
    grammar_from_regex,
    grammar_from_schema,
)
from proxy_inference_engine.structuring.vocabulary import Mask, Vocabulary
from proxy_inference_engine.tokenizer import Tokenizer

KEYWORDS = ("json_schema", "regex", "grammar", "choices", "structured")
"""Inference keywords that bind the output; one of them at a time."""


def grammar_of(keywords: Mapping[str, Any]) -> Grammar | None:
    """The grammar that these inference keywords ask for; None when they ask for none.

    `structured=True` asks for any JSON. Raises RequestError for two at once, SchemaError for a source that cannot be
    bound.
    """
    given = {name: keywords[name] for name in KEYWORDS if keywords.get(name) is not None}
    if given.get("structured") is False:
        del given["structured"]
    if not given:
        return None
    if len(given) > 1:
        names = " and ".join(given)
        raise RequestError(f"{names} are both given: an output can be bound by one of them", param=next(iter(given)))
    name, value = next(iter(given.items()))
    if name == "json_schema":
        return grammar_from_schema(value)
    if name == "regex":
        return grammar_from_regex(value)
    if name == "grammar":
        return grammar_from_lark(value)
    if name == "choices":
        return grammar_from_choices(value)
    if value is not True:
        raise RequestError("structured takes True: for a schema give json_schema", param="structured")
    return any_json()


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A grammar, compiled for one engine's vocabulary."""

    grammar: Grammar
    compiled: CompiledGrammar

    def check_budget(self, max_new_tokens: int) -> None:
        """Raise RequestError, naming both numbers, when no whole output fits so many tokens."""
        Closer(self.compiled.matcher(), max_new_tokens)

    def bind(self, max_new_tokens: int) -> Binding:
        """The state of a reply that is about to begin."""
        return Binding(self.compiled.matcher(), max_new_tokens)


class Structures:
    """Compiles for one engine; what was compiled lately is kept. Safe to use from any thread."""

    def __init__(self, tokenizer: Tokenizer, vocab_size: int) -> None:
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self._lock = threading.Lock()
        self._cache: GrammarCache | None = None

    def compile(self, grammar: Grammar) -> Structure:
        """Takes milliseconds the first time, so do it off the event loop and the engine thread."""
        with self._lock:
            if self._cache is None:
                tokenizer = self._tokenizer
                vocabulary = Vocabulary.of(tokenizer.backend, self._vocab_size, tokenizer.stop_tokens)
                self._cache = GrammarCache(vocabulary)
        return Structure(grammar, self._cache.compile(grammar))


class Binding:
    """One reply in progress under its grammar."""

    def __init__(self, matcher: Matcher, max_new_tokens: int) -> None:
        self._matcher = matcher
        self._closer = Closer(matcher, max_new_tokens)
        self._num_left = max_new_tokens

    @property
    def is_finished(self) -> bool:
        """Whether the output is whole and nothing may follow."""
        return self._matcher.is_finished

    @property
    def is_accepting(self) -> bool:
        """Whether the output is whole as it stands."""
        return self._matcher.is_accepting

    @property
    def was_closed(self) -> bool:
        """Whether the token budget decided where it ended."""
        return self._closer.was_closed

    @property
    def matcher(self) -> Matcher:
        """Where the output stands in its grammar."""
        return self._matcher

    def take(self, token_id: int) -> bool:
        """Follow a token that was drawn; False when the grammar does not allow it."""
        self._num_left -= 1
        return self._matcher.advance(token_id)

    def forced(self) -> list[int]:
        """The tokens that must come next and leave room for the rest; taken at once."""
        forced = self._closer.forced_tokens(self._num_left)
        for count, token_id in enumerate(forced):
            if not self.take(token_id):
                return forced[:count]
        return forced

    def limits(self, mask: Mask) -> Mask | None:
        """What of `mask`, the matcher's own, leaves room for a whole output; None: all of it."""
        return self._closer.limits(self._num_left, mask)


def masks_of(bindings: Sequence[Binding | None], num_words: int) -> Mask:
    """The packed masks `[B, num_words]` of these rows; rows that are not bound allow everything."""
    masks: Mask = np.empty((len(bindings), num_words), np.uint32)
    fill_masks([None if binding is None else binding.matcher for binding in bindings], masks)
    for row, binding in enumerate(bindings):
        if binding is not None and (limited := binding.limits(masks[row])) is not None:
            masks[row] = limited
    return masks
