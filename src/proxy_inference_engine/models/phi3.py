"""Phi-3, Phi-3.5 and Phi-4: fused projections; heads may rotate in part; longrope for long contexts.

Source of longrope's switch: as in transformers, all tokens of a sequence rotate by the short or by the long factors, by
the length of the sequence with its newest token. See `layers.length_cache` for what that asks of caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache, Offset
from proxy_inference_engine.errors import ConfigError, UnsupportedModelError
from proxy_inference_engine.models.config import ConfigReader
from proxy_inference_engine.models.layers.attend import attend
from proxy_inference_engine.models.layers.heads import merge_heads, split_heads
from proxy_inference_engine.models.layers.kept import Kept, keep_states
from proxy_inference_engine.models.layers.layer_caches import (
    kv_layouts,
    layer_masks,
    make_layer_cache,
    make_layer_caches,
)
from proxy_inference_engine.models.layers.length_cache import LengthAwareCache, take_up
from proxy_inference_engine.models.layers.linear import Embedding, Linear
from proxy_inference_engine.models.layers.module import Module
from proxy_inference_engine.models.layers.norm import RMSNorm
from proxy_inference_engine.models.layers.rope import DefaultRope, LongRope, Rope
from proxy_inference_engine.models.layers.rope_config import read_long_rope, rope_kind, rope_section
from proxy_inference_engine.models.layers.weights import without_derived


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The part of config.json that shapes the model. `windows` holds one entry for each layer."""

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    norm_eps: float
    context_length: int
    rope: DefaultRope
    num_rotated: int
    has_tied_head: bool
    windows: tuple[int | None, ...]

    @classmethod
    def from_hf(cls, raw: dict[str, Any]) -> Config:
        """From the object in config.json. Raises ConfigError or UnsupportedModelError naming the key."""
        config = ConfigReader(raw)
        config.require("hidden_act", "silu")
        hidden_size = config.size("hidden_size")
        num_layers = config.size("num_hidden_layers")
        num_heads, num_kv_heads = config.heads()
        head_dim = config.head_dim(hidden_size, num_heads)
        context_length = config.size("max_position_embeddings", 4096)
        section = rope_section(config)
        num_rotated = _read_num_rotated(config, section, head_dim)
        window = config.optional_size("sliding_window")
        return cls(
            model_type=config.text("model_type"),
            vocab_size=config.size("vocab_size"),
            hidden_size=hidden_size,
            intermediate_size=config.size("intermediate_size"),
            num_layers=num_layers,
            num_heads=num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=head_dim,
            norm_eps=config.number("rms_norm_eps", 1e-5),
            context_length=context_length,
            rope=_read_rope(config, section, num_rotated),
            num_rotated=num_rotated,
            has_tied_head=config.flag("tie_word_embeddings", False),
            windows=(window,) * num_layers,
        )


def _read_num_rotated(config: ConfigReader, section: ConfigReader, head_dim: int) -> int:
    share = section.number("partial_rotary_factor", config.number("partial_rotary_factor", 1.0, high=1.0), high=1.0)
    num_rotated = int(head_dim * share)
    if num_rotated < 2 or num_rotated % 2:
        raise ConfigError(
            f"config.json: partial_rotary_factor is {share}: of {head_dim} dimensions {num_rotated} would rotate, an "
            "even number of at least 2 was expected"
        )
    return num_rotated


def _read_rope(config: ConfigReader, section: ConfigReader, num_rotated: int) -> DefaultRope:
    theta = section.number("rope_theta", config.number("rope_theta", 1e4, low=1.0), low=1.0)
    kind = rope_kind(section)
    if kind == "default":
        return DefaultRope(theta)
    # "su" and "yarn" are what the first releases called it.
    if kind in ("longrope", "su", "yarn"):
        return read_long_rope(config, section, theta, num_rotated)
    raise UnsupportedModelError(
        f"config.json: {section.where}{'rope_type' if 'rope_type' in section else 'type'}={kind!r} is not supported "
        "for a 'phi3' model: only default and longrope are"
    )


class Attention(Module):
    """Grouped-query attention with one projection for queries, keys and values."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.num_heads, self.num_kv_heads = config.num_heads, config.num_kv_heads
        self.scale = config.head_dim**-0.5
        self.rope = rope
        queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.num_query_dims, self.num_key_dims = queries, keys
        self.qkv_proj = Linear(config.hidden_size, queries + 2 * keys)
        self.o_proj = Linear(queries, config.hidden_size)

    def __call__(self, x: mx.array, mask: ops.Mask, cache: LayerCache | None, offset: Offset) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        borders = [self.num_query_dims, self.num_query_dims + self.num_key_dims]
        queries, keys, values = mx.split(self.qkv_proj(x), borders, axis=-1)
        q = self.rope(split_heads(queries, self.num_heads), offset)
        k = self.rope(split_heads(keys, self.num_kv_heads), offset)
        v = split_heads(values, self.num_kv_heads)
        return self.o_proj(merge_heads(attend(cache, q, k, v, scale=self.scale, mask=mask)))


class MLP(Module):
    """A gated feed-forward block with one projection for gate and values."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.gate_up_proj = Linear(config.hidden_size, 2 * config.intermediate_size)
        self.down_proj = Linear(config.intermediate_size, config.hidden_size)

    def __call__(self, x: mx.array) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        gate, up = mx.split(self.gate_up_proj(x), 2, axis=-1)
        return self.down_proj(ops.swiglu(gate, up))


class Layer(Module):
    """Attention and feed-forward, each on normalised input and added to the stream."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.self_attn = Attention(config, rope)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.norm_eps)

    def __call__(self, x: mx.array, mask: ops.Mask, cache: LayerCache | None, offset: Offset) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        x = x + self.self_attn(self.input_layernorm(x), mask, cache, offset)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(Module):
    """Token ids to hidden states."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        rope = Rope(config.rope, config.num_rotated)
        self.embed_tokens = Embedding(config.vocab_size, config.hidden_size)
        self.layers = [Layer(config, rope) for _ in range(config.num_layers)]
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)

    def __call__(self, input_ids: mx.array, cache: Sequence[LayerCache] | None, kept: Kept) -> mx.array:
        """`[B, L]` to the normalised states of those that are `kept`: see `keep_states`."""
        num_asked = input_ids.shape[1]
        if cache is not None and isinstance(self.config.rope, LongRope):
            input_ids = take_up(input_ids, cache, self.config.rope.original_length)
        num_new = input_ids.shape[1]
        offset = 0 if cache is None else cache[0].offset
        masks = layer_masks(self.config.windows, num_new, cache)
        x = self.embed_tokens(input_ids).astype(self.norm.weight.dtype)
        for index, layer in enumerate(self.layers):
            x = layer(x, masks[index], None if cache is None else cache[index], offset)
        return self.norm(keep_states(x[:, num_new - num_asked :], kept))


class Model(Module):
    """The language model: see `models.base.Model`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        if not config.has_tied_head:
            self.lm_head = Linear(config.hidden_size, config.vocab_size)

    def __call__(
        self,
        input_ids: mx.array,
        cache: Sequence[LayerCache] | None = None,
        *,
        logits_to_keep: Kept = None,
    ) -> mx.array:
        """`[B, L]` ids to logits `[B, L, V]`; with `logits_to_keep`, those of the last positions or some rows only."""
        x = self.model(input_ids, cache, logits_to_keep)
        return self.model.embed_tokens.as_linear(x) if self.config.has_tied_head else self.lm_head(x)

    def make_cache(self) -> list[LayerCache]:
        """Fresh layer caches, one per layer."""
        if not isinstance(self.config.rope, LongRope):
            return make_layer_caches(self.config.windows)
        return [
            LengthAwareCache(partial(make_layer_cache, window), keeps_ids=index == 0)
            for index, window in enumerate(self.config.windows)
        ]

    @property
    def dtype(self) -> mx.Dtype:
        """What it computes in, keys and values included."""
        return self.model.norm.weight.dtype

    def kv_layout(self) -> list[KVLayout] | None:
        """The shape of each layer's keys and values; None with longrope, whose keys turn with the sequence's length."""
        if isinstance(self.config.rope, LongRope):
            return None
        return kv_layouts(self.config.windows, self.config.num_kv_heads, self.config.head_dim)

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """The checkpoint's tensors under this model's names."""
        return without_derived(weights, has_tied_head=self.config.has_tied_head)
