"""Products with a weight: dense, quantised and per expert; and table look-ups.

Weights are `[out, in]` as in checkpoints. Knows no layer and no model.
"""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.ops import blas
from proxy_inference_engine.ops.backend import on_cpu, use_blas


def linear(x: mx.array, weight: mx.array, bias: mx.array | None = None) -> mx.array:
    """`x [..., in] @ weight [out, in].T (+ bias [out])`."""
    # Looked at first, and here: on a GPU, where x is half precision, this runs hundreds of times a step.
    if x.dtype == mx.float32:
        if x.size == 0:
            return mx.zeros((*x.shape[:-1], weight.shape[0]), dtype=x.dtype)
        if use_blas(x.size * weight.shape[0], x, weight):
            return blas.linear(x, weight, bias)
    if bias is None:
        return x @ weight.T
    return mx.addmm(bias, x, weight.T)


def quantized_linear(
    x: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None = None,
    bias: mx.array | None = None,
    *,
    group_size: int,
    bits: int,
    mode: str = "affine",
) -> mx.array:
    """`linear` with a weight packed as `mx.quantize` does."""
    if x.size == 0:
        return mx.zeros((*x.shape[:-1], weight.shape[0]), dtype=x.dtype)
    if use_blas(x.size * weight.shape[0], x):
        out = blas.quantized_linear(x, weight, scales, biases, group_size=group_size, bits=bits, mode=mode)
    else:
        # A batch of single rows is one product of many rows; MLX would take it for many products of one row.
        is_batch = x.ndim > 2 and x.shape[0] > 1
        rows = x.reshape(-1, x.shape[-1]) if is_batch else x
        out = mx.quantized_matmul(
            rows, weight, scales, biases, transpose=True, group_size=group_size, bits=bits, mode=mode
        )
        out = out.reshape(*x.shape[:-1], -1) if is_batch else out
    return out if bias is None else out + bias


def embedding(ids: mx.array, weight: mx.array) -> mx.array:
    """Rows of `weight [vocab, dim]`: `[...]` ids to `[..., dim]`."""
    return weight[ids]


def quantized_embedding(
    ids: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None = None,
    *,
    group_size: int,
    bits: int,
    mode: str = "affine",
) -> mx.array:
    """`embedding` with a table packed as `mx.quantize` does, in the dtype of `scales` (bfloat16 for 8-bit scales)."""
    return mx.dequantize(
        weight[ids],
        scales[ids],
        None if biases is None else biases[ids],
        group_size=group_size,
        bits=bits,
        mode=mode,
    )


def expert_linear(x: mx.array, weight: mx.array, experts: mx.array, *, is_sorted: bool = False) -> mx.array:
    """`x[i] @ weight[experts[i, j]].T` for every i, j.

    `x [N, 1 or S, in]`, `weight [E, out, in]`, `experts [N, S]` to `[N, S, out]`. `is_sorted` promises that the
    experts ascend, which is faster on a GPU.
    """
    if use_blas(experts.size * x.shape[-1] * weight.shape[1], x, weight):
        return blas.expert_linear(x, weight, experts)
    if on_cpu() and x.dtype != mx.float32:
        # MLX gathers products of float32 alone there.
        wide = expert_linear(x.astype(mx.float32), weight.astype(mx.float32), experts)
        return wide.astype(x.dtype)
    out = mx.gather_mm(x[:, :, None], weight.swapaxes(-1, -2), rhs_indices=experts, sorted_indices=is_sorted)
    return out[:, :, 0]


def quantized_expert_linear(
    x: mx.array,
    weight: mx.array,
    scales: mx.array,
    biases: mx.array | None,
    experts: mx.array,
    *,
    is_sorted: bool = False,
    group_size: int,
    bits: int,
    mode: str = "affine",
) -> mx.array:
    """`expert_linear` with weights packed as `mx.quantize` does."""
    if use_blas(experts.size * x.shape[-1] * weight.shape[1], x):
        return blas.quantized_expert_linear(
            x, weight, scales, biases, experts, group_size=group_size, bits=bits, mode=mode
        )
    out = mx.gather_qmm(
        x[:, :, None],
        weight,
        scales,
        biases,
        rhs_indices=experts,
        transpose=True,
        group_size=group_size,
        bits=bits,
        mode=mode,
        sorted_indices=is_sorted,
    )
    return out[:, :, 0]
