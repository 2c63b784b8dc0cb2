"""Write the trained weights as a model folder in MLX's quantised form. Needs MLX and numpy, not torch.

Usage: python -m demo.export PARTS_FOLDER [--dtype float32]
Matrices become `weight` (uint32, packed 8-bit values), `scales` and `biases` (one pair for 64 values of a row); norms
stay as they are. `--dtype` is that of scales, biases and norms, and so of the activations: float32 is right for a model
of this size.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import mlx.core as mx
import numpy as np

from .parts import load_parts
from .tokenizer import CONTEXT

FOLDER = Path(__file__).parents[1] / "src/proxy_inference_engine/demo_model"
QUANTIZATION = {"group_size": 64, "bits": 8, "mode": "affine"}
LIMIT_BYTES = 16_000_000


def quantise(weights: dict[str, np.ndarray], dtype: mx.Dtype) -> dict[str, mx.array]:
    """MLX's affine form of every matrix."""
    out = {}
    for name, w in weights.items():
        array = mx.array(w.astype(np.float32))
        if array.ndim < 2:
            out[name] = array.astype(dtype)
            continue
        packed, scales, biases = mx.quantize(
            array.astype(dtype), group_size=QUANTIZATION["group_size"], bits=QUANTIZATION["bits"]
        )
        base = name.removesuffix(".weight")
        out |= {name: packed, f"{base}.scales": scales, f"{base}.biases": biases}
    return out


def config(weights: dict[str, np.ndarray], dtype: str) -> dict[str, object]:
    """The config.json that the weights' shapes imply."""
    vocab, width = weights["model.embed_tokens.weight"].shape
    hidden = weights["model.layers.0.mlp.gate_proj.weight"].shape[0]
    layers = sum(name.endswith("q_proj.weight") for name in weights)
    heads = width // 64
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocab,
        "hidden_size": width,
        "intermediate_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": 64,
        "rope_theta": 100000.0,
        "rope_scaling": None,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": CONTEXT,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": None,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "torch_dtype": dtype,
        "use_cache": True,
        "quantization": QUANTIZATION,
        "quantization_config": QUANTIZATION,
    }


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("parts", type=Path)
    p.add_argument("--out", type=Path, default=FOLDER)
    p.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16"))
    args = p.parse_args()
    weights = load_parts(args.parts)
    arrays = quantise(weights, getattr(mx, args.dtype))
    mx.save_safetensors(str(args.out / "model.safetensors"), arrays, metadata={"format": "mlx"})
    (args.out / "config.json").write_text(json.dumps(config(weights, args.dtype), indent=2) + "\n")
    generation = {"eos_token_id": 2, "pad_token_id": 0, "do_sample": False, "temperature": 0.0, "max_length": CONTEXT}
    (args.out / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    size = (args.out / "model.safetensors").stat().st_size
    print(f"{size / 1e6:.2f} MB of weights, {sum(w.size for w in weights.values()) / 1e6:.2f} M parameters")
    if size > LIMIT_BYTES:
        raise SystemExit(
            f"model.safetensors has {size} bytes, the limit is {LIMIT_BYTES}: use fewer bits or a smaller shape"
        )


if __name__ == "__main__":
    main()
