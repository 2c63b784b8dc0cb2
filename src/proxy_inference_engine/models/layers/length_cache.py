"""A layer cache for models whose rotary positions change with the length of the sequence (longrope).

When a sequence outgrows the original context length, or is trimmed back into it, every key held was rotated the wrong
way. So the caches also keep the token ids, and the model computes them again: what follows is then what a fresh run
over the whole sequence gives, however it was split into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import LayerCache

_MAX_PIECES = 256


class LengthAwareCache:
    """Wraps one layer's cache, made by `make`, and remembers the ids and on which side of the limit it was filled.

    The ids are kept by the first layer's cache alone (`keeps_ids`), as all layers hold the same tokens.
    """

    def __init__(self, make: Callable[[], LayerCache], *, keeps_ids: bool) -> None:
        self._make = make
        self._inner = make()
        self._keeps_ids = keeps_ids
        self._pieces: list[mx.array] = []
        self._is_long = False

    @property
    def num_tokens(self) -> int:
        """Tokens computed so far: the position of the next one."""
        return self._inner.num_tokens

    @property
    def offset(self) -> int:
        """The position of the next token."""
        return self._inner.num_tokens

    @property
    def nbytes(self) -> int:
        """Device bytes held."""
        return self._inner.nbytes + sum(piece.nbytes for piece in self._pieces)

    def is_stale(self, is_long: bool) -> bool:
        """Whether what is held was computed on the other side of the limit."""
        return self.num_tokens > 0 and is_long != self._is_long

    def clear(self) -> None:
        """Forget everything."""
        self._inner, self._pieces = self._make(), []

    def ids(self) -> mx.array:
        """The ids of all tokens held, `[B, num_tokens]`."""
        assert self._keeps_ids, "only the first layer keeps the ids"
        self._pieces = [mx.concatenate(self._pieces, axis=1)]
        return self._pieces[0]

    def note(self, input_ids: mx.array, is_long: bool) -> None:
        """Say which tokens the next `attend` is for."""
        self._is_long = is_long
        if self._keeps_ids:
            self._pieces.append(input_ids)
            if len(self._pieces) > _MAX_PIECES:
                self.ids()

    def mask(self, num_new: int) -> ops.Mask:
        """As `LayerCache.mask`."""
        return self._inner.mask(num_new)

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
        """As `LayerCache.attend`."""
        return self._inner.attend(q, k, v, scale=scale, mask=mask, logit_cap=logit_cap)

    def can_trim(self, num_tokens: int) -> bool:
        """Whether the last `num_tokens` can be forgotten exactly."""
        return self._inner.can_trim(num_tokens)

    def trim(self, num_tokens: int) -> None:
        """Forget the last `num_tokens`. Raises ValueError when `can_trim` is false."""
        self._inner.trim(num_tokens)
        if self._keeps_ids and num_tokens:
            self._pieces = [self.ids()[:, : self.num_tokens]]

    def fork(self) -> LengthAwareCache:
        """A copy that may be updated independently."""
        twin = LengthAwareCache(self._make, keeps_ids=self._keeps_ids)
        twin._inner, twin._pieces, twin._is_long = self._inner.fork(), list(self._pieces), self._is_long
        return twin

    def state(self) -> dict[str, mx.array]:
        """Those of the wrapped cache, and `is_long` and, in the first layer, `token_ids`."""
        state = self._inner.state()
        if state:
            state = {**state, "is_long": mx.array([int(self._is_long)])}
            if self._keeps_ids:
                state["token_ids"] = self.ids()
        return state

    def buffers(self) -> list[mx.array]:
        """The arrays to evaluate so that nothing pending is left."""
        return [*self._inner.buffers(), *self._pieces]

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Take over what `state` gave. Raises ValueError when it does not fit."""
        rest = dict(state)
        is_long, ids = rest.pop("is_long", None), rest.pop("token_ids", None)
        if is_long is None or (ids is None) == self._keeps_ids:
            raise ValueError(f"expected is_long{' and token_ids' if self._keeps_ids else ''}, got {sorted(state)}")
        if ids is not None and (ids.ndim != 2 or ids.shape[1] != num_tokens):
            raise ValueError(f"token_ids {ids.shape} do not hold {num_tokens} tokens")
        self._inner.restore(rest, num_tokens)
        self._pieces = [] if ids is None else [ids]
        self._is_long = bool(is_long)


def take_up(input_ids: mx.array, caches: Sequence[LayerCache], original_length: int) -> mx.array:
    """The ids to compute for `input_ids [B, L]` to follow what `caches` hold: they, or all from the start.

    Caches that do not know their ids (see `LengthAwareCache`) are left as they are.
    """
    known = [cache for cache in caches if isinstance(cache, LengthAwareCache)]
    if not known or len(known) < len(caches):
        return input_ids
    first = known[0]
    is_long = first.num_tokens + input_ids.shape[1] > original_length
    if first.is_stale(is_long):
        input_ids = mx.concatenate([first.ids().astype(input_ids.dtype), input_ids], axis=1)
        for cache in known:
            cache.clear()
    for cache in known:
        cache.note(input_ids, is_long)
    return input_ids
