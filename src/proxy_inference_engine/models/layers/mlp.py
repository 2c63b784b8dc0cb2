"""The gated feed-forward block that most families share."""

from __future__ import annotations

from collections.abc import Callable

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.models.layers.linear import Linear
from proxy_inference_engine.models.layers.module import Module


class GatedMLP(Module):
    """`down(gated(gate(x), up(x)))`. `gated` is `ops.swiglu` or `ops.geglu_tanh`."""

    def __init__(
        self,
        hidden_size: int,
        intermediate_size: int,
        *,
        bias: bool = False,
        gated: Callable[[mx.array, mx.array], mx.array] = ops.swiglu,
    ) -> None:
        super().__init__()
        self.gate_proj = Linear(hidden_size, intermediate_size, bias)
        self.up_proj = Linear(hidden_size, intermediate_size, bias)
        self.down_proj = Linear(intermediate_size, hidden_size, bias)
        self._gated = gated

    def __call__(self, x: mx.array) -> mx.array:
        """`[..., hidden_size]` to `[..., hidden_size]`."""
        return self.down_proj(self._gated(self.gate_proj(x), self.up_proj(x)))
