"""A layer cache of mlx-lm in the form the engine asks of every layer cache. Knows no model.

mlx-lm's layers write to their caches themselves, so `attend` is not for them; the model counts the tokens here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, cast

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import LayerCache
from proxy_inference_engine.errors import NotSupportedError


class MlxLmLayerCache:
    """A `LayerCache` around one of mlx-lm's. `inner` is what mlx-lm's model takes."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self._fresh = copy.deepcopy(inner)
        self._num_tokens = 0

    @property
    def num_tokens(self) -> int:
        """Tokens computed so far."""
        return self._num_tokens

    @property
    def offset(self) -> int:
        """The position of the next token."""
        return self._num_tokens

    @property
    def nbytes(self) -> int:
        """Device bytes held."""
        return sum(array.nbytes for array in self.buffers())

    def advance(self, num_tokens: int) -> None:
        """Note that the model has just computed so many more tokens."""
        self._num_tokens += num_tokens

    def mask(self, num_new: int) -> ops.Mask:
        """None: mlx-lm's model makes its own masks."""
        return None

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
        """Never called: mlx-lm's layers write to `inner`. Raises NotSupportedError."""
        raise NotSupportedError("a layer cache of mlx-lm is written by mlx-lm's model only; call the model with it")

    def can_trim(self, num_tokens: int) -> bool:
        """Whether the last `num_tokens` can be forgotten exactly."""
        if not 0 <= num_tokens <= self._num_tokens:
            return False
        return num_tokens == 0 or num_tokens <= _trimmable(self.inner)

    def trim(self, num_tokens: int) -> None:
        """Forget the last `num_tokens`. Raises ValueError when `can_trim` is false."""
        if not self.can_trim(num_tokens):
            raise ValueError(
                f"the last {num_tokens} of {self._num_tokens} tokens cannot be forgotten: "
                f"a {type(self.inner).__name__} of mlx-lm does not keep what that needs"
            )
        if num_tokens:
            self.inner.trim(num_tokens)
            self._num_tokens -= num_tokens

    def fork(self) -> LayerCache:
        """A copy that may be updated independently. Shares the arrays' memory until one of the two is written."""
        twin = MlxLmLayerCache(self._fresh)
        # deepcopy takes what its memo holds for an object: here a new handle instead of a copy of the data.
        twin.inner = copy.deepcopy(self.inner, {id(array): _share(array) for array in self.buffers()})
        twin._num_tokens = self._num_tokens
        return twin

    def buffers(self) -> list[mx.array]:
        """The arrays to evaluate so that no work on this cache is pending."""
        return [leaf for _, leaf in _leaves(self.inner.state, "") if isinstance(leaf, mx.array)]

    def state(self) -> dict[str, mx.array]:
        """The arrays to save, by their place in mlx-lm's own `state`; its counters as int64 scalars."""
        if self._num_tokens == 0:
            return {}
        return {
            path: _share(leaf) if isinstance(leaf, mx.array) else mx.array(leaf, mx.int64)
            for path, leaf in _leaves(self.inner.state, "")
            if isinstance(leaf, mx.array | int)
        }

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Take over arrays that `state` gave, holding `num_tokens` tokens. Raises ValueError when they do not fit."""
        if num_tokens < 0 or (num_tokens == 0) != (not state):
            raise ValueError(f"{len(state)} arrays cannot hold {num_tokens} tokens")
        fresh = copy.deepcopy(self._fresh)
        unused = {path: _share(array) for path, array in state.items()}
        try:
            if num_tokens:
                filled = _fill(fresh.state, "", unused)
                if unused:
                    raise ValueError(f"unknown arrays {sorted(unused)}")
                fresh = type(fresh).from_state(filled)
            self.inner = fresh
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the arrays do not fit a {type(self.inner).__name__} of mlx-lm: {error}") from error
        self._num_tokens = num_tokens


def _share(array: mx.array) -> mx.array:
    # mlx-lm assigns to slices of its arrays, which rebinds the Python object: whoever else holds it needs another.
    return array.reshape(array.shape)


def _trimmable(inner: Any) -> int:
    """How many tokens mlx-lm can take off the end."""
    if not inner.is_trimmable():
        return 0
    parts = getattr(inner, "caches", None)
    if parts is not None:
        return min((_trimmable(part) for part in parts), default=0)
    # A chunked cache drops tokens at its front and counts them here.
    return int(inner.offset) - int(getattr(inner, "start_position", 0))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}" if path else str(index))
    else:
        yield path, value


def _fill(template: Any, path: str, arrays: dict[str, mx.array]) -> Any:
    """The template with every leaf replaced by the array of its path, counters as ints. Takes them out of `arrays`."""
    if isinstance(template, list | tuple):
        filled = [_fill(item, f"{path}.{index}" if path else str(index), arrays) for index, item in enumerate(template)]
        return tuple(filled) if isinstance(template, tuple) else filled
    array = arrays.pop(path, None)
    if isinstance(template, int) and not isinstance(template, bool):
        if array is None:
            raise ValueError(f"the counter {path!r} is missing")
        return int(cast(int, array.item()))
    return template if array is None else array
