"""Contiguous key/value caches of one layer: full attention and sliding window.

Buffers grow in steps and are written in place: MLX donates the old buffer to a slice update when nothing else refers to
it. After `fork` two caches refer to one buffer, so the first write of either copies it; until then a fork is free.
Knows no model and no request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import mlx.core as mx

from proxy_inference_engine import ops

GROWTH_STEP = 256
"""Buffers grow by at least this many positions, and by an eighth of what they hold, so that growth stays linear."""


def _grown_capacity(needed: int) -> int:
    roomy = needed + needed // 8
    return -(-roomy // GROWTH_STEP) * GROWTH_STEP


class _ContiguousCache(ABC):
    """What the two kinds share: their buffers, and attention over what `update` returns."""

    def __init__(self) -> None:
        self._keys: mx.array | None = None
        self._values: mx.array | None = None
        self._num_tokens = 0

    @property
    def offset(self) -> int:
        """The position of the next token."""
        return self._num_tokens

    @property
    def nbytes(self) -> int:
        """Device bytes of the buffers, free positions included."""
        if self._keys is None or self._values is None:
            return 0
        return int(self._keys.nbytes + self._values.nbytes)

    @abstractmethod
    def update(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append keys and values; return those to attend to."""
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
        """Append `k` and `v`, and attend to what the queries see. See `LayerCache.attend`."""
        k, v = self.update(k, v)
        return ops.attention(q, k, v, scale=scale, mask=mask, logit_cap=logit_cap)

    def buffers(self) -> list[mx.array]:
        """What to evaluate so that nothing pending is left: cheaper than `state`, which slices."""
        return [] if self._keys is None or self._values is None else [self._keys, self._values]


class KVCache(_ContiguousCache):
    """Keys and values of every token, for full attention.

    0                num_tokens          capacity
    | held           | free              |
    """

    @property
    def num_tokens(self) -> int:
        """Tokens held: the position of the next one."""
        return self._num_tokens

    def num_keys(self, num_new: int) -> int:
        """Key positions that `update` will return for `num_new` new tokens."""
        return self._num_tokens + num_new

    def update(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append `[B, K, L, D]`; return all held, `[B, K, num_tokens + L, D]`."""
        start, stop = self._num_tokens, self._num_tokens + keys.shape[2]
        if self._keys is None or self._values is None:
            capacity = _grown_capacity(stop)
            self._keys = _empty(keys, capacity)
            self._values = _empty(values, capacity)
        elif stop > self._keys.shape[2]:
            extra = _grown_capacity(stop) - start
            self._keys = mx.concatenate([self._keys[:, :, :start], _empty(keys, extra)], axis=2)
            self._values = mx.concatenate([self._values[:, :, :start], _empty(values, extra)], axis=2)
        self._keys[:, :, start:stop] = keys
        self._values[:, :, start:stop] = values
        self._num_tokens = stop
        return self._keys[:, :, :stop], self._values[:, :, :stop]

    def mask(self, num_new: int) -> ops.Mask:
        """The mask of `num_new` tokens to come over those that `update` will return."""
        return ops.causal_mask(num_new, self.num_keys(num_new))

    def can_trim(self, num_tokens: int) -> bool:
        """Any number of held tokens can be forgotten."""
        return 0 <= num_tokens <= self._num_tokens

    def trim(self, num_tokens: int) -> None:
        """Forget the last `num_tokens`."""
        if not self.can_trim(num_tokens):
            raise ValueError(f"cannot forget {num_tokens} of {self._num_tokens} tokens")
        self._num_tokens -= num_tokens

    def fork(self) -> KVCache:
        """A copy that shares the buffers until one of the two is written."""
        twin = KVCache()
        twin._keys, twin._values, twin._num_tokens = _share(self._keys), _share(self._values), self._num_tokens
        return twin

    def state(self) -> dict[str, mx.array]:
        """`keys` and `values`, `[B, K, num_tokens, D]`; empty when nothing is held."""
        if self._keys is None or self._values is None or self._num_tokens == 0:
            return {}
        stop = self._num_tokens
        return {"keys": self._keys[:, :, :stop], "values": self._values[:, :, :stop]}

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Take over `state()` of a cache that held `num_tokens`. Raises ValueError when it does not fit."""
        keys, values = _checked_state(state, held=num_tokens)
        self._keys, self._values, self._num_tokens = keys, values, num_tokens


class SlidingKVCache(_ContiguousCache):
    """Keys and values of the last tokens, for attention that looks back over a window.

    The buffer slides: it keeps at least the last `window + slack` tokens, and drops older ones only when it must grow,
    so a write costs O(1) amortised and the last `slack` tokens can be forgotten again, as prefix reuse needs.

        first            num_tokens          first + capacity
        | held           | free              |
    """

    def __init__(self, window: int, slack: int | None = None) -> None:
        if window < 1:
            raise ValueError(f"the window must be at least 1, not {window}")
        super().__init__()
        self._window = window
        self._slack = window if slack is None else slack
        self._first = 0

    @property
    def window(self) -> int:
        """How many tokens a query sees, itself included."""
        return self._window

    @property
    def num_tokens(self) -> int:
        """Tokens computed so far, also those no longer held: the position of the next one."""
        return self._num_tokens

    def num_keys(self, num_new: int) -> int:
        """Key positions that `update` will return: those the first new token sees, and the new ones."""
        return min(self._num_tokens, self._window - 1) + num_new

    def update(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append `[B, K, L, D]`; return the last `num_keys(L)` positions."""
        num_new = keys.shape[2]
        num_returned = self.num_keys(num_new)
        start = self._num_tokens - self._first
        if self._keys is None or self._values is None:
            capacity = _grown_capacity(num_new)
            self._keys = _empty(keys, capacity)
            self._values = _empty(values, capacity)
        elif start + num_new > self._keys.shape[2]:
            kept = min(start, self._window + self._slack)
            # Room for a window more than is kept: compaction then copies each position about once per window written.
            extra = _grown_capacity(kept + num_new + min(kept, self._window)) - kept
            self._keys = mx.concatenate([self._keys[:, :, start - kept : start], _empty(keys, extra)], axis=2)
            self._values = mx.concatenate([self._values[:, :, start - kept : start], _empty(values, extra)], axis=2)
            self._first += start - kept
            start = kept
        stop = start + num_new
        self._keys[:, :, start:stop] = keys
        self._values[:, :, start:stop] = values
        self._num_tokens += num_new
        return self._keys[:, :, stop - num_returned : stop], self._values[:, :, stop - num_returned : stop]

    def mask(self, num_new: int) -> ops.Mask:
        """The mask of `num_new` tokens to come over those that `update` will return."""
        return ops.causal_mask(num_new, self.num_keys(num_new), self._window)

    def can_trim(self, num_tokens: int) -> bool:
        """Whether what is held afterwards still covers the window of the next token."""
        left = self._num_tokens - num_tokens
        return num_tokens >= 0 and left >= 0 and (self._first == 0 or left - self._first >= self._window - 1)

    def trim(self, num_tokens: int) -> None:
        """Forget the last `num_tokens`. Raises ValueError when the window before them is no longer held."""
        if not self.can_trim(num_tokens):
            raise ValueError(
                f"cannot forget {num_tokens} of {self._num_tokens} tokens: the window of {self._window} "
                f"is held from token {self._first} only"
            )
        self._num_tokens -= num_tokens

    def fork(self) -> SlidingKVCache:
        """A copy that shares the buffers until one of the two is written."""
        twin = SlidingKVCache(self._window, self._slack)
        twin._keys, twin._values = _share(self._keys), _share(self._values)
        twin._first, twin._num_tokens = self._first, self._num_tokens
        return twin

    def state(self) -> dict[str, mx.array]:
        """`keys` and `values` of the positions held, `[B, K, num_tokens - first, D]`."""
        held = self._num_tokens - self._first
        if self._keys is None or self._values is None or held == 0:
            return {}
        return {"keys": self._keys[:, :, :held], "values": self._values[:, :, :held]}

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Take over `state()` of a cache that had computed `num_tokens`. Raises ValueError when it does not fit."""
        keys, values = _checked_state(state, held=None)
        held = keys.shape[2]
        if held > num_tokens or held < min(num_tokens, self._window - 1):
            raise ValueError(f"{held} positions do not cover a window of {self._window} at token {num_tokens}")
        self._keys, self._values = keys, values
        self._first, self._num_tokens = num_tokens - held, num_tokens


def _empty(like: mx.array, capacity: int) -> mx.array:
    batch, heads, _, head_dim = like.shape
    return mx.zeros((batch, heads, capacity, head_dim), dtype=like.dtype)


def _share(buffer: mx.array | None) -> mx.array | None:
    # `x[:] = y` rebinds the Python object in place, so a twin needs an object of its own on the same data
    # (`mx.array(x)` would copy the data too).
    return None if buffer is None else buffer.reshape(buffer.shape)


def _checked_state(state: dict[str, mx.array], held: int | None) -> tuple[mx.array, mx.array]:
    if set(state) != {"keys", "values"}:
        raise ValueError(f"expected keys and values, got {sorted(state)}")
    keys, values = state["keys"], state["values"]
    if keys.ndim != 4 or values.ndim != 4 or keys.shape[:3] != values.shape[:3]:
        raise ValueError(f"keys {keys.shape} and values {values.shape} do not belong together")
    if held is not None and keys.shape[2] != held:
        raise ValueError(f"keys hold {keys.shape[2]} positions, expected {held}")
    return keys, values
