"""Keys and values of one layer in MLX arrays: the store of GPUs, and of CPUs without the BLAS back end.

Everything stays lazy. New tokens are scattered into the pool in place, for which nothing but this store may hold the
pool's arrays: MLX then writes into the memory of the old one. Decoding rows gather what they see into one padded batch;
a chunk of one sequence reads slices where its blocks are neighbours. Knows no block table but the plan's, and no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout
from proxy_inference_engine.cache.blocks import checked_block
from proxy_inference_engine.cache.packing import pack, packed_widths, unpack
from proxy_inference_engine.cache.ragged import RaggedPlan
from proxy_inference_engine.errors import NotSupportedError

_MAX_KEYS = 1 << 16
"""Keys gathered for one product, padding included: bounds the memory of the copy."""

_PADDING = 1.5
"""A group of rows is gathered with at most so many times the keys that it sees."""


class DeviceStore:
    """One layer's keys and values for all sequences, in MLX arrays `[K, num_slots, D]`.

    Raises NotSupportedError for a type that is no float of 16 or 32 bits, or a packing that there is not.
    """

    def __init__(
        self, layout: KVLayout, *, num_blocks: int, block_size: int, dtype: mx.Dtype, bits: int | None = None
    ) -> None:
        self._layout = layout
        self._num_blocks, self._block_size = num_blocks, block_size
        self._bits = bits
        self._sides = {side: _new_arrays(layout, num_blocks * block_size, dtype, bits) for side in ("keys", "values")}
        mx.eval(self.buffers())  # here, because work not yet done cannot go to another thread

    @property
    def bytes_per_block(self) -> int:
        """Bytes of one block's keys and values."""
        return sum(array.nbytes for array in self.buffers()) // self._num_blocks

    def buffers(self) -> list[mx.array]:
        """The pool's arrays."""
        return [array for arrays in self._sides.values() for array in arrays]

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
        """Store `k` and `v` `[N, K, 1, D]`, attend with `q` `[N, H, 1, D]` to what each row may see: `[N, H, 1, D]`."""
        new = {"keys": self._packed(k, self._sides["keys"][0].dtype)}
        new["values"] = self._packed(v, self._sides["values"][0].dtype)
        self._append(plan.device_slots, new)
        reading = _reading(plan, window, self._layout.num_kv_heads, self._num_blocks * self._block_size)
        outputs = []
        for decoding in reading.decoding:
            queries = q if decoding.rows is None else q[decoding.rows]
            keys, values = (self._gathered(side, decoding.slots, q.dtype) for side in ("keys", "values"))
            outputs.append(ops.attention(queries, keys, values, scale=scale, mask=decoding.mask, logit_cap=logit_cap))
        for chunk in reading.chunks:
            queries = q[chunk.row : chunk.row + chunk.num_new, :, 0].swapaxes(0, 1)[None]
            if isinstance(chunk.slots, slice):
                keys, values = (self._sliced(side, chunk.slots, q.dtype) for side in ("keys", "values"))
            else:
                keys, values = (self._gathered(side, chunk.slots, q.dtype) for side in ("keys", "values"))
            out = ops.attention(queries, keys, values, scale=scale, mask=chunk.mask, logit_cap=logit_cap)
            outputs.append(out[0].swapaxes(0, 1)[:, :, None])
        joined = outputs[0] if len(outputs) == 1 else mx.concatenate(outputs)
        return joined if reading.order is None else joined[reading.order]

    def _append(self, slots: mx.array, rows: Mapping[str, list[mx.array]]) -> None:
        """Write `rows` `[N, K, 1, ...]`, one for each array of a side, at `slots [N]`."""
        for side, arrays in self._sides.items():
            for array, new in zip(arrays, rows[side], strict=True):
                array[:, slots] = new[:, :, 0].swapaxes(0, 1)

    def _packed(self, rows: mx.array, dtype: mx.Dtype) -> list[mx.array]:
        if self._bits is None:
            return [rows.astype(dtype)]
        _, num_groups = packed_widths(self._layout.head_dim, self._bits)
        return pack(rows, self._layout.head_dim // num_groups, self._bits)

    def _gathered(self, side: str, slots: mx.array, dtype: mx.Dtype) -> mx.array:
        """`[B, K, T, D]` from the slots `[B, K, T]` of all heads laid end to end."""
        # One look-up in the heads laid end to end gives the result in the order that attention wants: no copy more.
        return self._unpacked([array.flatten(0, 1)[slots] for array in self._sides[side]], dtype)

    def _sliced(self, side: str, slots: slice, dtype: mx.Dtype) -> mx.array:
        """`[1, K, T, D]`."""
        return self._unpacked([array[None, :, slots] for array in self._sides[side]], dtype)

    def _unpacked(self, arrays: list[mx.array], dtype: mx.Dtype) -> mx.array:
        if self._bits is None:
            return arrays[0].astype(dtype)
        codes, scales, offsets = arrays
        return unpack(codes, scales, offsets, bits=self._bits, dtype=dtype)

    def copy_block(self, source: int, target: int, num_tokens: int) -> None:
        """Copy the first `num_tokens` of block `source` to block `target`."""
        begin = mx.arange(num_tokens, dtype=mx.int32)
        slots = begin + source * self._block_size
        # An index, not a slice: a slice would hold on to the pool, which could then not be written in place.
        rows = {side: [_as_rows(array[:, slots]) for array in arrays] for side, arrays in self._sides.items()}
        self._append(begin + target * self._block_size, rows)

    def read_block(self, block: int) -> dict[str, npt.NDArray[np.generic]]:
        """A copy of one block's arrays, `[K, block_size, ...]` each; bfloat16 as uint16."""
        begin = block * self._block_size
        slots = mx.arange(begin, begin + self._block_size)
        arrays = {name: array[:, slots] for name, array in self._by_name().items()}
        return {name: np.array(_as_numpy_type(array)) for name, array in arrays.items()}

    def write_block(self, block: int, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Put back what `read_block` gave. Raises ValueError when names, shapes or types do not fit."""
        own = self._by_name()
        checked_block(
            arrays,
            {
                name: ((array.shape[0], self._block_size, *array.shape[2:]), _numpy_type(array.dtype))
                for name, array in own.items()
            },
        )
        rows: dict[str, list[mx.array]] = {"keys": [], "values": []}
        for name, array in own.items():
            rows[name.partition(".")[0]].append(_as_rows(mx.array(arrays[name]).view(array.dtype)))
        self._append(mx.arange(self._block_size, dtype=mx.int32) + block * self._block_size, rows)

    def _by_name(self) -> dict[str, mx.array]:
        if self._bits is None:
            return {side: arrays[0] for side, arrays in self._sides.items()}
        names = ("codes", "scales", "offsets")
        return {
            f"{side}.{name}": array
            for side, arrays in self._sides.items()
            for name, array in zip(names, arrays, strict=True)
        }


@dataclass(frozen=True, slots=True)
class _Decoding:
    """Rows of one query each; `slots` [B, K, T] in the heads laid end to end; `mask` [B, 1, 1, T], None: all."""

    rows: mx.array | None
    slots: mx.array
    mask: mx.array | None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Consecutive new tokens of one sequence; `slots` as above, or a slice of every head."""

    row: int
    num_new: int
    slots: mx.array | slice
    mask: ops.Mask


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the layers of one kind read in a step, and how their outputs are put in the order of the rows."""

    decoding: list[_Decoding]
    chunks: list[_Chunk]
    order: mx.array | None


def _reading(plan: RaggedPlan, window: int | None, num_kv_heads: int, num_slots: int) -> _Reading:
    key = ("device", window, num_kv_heads, num_slots)
    reading = plan.shared.get(key)
    if not isinstance(reading, _Reading):
        reading = plan.shared[key] = _new_reading(plan, window, num_kv_heads, num_slots)
    return reading


def _new_reading(plan: RaggedPlan, window: int | None, num_kv_heads: int, num_slots: int) -> _Reading:
    starts = np.arange(num_kv_heads, dtype=np.int32)[:, None] * num_slots  # of each head, [K, 1]
    rows: list[npt.NDArray[np.intp]] = []
    decoding = []
    for group in plan.decode_groups(window, max_keys=_MAX_KEYS, padding=_PADDING):
        slots, mask = _table([[run for read in reads for run in read.runs] for reads in group.reads], group.lengths)
        in_order = len(group.lengths) == plan.num_tokens
        decoding.append(
            _Decoding(
                None if in_order else mx.array(group.rows.astype(np.int32)),
                mx.array(slots[:, None] + starts),
                mask,
            )
        )
        rows.append(group.rows)
    chunks = []
    for segment in plan.chunks:
        runs = segment.read_runs(window)
        num_keys = segment.num_keys - segment.first_key(window)
        where = slice(*runs[0]) if len(runs) == 1 else mx.array(_slots(runs)[None, None] + starts)
        causal = ops.causal_mask(segment.num_new, num_keys, window)
        chunks.append(_Chunk(segment.row, segment.num_new, where, causal))
        rows.append(np.arange(segment.row, segment.row + segment.num_new))
    permutation = np.concatenate(rows)
    is_ordered = bool((np.diff(permutation) == 1).all())
    return _Reading(decoding, chunks, None if is_ordered else mx.array(np.argsort(permutation).astype(np.int32)))


def _table(
    runs: Sequence[Sequence[tuple[int, int]]], lengths: Sequence[int]
) -> tuple[npt.NDArray[np.int32], mx.array | None]:
    """The slots that each row reads, `[B, T]`, and which of them count, `[B, 1, 1, T]`."""
    if len(lengths) == 1:
        return _slots(runs[0])[None], None
    width = _rounded(max(lengths))
    table = np.zeros((len(lengths), width), dtype=np.int32)
    for row, own in zip(table, runs, strict=True):
        at = 0
        for start, stop in own:
            row[at : at + stop - start] = np.arange(start, stop)
            at += stop - start
    counts = np.array(lengths)[:, None] > np.arange(width)
    return table, mx.array(counts[:, None, None])


def _slots(runs: Sequence[tuple[int, int]]) -> npt.NDArray[np.int32]:
    return np.concatenate([np.arange(start, stop, dtype=np.int32) for start, stop in runs])


def _rounded(num_keys: int) -> int:
    """Up to a multiple of 64, later of about an eighth, so that shapes repeat from step to step."""
    step = max(64, 1 << max(0, num_keys.bit_length() - 4))
    return -(-num_keys // step) * step


def _new_arrays(layout: KVLayout, num_slots: int, dtype: mx.Dtype, bits: int | None) -> list[mx.array]:
    leading = (layout.num_kv_heads, num_slots)
    if bits is not None:
        num_words, num_groups = packed_widths(layout.head_dim, bits)
        groups = (*leading, num_groups)
        return [
            mx.zeros((*leading, num_words), dtype=mx.uint32),
            mx.zeros(groups, dtype=mx.float16),
            mx.zeros(groups, dtype=mx.float16),
        ]
    if dtype not in (mx.float32, mx.bfloat16, mx.float16):
        raise NotSupportedError(f"keys and values cannot be held in {dtype}: give float32, bfloat16 or float16")
    return [mx.zeros((*leading, layout.head_dim), dtype=dtype)]


def _as_rows(array: mx.array) -> mx.array:
    """`[K, N, ...]` as `[N, K, 1, ...]`."""
    return array.swapaxes(0, 1)[:, :, None]


def _as_numpy_type(array: mx.array) -> mx.array:
    return array.view(mx.uint16) if array.dtype == mx.bfloat16 else array


def _numpy_type(dtype: mx.Dtype) -> np.dtype[np.generic]:
    return np.dtype(np.uint16) if dtype == mx.bfloat16 else np.dtype(str(dtype).removeprefix("mlx.core."))
