"""Qwen3-MoE: as Qwen3, with feed-forward blocks that send each token to a few of many experts.

Experts come as one tensor each, as fused gate and up projections (transformers 5) or stacked by projection (MLX);
`sanitize` brings them all to the last form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache, Offset
from proxy_inference_engine.errors import ConfigError, UnsupportedModelError
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
from proxy_inference_engine.models.layers.switch import SwitchLinear
from proxy_inference_engine.models.layers.weights import stack_experts, without_derived

_MIN_SORTED = 64
"""From so many rows on, sorting them by expert pays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The part of config.json that shapes the model. `windows` and `has_experts` hold one entry for each layer."""

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
    moe_intermediate_size: int
    num_experts: int
    num_experts_per_token: int
    normalises_routing: bool
    has_experts: tuple[bool, ...]
    has_tied_head: bool
    windows: tuple[int | None, ...]

    @classmethod
    def from_hf(cls, raw: dict[str, Any]) -> Config:
        """From the object in config.json. Raises ConfigError or UnsupportedModelError naming the key."""
        config = ConfigReader(raw)
        config.require("hidden_act", "silu")
        num_experts = config.size("num_local_experts" if "num_local_experts" in config else "num_experts", low=0)
        hidden_size = config.size("hidden_size")
        num_layers = config.size("num_hidden_layers")
        num_heads, num_kv_heads = config.heads(4)
        rope = read_rope(config)
        return cls(
            model_type=config.text("model_type"),
            vocab_size=config.size("vocab_size"),
            hidden_size=hidden_size,
            intermediate_size=config.size("intermediate_size"),
            num_layers=num_layers,
            num_heads=num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=config.head_dim(hidden_size, num_heads),
            norm_eps=config.number("rms_norm_eps", 1e-6),
            context_length=scaled_context_length(rope, config.size("max_position_embeddings", 32_768)),
            rope=rope,
            attention_bias=config.flag("attention_bias", False),
            moe_intermediate_size=config.size("moe_intermediate_size"),
            num_experts=num_experts,
            num_experts_per_token=_read_num_chosen(config, num_experts),
            normalises_routing=config.flag("norm_topk_prob", False),
            has_experts=_read_has_experts(config, num_layers, num_experts),
            has_tied_head=config.flag("tie_word_embeddings", False),
            windows=_read_windows(config, num_layers),
        )


def _read_num_chosen(config: ConfigReader, num_experts: int) -> int:
    num_chosen = config.size("num_experts_per_tok")
    if num_experts and num_chosen > num_experts:
        raise ConfigError(f"config.json: num_experts_per_tok is {num_chosen}, but there are {num_experts} experts")
    return num_chosen


def _read_has_experts(config: ConfigReader, num_layers: int, num_experts: int) -> tuple[bool, ...]:
    step = config.size("decoder_sparse_step", 1)
    dense = config.integers("mlp_only_layers") or ()
    return tuple(num_experts > 0 and index not in dense and (index + 1) % step == 0 for index in range(num_layers))


def _read_windows(config: ConfigReader, num_layers: int) -> tuple[int | None, ...]:
    window = config.optional_size("sliding_window", 4096) if config.flag("use_sliding_window", False) else None
    kind = FULL if window is None else SLIDING
    kinds = config.layer_kinds(num_layers)
    if kinds is not None and any(other != kind for other in kinds):
        raise UnsupportedModelError(
            f"config.json: layer_types={list(kinds)} with a sliding window of {window} is not supported for a "
            "'qwen3_moe' model: all its layers are of one kind"
        )
    return (window,) * num_layers


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


class Experts(Module):
    """The gated feed-forward block of every expert, stacked."""

    def __init__(self, hidden_size: int, intermediate_size: int, num_experts: int) -> None:
        super().__init__()
        self.gate_proj = SwitchLinear(hidden_size, intermediate_size, num_experts)
        self.up_proj = SwitchLinear(hidden_size, intermediate_size, num_experts)
        self.down_proj = SwitchLinear(intermediate_size, hidden_size, num_experts)

    def __call__(self, x: mx.array, experts: mx.array) -> mx.array:
        """`x [N, hidden]` through `experts [N, S]`: `[N, S, hidden]`."""
        num_rows, num_slots = experts.shape
        if experts.size < _MIN_SORTED:
            return self._forward(x[:, None], experts, is_sorted=False)
        # In order of experts, each expert's weights are read once for all its rows.
        order = mx.argsort(experts.flatten())
        out = self._forward(x[order // num_slots][:, None], experts.flatten()[order][:, None], is_sorted=True)
        return out[mx.argsort(order)].reshape(num_rows, num_slots, -1)

    def _forward(self, x: mx.array, experts: mx.array, *, is_sorted: bool) -> mx.array:
        gate = self.gate_proj(x, experts, is_sorted=is_sorted)
        up = self.up_proj(x, experts, is_sorted=is_sorted)
        return self.down_proj(ops.swiglu(gate, up), experts, is_sorted=is_sorted)


class SparseMLP(Module):
    """Sends each token to its best experts and adds what they give, weighted by the router's probabilities."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.num_chosen = config.num_experts_per_token
        self.normalises = config.normalises_routing
        self.gate = Linear(config.hidden_size, config.num_experts)
        self.switch_mlp = Experts(config.hidden_size, config.moe_intermediate_size, config.num_experts)

    def __call__(self, x: mx.array) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        rows = x.reshape(-1, x.shape[-1])
        probabilities = mx.softmax(self.gate(rows).astype(mx.float32), axis=-1)
        # The best come last; their order among themselves does not matter.
        chosen = mx.argpartition(probabilities, -self.num_chosen, axis=-1)[:, -self.num_chosen :]
        weights = mx.take_along_axis(probabilities, chosen, axis=-1)
        if self.normalises:
            weights = weights / weights.sum(axis=-1, keepdims=True)
        out = self.switch_mlp(rows, chosen) * weights.astype(x.dtype)[..., None]
        return out.sum(axis=1).reshape(x.shape)


class Layer(Module):
    """Attention and feed-forward, each on normalised input and added to the stream."""

    def __init__(self, config: Config, rope: Rope, has_experts: bool) -> None:
        super().__init__()
        self.self_attn = Attention(config, rope)
        self.mlp: SparseMLP | GatedMLP
        if has_experts:
            self.mlp = SparseMLP(config)
        else:
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
        self.layers = [Layer(config, rope, has_experts) for has_experts in config.has_experts]
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
        """The checkpoint's tensors under this model's names, the experts of a layer stacked."""
        weights = without_derived(weights, has_tied_head=self.config.has_tied_head)
        for index, has_experts in enumerate(self.config.has_experts):
            if has_experts:
                stack_experts(weights, f"model.layers.{index}.mlp.", self.config.num_experts)
        return weights
