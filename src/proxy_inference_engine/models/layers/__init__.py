"""Typed layers that several families share."""

from __future__ import annotations

from proxy_inference_engine.models.layers.linear import (
    Embedding,
    Linear,
    Quantization,
    QuantizedEmbedding,
    QuantizedLinear,
)
from proxy_inference_engine.models.layers.module import Module
from proxy_inference_engine.models.layers.switch import QuantizedSwitchLinear, SwitchLinear

__all__ = [
    "Embedding",
    "Linear",
    "Module",
    "Quantization",
    "QuantizedEmbedding",
    "QuantizedLinear",
    "QuantizedSwitchLinear",
    "SwitchLinear",
]
