"""Compiles grammars, once each, and hands out matchers.

Compiling may take tens of milliseconds and is meant to run off the engine thread; matchers are copies of a compiled
one and cost microseconds. Knows nothing of where a grammar came from (see `sources`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import Protocol

import llguidance

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.vocabulary import Vocabulary


class GrammarText(Protocol):
    """What the compiler needs of a grammar: llguidance's own text for it, and a key that tells grammars apart."""

    @property
    def text(self) -> str: ...
    @property
    def key(self) -> str: ...


class CompiledGrammar:
    """A grammar that compiled, for one vocabulary. Safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, text: str) -> None:
        """Raises SchemaError (param="grammar") for a grammar that does not compile."""
        self.vocabulary = vocabulary
        self.text = text
        self._first = llguidance.LLMatcher(vocabulary.ll, text, log_level=0)
        self._lock = threading.Lock()
        self.shortest: tuple[int, ...] | None = None
        """The shortest whole output that is known, found when a token budget first asks for it."""
        if self._first.is_error():
            reason = self._first.get_error().split("\n")[0][:300]
            raise SchemaError(f"The grammar does not compile: {reason}", param="grammar")

    def matcher(self) -> Matcher:
        """A fresh matcher at the start of an output."""
        with self._lock:
            return Matcher(self, self._first.deep_copy())


class GrammarCache:
    """The compiled grammars of one vocabulary, the least recently used ones dropped beyond `max_entries`.

    Thread-safe; threads that ask for the same grammar at once wait for one compilation. Errors are not kept.
    """

    def __init__(self, vocabulary: Vocabulary, *, max_entries: int = 256) -> None:
        self.vocabulary = vocabulary
        self._max_entries = max(1, max_entries)
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Future[CompiledGrammar]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def compile(self, grammar: GrammarText) -> CompiledGrammar:
        """The compiled `grammar`. Raises SchemaError where it does not compile."""
        with self._lock:
            entry = self._entries.get(grammar.key)
            mine = entry is None
            if entry is None:
                entry = self._entries[grammar.key] = Future()
            self._entries.move_to_end(grammar.key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        if mine:
            try:
                entry.set_result(CompiledGrammar(self.vocabulary, grammar.text))
            except BaseException as error:
                with self._lock:
                    if self._entries.get(grammar.key) is entry:
                        del self._entries[grammar.key]
                entry.set_exception(error)
        return entry.result()
