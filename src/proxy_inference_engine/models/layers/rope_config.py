"""Reads how a config.json scales its rotary positions, in the old form and in that of transformers 5.

Old: `rope_theta` and `rope_scaling` side by side. New: one object `rope_parameters`. Where keys are missing, the values
are those that transformers fills in. Knows no family: what differs between them is passed in.
"""

from __future__ import annotations

import math

from proxy_inference_engine.errors import UnsupportedModelError
from proxy_inference_engine.models.config import ConfigReader
from proxy_inference_engine.models.layers.rope import DefaultRope, LinearRope, Llama3Rope, LongRope, YarnRope

KINDS = ("default", "linear", "llama3", "yarn")


def read_rope(config: ConfigReader, *, default_theta: float = 10_000.0) -> DefaultRope:
    """The rotary positions of a model whose layers all share them and turn whole heads.

    Raises UnsupportedModelError for a kind of scaling that is not in `KINDS`, naming it.
    """
    section = rope_section(config)
    theta = section.number("rope_theta", config.raw.get("rope_theta") or default_theta, low=1.0)
    require_whole_heads(config, section)
    return build_rope(config, section, theta)


def rope_section(config: ConfigReader) -> ConfigReader:
    """The object that holds the scaling, empty when there is none."""
    for key in ("rope_scaling", "rope_parameters"):
        section = config.section(key)
        if section is not None and section.raw:
            if "full_attention" in section or "sliding_attention" in section:
                raise UnsupportedModelError(
                    f"config.json: {section.where}full_attention is not supported: all layers of a "
                    f"{config.raw.get('model_type')!r} model share their rotary positions"
                )
            return section
    return ConfigReader({}, f"{config.where}rope_parameters.")


def rope_kind(section: ConfigReader) -> str:
    """The kind of scaling, under either of its names."""
    return section.text("rope_type", section.raw.get("type") or "default")


def require_whole_heads(config: ConfigReader, section: ConfigReader) -> None:
    """Raise UnsupportedModelError for a model that rotates only a part of each head."""
    for reader in (config, section):
        reader.require("partial_rotary_factor", 1.0)


def build_rope(config: ConfigReader, section: ConfigReader, theta: float) -> DefaultRope:
    """The rotary positions that `section` describes. Raises UnsupportedModelError for a kind not in `KINDS`."""
    kind = rope_kind(section)
    if kind == "default":
        return DefaultRope(theta)
    if kind == "linear":
        return LinearRope(theta, factor=section.number("factor"))
    if kind == "llama3":
        low = section.number("low_freq_factor")
        return Llama3Rope(
            theta,
            factor=section.number("factor"),
            low_freq_factor=low,
            high_freq_factor=section.number("high_freq_factor", low=low),
            original_length=original_length(config, section),
        )
    if kind == "yarn":
        return _read_yarn(config, section, theta)
    raise UnsupportedModelError(
        f"config.json: {section.where}{'rope_type' if 'rope_type' in section else 'type'}={kind!r} is not supported "
        f"for a {config.raw.get('model_type')!r} model: only {', '.join(KINDS)} are"
    )


def read_long_rope(config: ConfigReader, section: ConfigReader, theta: float, num_dims: int) -> LongRope:
    """LongRoPE, whose factor is the ratio of the two context lengths unless the config says else."""
    original = original_length(config, section, default=4096)
    factor = section.optional_number("factor")
    if factor is None:
        factor = config.size("max_position_embeddings") / original
    attention_factor = section.optional_number("attention_factor")
    if attention_factor is None:
        attention_factor = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
    num_pairs = (num_dims + 1) // 2
    return LongRope(
        theta,
        original_length=original,
        factor_of_attention=attention_factor,
        short_factors=section.numbers("short_factor", num_pairs),
        long_factors=section.numbers("long_factor", num_pairs),
    )


def original_length(config: ConfigReader, section: ConfigReader, default: int | None = None) -> int:
    """The context length before scaling: transformers takes the outer key first, then the inner, then the default."""
    key = "original_max_position_embeddings"
    if key in config:
        return config.size(key, low=2)
    if default is not None:
        return default
    if key in section:
        return section.size(key, low=2)
    return config.size("max_position_embeddings", low=2)


def scaled_context_length(rope: DefaultRope, context_length: int) -> int:
    """The most tokens that the model is for. Configs with yarn often still give the length before scaling."""
    if isinstance(rope, YarnRope):
        return max(context_length, int(rope.original_length * rope.factor))
    return context_length


def _read_yarn(config: ConfigReader, section: ConfigReader, theta: float) -> YarnRope:
    original = original_length(config, section)
    factor = section.optional_number("factor")
    if factor is None:
        factor = config.size("max_position_embeddings") / original
    attention_factor = section.optional_number("attention_factor")
    if attention_factor is None:
        mscale, mscale_all = (section.raw.get(key) for key in ("mscale", "mscale_all_dim"))
        if mscale and mscale_all:
            attention_factor = _magnitude(factor, section.number("mscale")) / _magnitude(
                factor, section.number("mscale_all_dim")
            )
        else:
            attention_factor = _magnitude(factor)
    return YarnRope(
        theta,
        factor=factor,
        original_length=original,
        factor_of_attention=attention_factor,
        beta_fast=section.number("beta_fast", 32.0),
        beta_slow=section.number("beta_slow", 1.0),
        truncate=section.flag("truncate", True),
    )


def _magnitude(factor: float, scale: float = 1.0) -> float:
    return 0.1 * scale * math.log(factor) + 1.0 if factor > 1 else 1.0
