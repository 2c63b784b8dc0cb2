"""A model's vocabulary as the grammar engine sees it: the bytes of each token, and which tokens end an output.

Built once for an engine and shared by all its threads. Knows nothing of grammars, requests or MLX.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from functools import cached_property

import llguidance
import numpy as np
import tokenizers
from numpy.typing import NDArray

Mask = NDArray[np.uint32]
"""Allowed tokens, one bit each: token `t` is bit `t % 32` of word `t // 32`."""

_STRUCTURAL = frozenset(b'"\\{}[],:')


class Vocabulary:
    """Shared view of a tokenizer for all matchers of one model.

    `vocab_size` is the width of the model's logits; ids that the tokenizer does not have are never allowed.
    """

    def __init__(self, backend: tokenizers.Tokenizer, vocab_size: int, stop_token_ids: Collection[int]) -> None:
        self._backend = backend
        self.vocab_size = vocab_size
        self.num_words = (vocab_size + 31) // 32
        self.stop_token_ids = tuple(sorted(i for i in stop_token_ids if 0 <= i < vocab_size))
        self._stops = frozenset(self.stop_token_ids)
        self._lock = threading.Lock()
        self._ll: llguidance.LLTokenizer | None = None

    @classmethod
    def of(cls, backend: tokenizers.Tokenizer, vocab_size: int, stop_token_ids: Collection[int]) -> Vocabulary:
        """Cheap: the real work (0.3 s for 128k tokens) is done by whoever first needs `ll`, off the engine thread."""
        return cls(backend, vocab_size, stop_token_ids)

    @property
    def ll(self) -> llguidance.LLTokenizer:
        """llguidance's tokenizer, built on first use. Safe to ask for from several threads."""
        if self._ll is None:
            with self._lock:
                if self._ll is None:
                    # Without stop tokens some id must still play their part: `clear` then takes it out of every mask.
                    stops = list(self.stop_token_ids) or [0]
                    self._ll = llguidance.LLTokenizer(self._backend.to_str(), n_vocab=self.vocab_size, eos_token=stops)
        return self._ll

    def is_stop(self, token_id: int) -> bool:
        return token_id in self._stops

    @property
    def end_id(self) -> int:
        """The id by which llguidance is asked whether an output may end."""
        return self.stop_token_ids[0] if self.stop_token_ids else 0

    @cached_property
    def stop_mask(self) -> Mask:
        """[num_words], the stop tokens alone."""
        return pack(self.stop_token_ids, self.num_words)

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """What each token stands for; empty for special tokens and for ids that the tokenizer does not have."""
        ll, size = self.ll, min(self.vocab_size, self._backend.get_vocab_size(with_added_tokens=True))
        known = [b"" if ll.is_special_token(i) else ll.decode_bytes([i]) for i in range(size)]
        return known + [b""] * (self.vocab_size - size)

    @cached_property
    def byte_ids(self) -> list[int]:
        """For each byte the token that is just this byte, -1 where there is none."""
        ids = [-1] * 256
        for token_id in range(len(self.token_bytes) - 1, -1, -1):
            if len(self.token_bytes[token_id]) == 1:
                ids[self.token_bytes[token_id][0]] = token_id
        return ids

    @cached_property
    def plain_mask(self) -> Mask:
        """[num_words], the tokens without quotes, brackets, separators, backslashes or control characters."""
        plain = (i for i, b in enumerate(self.token_bytes) if b and b.isascii() and min(b) >= 32)
        return pack([i for i in plain if _STRUCTURAL.isdisjoint(self.token_bytes[i])], self.num_words)

    def tokenize(self, text: bytes) -> list[int]:
        """`text` as the model's own tokenizer writes it, control tokens taken for plain text."""
        return list(self.ll.tokenize_bytes(text))

    def decode(self, token_ids: Collection[int]) -> bytes:
        return bytes(self.ll.decode_bytes(list(token_ids)))


def pack(token_ids: Collection[int], num_words: int) -> Mask:
    """[num_words], the mask that allows just `token_ids`."""
    bits = np.zeros(num_words * 32, np.uint8)
    bits[list(token_ids)] = 1
    return np.packbits(bits, bitorder="little").view(np.uint32)


def unpack(mask: Mask) -> NDArray[np.intp]:
    """The ids that `mask` allows, ascending."""
    return np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
