"""Products on the CPU through NumPy's BLAS, on views of MLX's memory.

MLX's CPU product is a scalar loop on one core. Measured on 2 cores in milliseconds, float32, MLX against this file,
by number of rows:

    weight              1             2            4            16           64
    1024 x 1024       1.9 / 0.1    3.8 / 0.7    3.6 / 0.6     14 / 0.8     61 / 1.7
    2048 x 2048       4.3 / 0.5     12 / 2.9     24 / 2.8     92 / 3.4    261 / 4.6
    the same, 4 bits  4.4 / 3.0     15 / 10      31 / 11      88 / 14     408 / 19

so a dense product always comes here, and a packed one is unpacked block by block from `MIN_UNPACKED_ROWS` rows on; with
fewer it is MLX's, shared out over the cores. Only `backend.use_blas` sends work here.
"""

from __future__ import annotations

import os
from functools import lru_cache

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from proxy_inference_engine.ops.threads import blas_threads
from proxy_inference_engine.ops.unpack import Float32, unpack_rows

MIN_UNPACKED_ROWS = 2
"""From so many rows on, unpacking a weight for BLAS is faster than MLX's packed product."""

_BLOCK_VALUES = 1 << 18  # A block of unpacked weights is to stay in the second-level cache until it is multiplied.
_MAX_SHARES = 8
_MIN_SHARE_VALUES = 1 << 18  # A smaller share of a packed product costs more to hand over than it saves.


def view(array: mx.array) -> Float32:
    """The memory of a float32 array, evaluated, not copied."""
    return np.array(array, copy=False)


def linear(x: mx.array, weight: mx.array, bias: mx.array | None = None) -> mx.array:
    """As `matmul.linear`."""
    rows = view(x).reshape(-1, x.shape[-1])
    columns = view(weight).T
    with blas_threads():
        out = rows @ columns
    if bias is not None:
        out += view(bias.astype(mx.float32))
    return mx.array(out.reshape(*x.shape[:-1], weight.shape[0]))


def quantized_linear(
    x: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    *,
    group_size: int,
    bits: int,
    mode: str,
) -> mx.array:
    """As `matmul.quantized_linear`, without the additive bias."""
    num_rows = x.size // x.shape[-1]
    if num_rows < MIN_UNPACKED_ROWS:
        return _shared_product(x, weight, scales, biases, group_size=group_size, bits=bits, mode=mode)
    rows = view(x).reshape(num_rows, -1)
    out = np.empty((num_rows, weight.shape[0]), dtype=np.float32)
    _unpacked_product(rows, weight, scales, biases, out, group_size=group_size, bits=bits, mode=mode)
    return mx.array(out.reshape(*x.shape[:-1], weight.shape[0]))


def expert_linear(x: mx.array, weight: mx.array, experts: mx.array) -> mx.array:
    """As `matmul.expert_linear`: one product for each expert that has rows."""
    rows, stacked = _chosen_rows(x, experts), view(weight)
    out = np.empty((rows.shape[0], weight.shape[1]), dtype=np.float32)
    with blas_threads():
        for expert, chosen in _rows_by_expert(experts):
            out[chosen] = rows[chosen] @ stacked[expert].T
    return mx.array(out.reshape(*experts.shape, -1))


def quantized_expert_linear(
    x: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    experts: mx.array,
    *,
    group_size: int,
    bits: int,
    mode: str,
) -> mx.array:
    """As `matmul.quantized_expert_linear`."""
    by_expert = _rows_by_expert(experts)
    if experts.size < MIN_UNPACKED_ROWS * len(by_expert):
        packed = mx.gather_qmm(
            x[:, :, None],
            weight,
            scales,
            biases,
            rhs_indices=experts,
            group_size=group_size,
            bits=bits,
            mode=mode,
        )
        return packed[:, :, 0]
    rows = _chosen_rows(x, experts)
    out = np.empty((rows.shape[0], weight.shape[1]), dtype=np.float32)
    for expert, chosen in by_expert:
        product = np.empty((len(chosen), weight.shape[1]), dtype=np.float32)
        _unpacked_product(
            rows[chosen],
            weight[expert],
            scales[expert],
            None if biases is None else biases[expert],
            product,
            group_size=group_size,
            bits=bits,
            mode=mode,
        )
        out[chosen] = product
    return mx.array(out.reshape(*experts.shape, -1))


def _chosen_rows(x: mx.array, experts: mx.array) -> Float32:
    rows = np.broadcast_to(view(x), (*experts.shape, x.shape[-1]))
    return rows.reshape(experts.size, -1)


def _rows_by_expert(experts: mx.array) -> list[tuple[int, npt.NDArray[np.intp]]]:
    chosen = np.array(experts).reshape(-1)
    order = np.argsort(chosen, kind="stable")
    used, starts = np.unique(chosen[order], return_index=True)
    return list(zip(map(int, used), np.split(order, starts[1:]), strict=True))


def _unpacked_product(
    rows: Float32,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    out: Float32,
    *,
    group_size: int,
    bits: int,
    mode: str,
) -> None:
    block = max(1, _BLOCK_VALUES // rows.shape[1])
    blocks = unpack_rows(weight, scales, biases, block=block, group_size=group_size, bits=bits, mode=mode)
    with blas_threads():
        for start, values in blocks:
            np.matmul(rows, values.T, out=out[:, start : start + values.shape[0]])


def _shared_product(
    x: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    *,
    group_size: int,
    bits: int,
    mode: str,
) -> mx.array:
    num_out = weight.shape[0]
    num_shares = min(len(_streams()) + 1, num_out * x.shape[-1] // _MIN_SHARE_VALUES)
    if num_shares < 2:
        return mx.quantized_matmul(x, weight, scales, biases, group_size=group_size, bits=bits, mode=mode)
    step = -(-num_out // num_shares)
    products = []
    for share, start in enumerate(range(0, num_out, step)):
        part = slice(start, start + step)
        products.append(
            mx.quantized_matmul(
                x,
                weight[part],
                scales[part],
                None if biases is None else biases[part],
                group_size=group_size,
                bits=bits,
                mode=mode,
                stream=_streams()[share - 1] if share else None,
            )
        )
    return mx.concatenate(products, axis=-1)


@lru_cache(maxsize=1)
def _streams() -> list[mx.ThreadLocalStream]:
    # Each CPU stream is a thread of MLX; the calling thread's own makes one more.
    num_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [mx.new_thread_local_stream(mx.cpu) for _ in range(min(num_cores, _MAX_SHARES) - 1)]
