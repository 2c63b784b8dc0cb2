"""Attention of new tokens, with a cache or without. Knows no model."""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import LayerCache


def attend(
    cache: LayerCache | None,
    q: mx.array,
    k: mx.array,
    v: mx.array,
    *,
    scale: float,
    mask: ops.Mask,
    logit_cap: float | None = None,
) -> mx.array:
    """`q [B, H, L, D]` over the new `k` and `v`, `[B, K, L, D]`, and what `cache` held before: `[B, H, L, D]`.

    `mask` is that of `layer_masks`; the other arguments are those of `ops.attention`.
    """
    if cache is None:
        return ops.attention(q, k, v, scale=scale, mask=mask, logit_cap=logit_cap)
    return cache.attend(q, k, v, scale=scale, mask=mask, logit_cap=logit_cap)
