"""Adds to a transformers-5 config the keys that readers of the older form look for.

transformers 5 keeps everything about rotary embeddings in `rope_parameters`; before, and in most of mlx-lm, it was
`rope_theta`, `rope_scaling` and, with local and global layers, `rope_local_base_freq`. Knows no model.
"""

from __future__ import annotations

from typing import Any

from proxy_inference_engine.types import JSONObject


def with_old_keys(config: JSONObject) -> JSONObject:
    """A copy of the config with the older keys beside the new ones. Keys that are there already stay."""
    new = dict(config)
    rope = config.get("rope_parameters")
    if not isinstance(rope, dict):
        return new
    layers = {key: value for key, value in rope.items() if isinstance(value, dict) and key.endswith("_attention")}
    whole = layers.get("full_attention", rope)
    _add(new, "rope_theta", whole.get("rope_theta"))
    _add(new, "rope_scaling", _scaling(whole))
    if "sliding_attention" in layers:
        _add(new, "rope_local_base_freq", layers["sliding_attention"].get("rope_theta"))
    return new


def _add(config: JSONObject, key: str, value: Any) -> None:
    if value is not None and config.get(key) is None:
        config[key] = value


def _scaling(rope: JSONObject) -> JSONObject | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    scaling = {key: value for key, value in rope.items() if key not in ("rope_theta", "partial_rotary_factor")}
    return {**scaling, "rope_type": kind, "type": kind}
