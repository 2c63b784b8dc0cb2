"""Element-wise functions, fused into one kernel on a GPU."""

from __future__ import annotations

import math

import mlx.core as mx

from proxy_inference_engine.ops.backend import compiled_on_gpu

_GELU_SCALE = math.sqrt(2 / math.pi)


@compiled_on_gpu
def silu(x: mx.array) -> mx.array:
    """`x * sigmoid(x)`."""
    return x * mx.sigmoid(x)


@compiled_on_gpu
def gelu_tanh(x: mx.array) -> mx.array:
    """GELU by its tanh approximation. Source: Hendrycks and Gimpel, arXiv:1606.08415."""
    return 0.5 * x * (1 + mx.tanh(_GELU_SCALE * (x + 0.044715 * x * x * x)))


@compiled_on_gpu
def swiglu(gate: mx.array, up: mx.array) -> mx.array:
    """`silu(gate) * up`. Source: Shazeer, arXiv:2002.05202."""
    return gate * mx.sigmoid(gate) * up


@compiled_on_gpu
def geglu_tanh(gate: mx.array, up: mx.array) -> mx.array:
    """`gelu_tanh(gate) * up`. Source: Shazeer, arXiv:2002.05202."""
    return 0.5 * gate * (1 + mx.tanh(_GELU_SCALE * (gate + 0.044715 * gate * gate * gate))) * up


@compiled_on_gpu
def soft_cap(x: mx.array, cap: float) -> mx.array:
    """Values squeezed smoothly into (-cap, cap): `cap * tanh(x / cap)`."""
    return mx.tanh(x / cap) * cap
