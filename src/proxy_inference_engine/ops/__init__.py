"""The few hot operations, one name each. Callers do not know which back end computes them."""

from __future__ import annotations

from proxy_inference_engine.ops.activations import geglu_tanh, gelu_tanh, silu, soft_cap, swiglu
from proxy_inference_engine.ops.attention import Mask, attention, causal_mask
from proxy_inference_engine.ops.matmul import (
    embedding,
    expert_linear,
    linear,
    quantized_embedding,
    quantized_expert_linear,
    quantized_linear,
)
from proxy_inference_engine.ops.norm import rms_norm
from proxy_inference_engine.ops.rope import rope

__all__ = [
    "Mask",
    "attention",
    "causal_mask",
    "embedding",
    "expert_linear",
    "geglu_tanh",
    "gelu_tanh",
    "linear",
    "quantized_embedding",
    "quantized_expert_linear",
    "quantized_linear",
    "rms_norm",
    "rope",
    "silu",
    "soft_cap",
    "swiglu",
]
