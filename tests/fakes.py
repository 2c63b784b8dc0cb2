"""A tiny model and a byte tokenizer, as real folders that the ordinary loader reads: tests need no other weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

CONTROL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
)

CHAT_TEMPLATE = (
    "{%- for message in messages -%}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)

TINY_LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}


def write_byte_tokenizer(folder: Path, *, chat_template: str = CHAT_TEMPLATE) -> int:
    """Write a byte-level tokenizer without merges, with ChatML control tokens; return the vocabulary's size."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in CONTROL_TOKENS])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "chat_template": chat_template}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return int(tokenizer.get_vocab_size())


def llama_weights(config: dict[str, Any], seed: int) -> dict[str, mx.array]:
    """Random float32 weights of a Llama-shaped config, large enough that attention is not uniform."""
    rng = np.random.default_rng(seed)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    q_size = config["num_attention_heads"] * config["head_dim"]
    kv_size = config["num_key_value_heads"] * config["head_dim"]

    def matrix(rows: int, columns: int) -> mx.array:
        return mx.array(rng.normal(0, 1.5 / columns**0.5, (rows, columns)).astype(np.float32))

    def norm() -> mx.array:
        return mx.array(rng.uniform(0.5, 1.5, hidden).astype(np.float32))

    weights = {
        "model.embed_tokens.weight": matrix(config["vocab_size"], hidden) * 4,
        "model.norm.weight": norm(),
        "lm_head.weight": matrix(config["vocab_size"], hidden) * 2,
    }
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}"
        weights |= {
            f"{prefix}.input_layernorm.weight": norm(),
            f"{prefix}.post_attention_layernorm.weight": norm(),
            f"{prefix}.self_attn.q_proj.weight": matrix(q_size, hidden) * 2,
            f"{prefix}.self_attn.k_proj.weight": matrix(kv_size, hidden) * 2,
            f"{prefix}.self_attn.v_proj.weight": matrix(kv_size, hidden),
            f"{prefix}.self_attn.o_proj.weight": matrix(hidden, q_size),
            f"{prefix}.mlp.gate_proj.weight": matrix(inner, hidden),
            f"{prefix}.mlp.up_proj.weight": matrix(inner, hidden),
            f"{prefix}.mlp.down_proj.weight": matrix(hidden, inner),
        }
    return weights


def write_tiny_model(
    folder: Path, *, seed: int = 0, generation_config: dict[str, Any] | None = None, **overrides: Any
) -> Path:
    """Write a model folder: random Llama weights, byte tokenizer, template. `overrides` change the config."""
    vocab_size = write_byte_tokenizer(folder, chat_template=overrides.pop("chat_template", CHAT_TEMPLATE))
    config = {**TINY_LLAMA, "vocab_size": vocab_size, **overrides}
    (folder / "config.json").write_text(json.dumps(config))
    if generation_config is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation_config))
    mx.save_safetensors(str(folder / "model.safetensors"), llama_weights(config, seed), {"format": "mlx"})
    return folder
