"""What a model asks of one layer's cache. Knows no model and no request."""

from __future__ import annotations

from typing import Protocol

import mlx.core as mx


class LayerCache(Protocol):
    """The keys and values (or other state) of one layer, for the tokens computed so far.

    Every layer cache of one sequence holds the same number of tokens: they move together.
    """

    @property
    def num_tokens(self) -> int:
        """Tokens computed so far: the position of the next one."""
        ...

    @property
    def nbytes(self) -> int:
        """Device bytes held."""
        ...

    def num_keys(self, num_new: int) -> int:
        """How many key positions `update` will return for `num_new` new tokens."""
        ...

    def update(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append keys and values `[B, K, L, D]`; return those to attend to, `[B, K, T, D]`, T = `num_keys(L)`.

        The new tokens are the last L of the T.
        """
        ...

    def can_trim(self, num_tokens: int) -> bool:
        """Whether the last `num_tokens` can be forgotten exactly."""
        ...

    def trim(self, num_tokens: int) -> None:
        """Forget the last `num_tokens`. Raises ValueError when `can_trim` is false."""
        ...

    def fork(self) -> LayerCache:
        """A copy that may be updated independently. Copies nothing until one of the two is written."""
        ...

    def state(self) -> dict[str, mx.array]:
        """The arrays to save for this cache, by name; empty when nothing is held."""
        ...

    def buffers(self) -> list[mx.array]:
        """The arrays to evaluate so that no work on this cache is pending."""
        ...

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Take over arrays that `state` gave, holding `num_tokens` tokens. Raises ValueError when they do not fit."""
        ...
