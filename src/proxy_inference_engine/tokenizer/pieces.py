"""Encoding of long prompts piece by piece, so that a conversation's earlier turns are not encoded again.

The library splits text at added tokens before anything else, so what stands on two sides of one is encoded
independently: a prompt may be cut before any of them and its pieces looked up. Knows nothing of roles or templates.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import pairwise

import tokenizers

from proxy_inference_engine.patterns import any_of

MIN_CHARS = 1_000
"""Shorter texts are encoded at once: looking up would cost as much."""

MAX_CHARS = 4_000_000
"""The most characters of pieces that are remembered; the least recently used are dropped first."""


class PieceEncoder:
    """Encodes texts in pieces that begin with an added token, and remembers the pieces. Safe between threads.

    `is_exact` is False for a tokenizer whose added tokens look at their neighbours (they take white space on their
    left, must be whole words, or are matched after normalisation): then texts are always encoded whole.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._backend = backend
        added = backend.get_added_tokens_decoder().values()
        self.is_exact = all(not (token.lstrip or token.single_word or token.normalized) for token in added)
        self._pattern = any_of([token.content for token in added])
        self._known: OrderedDict[str, list[int]] = OrderedDict()
        self._num_chars = 0
        self._lock = threading.Lock()

    def encode(self, text: str) -> list[int]:
        """The same ids as the backend gives for the whole text, its added tokens parsed."""
        if len(text) < MIN_CHARS or not self.is_exact:
            return self._encode(text)
        cuts = [0, *(match.start() for match in self._pattern.finditer(text) if match.start() > 0), len(text)]
        ids: list[int] = []
        for start, stop in pairwise(cuts):
            ids += self._piece(text[start:stop])
        return ids

    def _piece(self, piece: str) -> list[int]:
        with self._lock:
            if (ids := self._known.get(piece)) is not None:
                self._known.move_to_end(piece)
                return ids
        ids = self._encode(piece)
        with self._lock:
            if piece not in self._known and len(piece) <= MAX_CHARS:
                self._known[piece] = ids
                self._num_chars += len(piece)
            while self._num_chars > MAX_CHARS:
                oldest, _ = self._known.popitem(last=False)
                self._num_chars -= len(oldest)
        return ids

    def _encode(self, text: str) -> list[int]:
        return list(self._backend.encode(text, add_special_tokens=False).ids)
