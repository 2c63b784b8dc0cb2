"""Follows one output through its grammar: which tokens may come next, and which must.

A thin layer over llguidance that keeps clear of its traps: a rejected token leaves the matcher as it was, and stop
tokens never reach it (a rollback over one would remove too much). Knows nothing of budgets, logits or requests.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import llguidance
import numpy as np

from proxy_inference_engine.errors import InternalError, RequestError
from proxy_inference_engine.structuring.vocabulary import Mask, Vocabulary

if TYPE_CHECKING:
    from proxy_inference_engine.structuring.compiler import CompiledGrammar

ALL = np.uint32(0xFFFFFFFF)


class Matcher:
    """One output in progress. Not to be used from two threads at once; forks are independent."""

    __slots__ = ("_ended", "_ll", "_tokens", "grammar", "vocabulary")

    def __init__(self, grammar: CompiledGrammar, ll: llguidance.LLMatcher, tokens: Sequence[int] = ()) -> None:
        self.grammar = grammar
        self.vocabulary: Vocabulary = grammar.vocabulary
        self._ll = ll
        self._tokens = list(tokens)
        self._ended = False

    def advance(self, token_id: int) -> bool:
        """Take one token. False: the grammar does not allow it here, and nothing has changed.

        Any tokenisation of allowed text is taken, while `mask` shows only the model's own where text is forced. A
        stop token is taken when the output may end; after it nothing is.
        """
        if self._ended:
            return False
        if self.vocabulary.is_stop(token_id):
            self._ended = self._ll.is_accepting()
            return self._ended
        if not 0 <= token_id < self.vocabulary.vocab_size or self._ll.try_consume_tokens([token_id]) != 1:
            self._check()
            return False
        self._tokens.append(token_id)
        return True

    def advance_all(self, token_ids: Sequence[int]) -> int:
        """Take tokens up to the first that is not allowed; how many were taken."""
        for count, token_id in enumerate(token_ids):
            if not self.advance(token_id):
                return count
        return len(token_ids)

    def accepts(self, token_ids: list[int], *, ends: bool = False) -> bool:
        """Whether all of `token_ids` could be taken, and with `ends` be a whole output. Changes nothing."""
        if self._ended:
            return not token_ids and ends
        if not token_ids:
            return not ends or self._ll.is_accepting()
        tokens = [*token_ids, self.vocabulary.end_id] if ends else token_ids
        return self._ll.validate_tokens(tokens) == len(tokens)

    def mask(self) -> Mask:
        """[num_words], the tokens that may come next. Stop tokens are among them exactly when the output may end."""
        mask = np.empty(self.vocabulary.num_words, np.uint32)
        self._fill(mask)
        return mask

    def fill(self, masks: Mask, row: int) -> None:
        """Write `mask()` to `masks[row]`; `masks` is C-contiguous uint32 [B, num_words]. Raises InternalError."""
        _check_masks(masks, self.vocabulary)
        self._fill(masks[row])

    def _fill(self, mask: Mask) -> None:
        if self._ended:
            mask[:] = self.vocabulary.stop_mask
            return
        self._ll.unsafe_compute_mask_ptr(mask.ctypes.data, mask.nbytes)
        self._check()
        self._trim(mask)

    def _trim(self, mask: Mask) -> None:
        if not self.vocabulary.stop_token_ids:
            mask[0] &= ~np.uint32(1)
        if spare := self.vocabulary.vocab_size % 32:
            mask[-1] &= ALL >> np.uint32(32 - spare)

    def forced_tokens(self, limit: int | None = None) -> list[int]:
        """The tokens that must come next, as the model would write them in this place; [] where there is a choice.

        At most `limit` of them. A run stops short of a token that free text after it could still make longer.
        """
        if self._ended or self._ll.is_stopped():
            return []
        tokens = [int(token_id) for token_id in self._ll.compute_ff_tokens()]
        for position, token_id in enumerate(tokens):
            if self.vocabulary.is_stop(token_id):
                tokens = tokens[:position]
                break
        return tokens if limit is None else tokens[: max(limit, 0)]

    @property
    def is_accepting(self) -> bool:
        """Whether the output may end here."""
        return self._ended or self._ll.is_accepting()

    @property
    def is_finished(self) -> bool:
        """Whether the output is whole and cannot go on: a stop token was taken, or nothing else is allowed."""
        return self._ended or (self._ll.is_stopped() and self._ll.is_accepting())

    def rollback(self, count: int) -> None:
        """Undo the last `count` tokens, a stop token included. Raises RequestError for more than were taken."""
        if not 0 <= count <= len(self._tokens) + self._ended:
            raise RequestError(f"rollback({count}) of {len(self._tokens) + self._ended} tokens is not possible")
        if count and self._ended:
            self._ended = False
            count -= 1
        if count:
            if not self._ll.rollback(count):
                self._check()
            del self._tokens[-count:]

    def fork(self) -> Matcher:
        """An independent copy."""
        copy = Matcher(self.grammar, self._ll.deep_copy(), self._tokens)
        copy._ended = self._ended
        return copy

    def tokens(self) -> list[int]:
        """The tokens so far, without the stop token."""
        return list(self._tokens)

    @property
    def text(self) -> str:
        """The output so far; bytes that are no UTF-8 yet show as U+FFFD."""
        return self.vocabulary.decode(self._tokens).decode(errors="replace")

    def _check(self) -> None:
        if self._ll.is_error():
            reason = self._ll.get_error().split("\n")[0][:200]
            raise InternalError(f"The grammar engine gave up after {len(self._tokens)} tokens: {reason}")


def fill_masks(matchers: Sequence[Matcher | None], masks: Mask) -> dict[int, InternalError]:
    """Write the mask of each matcher to its row of `masks`, C-contiguous uint32 [B, num_words], in parallel.

    Rows without a matcher allow everything. Returns the rows that failed with their errors; they allow nothing.
    """
    work: list[tuple[llguidance.LLMatcher, int]] = []
    for row, matcher in enumerate(matchers):
        if matcher is None:
            masks[row] = ALL
        elif matcher._ended:
            masks[row] = matcher.vocabulary.stop_mask
        else:
            if not work:
                _check_masks(masks, matcher.vocabulary)
            work.append((matcher._ll, row))
    if len(work) == 1:
        (ll, row) = work[0]
        ll.unsafe_compute_mask_ptr(masks[row].ctypes.data, masks[row].nbytes)
    elif work:
        executor, lock = _executor()
        with lock:
            executor.unsafe_compute_mask_ptr(work, masks.ctypes.data, masks.shape[1] * 4, len(masks))
    failed: dict[int, InternalError] = {}
    for _, row in work:
        matcher = matchers[row]
        assert matcher is not None
        try:
            matcher._check()
            matcher._trim(masks[row])
        except InternalError as error:
            masks[row] = 0
            failed[row] = error
    return failed


@cache
def _executor() -> tuple[llguidance.LLExecutor, threading.Lock]:
    return llguidance.LLExecutor(max(1, min(os.cpu_count() or 1, 16))), threading.Lock()


def _check_masks(masks: Mask, vocabulary: Vocabulary) -> None:
    """llguidance writes through a bare pointer: whatever does not fit must not reach it."""
    fits = masks.dtype == np.uint32 and masks.ndim == 2 and masks.shape[1] == vocabulary.num_words
    if not fits or not masks.flags.c_contiguous or not masks.flags.writeable:
        raise InternalError(
            f"masks of shape {masks.shape} and type {masks.dtype} are not C-contiguous uint32 "
            f"[B, {vocabulary.num_words}]"
        )
