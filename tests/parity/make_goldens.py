"""Makes the goldens of `test_goldens.py`: what transformers computes for odd little models of every family.

Needs torch and transformers 5 (`pip install torch==2.13.0 transformers==5.23.0`); run it from the repository's root:

    python -m tests.parity.make_goldens [CASE ...]

Each `goldens/CASE.npz` holds config.json, the names and shapes of the tensors, the seed they are drawn from, a prompt,
its float32 logits at every position, and 64 tokens decoded greedily, each from a forward pass over the whole sequence.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from tests.parity.seeded_weights import seeded_weights

GOLDENS = Path(__file__).parent / "goldens"
VOCAB_SIZE = 61
NUM_PROMPT = 29
NUM_TOKENS = 64

BASE: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 48,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "pad_token_id": None,
}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
YARN = {"factor": 4.0, "original_max_position_embeddings": 24}
SIX_SHORT, SIX_LONG = [1.0, 1.05, 1.1, 1.3, 1.5, 2.0], [1.0, 1.4, 2.2, 3.7, 5.0, 7.5]

CASES: dict[str, dict[str, Any]] = {
    # Llama 2: as many key/value heads as heads, most keys left out.
    "llama_plain": {
        **BASE,
        "model_type": "llama",
        "num_key_value_heads": None,
        "rope_scaling": None,
        "rope_theta": 10000.0,
    },
    # Heads wider than the hidden size's share, biases everywhere, one matrix for embedding and head.
    "llama_biases_tied": {
        **BASE,
        "model_type": "llama",
        "head_dim": 20,
        "attention_bias": True,
        "mlp_bias": True,
        "tie_word_embeddings": True,
    },
    # Llama 3.1, groups of three, in both config forms.
    "llama_llama3_old": {
        **BASE,
        "model_type": "llama",
        "num_attention_heads": 6,
        "rope_theta": 500.0,
        "rope_scaling": {"rope_type": "llama3", **LLAMA3},
    },
    "llama_llama3_new": {
        **BASE,
        "model_type": "llama",
        "num_attention_heads": 6,
        "head_dim": 16,
        "rope_parameters": {"rope_type": "llama3", "rope_theta": 900.0, **LLAMA3},
    },
    # The original length is the context length where no key gives it.
    "llama_llama3_no_original": {
        **BASE,
        "model_type": "llama",
        "max_position_embeddings": 40,
        "rope_theta": 300.0,
        "rope_scaling": {"rope_type": "llama3", **{k: v for k, v in LLAMA3.items() if not k.startswith("orig")}},
    },
    "llama_linear_old": {**BASE, "model_type": "llama", "rope_scaling": {"type": "linear", "factor": 3.0}},
    "llama_linear_new": {
        **BASE,
        "model_type": "llama",
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "linear", "factor": 2.5, "rope_theta": 2000.0},
    },
    "llama_yarn": {
        **BASE,
        "model_type": "llama",
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 700.0, **YARN},
    },
    "llama_yarn_mscale": {
        **BASE,
        "model_type": "llama",
        "rope_theta": 400.0,
        "rope_scaling": {
            "rope_type": "yarn",
            **YARN,
            "mscale": 1.3,
            "mscale_all_dim": 0.6,
            "beta_fast": 2.0,
            "beta_slow": 0.5,
            "truncate": False,
        },
    },
    "smollm_tied": {
        **BASE,
        "model_type": "llama",
        "num_attention_heads": 9,
        "hidden_size": 54,
        "num_key_value_heads": 3,
        "tie_word_embeddings": True,
        "rope_theta": 100000.0,
        "rope_interleaved": False,
    },
    "mistral_window": {**BASE, "model_type": "mistral", "head_dim": 14, "sliding_window": 7, "rope_theta": 10000.0},
    "mistral_no_window": {
        **BASE,
        "model_type": "mistral",
        "num_key_value_heads": 4,
        "sliding_window": None,
        "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
    },
    "smollm3_no_rope": {
        **BASE,
        "model_type": "smollm3",
        "num_hidden_layers": 4,
        "no_rope_layers": [1, 0, 1, 0],
        "rope_theta": 20000.0,
    },
    "smollm3_window": {
        **BASE,
        "model_type": "smollm3",
        "num_hidden_layers": 4,
        "no_rope_layer_interval": 2,
        "use_sliding_window": True,
        "sliding_window": 9,
        "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 3000.0},
    },
    "qwen2_tied": {
        **BASE,
        "model_type": "qwen2",
        "num_attention_heads": 6,
        "tie_word_embeddings": True,
        "rope_theta": 1000000.0,
        "sliding_window": 5,
        "use_sliding_window": False,
        "max_window_layers": 1,
    },
    "qwen2_window_yarn_old": {
        **BASE,
        "model_type": "qwen2",
        "use_sliding_window": True,
        "sliding_window": 9,
        "max_window_layers": 1,
        "rope_theta": 800.0,
        "rope_scaling": {"type": "yarn", **YARN},
    },
    "qwen2_layer_types_new": {
        **BASE,
        "model_type": "qwen2",
        "num_key_value_heads": 4,
        "use_sliding_window": True,
        "sliding_window": 6,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "rope_parameters": {"rope_type": "default", "rope_theta": 6000.0},
    },
    "qwen3_plain": {**BASE, "model_type": "qwen3", "head_dim": 24, "rope_theta": 1000000.0},
    "qwen3_no_head_dim": {
        **BASE,
        "model_type": "qwen3",
        "num_attention_heads": 3,
        "num_key_value_heads": 1,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
    },
    "qwen3_window_bias": {
        **BASE,
        "model_type": "qwen3",
        "head_dim": 16,
        "num_key_value_heads": 4,
        "attention_bias": True,
        "use_sliding_window": True,
        "sliding_window": 8,
        "max_window_layers": 2,
        "rope_parameters": {"rope_type": "yarn", "rope_theta": 600.0, **YARN},
    },
    "qwen3_moe_normalised": {
        **BASE,
        "model_type": "qwen3_moe",
        "head_dim": 16,
        "moe_intermediate_size": 24,
        "num_experts": 8,
        "num_experts_per_tok": 3,
        "norm_topk_prob": True,
        "rope_theta": 10000.0,
    },
    "qwen3_moe_mixed": {
        **BASE,
        "model_type": "qwen3_moe",
        "num_hidden_layers": 4,
        "num_attention_heads": 6,
        "moe_intermediate_size": 20,
        "num_local_experts": 5,
        "num_experts_per_tok": 2,
        "norm_topk_prob": False,
        "decoder_sparse_step": 2,
        "mlp_only_layers": [1],
        "use_sliding_window": True,
        "sliding_window": 10,
        "tie_word_embeddings": True,
        "attention_bias": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 2000.0},
    },
    "gemma2_default_caps": {
        **BASE,
        "model_type": "gemma2",
        "head_dim": 20,
        "query_pre_attn_scalar": 11,
        "sliding_window": 6,
        "hidden_activation": "gelu_pytorch_tanh",
        "rope_theta": 10000.0,
    },
    "gemma2_low_caps": {
        **BASE,
        "model_type": "gemma2",
        "head_dim": 12,
        "num_attention_heads": 6,
        "query_pre_attn_scalar": 12,
        "attn_logit_softcapping": 1.5,
        "final_logit_softcapping": 2.0,
        "sliding_window": 5,
        "tie_word_embeddings": False,
        "layer_types": ["full_attention", "sliding_attention", "sliding_attention"],
        "rope_parameters": {"rope_type": "default", "rope_theta": 4000.0},
    },
    "gemma2_no_caps": {
        **BASE,
        "model_type": "gemma2",
        "head_dim": 16,
        "num_key_value_heads": 4,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "attention_bias": True,
        "sliding_window": 9,
        "rope_scaling": {"rope_type": "linear", "factor": 2.0},
    },
    "gemma3_old": {
        **BASE,
        "model_type": "gemma3_text",
        "num_hidden_layers": 4,
        "head_dim": 20,
        "query_pre_attn_scalar": 9,
        "sliding_window": 6,
        "sliding_window_pattern": 2,
        "rope_theta": 1000000.0,
        "rope_local_base_freq": 500.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
    "gemma3_new": {
        **BASE,
        "model_type": "gemma3_text",
        "num_attention_heads": 6,
        "head_dim": 12,
        "query_pre_attn_scalar": 12,
        "sliding_window": 5,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "final_logit_softcapping": 3.0,
        "tie_word_embeddings": False,
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 50000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 900.0},
        },
    },
    # The published multimodal configs leave heads, head_dim and vocabulary to the defaults; here only the heads.
    "gemma3_multimodal": {
        "model_type": "gemma3",
        "text_config": {
            "model_type": "gemma3_text",
            "vocab_size": VOCAB_SIZE,
            "hidden_size": 64,
            "intermediate_size": 40,
            "num_hidden_layers": 7,
            "head_dim": 8,
            "sliding_window": 4,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        },
    },
    "phi3_window": {
        **BASE,
        "model_type": "phi3",
        "num_key_value_heads": 4,
        "sliding_window": 8,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "original_max_position_embeddings": 256,
    },
    "phi3_partial_tied": {
        **BASE,
        "model_type": "phi3",
        "num_attention_heads": 6,
        "hidden_size": 96,
        "partial_rotary_factor": 0.5,
        "tie_word_embeddings": True,
        "sliding_window": None,
        "rope_theta": 3000.0,
    },
    # The sequence outgrows the original length in the middle of decoding.
    "phi3_longrope_crossing": {
        **BASE,
        "model_type": "phi3",
        "original_max_position_embeddings": 50,
        "rope_theta": 10000.0,
        # transformers 5 wants the original length here too when the type has its first name.
        "rope_scaling": {
            "type": "su",
            "short_factor": SIX_SHORT,
            "long_factor": SIX_LONG,
            "original_max_position_embeddings": 50,
        },
    },
    # The prompt is longer than the original length; a part of each head rotates.
    "phi3_longrope_long_partial": {
        **BASE,
        "model_type": "phi3",
        "hidden_size": 64,
        "original_max_position_embeddings": 16,
        "rope_parameters": {
            "rope_type": "longrope",
            "rope_theta": 5000.0,
            "partial_rotary_factor": 0.75,
            "short_factor": SIX_SHORT,
            "long_factor": SIX_LONG,
        },
    },
    "phi3_longrope_window": {
        **BASE,
        "model_type": "phi3",
        "sliding_window": 11,
        "original_max_position_embeddings": 40,
        "rope_theta": 2000.0,
        "rope_scaling": {
            "rope_type": "longrope",
            "short_factor": SIX_SHORT,
            "long_factor": SIX_LONG,
            "attention_factor": 1.4,
        },
    },
}


def build_reference(raw: dict[str, Any]) -> PreTrainedModel:
    """The reference model of a config, read from a file as a user's would be."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(raw))
        config = AutoConfig.from_pretrained(folder)
    if raw["model_type"] == "gemma3":
        config = config.text_config
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()


def fill(model: PreTrainedModel, seed: int, model_type: str) -> dict[str, list[int]]:
    """Set the model's weights from the seed; return their names and shapes."""
    parameters = dict(model.named_parameters())
    shapes = {name: list(parameter.shape) for name, parameter in parameters.items()}
    for name, array in seeded_weights(shapes, seed, model_type).items():
        parameters[name].data.copy_(torch.from_numpy(array))
    return shapes


@torch.no_grad()
def decode(model: PreTrainedModel, prompt: list[int]) -> tuple[np.ndarray, list[int], float]:
    """The prompt's logits, the greedy tokens, and the closest call among them, relative to the largest logit."""
    logits = model(torch.tensor([prompt]), use_cache=False).logits[0]
    tokens: list[int] = []
    closest = 1.0
    last = logits[-1]
    while True:
        best = torch.topk(last, 2).values
        closest = min(closest, float((best[0] - best[1]) / last.abs().max()))
        tokens.append(int(last.argmax()))
        if len(tokens) == NUM_TOKENS:
            return logits.numpy(), tokens, closest
        last = model(torch.tensor([prompt + tokens]), use_cache=False).logits[0, -1]


def make(name: str, raw: dict[str, Any]) -> None:
    """Write one golden, from the first seed whose greedy tokens are varied and leave no close calls."""
    for seed in range(60):
        model = build_reference(raw)
        shapes = fill(model, seed, raw["model_type"])
        prompt = np.random.default_rng(seed).integers(0, VOCAB_SIZE, NUM_PROMPT).tolist()
        logits, tokens, closest = decode(model, prompt)
        if closest > 2e-3 and len(set(tokens)) >= 10:
            break
    else:
        raise SystemExit(f"{name}: no seed gives varied tokens without close calls")
    np.savez_compressed(
        GOLDENS / f"{name}.npz",
        config=np.array(json.dumps(raw)),
        shapes=np.array(json.dumps(shapes)),
        seed=np.array(seed),
        prompt=np.array(prompt, dtype=np.int32),
        logits=logits.astype(np.float32),
        tokens=np.array(tokens, dtype=np.int32),
    )
    print(
        f"{name}: seed {seed}, {len(set(tokens))} different tokens, closest call {closest:.1e}, {logits.std():.2f} std"
    )


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    GOLDENS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        make(name, CASES[name])


if __name__ == "__main__":
    main()
