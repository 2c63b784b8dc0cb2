"""Scaled dot-product attention and the masks it takes. Knows no cache and no model."""

from __future__ import annotations

from typing import Literal

import mlx.core as mx

from proxy_inference_engine.ops import blas_attention
from proxy_inference_engine.ops.activations import soft_cap
from proxy_inference_engine.ops.backend import use_blas

Mask = mx.array | Literal["causal"] | None
"""Which keys a query sees: all (None), those up to its own position ("causal"), or those where a boolean array,
broadcastable to `[B, H, L, T]`, is true."""


def causal_mask(num_queries: int, num_keys: int, window: int | None = None) -> Mask:
    """The mask under which each query sees the keys up to its own position, at most the last `window` of them.

    The queries are the last `num_queries` of the `num_keys` positions.
    """
    if window is None or num_keys <= window:
        return None if num_queries == 1 else "causal"
    keys = mx.arange(num_keys)
    queries = mx.arange(num_keys - num_queries, num_keys)[:, None]
    return (keys <= queries) & (keys > queries - window)


def attention(
    q: mx.array,
    k: mx.array,
    v: mx.array,
    *,
    scale: float,
    mask: Mask = None,
    logit_cap: float | None = None,
) -> mx.array:
    """`softmax(cap(q k^T * scale), float32) v` with grouped heads.

    `q [B, H, L, D]`, `k` and `v [B, K, T, D]`, K a divisor of H, to `[B, H, L, D]`. The queries are the last L of the T
    key positions. `logit_cap` squeezes scores into (-cap, cap) before the mask is applied.
    """
    if use_blas(q.size * k.shape[2], q, k, v):
        return blas_attention.attention(q, k, v, scale=scale, mask=mask, logit_cap=logit_cap)
    if logit_cap is None:
        return mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask)
    return _capped_attention(q, k, v, scale, mask, logit_cap)


def _capped_attention(q: mx.array, k: mx.array, v: mx.array, scale: float, mask: Mask, logit_cap: float) -> mx.array:
    batch, num_heads, num_queries, head_dim = q.shape
    num_kv_heads, num_keys = k.shape[1], k.shape[2]
    grouped = (q * scale).reshape(batch, num_kv_heads, num_heads // num_kv_heads, num_queries, head_dim)
    scores = soft_cap(grouped @ k[:, :, None].swapaxes(-1, -2), logit_cap)
    if isinstance(mask, str):
        mask = mx.arange(num_keys) <= mx.arange(num_keys - num_queries, num_keys)[:, None]
    if mask is not None:
        if mask.ndim == 4:
            # The head axis of the scores is split in two.
            mask = (
                mask[:, :, None]
                if mask.shape[1] == 1
                else mask.reshape(mask.shape[0], num_kv_heads, -1, *mask.shape[2:])
            )
        scores = mx.where(mask, scores, mx.finfo(scores.dtype).min)
    weights = mx.softmax(scores, axis=-1, precise=True)
    return (weights @ v[:, :, None]).reshape(q.shape[:-1] + v.shape[-1:])
