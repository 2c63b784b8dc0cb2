"""Small model folders, whole and damaged, for the tests of loading."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

TINY: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 128,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": 256,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}


def header_bytes(header: Any) -> bytes:
    """The header part of a safetensors file: its length and its JSON."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw


def write_raw(path: Path, header: Any, data: bytes = b"") -> Path:
    """A safetensors file of exactly these parts, right or wrong."""
    path.write_bytes(header_bytes(header) + data)
    return path


def write_typed(path: Path, arrays: dict[str, tuple[str, np.ndarray]]) -> None:
    """A right safetensors file of arrays with the dtype names given, for dtypes that MLX does not write."""
    header, data = {}, b""
    for name, (dtype, array) in arrays.items():
        raw = array.tobytes()
        header[name] = tensor(list(array.shape), len(data), len(data) + len(raw), dtype)
        data += raw
    write_raw(path, header, data)


def tensor(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    """One entry of a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def llama_arrays(config: dict[str, Any] = TINY, dtype: mx.Dtype = mx.float32, seed: int = 0) -> dict[str, mx.array]:
    """Random weights of a llama config under the names that a checkpoint has."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    queries = config["num_attention_heads"] * config["head_dim"]
    keys = config["num_key_value_heads"] * config["head_dim"]
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        shapes |= {
            f"{layer}.input_layernorm.weight": (hidden,),
            f"{layer}.self_attn.q_proj.weight": (queries, hidden),
            f"{layer}.self_attn.k_proj.weight": (keys, hidden),
            f"{layer}.self_attn.v_proj.weight": (keys, hidden),
            f"{layer}.self_attn.o_proj.weight": (hidden, queries),
            f"{layer}.post_attention_layernorm.weight": (hidden,),
            f"{layer}.mlp.gate_proj.weight": (inner, hidden),
            f"{layer}.mlp.up_proj.weight": (inner, hidden),
            f"{layer}.mlp.down_proj.weight": (hidden, inner),
        }
    shapes["model.norm.weight"] = (hidden,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (config["vocab_size"], hidden)
    keys_of = mx.random.split(mx.random.key(seed), len(shapes))
    arrays = {
        name: (mx.random.normal(shape, key=key) * (0.3 if len(shape) > 1 else 0.1) + (0.0 if len(shape) > 1 else 1.0))
        for (name, shape), key in zip(shapes.items(), keys_of, strict=True)
    }
    return {name: array.astype(dtype) for name, array in arrays.items()}


def write_config(folder: Path, config: dict[str, Any] = TINY) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))


def write_model(
    folder: Path, config: dict[str, Any] = TINY, arrays: dict[str, mx.array] | None = None, *, num_shards: int = 1
) -> dict[str, mx.array]:
    """Write a model folder, sharded with an index when `num_shards` > 1; give the arrays written."""
    arrays = llama_arrays(config) if arrays is None else arrays
    write_config(folder, config)
    if num_shards == 1:
        mx.save_safetensors(str(folder / "model.safetensors"), arrays, metadata={"format": "mlx"})
        return arrays
    names = list(arrays)
    weight_map = {}
    for number in range(num_shards):
        file = f"model-{number + 1:05d}-of-{num_shards:05d}.safetensors"
        part = names[number::num_shards]
        mx.save_safetensors(str(folder / file), {name: arrays[name] for name in part})
        weight_map.update(dict.fromkeys(part, file))
    index = {"metadata": {"total_size": sum(a.nbytes for a in arrays.values())}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return arrays
