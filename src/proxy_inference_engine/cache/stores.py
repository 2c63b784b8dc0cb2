"""The stores of keys and values that serve a model's layers, and the view of them that one step's forward pass takes.

Knows which store serves which device and type; knows no model and no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache
from proxy_inference_engine.cache.device_store import DeviceStore
from proxy_inference_engine.cache.host_slots import make_slots
from proxy_inference_engine.cache.host_store import HostStore
from proxy_inference_engine.cache.ragged import RaggedPlan
from proxy_inference_engine.errors import NotSupportedError
from proxy_inference_engine.ops import backend


class LayerStore(Protocol):
    """One layer's keys and values for all sequences, in `num_blocks` blocks of `block_size` slots."""

    @property
    def bytes_per_block(self) -> int:
        """Bytes of one block's keys and values."""
        ...

    def buffers(self) -> list[mx.array]:
        """The arrays to evaluate so that no work on this store is pending."""
        ...

    def append_and_attend(
        self,
        plan: RaggedPlan,
        q: mx.array,
        k: mx.array,
        v: mx.array,
        *,
        window: int | None,
        scale: float,
        logit_cap: float | None,
    ) -> mx.array:
        """Store `k` and `v` `[N, K, 1, D]`, then attend with `q` `[N, H, 1, D]`; returns `[N, H, 1, D]`.

        Each row sees the tokens of its sequence up to itself, with `window` the last so many of them.
        """
        ...

    def copy_block(self, source: int, target: int, num_tokens: int) -> None:
        """Copy the first `num_tokens` of block `source` to block `target`."""
        ...

    def read_block(self, block: int) -> dict[str, npt.NDArray[np.generic]]:
        """A copy of one block's arrays by name, `[K, block_size, ...]` each."""
        ...

    def write_block(self, block: int, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Put back what `read_block` of such a store gave. Raises ValueError when it does not fit."""
        ...


def make_stores(
    layouts: Sequence[KVLayout], *, num_blocks: int, block_size: int, dtype: mx.Dtype, bits: int | None = None
) -> list[LayerStore]:
    """A store for each layer, with room for `num_blocks * block_size` tokens.

    `dtype` is what keys and values are held in; with `bits` (8 or 4) they are packed, in groups along the head.
    On the CPU with the BLAS back end the memory is NumPy's and is taken as it is used; else it is MLX's, taken at once.
    Raises NotSupportedError for other bits or types, or a head that is no multiple of 32 when packed.
    """
    return [
        _make_store(layout, num_blocks=num_blocks, block_size=block_size, dtype=dtype, bits=bits) for layout in layouts
    ]


def _make_store(layout: KVLayout, *, num_blocks: int, block_size: int, dtype: mx.Dtype, bits: int | None) -> LayerStore:
    if not (backend.on_cpu() and backend.cpu_backend() == "blas"):
        return DeviceStore(layout, num_blocks=num_blocks, block_size=block_size, dtype=dtype, bits=bits)
    keys, values = (make_slots(layout, num_blocks * block_size, dtype=dtype, bits=bits) for _ in range(2))
    return HostStore(layout, keys, values, num_blocks=num_blocks, block_size=block_size)


def ragged_layers(stores: Sequence[LayerStore], layouts: Sequence[KVLayout], plan: RaggedPlan) -> list[LayerCache]:
    """What the model is called with for one step of `plan`: one for each layer."""
    return [RaggedLayer(store, layout.window, plan) for store, layout in zip(stores, layouts, strict=True)]


class RaggedLayer:
    """One layer's store as the rows of one step see it. It lives for that step only."""

    def __init__(self, store: LayerStore, window: int | None, plan: RaggedPlan) -> None:
        self._store, self._window, self._plan = store, window, plan

    @property
    def num_tokens(self) -> int:
        """Raises NotSupportedError: the rows belong to several sequences."""
        self._refuse("num_tokens")

    @property
    def nbytes(self) -> int:
        """None of its own: the store holds everything."""
        return 0

    @property
    def offset(self) -> mx.array:
        """The position of each row's token, int32 [N]."""
        return self._plan.positions

    def mask(self, num_new: int) -> ops.Mask:
        """None: the store knows which keys a row sees."""
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
        """Store the rows' keys and values `[N, K, 1, D]` and attend with `q` `[N, H, 1, D]`: `[N, H, 1, D]`."""
        return self._store.append_and_attend(self._plan, q, k, v, window=self._window, scale=scale, logit_cap=logit_cap)

    def can_trim(self, num_tokens: int) -> bool:
        """Never: sequences are shortened in their block tables."""
        return False

    def trim(self, num_tokens: int) -> None:
        """Raises NotSupportedError."""
        self._refuse("trim")

    def fork(self) -> LayerCache:
        """Raises NotSupportedError: sequences are forked in their block tables."""
        self._refuse("fork")

    def state(self) -> dict[str, mx.array]:
        """Raises NotSupportedError: the store gives its content block by block."""
        self._refuse("state")

    def buffers(self) -> list[mx.array]:
        """The store's."""
        return self._store.buffers()

    def restore(self, state: dict[str, mx.array], num_tokens: int) -> None:
        """Raises NotSupportedError."""
        self._refuse("restore")

    def _refuse(self, name: str) -> NoReturn:
        raise NotSupportedError(f"{name} has no meaning for a step of several sequences: ask their block tables")
