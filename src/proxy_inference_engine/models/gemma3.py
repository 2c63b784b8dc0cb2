"""Gemma 3, text only: most layers look back over a window, every sixth over everything, each kind with its own
rotary positions; queries and keys are normalised per head.

Serves `gemma3_text`, and the text part of `gemma3`, whose vision tower it leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache, Offset
from proxy_inference_engine.errors import UnsupportedModelError
from proxy_inference_engine.models.config import FULL, SLIDING, ConfigReader
from proxy_inference_engine.models.layers.attend import attend
from proxy_inference_engine.models.layers.heads import merge_heads, split_heads
from proxy_inference_engine.models.layers.kept import Kept, keep_states
from proxy_inference_engine.models.layers.layer_caches import kv_layouts, layer_masks, make_layer_caches
from proxy_inference_engine.models.layers.linear import Embedding, Linear
from proxy_inference_engine.models.layers.mlp import GatedMLP
from proxy_inference_engine.models.layers.module import Module
from proxy_inference_engine.models.layers.norm import OffsetRMSNorm
from proxy_inference_engine.models.layers.rope import DefaultRope, Rope
from proxy_inference_engine.models.layers.rope_config import build_rope, require_whole_heads, scaled_context_length
from proxy_inference_engine.models.layers.weights import without_derived

_VISION = ("vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.")
_PREFIXES = (
    ("model.language_model.", "model."),
    ("language_model.model.", "model."),
    ("language_model.lm_head.", "lm_head."),
)


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
    local_rope: DefaultRope
    attention_bias: bool
    query_scalar: float
    logit_cap: float | None
    has_tied_head: bool
    windows: tuple[int | None, ...]

    @classmethod
    def from_hf(cls, raw: dict[str, Any]) -> Config:
        """From the object in config.json. Raises ConfigError or UnsupportedModelError naming the key."""
        whole = ConfigReader(raw)
        config = whole.section("text_config") or whole
        config.require("hidden_activation", "gelu_pytorch_tanh")
        config.require("use_bidirectional_attention", False)
        hidden_size = config.size("hidden_size")
        num_layers = config.size("num_hidden_layers")
        num_heads, num_kv_heads = _read_heads(config)
        kinds = config.layer_kinds(num_layers)
        if kinds is None:
            pattern = config.size("sliding_window_pattern", 6)
            kinds = tuple(SLIDING if (index + 1) % pattern else FULL for index in range(num_layers))
        rope, local_rope = _read_ropes(config)
        return cls(
            model_type=whole.text("model_type"),
            vocab_size=config.size("vocab_size", 262_208),
            hidden_size=hidden_size,
            intermediate_size=config.size("intermediate_size"),
            num_layers=num_layers,
            num_heads=num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=config.head_dim(hidden_size, num_heads, default=256),
            norm_eps=config.number("rms_norm_eps", 1e-6),
            context_length=scaled_context_length(rope, config.size("max_position_embeddings", 131_072)),
            rope=rope,
            local_rope=local_rope,
            attention_bias=config.flag("attention_bias", False),
            query_scalar=config.number("query_pre_attn_scalar", 256),
            logit_cap=config.optional_number("final_logit_softcapping"),
            has_tied_head=whole.flag("tie_word_embeddings", config.flag("tie_word_embeddings", True)),
            windows=config.windows(kinds, config.optional_size("sliding_window", 4096)),
        )


def _read_heads(config: ConfigReader) -> tuple[int, int]:
    # Published configs leave out what equals the 4B model's values in transformers.
    return ConfigReader({"num_attention_heads": 8, **config.raw}, config.where).heads(4)


def _read_ropes(config: ConfigReader) -> tuple[DefaultRope, DefaultRope]:
    """Those of full and of sliding layers. Only the nested form of `rope_parameters` can tell them apart."""
    nested = config.section("rope_parameters") or ConfigReader({}, f"{config.where}rope_parameters.")
    for key in nested.raw:
        if key not in (FULL, SLIDING):
            raise UnsupportedModelError(
                f"config.json: {nested.where}{key} is not supported for gemma3: it needs one object for each of "
                f"{FULL!r} and {SLIDING!r}"
            )
    found = nested.section(FULL) or ConfigReader({}, f"{nested.where}{FULL}.")
    scaling = config.section("rope_scaling")
    full = found if scaling is None else ConfigReader({**found.raw, **scaling.raw}, scaling.where)
    sliding = nested.section(SLIDING) or ConfigReader({}, f"{nested.where}{SLIDING}.")
    theta = full.number("rope_theta", config.number("rope_theta", 1e6, low=1.0), low=1.0)
    local_theta = sliding.number("rope_theta", config.number("rope_local_base_freq", 1e4, low=1.0), low=1.0)
    for reader in (full, sliding):
        require_whole_heads(config, reader)
    return build_rope(config, full, theta), build_rope(config, sliding, local_theta)


class Attention(Module):
    """Grouped-query attention on normalised queries and keys."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.num_heads, self.num_kv_heads = config.num_heads, config.num_kv_heads
        self.scale = config.query_scalar**-0.5
        self.rope = rope
        queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = Linear(config.hidden_size, queries, config.attention_bias)
        self.k_proj = Linear(config.hidden_size, keys, config.attention_bias)
        self.v_proj = Linear(config.hidden_size, keys, config.attention_bias)
        self.o_proj = Linear(queries, config.hidden_size, config.attention_bias)
        self.q_norm = OffsetRMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = OffsetRMSNorm(config.head_dim, config.norm_eps)

    def __call__(self, x: mx.array, mask: ops.Mask, cache: LayerCache | None, offset: Offset) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        q = self.rope(split_heads(self.q_proj(x), self.num_heads, self.q_norm), offset)
        k = self.rope(split_heads(self.k_proj(x), self.num_kv_heads, self.k_norm), offset)
        v = split_heads(self.v_proj(x), self.num_kv_heads)
        return self.o_proj(merge_heads(attend(cache, q, k, v, scale=self.scale, mask=mask)))


class Layer(Module):
    """Attention and feed-forward, each between two norms and added to the stream."""

    def __init__(self, config: Config, rope: Rope) -> None:
        super().__init__()
        self.self_attn = Attention(config, rope)
        self.mlp = GatedMLP(config.hidden_size, config.intermediate_size, gated=ops.geglu_tanh)
        self.input_layernorm = OffsetRMSNorm(config.hidden_size, config.norm_eps)
        self.post_attention_layernorm = OffsetRMSNorm(config.hidden_size, config.norm_eps)
        self.pre_feedforward_layernorm = OffsetRMSNorm(config.hidden_size, config.norm_eps)
        self.post_feedforward_layernorm = OffsetRMSNorm(config.hidden_size, config.norm_eps)

    def __call__(self, x: mx.array, mask: ops.Mask, cache: LayerCache | None, offset: Offset) -> mx.array:
        """`[B, L, hidden]` to `[B, L, hidden]`."""
        attended = self.self_attn(self.input_layernorm(x), mask, cache, offset)
        x = x + self.post_attention_layernorm(attended)
        return x + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(x)))


class Decoder(Module):
    """Token ids to hidden states."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        rope, local_rope = (Rope(kind, config.head_dim) for kind in (config.rope, config.local_rope))
        self.embed_tokens = Embedding(config.vocab_size, config.hidden_size)
        self.layers = [Layer(config, rope if window is None else local_rope) for window in config.windows]
        self.norm = OffsetRMSNorm(config.hidden_size, config.norm_eps)

    def __call__(self, input_ids: mx.array, cache: Sequence[LayerCache] | None, kept: Kept) -> mx.array:
        """`[B, L]` to the normalised states of those that are `kept`: see `keep_states`."""
        offset = 0 if cache is None else cache[0].offset
        masks = layer_masks(self.config.windows, input_ids.shape[1], cache)
        x = self.embed_tokens(input_ids).astype(self.norm.weight.dtype) * self.config.hidden_size**0.5
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
        logits = self.model.embed_tokens.as_linear(x) if self.config.has_tied_head else self.lm_head(x)
        return logits if self.config.logit_cap is None else ops.soft_cap(logits, self.config.logit_cap)

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
        """The checkpoint's tensors under this model's names, without those of a vision tower."""
        weights = {_text_name(name): array for name, array in weights.items() if not name.startswith(_VISION)}
        return without_derived(weights, has_tied_head=self.config.has_tied_head)


def _text_name(name: str) -> str:
    """Where the text part of a multimodal checkpoint would be in one of text alone."""
    for outer, inner in _PREFIXES:
        if name.startswith(outer):
            return inner + name.removeprefix(outer)
    return name
