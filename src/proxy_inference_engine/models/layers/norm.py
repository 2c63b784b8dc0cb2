"""Normalisation layers."""

from __future__ import annotations

import threading

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.models.layers.module import Module


class RMSNorm(Module):
    """`x / rms(x) * weight` over the last axis. `weight [dim]`."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = mx.ones((dim,))
        self.eps = eps

    def __call__(self, x: mx.array) -> mx.array:
        """`[..., dim]` to `[..., dim]`."""
        return ops.rms_norm(x, self["weight"], self.eps)


class OffsetRMSNorm(Module):
    """`x / rms(x) * (1 + weight)` over the last axis, as Gemma stores its weights. `weight [dim]`."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = mx.zeros((dim,))
        self.eps = eps
        self._shifted_from: mx.array | None = None
        self._shifted_in: int | None = None
        self._shifted: mx.array | None = None

    def __call__(self, x: mx.array) -> mx.array:
        """`[..., dim]` to `[..., dim]`."""
        weight = self["weight"]
        # One addition for each new weight instead of one for each call: a decode step has some 150 of these. Another
        # thread starts anew, as it could not evaluate a sum that this one left pending.
        thread = threading.get_ident()
        if self._shifted_from is not weight or self._shifted_in != thread:
            self._shifted_from, self._shifted_in, self._shifted = weight, thread, 1.0 + weight
        return ops.rms_norm(x, self._shifted, self.eps)
