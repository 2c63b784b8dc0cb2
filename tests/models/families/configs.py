"""A small valid config of each model type."""

from __future__ import annotations

from typing import Any

_BASE: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 48,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}

CONFIGS: dict[str, dict[str, Any]] = {
    "llama": _BASE,
    "mistral": {**_BASE, "sliding_window": 8},
    "smollm3": _BASE,
    "qwen2": _BASE,
    "qwen3": {**_BASE, "head_dim": 16},
    "qwen3_moe": {**_BASE, "moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2},
    "gemma2": {**_BASE, "head_dim": 16, "sliding_window": 8},
    "gemma3_text": {**_BASE, "head_dim": 16, "sliding_window": 8},
    "phi3": _BASE,
}
CONFIGS = {model_type: {"model_type": model_type, **config} for model_type, config in CONFIGS.items()}
MODULES = {"mistral": "llama", "smollm3": "llama", "gemma3_text": "gemma3", "gemma3": "gemma3"}
