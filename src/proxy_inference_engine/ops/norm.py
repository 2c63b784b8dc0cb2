"""Normalisation."""

from __future__ import annotations

import mlx.core as mx


def rms_norm(x: mx.array, weight: mx.array | None, eps: float) -> mx.array:
    """`x / sqrt(mean(x ** 2) + eps) * weight` over the last axis, computed in float32.

    Source: Zhang and Sennrich, arXiv:1910.07467.
    """
    return x if x.size == 0 else mx.fast.rms_norm(x, weight, eps)
