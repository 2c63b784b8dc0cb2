"""Qwen3: queries and keys are normalised per head; the upper layers may look back over a window only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache, Offset
from proxy_inference_engine.models.config import FULL, SLIDING, ConfigReader
from proxy_inference_engine.models.layers.attend import attend
from proxy_inference_engine.models.layers.heads import merge_heads, split_heads
from proxy_inference_engine.models.layers.kept import Kept, keep_states
from proxy_inference_engine.models.layers.layer_caches import kv_layouts, layer_masks, make_layer_caches
from proxy_inference_engine.models.layers.linear import Embedding, Linear
from proxy_inference_engine.models.layers.mlp import GatedMLP
from proxy_inference_engine.models.layers.module import Module
from proxy_inference_engine.models.layers.norm import RMSNorm
from proxy_inference_engine.models.layers.rope import DefaultRope, Rope
from proxy_inference_engine.models.layers.rope_config import read_rope, scaled_context_length
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
    attention_bias: bool
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
        rope = read_rope(config)
        return cls(
            model_type=config.text("model_type"),
            vocab_size=config.size("vocab_size"),
            hidden_size=hidden_size,
            intermediate_size=config.size("intermediate_size"),
            num_layers=num_layers,
            num_heads=num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=config.head_dim(hidden_size, num_heads, default=128),
            norm_eps=config.number("rms_norm_eps", 1e-6),
            context_length=scaled_context_length(rope, config.size("max_position_embeddings", 32_768)),
            rope=rope,
            attention_bias=config.flag("attention_bias", False),
            has_tied_head=config.flag("tie_word_embeddings", False),
            windows=_read_windows(config, num_layers),
        )


def _read_windows(config: ConfigReader, num_layers: int) -> tuple[int | None, ...]:
    window = config.optional_size("sliding_window", 4096) if config.flag("use_sliding_window", False) else None
    kinds = config.layer_kinds(num_layers)
    if kinds is None:
        num_full = num_layers if window is None else config.size("max_window_layers", 28, low=0)
        kinds = tuple(FULL if index < num_full else SLIDING for index in range(num_layers))
    return config.windows(kinds, window)


class Attention(Module):
    """Grouped-query attention on normalised queries and keys."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.num_heads, self.num_kv_heads = config.num_heads, config.num_kv_heads
        self.scale = config.head_dim**-0.5
        self.rope = rope
        queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = Linear(config.hidden_size, queries, config.attention_bias)
        self.k_proj = Linear(config.hidden_size, keys, config.attention_bias)
        self.v_proj = Linear(config.hidden_size, keys, config.attention_bias)
        self.o_proj = Linear(queries, config.hidden_size, config.attention_bias)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def __call__(self, x: mx.array, mask: ops.Mask, cache: LayerCache | None, offset: Offset) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        q = self.rope(split_heads(self.q_proj(x), self.num_heads, self.q_norm), offset)
        k = self.rope(split_heads(self.k_proj(x), self.num_kv_heads, self.k_norm), offset)
        v = split_heads(self.v_proj(x), self.num_kv_heads)
        return self.o_proj(merge_heads(attend(cache, q, k, v, scale=self.scale, mask=mask)))


class Layer(Module):
    """Attention and feed-forward, each on normalised input and added to the stream."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.self_attn = Attention(config, rope)
        self.mlp = GatedMLP(config.hidden_size, config.intermediate_size)
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
        rope = Rope(config.rope, config.head_dim)
        self.embed_tokens = Embedding(config.vocab_size, config.hidden_size)
        self.layers = [Layer(config, rope) for _ in range(config.num_layers)]
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)

    def __call__(self, input_ids: mx.array, cache: Sequence[LayerCache] | None, kept: Kept) -> mx.array:
        """`[B, L]` to the normalised states of those that are `kept`: see `keep_states`."""
        offset = 0 if cache is None else cache[0].offset
        masks = layer_masks(self.config.windows, input_ids.shape[1], cache)
        x = self.embed_tokens(input_ids).astype(self.norm.weight.dtype)
        for index, layer in enumerate(self.layers):
            x = layer(x, masks[index], None if cache is None else cache[index], offset)
        return self.norm(keep_states(x, kept))


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
        return make_layer_caches(self.config.windows)

    @property
    def dtype(self) -> mx.Dtype:
        """What it computes in, keys and values included."""
        return self.model.norm.weight.dtype

    def kv_layout(self) -> list[KVLayout] | None:
        """The shape of each layer's keys and values."""
        return kv_layouts(self.config.windows, self.config.num_kv_heads, self.config.head_dim)

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """The checkpoint's tensors under this model's names."""
        return without_derived(weights, has_tied_head=self.config.has_tied_head)
