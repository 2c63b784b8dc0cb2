"""Rows of history tokens on the device, and changes to the logits of exactly those tokens.

A penalty works on `[R, W]` slots: the newest W tokens of the R rows that ask for it. They are sorted, so that equal
tokens form a run, which is counted and written without a table as wide as the vocabulary. A token that fills several
slots gets the same new logit from each, so the order in which a device writes them does not matter. Knows no penalty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx

_LABEL_BITS = 6
_NO_TOKEN = 2**31 - 1

MAX_LABEL = 2**_LABEL_BITS - 1
"""Slots carry a label from 0 to this through the sorting."""


def newest(history: mx.array, rows: mx.array, sizes: mx.array, width: int, vocab_size: int) -> mx.array:
    """The last `sizes [R, 1]` tokens (`width` at most) of `rows [R]` of `history [B, W]`, -1 for all others.

    Ids outside the vocabulary count as no tokens.
    """
    tokens = history[rows, -width:]
    width = tokens.shape[1]
    is_recent = mx.arange(width, dtype=mx.int32) >= width - sizes
    return mx.where(is_recent & (tokens >= 0) & (tokens < vocab_size), tokens, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Tokens of some rows of a batch, sorted. A slot without a token repeats the first one of its row."""

    rows: mx.array
    """`[R]` int32: which rows of the batch, in ascending order."""

    token_ids: mx.array
    """`[R, W]` int32, in range everywhere: 0 in a row without any token."""

    counts: mx.array
    """`[R, W]` int32: how often the slot's token occurs; 0 in a row without any token."""

    labels: mx.array
    """`[R, W]` int32: the largest label of the slot's token; 0 in a row without any token."""

    @classmethod
    def sort(cls, rows: mx.array, tokens: mx.array, labels: mx.array | None = None) -> Slots:
        """Slots of `tokens [R, W]` (-1: none; below 2**25) with `labels [R, W]` (0 to `MAX_LABEL`; None: all 0)."""
        keys = mx.left_shift(tokens, _LABEL_BITS)
        if labels is not None:
            keys = keys + labels
        keys = mx.sort(mx.where(tokens >= 0, keys, _NO_TOKEN), axis=-1)
        token_ids = mx.right_shift(keys, _LABEL_BITS)

        place = mx.arange(keys.shape[1], dtype=mx.int32)
        differs = token_ids[:, 1:] != token_ids[:, :-1]
        edge = mx.ones((keys.shape[0], 1), dtype=mx.bool_)
        first = mx.cummax(mx.where(mx.concatenate([edge, differs], axis=1), place, 0), axis=-1)
        last = mx.where(mx.concatenate([differs, edge], axis=1), place, keys.shape[1])
        last = mx.cummin(last, axis=-1, reverse=True)

        is_token = keys < _NO_TOKEN
        # Tokens sort before the slots without one: the first slot has a token if any has.
        has_token = is_token[:, :1]

        def fill(values: mx.array) -> mx.array:
            return mx.where(is_token, values, mx.where(has_token, values[:, :1], 0))

        largest = mx.bitwise_and(mx.take_along_axis(keys, last, axis=-1), MAX_LABEL)
        return cls(rows, fill(token_ids), fill(last - first + 1), fill(largest))

    def update(self, logits: mx.array, change: Callable[[mx.array], mx.array]) -> mx.array:
        """New logits `[B, V]` with `change` applied to those of the slots, `[R, W]`.

        `change` must give equal values for equal tokens of a row.
        """
        if self.rows.shape[0] == logits.shape[0]:  # all rows in order: the same by a faster way
            values = mx.take_along_axis(logits, self.token_ids, axis=-1)
            return mx.put_along_axis(logits, self.token_ids, change(values), axis=-1)
        rows = self.rows[:, None]
        updated = mx.array(logits)
        updated[rows, self.token_ids] = change(logits[rows, self.token_ids])
        return updated
