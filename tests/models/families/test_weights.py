"""Checkpoints in every form they are stored in become the same model; packed layers equal their unpacked weights."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten, tree_unflatten

from proxy_inference_engine.errors import UnsupportedModelError
from proxy_inference_engine.models.layers import (
    Embedding,
    Linear,
    Quantization,
    QuantizedLinear,
    QuantizedSwitchLinear,
    SwitchLinear,
)
from proxy_inference_engine.models.layers.norm import OffsetRMSNorm
from tests.models.families.configs import CONFIGS, MODULES
from tests.parity.reading import GOLDENS, build, read_golden, relative_error
from tests.parity.seeded_weights import seeded_weights

SCHEMES = [
    ("affine", 32, 4),
    ("affine", 64, 3),
    ("affine", 128, 8),
    ("mxfp4", 32, 4),
    ("mxfp8", 32, 8),
    ("nvfp4", 16, 4),
]
MOE = [path for path in GOLDENS if "moe" in path.stem]


def make_model(model_type, **changes):
    module = importlib.import_module(f"proxy_inference_engine.models.{MODULES.get(model_type, model_type)}")
    model = module.Model(module.Config.from_hf({**CONFIGS[model_type], **changes}))
    shapes = {name: array.shape for name, array in tree_flatten(model.parameters())}
    weights = seeded_weights(shapes, 0, model_type)
    model.update(tree_unflatten([(name, mx.array(array)) for name, array in weights.items()]))
    return model


def by_expert(weights):
    """The form that published checkpoints have: one tensor for each expert."""
    single = {}
    for name, array in weights.items():
        prefix, _, last = name.rpartition(".")
        if last == "gate_up_proj":
            for expert, fused in enumerate(array):
                gate, up = np.split(fused, 2)
                single[f"{prefix}.{expert}.gate_proj.weight"] = gate
                single[f"{prefix}.{expert}.up_proj.weight"] = up
        elif prefix.endswith("experts"):
            for expert, down in enumerate(array):
                single[f"{prefix}.{expert}.down_proj.weight"] = down
        else:
            single[name] = array
    return single


@pytest.mark.parametrize("path", MOE, ids=lambda path: path.stem)
def test_experts_in_three_forms(path):
    golden = read_golden(path)
    fused = build(golden.config, golden.weights)
    single = build(golden.config, by_expert(golden.weights))
    stacked = build(golden.config, dict(tree_flatten(fused.parameters())))
    for model in (fused, single, stacked):
        assert relative_error(model(golden.prompt)[0], golden.logits) <= 1e-5


def test_experts_sorted_and_unsorted_agree():
    from proxy_inference_engine.models import qwen3_moe

    model = make_model("qwen3_moe")
    ids = mx.arange(48)[None] % 61
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qwen3_moe, "_MIN_SORTED", 10**9)
        plain = np.array(model(ids))
    assert relative_error(model(ids), plain) <= 1e-5


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_gemma3_leaves_the_vision_tower_out(prefix):
    path = next(path for path in GOLDENS if path.stem == "gemma3_multimodal")
    golden = read_golden(path)
    weights = {prefix + name.removeprefix("model."): array for name, array in golden.weights.items()}
    weights["vision_tower.encoder.weight"] = np.ones((2, 2), dtype=np.float32)
    weights["model.multi_modal_projector.weight"] = np.ones((2, 2), dtype=np.float32)
    assert relative_error(build(golden.config, weights)(golden.prompt)[0], golden.logits) <= 1e-5


@pytest.mark.parametrize("model_type", sorted(CONFIGS))
def test_derived_tensors_are_dropped(model_type):
    tied = make_model(model_type, tie_word_embeddings=True)
    weights = dict(tree_flatten(tied.parameters()))
    assert "lm_head.weight" not in weights
    extra = {"lm_head.weight": mx.ones((61, 48)), "model.layers.0.self_attn.rotary_emb.inv_freq": mx.ones((4,))}
    assert tied.sanitize({**weights, **extra}).keys() == weights.keys()
    untied = make_model(model_type, tie_word_embeddings=False)
    assert "lm_head.weight" in untied.sanitize({**weights, **extra})


@pytest.mark.parametrize(("mode", "group_size", "bits"), SCHEMES)
def test_packed_layers_equal_their_unpacked_weights(mode, group_size, bits):
    rng = np.random.default_rng(bits)

    def unpack(twin):
        return mx.dequantize(
            twin["weight"], twin["scales"], twin.get("biases"), group_size, bits, mode, dtype=mx.float32
        )

    linear = Linear(256, 24, bias=True)
    linear.weight, linear.bias = random_like(rng, linear.weight), random_like(rng, linear.bias)
    packed = linear.to_quantized(group_size, bits, mode)
    x = mx.array(rng.standard_normal((3, 256)).astype(np.float32))
    linear.weight = unpack(packed)
    assert relative_error(packed(x), np.array(linear(x))) <= 1e-5

    table = Embedding(24, 256)
    table.weight = random_like(rng, table.weight)
    packed = table.to_quantized(group_size, bits, mode)
    table.weight = unpack(packed)
    ids = mx.array([[3, 0, 23]])
    assert relative_error(packed(ids), np.array(table(ids))) <= 1e-5
    assert relative_error(packed.as_linear(x), np.array(table.as_linear(x))) <= 1e-5

    switch = SwitchLinear(256, 24, 3)
    switch.weight = random_like(rng, switch.weight)
    packed = switch.to_quantized(group_size, bits, mode)
    switch.weight = unpack(packed)
    experts = mx.array([[0, 2], [1, 1], [2, 0]])
    assert relative_error(packed(x[:, None], experts), np.array(switch(x[:, None], experts))) <= 1e-5


def random_like(rng, array):
    return mx.array(rng.standard_normal(array.shape).astype(np.float32))


@pytest.mark.parametrize(("mode", "group_size", "bits"), SCHEMES)
def test_placeholders_have_the_shapes_and_dtypes_of_packed_weights(mode, group_size, bits):
    for layer in (Linear(256, 24, bias=True), Embedding(24, 256), SwitchLinear(256, 24, 3)):
        packed = dict(tree_flatten(layer.to_quantized(group_size, bits, mode).parameters()))
        empty = dict(tree_flatten(layer.to_quantized(group_size, bits, mode, compute=False).parameters()))
        assert {name: (array.shape, array.dtype) for name, array in packed.items()} == {
            name: (array.shape, array.dtype) for name, array in empty.items()
        }


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((64, 7), "bits=7"),
        ((48, 4), "group_size=48"),
        ((32, 4, "fp4"), "mode='fp4'"),
        ((64, 4, "mxfp4"), "group_size=64"),
    ],
)
def test_unknown_packings_are_refused(arguments, named):
    with pytest.raises(UnsupportedModelError, match=named):
        Quantization(*arguments)
    with pytest.raises(UnsupportedModelError, match=r"\(3, 100\)"):
        QuantizedLinear(100, 3, group_size=32, bits=4)
    assert QuantizedSwitchLinear(64, 3, 2, group_size=32, bits=4).weight.shape == (2, 3, 8)


@pytest.mark.parametrize("mode", ["affine", "mxfp4"])
@pytest.mark.parametrize("model_type", sorted(CONFIGS))
def test_a_packed_model_equals_its_unpacked_weights(model_type, mode):
    sizes = {"hidden_size": 64, "intermediate_size": 64, "moe_intermediate_size": 64}
    model = make_model(model_type, **sizes)
    packable = [
        (name, layer)
        for name, layer in tree_flatten(model.leaf_modules(), is_leaf=lambda node: hasattr(node, "to_quantized"))
        if hasattr(layer, "to_quantized") and layer.weight.shape[-1] % 32 == 0
    ]
    twins = {name: layer.to_quantized(32, 4, mode) for name, layer in packable}
    for name, layer in packable:
        twin = twins[name]
        layer.weight = mx.dequantize(twin["weight"], twin["scales"], twin.get("biases"), 32, 4, mode, dtype=mx.float32)
    ids = mx.arange(12)[None]
    unpacked = np.array(model(ids))
    model.update_modules(tree_unflatten(list(twins.items())))
    logits = model(ids)
    assert logits.dtype == mx.float32
    assert relative_error(logits, unpacked) <= 2e-5


def test_offset_norm_follows_new_weights_and_survives_compilation():
    norm = OffsetRMSNorm(8, 1e-6)
    x = mx.arange(8, dtype=mx.float32)[None]
    plain = np.array(norm(x))
    norm.weight = mx.ones((8,))
    assert relative_error(norm(x), 2 * plain) <= 1e-6
    norm(x)  # left pending in this thread
    with ThreadPoolExecutor(1) as pool:
        assert np.abs(pool.submit(lambda: np.array(norm(mx.arange(8.0)[None]))).result() - 2 * plain).max() <= 1e-6
    fresh = OffsetRMSNorm(8, 1e-6)
    compiled = mx.compile(lambda x: fresh(x))
    assert relative_error(compiled(x), plain) <= 1e-6
    assert relative_error(fresh(x), plain) <= 1e-6
