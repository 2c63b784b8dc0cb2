"""Keys or values of one layer in host memory, in float32, in 16 bits or packed in 8 or 4.

What is not float32 is widened where attention reads it. Measured on one core, 512 slots of 5 heads of 64, in
microseconds: both products of one decoding row on float32 25, widening bfloat16 50, float16 100, the codes of 8 bits 35
and of 4 bits 80; scaling the codes would take 240 more, so the scales are applied to the scores instead.
Knows no plan and no model.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any, Protocol, TypeVar

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from proxy_inference_engine.cache.base import KVLayout
from proxy_inference_engine.cache.packing import pack, packed_widths
from proxy_inference_engine.errors import NotSupportedError
from proxy_inference_engine.ops import host_attention
from proxy_inference_engine.ops.host_attention import Runs
from proxy_inference_engine.ops.unpack import Float32

Array = npt.NDArray[np.generic]

_ALL = slice(None)
_WIDENED_VALUES = 1 << 18
"""Values widened at a time while decoding, 1 MiB of them: to stay in the second-level cache."""


class HostSlots(host_attention.Slots, Protocol):
    """One side of a layer, keys or values `[K, num_slots, D]`, in any storage."""

    @property
    def longest(self) -> int | None:
        """Slots to read at a time while decoding; None: no limit."""
        ...

    @property
    def arrays(self) -> dict[str, Array]:
        """The memory, by name, each `[K, num_slots, ...]`."""
        ...

    def pack(self, rows: mx.array) -> list[mx.array]:
        """What `[N, K, 1, D]` is stored as, one for each of `arrays`, not evaluated, `[N, K, 1, ...]`."""
        ...


def make_slots(layout: KVLayout, num_slots: int, *, dtype: mx.Dtype, bits: int | None) -> HostSlots:
    """Memory for `num_slots` tokens. Raises NotSupportedError for a type or number of bits that there is not."""
    if bits is not None:
        return PackedSlots(layout, num_slots, bits)
    if dtype == mx.float32:
        return Float32Slots(layout, num_slots)
    if dtype == mx.bfloat16:
        return BFloat16Slots(layout, num_slots)
    if dtype == mx.float16:
        return Float16Slots(layout, num_slots)
    raise NotSupportedError(f"keys and values cannot be held in {dtype}: give float32, bfloat16 or float16")


class Float32Slots:
    """Stored as they come, read as views."""

    def __init__(self, layout: KVLayout, num_slots: int) -> None:
        shape = (layout.num_kv_heads, num_slots, layout.head_dim)
        self._array: Float32 = _lazy_memory(shape, np.float32)

    @property
    def longest(self) -> int | None:
        """No limit."""
        return None

    @property
    def arrays(self) -> dict[str, Array]:
        """The one array."""
        return {"": self._array}

    def pack(self, rows: mx.array) -> list[mx.array]:
        """In float32."""
        return [rows if rows.dtype == mx.float32 else rows.astype(mx.float32)]

    def read(self, heads: slice, runs: Runs) -> Float32:
        """A view of one run, a copy of several."""
        return _joined(self._array, heads, runs)

    def score(self, runs: Runs, queries: Float32, out: Float32) -> None:
        """See `Slots`."""
        host_attention.score_dense(_joined(self._array, _ALL, runs), queries, out)

    def weigh(self, runs: Runs, weights: Float32, out: Float32) -> None:
        """See `Slots`."""
        np.matmul(weights, _joined(self._array, _ALL, runs), out=out)


class _Slots16:
    """16 bits a value, widened on every read."""

    _dtype: npt.DTypeLike

    def __init__(self, layout: KVLayout, num_slots: int) -> None:
        shape = (layout.num_kv_heads, num_slots, layout.head_dim)
        self._longest = _fitting(layout)
        self._array: npt.NDArray[np.generic] = _lazy_memory(shape, self._dtype)

    @property
    def longest(self) -> int | None:
        """What fits the cache when widened."""
        return self._longest

    @property
    def arrays(self) -> dict[str, Array]:
        """The one array."""
        return {"": self._array}

    def read(self, heads: slice, runs: Runs) -> Float32:
        """A widened copy."""
        raise NotImplementedError

    def score(self, runs: Runs, queries: Float32, out: Float32) -> None:
        """See `Slots`."""
        host_attention.score_dense(self.read(_ALL, runs), queries, out)

    def weigh(self, runs: Runs, weights: Float32, out: Float32) -> None:
        """See `Slots`."""
        np.matmul(weights, self.read(_ALL, runs), out=out)


class BFloat16Slots(_Slots16):
    """Bfloat16, which NumPy does not know: the upper halves of float32, as uint16."""

    _dtype = np.uint16

    def pack(self, rows: mx.array) -> list[mx.array]:
        """Rounded to bfloat16."""
        return [rows.astype(mx.bfloat16).view(mx.uint16)]

    def read(self, heads: slice, runs: Runs) -> Float32:
        """A widened copy."""
        wide = _joined(self._array, heads, runs).astype(np.uint32)
        np.left_shift(wide, 16, out=wide)
        return wide.view(np.float32)


class Float16Slots(_Slots16):
    """Float16. What does not fit its range is clipped."""

    _dtype = np.float16

    def pack(self, rows: mx.array) -> list[mx.array]:
        """Rounded to float16."""
        largest = mx.finfo(mx.float16).max
        return [mx.clip(rows, -largest, largest).astype(mx.float16)]

    def read(self, heads: slice, runs: Runs) -> Float32:
        """A widened copy."""
        # NumPy's own conversion takes four times as long. Sign, exponent and fraction are moved to where float32 has
        # them, and a product sets the bias of the exponent right, also for subnormal numbers.
        wide = _joined(self._array, heads, runs).view(np.int16).astype(np.int32)
        np.left_shift(wide, 13, out=wide)
        np.bitwise_and(wide, np.int32(-0x70002000), out=wide)
        values = wide.view(np.float32)
        np.multiply(values, np.float32(2.0**112), out=values)
        return values


class PackedSlots:
    """8 or 4 bits a value, packed as `mx.quantize` does, with a scale and an offset in float16 for each group."""

    def __init__(self, layout: KVLayout, num_slots: int, bits: int) -> None:
        num_words, self._num_groups = packed_widths(layout.head_dim, bits)
        self._bits, self._group_size = bits, layout.head_dim // self._num_groups
        self._longest = _fitting(layout)
        leading = (layout.num_kv_heads, num_slots)
        self._codes = _lazy_memory((*leading, num_words), np.uint32)
        self._scales = _lazy_memory((*leading, self._num_groups), np.float16)
        self._offsets = _lazy_memory((*leading, self._num_groups), np.float16)

    @property
    def longest(self) -> int | None:
        """What fits the cache when unpacked."""
        return self._longest

    @property
    def arrays(self) -> dict[str, Array]:
        """Codes, scales and offsets."""
        return {"codes": self._codes, "scales": self._scales, "offsets": self._offsets}

    def pack(self, rows: mx.array) -> list[mx.array]:
        """Codes, scales and offsets of each row."""
        return pack(rows, self._group_size, self._bits)

    def read(self, heads: slice, runs: Runs) -> Float32:
        """An unpacked copy."""
        codes = self._unpacked(heads, runs)
        by_group = codes.reshape(*codes.shape[:2], self._num_groups, self._group_size)
        by_group *= _joined(self._scales, heads, runs).astype(np.float32)[..., None]
        by_group += _joined(self._offsets, heads, runs).astype(np.float32)[..., None]
        return codes

    def score(self, runs: Runs, queries: Float32, out: Float32) -> None:
        """See `Slots`. A group's product is `scale * (codes . q) + offset * sum(q)`."""
        codes = self._unpacked(_ALL, runs)
        scales = _joined(self._scales, _ALL, runs).astype(np.float32)
        offsets = _joined(self._offsets, _ALL, runs).astype(np.float32)
        sums = queries.reshape(len(queries), self._num_groups, self._group_size, -1).sum(axis=2)  # [K, groups, G]
        total = np.matmul(offsets, sums)
        for group in range(self._num_groups):
            part = slice(group * self._group_size, (group + 1) * self._group_size)
            product = np.matmul(codes[:, :, part], queries[:, part])
            product *= scales[:, :, group, None]
            total += product
        out[:] = total

    def weigh(self, runs: Runs, weights: Float32, out: Float32) -> None:
        """See `Slots`. The scales are applied to the weights."""
        codes = self._unpacked(_ALL, runs)
        scales = _joined(self._scales, _ALL, runs).astype(np.float32)
        shifts = np.matmul(weights, _joined(self._offsets, _ALL, runs).astype(np.float32))  # [K, G, groups]
        for group in range(self._num_groups):
            part = slice(group * self._group_size, (group + 1) * self._group_size)
            scaled = weights * scales[:, None, :, group]
            np.matmul(scaled, codes[:, :, part], out=out[:, :, part])
            out[:, :, part] += shifts[:, :, group, None]

    def _unpacked(self, heads: slice, runs: Runs) -> Float32:
        """The codes as numbers, [k, T, D]."""
        packed = _joined(self._codes, heads, runs).view(np.uint8)
        if self._bits == 8:
            return packed.astype(np.float32)
        # Each byte is spread over two, its lower half first.
        whole = packed.astype(np.uint16)
        pairs = np.left_shift(whole, 4)
        np.bitwise_or(pairs, whole, out=pairs)
        np.bitwise_and(pairs, 0x0F0F, out=pairs)
        return pairs.view(np.uint8).astype(np.float32)


def _fitting(layout: KVLayout) -> int:
    return max(1, _WIDENED_VALUES // (layout.num_kv_heads * layout.head_dim))


def _lazy_memory(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros that take memory as they are written, in small pages."""
    # NumPy asks for pages of 2 MiB: each head of each layer would take one with its first token.
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    # Private, so that a forked process gets a copy; Windows has no such flags, and no fork.
    flags = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    memory = mmap.mmap(-1, num_bytes, **flags)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without large pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=dtype).reshape(shape)


_Scalar = TypeVar("_Scalar", bound=np.generic)


def _joined(array: npt.NDArray[_Scalar], heads: slice, runs: Runs) -> npt.NDArray[_Scalar]:
    if len(runs) == 1:
        start, stop = runs[0]
        return array[heads, start:stop]
    return np.concatenate([array[heads, start:stop] for start, stop in runs], axis=1)
