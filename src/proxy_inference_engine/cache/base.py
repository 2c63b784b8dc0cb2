"""What a model asks of one layer's cache. Knows no model and no request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import mlx.core as mx

from proxy_inference_engine import ops

Offset: TypeAlias = int | mx.array
"""The position of the first new token: one for all rows, or int32 `[B]`, one for each row."""


@dataclass(frozen=True, slots=True)
class KVLayout:
    """The shape of one layer's keys and values: `[num_kv_heads, tokens, head_dim]` each.

    A query sees at most the last `window` tokens, itself included; None: all of them.
    """

    num_kv_heads: int
    head_dim: int
    window: int | None


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

    @property
    def offset(self) -> Offset:
        """The position of the next token; where the rows belong to several sequences, one for each row."""
        ...

    def mask(self, num_new: int) -> ops.Mask:
        """What to give `attend` for `num_new` tokens: the same for all layers of one kind, so ask once for each kind.

        None where the cache knows by itself which keys a query sees.
        """
        ...

    def attend(
        self,
        q: mx.array,
        k: mx.array,
        v: mx.array,
        *,
        scale: float,
        mask: ops.Mask = None,
        logit_cap: float | None = None,
    ) -> mx.array:
        """Append `k` and `v`, `[B, K, L, D]`, and attend to what is then held: `q [B, H, L, D]` to `[B, H, L, D]`.

        `mask` is what `mask(L)` gave before. See `ops.attention` for the rest.
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
