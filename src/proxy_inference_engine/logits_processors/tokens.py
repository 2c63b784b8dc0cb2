"""Rows of history tokens on the device, and changes to the logits of exactly those tokens.

A penalty works on `[R, W]` slots: the newest W tokens of the R rows that ask for it. A token that fills several slots
gets the same new logit from each, so the order in which a device writes them does not matter, and the cost does not
grow with the vocabulary. Knows no penalty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The newest tokens of some rows of a batch."""

    rows: mx.array
    """`[R, 1]` int32: which rows of the batch."""

    token_ids: mx.array
    """`[R, W]` int32, in range everywhere: 0 where there is no token."""

    is_token: mx.array
    """`[R, W]` bool: false for padding, tokens too old, and ids outside the vocabulary."""

    vocab_size: int

    @classmethod
    def newest(cls, history: mx.array, rows: mx.array, sizes: mx.array, width: int, vocab_size: int) -> Slots:
        """The last `sizes [R, 1]` tokens (`width` at most) of `rows [R, 1]` of `history [B, W]` (-1: padding)."""
        tokens = history[rows[:, 0], -width:]
        width = tokens.shape[1]
        is_recent = mx.arange(width, dtype=mx.int32) >= width - sizes
        is_token = is_recent & (tokens >= 0) & (tokens < vocab_size)
        return cls(rows, mx.where(is_token, tokens, 0), is_token, vocab_size)

    def table(self) -> mx.array:
        """Zeros `[R, V]` float32, to collect something for each token."""
        return mx.zeros((self.rows.shape[0], self.vocab_size))

    def counts(self) -> mx.array:
        """How often each slot's token occurs in its row's slots, `[R, W]` float32; exact up to 2**24."""
        table = self.table().at[self._row_index(), self.token_ids].add(self.is_token.astype(mx.float32))
        return mx.take_along_axis(table, self.token_ids, axis=-1)

    def largest(self, values: mx.array) -> mx.array:
        """For each slot, the largest of `values [R, W]` (>= 0) among the slots of the same token; at least 0."""
        table = self.table().at[self._row_index(), self.token_ids].maximum(mx.where(self.is_token, values, 0.0))
        return mx.take_along_axis(table, self.token_ids, axis=-1)

    def update(self, logits: mx.array, change: Callable[[mx.array], mx.array]) -> mx.array:
        """New logits `[B, V]` with `change` applied to those of the slots, `[R, W]`.

        `change` must give equal values for equal tokens of a row.
        """
        updated = mx.array(logits)
        updated[self.rows, self.token_ids] = change(logits[self.rows, self.token_ids])
        return updated

    def _row_index(self) -> mx.array:
        return mx.arange(self.rows.shape[0], dtype=mx.int32)[:, None]
