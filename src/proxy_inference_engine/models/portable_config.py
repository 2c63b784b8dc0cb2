"""Writes out what a config leaves to its readers' defaults, so that every reader takes it for the same model.

transformers 5 keeps all about rotary embeddings in `rope_parameters`, where older readers (most of mlx-lm) look for
`rope_theta`, `rope_scaling` and `rope_local_base_freq`; configs leave out sizes for which readers have different
defaults; and a multimodal config nests what is the whole model here. Knows no family.
"""

from __future__ import annotations

from typing import Any

from proxy_inference_engine.models.base import ModelConfig
from proxy_inference_engine.types import JSONObject

_SIZES = {
    "head_dim": "head_dim",
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "num_attention_heads": "num_heads",
    "num_hidden_layers": "num_layers",
    "num_key_value_heads": "num_kv_heads",
    "rms_norm_eps": "norm_eps",
    "vocab_size": "vocab_size",
}
_FROM_OUTER = ("bos_token_id", "eos_token_id", "pad_token_id", "torch_dtype", "dtype", "transformers_version")


def portable(config: JSONObject, model_config: ModelConfig, *, tied: bool) -> JSONObject:
    """A copy of the config with the sizes of `model_config` and the older rotary keys where they are missing.

    `tied` says whether the weights have no output head of their own. Keys that are there already stay.
    """
    new = _flattened(config)
    for key, name in _SIZES.items():
        _add(new, key, getattr(model_config, name, None))
    windows = [window for window in getattr(model_config, "windows", ()) if window is not None]
    if windows:
        _add(new, "sliding_window", windows[0])
    _add_old_rope_keys(new)
    new["tie_word_embeddings"] = tied
    return new


def _flattened(config: JSONObject) -> JSONObject:
    text_config = config.get("text_config")
    if not isinstance(text_config, dict):
        return dict(config)
    outer = {key: config[key] for key in _FROM_OUTER if config.get(key) is not None}
    return {**outer, "model_type": f"{config['model_type']}_text", **text_config}


def _add_old_rope_keys(config: JSONObject) -> None:
    rope = config.get("rope_parameters")
    if not isinstance(rope, dict):
        return
    layers = {key: value for key, value in rope.items() if isinstance(value, dict) and key.endswith("_attention")}
    whole = layers.get("full_attention", rope)
    _add(config, "rope_theta", whole.get("rope_theta"))
    _add(config, "partial_rotary_factor", whole.get("partial_rotary_factor"))
    _add(config, "rope_scaling", _scaling(whole))
    if "sliding_attention" in layers:
        _add(config, "rope_local_base_freq", layers["sliding_attention"].get("rope_theta"))


def _add(config: JSONObject, key: str, value: Any) -> None:
    if value is not None and config.get(key) is None:
        config[key] = value


def _scaling(rope: JSONObject) -> JSONObject | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    scaling = {key: value for key, value in rope.items() if key not in ("rope_theta", "partial_rotary_factor")}
    return {**scaling, "rope_type": kind, "type": kind}
