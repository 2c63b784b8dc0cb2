"""Configs are read in every published form, and refused by name where they are wrong or not supported."""

from __future__ import annotations

import dataclasses
import importlib
import json

import pytest

from proxy_inference_engine.errors import ConfigError, UnsupportedModelError
from proxy_inference_engine.models.layers.rope import LinearRope, LongRope, YarnRope
from tests.models.families.configs import CONFIGS, MODULES

TYPES = sorted(CONFIGS)


def read(model_type, **changes):
    config = {**CONFIGS[model_type], **changes}
    module = importlib.import_module(f"proxy_inference_engine.models.{MODULES.get(model_type, model_type)}")
    return module.Config.from_hf({key: value for key, value in config.items() if value is not ...})


@pytest.mark.parametrize("model_type", TYPES)
def test_config_is_frozen_and_says_what_the_engine_asks(model_type):
    config = read(model_type)
    assert (config.model_type, config.vocab_size, config.num_layers) == (model_type, 61, 2)
    assert config.context_length == 256
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.vocab_size = 1


@pytest.mark.parametrize("model_type", TYPES)
@pytest.mark.parametrize("key", ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"])
@pytest.mark.parametrize("value", [..., None, 0, -1, 1 << 40, "64", True, 2.5, float("nan"), [64]])
def test_absurd_and_missing_sizes_are_refused(model_type, key, value):
    if model_type == "gemma3_text" and key == "vocab_size" and value in (..., None):
        pytest.skip("published configs leave it out")
    with pytest.raises(ConfigError, match=key) as caught:
        read(model_type, **{key: value})
    if value not in (..., None):
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize("model_type", TYPES)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_attention_heads", 0),
        ("num_key_value_heads", 3),
        ("num_key_value_heads", 8),
        ("head_dim", 7),
        ("head_dim", 1 << 20),
        ("rms_norm_eps", -1e-5),
        ("rms_norm_eps", float("inf")),
        ("max_position_embeddings", -1),
        ("tie_word_embeddings", "yes"),
        ("rope_theta", -5),
        ("rope_theta", float("nan")),
    ],
)
def test_values_out_of_range_are_refused(model_type, key, value):
    with pytest.raises(ConfigError, match=key):
        read(model_type, **{key: value})


@pytest.mark.parametrize("model_type", TYPES)
@pytest.mark.parametrize(
    "scaling", [{"type": "dynamic", "factor": 2.0}, {"rope_type": "mrope"}, {"rope_type": "proportional"}]
)
def test_unknown_scalings_are_refused_by_name(model_type, scaling):
    kind = scaling.get("type") or scaling["rope_type"]
    with pytest.raises(UnsupportedModelError, match=f"rope_scaling.*type='{kind}'"):
        read(model_type, rope_scaling=scaling)


@pytest.mark.parametrize("model_type", sorted(set(TYPES) - {"phi3"}))
def test_longrope_and_partial_heads_are_for_phi3_alone(model_type):
    with pytest.raises(UnsupportedModelError, match="longrope"):
        read(model_type, rope_scaling={"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]})
    with pytest.raises(UnsupportedModelError, match=r"partial_rotary_factor=0\.5"):
        read(model_type, partial_rotary_factor=0.5)


@pytest.mark.parametrize("model_type", ["llama", "mistral", "qwen2", "qwen3", "qwen3_moe", "phi3"])
def test_other_activations_are_refused(model_type):
    with pytest.raises(UnsupportedModelError, match="hidden_act='gelu'"):
        read(model_type, hidden_act="gelu")


@pytest.mark.parametrize("model_type", ["gemma2", "gemma3_text"])
def test_what_gemma_has_not_is_refused(model_type):
    with pytest.raises(UnsupportedModelError, match="hidden_activation='gelu'"):
        read(model_type, hidden_activation="gelu")
    with pytest.raises(UnsupportedModelError, match="use_bidirectional_attention=True"):
        read(model_type, use_bidirectional_attention=True)
    assert read(model_type, hidden_activation=None, use_bidirectional_attention=False)


@pytest.mark.parametrize("model_type", ["qwen2", "qwen3", "gemma2", "gemma3_text", "smollm3"])
def test_layer_types(model_type):
    kinds = ["full_attention", "sliding_attention"]
    config = read(model_type, layer_types=kinds, sliding_window=5, use_sliding_window=True)
    assert config.windows == (None, 5)
    with pytest.raises(ConfigError, match="layer_types has 1 entries for 2 layers"):
        read(model_type, layer_types=kinds[:1])
    with pytest.raises(UnsupportedModelError, match="chunked_attention"):
        read(model_type, layer_types=["full_attention", "chunked_attention"])
    with pytest.raises(ConfigError, match="sliding_window is missing"):
        read(model_type, layer_types=kinds, sliding_window=None, use_sliding_window=True)


def test_windows():
    assert read("mistral").windows == (8, 8)
    assert read("mistral", sliding_window=...).windows == (4096, 4096)
    assert read("mistral", sliding_window=None).windows == (None, None)
    assert read("llama", sliding_window=8).windows == (None, None)
    assert read("qwen2", sliding_window=8, use_sliding_window=False).windows == (None, None)
    assert read("qwen2", sliding_window=8, use_sliding_window=True, max_window_layers=1).windows == (None, 8)
    assert read("qwen3", use_sliding_window=True, max_window_layers=0).windows == (4096, 4096)
    assert read("qwen3_moe", sliding_window=8, use_sliding_window=True).windows == (8, 8)
    assert read("gemma2").windows == (8, None)
    assert read("gemma3_text", num_hidden_layers=7).windows == (8, 8, 8, 8, 8, None, 8)
    assert read("gemma3_text", sliding_window_pattern=2).windows == (8, None)
    assert read("smollm3", use_sliding_window=True, sliding_window=8, no_rope_layers=[1, 0]).windows == (None, 8)
    for model_type in ("mistral", "qwen3_moe"):
        with pytest.raises(UnsupportedModelError, match="layer_types"):
            read(model_type, layer_types=["full_attention", "sliding_attention"])


def test_positions():
    config = read("smollm3", num_hidden_layers=8)
    assert config.rotates == (True, True, True, False) * 2
    assert config.rope.theta == 2e6
    assert config.has_tied_head
    with pytest.raises(ConfigError, match="no_rope_layers has 1 entries for 2 layers"):
        read("smollm3", no_rope_layers=[1])


def test_defaults_of_transformers():
    assert read("llama", num_key_value_heads=...).num_kv_heads == 4
    assert read("mistral", num_attention_heads=8, num_key_value_heads=...).num_kv_heads == 8
    assert read("mistral", num_key_value_heads=None).num_kv_heads == 4
    assert read("llama", head_dim=None).head_dim == 12
    assert read("qwen3", head_dim=...).head_dim == 128
    assert read("gemma2", head_dim=...).head_dim == 256
    with pytest.raises(ConfigError, match="there is no head_dim"):
        read("llama", hidden_size=50)


def test_both_forms_of_rope_mean_the_same():
    for model_type in ("llama", "qwen2", "qwen3", "gemma2"):
        old = read(model_type, rope_theta=500.0, rope_scaling={"type": "linear", "factor": 2})
        new = read(model_type, rope_parameters={"rope_type": "linear", "rope_theta": 500.0, "factor": 2.0})
        assert old == new
        assert old.rope == LinearRope(500.0, factor=2.0)
    old = read("gemma3_text", rope_theta=5e5, rope_local_base_freq=300.0, rope_scaling={"type": "linear", "factor": 2})
    new = read(
        "gemma3_text",
        rope_parameters={
            "full_attention": {"rope_type": "linear", "rope_theta": 5e5, "factor": 2.0},
            "sliding_attention": {"rope_theta": 300.0},
        },
    )
    assert old == new


def test_nested_rope_is_for_gemma3_alone():
    nested = {"full_attention": {"rope_type": "default"}, "sliding_attention": {"rope_type": "default"}}
    with pytest.raises(UnsupportedModelError, match=r"rope_parameters\.full_attention"):
        read("qwen3", rope_parameters=nested)
    with pytest.raises(UnsupportedModelError, match=r"rope_parameters\.rope_type"):
        read("gemma3_text", rope_parameters={"rope_type": "linear", "factor": 2.0})


def test_broken_scalings_are_refused():
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0}
    with pytest.raises(ConfigError, match=r"rope_scaling\.high_freq_factor is 1\.0"):
        read("llama", rope_scaling=llama3)
    with pytest.raises(ConfigError, match=r"rope_scaling\.factor is missing"):
        read("llama", rope_scaling={"type": "linear"})
    with pytest.raises(ConfigError, match="rope_scaling is 'linear'"):
        read("llama", rope_scaling="linear")
    with pytest.raises(ConfigError, match="short_factor has 2"):
        read(
            "phi3",
            rope_scaling={"type": "longrope", "short_factor": [1.0, 2.0], "long_factor": [1.0] * 6},
        )
    with pytest.raises(ConfigError, match="long_factor holds -1"):
        read("phi3", rope_scaling={"type": "longrope", "short_factor": [1.0] * 6, "long_factor": [-1] * 6})


def test_yarn_tells_the_scaled_context_length():
    rope = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}
    config = read("qwen2", rope_scaling=rope)
    assert isinstance(config.rope, YarnRope)
    assert config.context_length == 512
    assert read("qwen2", rope_scaling=rope, max_position_embeddings=1000).context_length == 1000


def test_longrope_takes_the_outer_original_length():
    rope = {"type": "longrope", "short_factor": [1.0] * 6, "long_factor": [2.0] * 6}
    config = read("phi3", rope_scaling=rope, original_max_position_embeddings=64)
    assert isinstance(config.rope, LongRope)
    assert config.rope.original_length == 64
    assert read("phi3", rope_scaling=rope).rope.original_length == 4096


def test_experts():
    with pytest.raises(ConfigError, match="num_experts_per_tok is 5, but there are 4 experts"):
        read("qwen3_moe", num_experts_per_tok=5)
    with pytest.raises(ConfigError, match="moe_intermediate_size is missing"):
        read("qwen3_moe", moe_intermediate_size=...)
    assert read("qwen3_moe", mlp_only_layers=[0]).has_experts == (False, True)
    assert read("qwen3_moe", decoder_sparse_step=2).has_experts == (False, True)
    assert read("qwen3_moe", num_experts=..., num_local_experts=6).num_experts == 6
    with pytest.raises(ConfigError, match="mlp_only_layers"):
        read("qwen3_moe", mlp_only_layers=["0"])


def test_multimodal_gemma3_is_read_from_its_text_config():
    from proxy_inference_engine.models.gemma3 import Config

    text = {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34}
    published = {
        "model_type": "gemma3",
        "text_config": {**text, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
        "vision_config": {"hidden_size": 1152},
    }
    config = Config.from_hf(json.loads(json.dumps(published)))
    assert (config.num_heads, config.num_kv_heads, config.head_dim, config.vocab_size) == (8, 4, 256, 262_208)
    assert config.context_length == 131_072
    assert config.rope == LinearRope(1e6, factor=8.0)
    with pytest.raises(ConfigError, match=r"text_config\.hidden_size is 0"):
        Config.from_hf({**published, "text_config": {**text, "hidden_size": 0}})
