"""Keys and values of one layer in host memory, written in place: the store of the CPU's BLAS back end.

Memory is taken as it is first touched, so a large pool costs nothing until it is used. What comes in is evaluated at
once. Knows no block table but the plan's, and no model.
"""

from __future__ import annotations

from collections.abc import Mapping

import mlx.core as mx
import numpy as np

from proxy_inference_engine.cache.base import KVLayout
from proxy_inference_engine.cache.blocks import checked_block
from proxy_inference_engine.cache.host_slots import Array, HostSlots
from proxy_inference_engine.cache.ragged import RaggedPlan
from proxy_inference_engine.ops import host_attention
from proxy_inference_engine.ops.unpack import Float32

_DECODE_PADDING = 1.25
_MAX_FANCY_WRITES = 4
"""With more separate runs to write than this, one indexed assignment is faster than one slice for each."""


class HostStore:
    """One layer's keys and values for all sequences, in NumPy memory `[K, num_slots, D]`."""

    def __init__(
        self, layout: KVLayout, keys: HostSlots, values: HostSlots, *, num_blocks: int, block_size: int
    ) -> None:
        self._layout = layout
        self._keys, self._values = keys, values
        self._num_blocks, self._block_size = num_blocks, block_size
        self._arrays = {
            f"{side}.{name}" if name else side: array
            for side, slots in (("keys", keys), ("values", values))
            for name, array in slots.arrays.items()
        }

    @property
    def bytes_per_block(self) -> int:
        """Bytes of one block's keys and values."""
        return sum(array.nbytes for array in self._arrays.values()) // self._num_blocks

    def buffers(self) -> list[mx.array]:
        """Nothing: no work is ever pending."""
        return []

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
        num_rows, num_heads, _, head_dim = q.shape
        packed_keys, packed_values = self._keys.pack(k), self._values.pack(v)
        queries = q if q.dtype == mx.float32 else q.astype(mx.float32)
        mx.eval(queries, *packed_keys, *packed_values)  # together: each evaluation is a round trip to MLX's own thread
        self._write(plan, [*packed_keys, *packed_values])
        num_kv_heads = self._layout.num_kv_heads
        scaled = np.asarray(queries).reshape(num_rows, num_kv_heads, num_heads // num_kv_heads, head_dim)
        out = np.empty(scaled.shape, dtype=np.float32)
        self._attend(plan, scaled * np.float32(scale), window, logit_cap, out)
        result = mx.array(out.reshape(num_rows, num_heads, 1, head_dim))
        return result if q.dtype == mx.float32 else result.astype(q.dtype)

    def _write(self, plan: RaggedPlan, packed: list[mx.array]) -> None:
        writes = plan.writes
        for array, rows in zip(self._arrays.values(), packed, strict=True):
            new = np.asarray(rows)[:, :, 0].swapaxes(0, 1)
            if len(writes) > _MAX_FANCY_WRITES and len(writes) * 8 > plan.num_tokens:
                array[:, plan.slots] = new
            else:
                for row, row_stop, slot, slot_stop in writes:
                    array[:, slot:slot_stop] = new[:, row:row_stop]

    def _attend(
        self, plan: RaggedPlan, queries: Float32, window: int | None, logit_cap: float | None, out: Float32
    ) -> None:
        num_heads = queries.shape[1] * queries.shape[2]
        groups = plan.decode_groups(
            window,
            longest=self._keys.longest,
            max_keys=host_attention.DECODE_SCORES // num_heads,
            padding=_DECODE_PADDING,
        )
        for group in groups:
            host_attention.decode(
                queries,
                self._keys,
                self._values,
                group.rows,
                group.lengths,
                group.reads,
                logit_cap=logit_cap,
                out=out,
            )
        for segment in plan.chunks:
            rows = slice(segment.row, segment.row + segment.num_new)
            host_attention.chunk(
                queries[rows],
                self._keys,
                self._values,
                segment.reads(window),
                window=window,
                logit_cap=logit_cap,
                out=out[rows],
            )

    def copy_block(self, source: int, target: int, num_tokens: int) -> None:
        """Copy the first `num_tokens` of block `source` to block `target`."""
        begin, end = source * self._block_size, target * self._block_size
        for array in self._arrays.values():
            array[:, end : end + num_tokens] = array[:, begin : begin + num_tokens]

    def read_block(self, block: int) -> dict[str, Array]:
        """A copy of one block's arrays, `[K, block_size, ...]` each."""
        slots = slice(block * self._block_size, (block + 1) * self._block_size)
        return {name: array[:, slots].copy() for name, array in self._arrays.items()}

    def write_block(self, block: int, arrays: Mapping[str, Array]) -> None:
        """Put back what `read_block` gave. Raises ValueError when names, shapes or types do not fit."""
        shapes = {
            name: ((array.shape[0], self._block_size, *array.shape[2:]), array.dtype)
            for name, array in self._arrays.items()
        }
        checked_block(arrays, shapes)
        slots = slice(block * self._block_size, (block + 1) * self._block_size)
        for name, array in self._arrays.items():
            array[:, slots] = arrays[name]
