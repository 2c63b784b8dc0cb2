"""Quantised checkpoints: every mode that MLX has loads and computes, and what contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import ConfigError, UnsupportedModelError, WeightsError
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import load_model
from proxy_inference_engine.models.quantization import QuantizationPlan, layer_packing, plan_to_config, read_plan
from proxy_inference_engine.models.tree import named_arrays

from .folders import TINY, llama_arrays, write_model

IDS = mx.array([[1, 5, 9, 100, 3]])
WIDE = {**TINY, "hidden_size": 128, "head_dim": 32}
AFFINE = [Quantization(group, bits) for bits in (2, 3, 4, 5, 6, 8) for group in (32, 64, 128)]
FLOAT = [Quantization(32, 4, "mxfp4"), Quantization(32, 8, "mxfp8"), Quantization(16, 4, "nvfp4")]


def is_layer(name: str) -> bool:
    return name.endswith("_proj.weight") or "embed_tokens" in name or "lm_head" in name


def pack(
    arrays: dict[str, mx.array], packing: Quantization, keep: tuple[str, ...] = ()
) -> tuple[dict[str, mx.array], dict[str, mx.array]]:
    """The arrays with every layer packed, and the same with the values that the packed layers stand for."""
    packed, plain = dict(arrays), dict(arrays)
    sizes: dict[str, Any] = {"group_size": packing.group_size, "bits": packing.bits, "mode": packing.mode}
    for name in arrays:
        layer = name.removesuffix(".weight")
        if is_layer(name) and layer not in keep and packing.fits(arrays[name].shape[-1]):
            parts = mx.quantize(packed.pop(name), **sizes)
            packed |= {
                f"{layer}.{part}": array for part, array in zip(("weight", "scales", "biases"), parts, strict=False)
            }
            plain[name] = mx.dequantize(*parts, **sizes).astype(arrays[name].dtype)
    return packed, plain


def relative(found: mx.array, expected: mx.array) -> float:
    return float((mx.abs(found - expected).max() / mx.abs(expected).max()).item())


def config_of(packing: Quantization, **others: Any) -> dict[str, Any]:
    entry = {"group_size": packing.group_size, "bits": packing.bits, "mode": packing.mode, **others}
    return {**WIDE, "quantization": entry, "quantization_config": entry}


@pytest.mark.parametrize("packing", AFFINE + FLOAT, ids=str)
def test_every_packing_gives_the_logits_of_its_unpacked_values(packing: Quantization, tmp_path: Path) -> None:
    packed, plain = pack(llama_arrays(WIDE), packing)
    write_model(tmp_path / "packed", config_of(packing), packed)
    write_model(tmp_path / "plain", WIDE, plain)
    model = load_model(tmp_path / "packed")
    assert set(layer_packing(model).values()) == {packing}  # type: ignore[arg-type]
    assert relative(model(IDS), load_model(tmp_path / "plain")(IDS)) < 1e-4


@pytest.mark.parametrize("key", ["quantization", "quantization_config"])
def test_either_key_of_the_config_will_do(key: str, tmp_path: Path) -> None:
    packed, _ = pack(llama_arrays(WIDE), Quantization(64, 4))
    write_model(tmp_path, {**WIDE, key: {"group_size": 64, "bits": 4}}, packed)
    assert len(layer_packing(load_model(tmp_path))) == 16  # type: ignore[arg-type]


def test_scales_are_held_in_the_dtype_of_the_model(tmp_path: Path) -> None:
    packed, _ = pack(llama_arrays(WIDE, mx.bfloat16), Quantization(64, 4))
    write_model(tmp_path, config_of(Quantization(64, 4)), packed)
    for wanted, dtype in (("float32", mx.float32), ("bfloat16", mx.bfloat16)):
        arrays = named_arrays(load_model(tmp_path, dtype=wanted))  # type: ignore[arg-type]
        assert {array.dtype for name, array in arrays.items() if name.endswith(("scales", "biases"))} == {dtype}
        assert arrays["lm_head.weight"].dtype == mx.uint32


def test_layers_of_a_mixed_model_keep_their_own_packing(tmp_path: Path) -> None:
    arrays = llama_arrays(WIDE)
    head, down, kept = "lm_head", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn.q_proj"
    base = Quantization(64, 4)
    packed, plain = pack(arrays, base, keep=(head, down, kept))
    for layer, packing in ((head, Quantization(32, 8)), (down, Quantization(32, 4, "mxfp4"))):
        one_packed, one_plain = pack({f"{layer}.weight": arrays[f"{layer}.weight"]}, packing)
        packed = {**packed, **one_packed}
        plain |= one_plain
    others = {head: {"group_size": 32, "bits": 8}, down: {"group_size": 32, "bits": 4, "mode": "mxfp4"}, kept: False}
    write_model(tmp_path / "packed", config_of(base, **others), packed)
    write_model(tmp_path / "plain", WIDE, plain)
    model = load_model(tmp_path / "packed")
    found = layer_packing(model)  # type: ignore[arg-type]
    assert found[head] == Quantization(32, 8)
    assert found[down] == Quantization(32, 4, "mxfp4")
    assert kept not in found
    assert relative(model(IDS), load_model(tmp_path / "plain")(IDS)) < 1e-4


def test_layers_without_scales_stay_unquantised_without_being_named(tmp_path: Path) -> None:
    packed, _ = pack(llama_arrays(WIDE), Quantization(64, 4), keep=("lm_head",))
    write_model(tmp_path, config_of(Quantization(64, 4)), packed)
    assert "lm_head" not in layer_packing(load_model(tmp_path))  # type: ignore[arg-type]


def test_what_the_config_says_of_a_layer_must_be_so(tmp_path: Path) -> None:
    packed, _ = pack(llama_arrays(WIDE), Quantization(64, 4))
    for said in ({"group_size": 64, "bits": 8}, False):
        write_model(tmp_path, config_of(Quantization(64, 4), lm_head=said), packed)
        with pytest.raises(WeightsError, match=r"'lm_head': its tensors are packed as .*'bits': 4.* says"):
            load_model(tmp_path)


def test_packed_tensors_without_a_word_in_the_config_are_refused(tmp_path: Path) -> None:
    packed, _ = pack(llama_arrays(WIDE), Quantization(64, 4))
    write_model(tmp_path, WIDE, packed)
    with pytest.raises(WeightsError, match="has no `quantization`"):
        load_model(tmp_path)


def damage(name: str, array: mx.array | None) -> dict[str, mx.array]:
    packed, _ = pack(llama_arrays(WIDE), Quantization(64, 4))
    if array is None:
        del packed[name]
    else:
        packed[name] = array
    return packed


@pytest.mark.parametrize(
    ("name", "array", "expected"),
    [
        ("lm_head.weight", None, "no packed weight"),
        ("lm_head.biases", None, "'lm_head.biases' is missing"),
        ("lm_head.scales", None, "unknown|shape"),
        ("lm_head.weight", mx.zeros((128, 16)), "not a weight that MLX packed"),
        ("lm_head.weight", mx.zeros((128, 15), mx.uint32), "do not divide evenly"),
        ("lm_head.weight", mx.zeros((128, 28), mx.uint32), "bits=7"),
        ("lm_head.scales", mx.zeros((128, 3)), "do not divide evenly"),
        ("lm_head.scales", mx.zeros((128, 8)), "group_size=16"),
        ("lm_head.scales", mx.zeros((127, 2)), r"\[127, 2\]"),
        ("lm_head.scales", mx.zeros((128, 2), mx.uint8), "no MLX mode"),
        ("lm_head.biases", mx.zeros((128, 2), mx.uint8), "holds uint8"),
        ("model.norm.scales", mx.zeros((1,)), "unknown"),
    ],
)
def test_damaged_packing_is_refused(name: str, array: mx.array | None, expected: str, tmp_path: Path) -> None:
    write_model(tmp_path, config_of(Quantization(64, 4)), damage(name, array))
    with pytest.raises(WeightsError, match=expected):
        load_model(tmp_path)


FOREIGN: dict[str, dict[str, Any]] = {
    "gptq": {"quant_method": "gptq", "bits": 4, "group_size": 128},
    "awq": {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm"},
    "bitsandbytes": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    "fp8": {"quant_method": "fp8", "weight_block_size": [128, 128]},
    "compressed-tensors": {"quant_method": "compressed-tensors", "format": "pack-quantized"},
    "modelopt": {"quantization": {"quant_algo": "NVFP4"}},
    "mxfp4": {"quant_method": "mxfp4", "modules_to_not_convert": []},
    "bitnet": {"quant_method": "bitnet"},
}


@pytest.mark.parametrize("method", FOREIGN)
def test_other_quantisations_are_refused_by_name_with_the_way_out(method: str, tmp_path: Path) -> None:
    write_model(tmp_path, {**WIDE, "quantization_config": FOREIGN[method]}, llama_arrays(WIDE))
    with pytest.raises(UnsupportedModelError, match=rf"'{method}'.*pie convert"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"group_size": 64, "bits": 7}, UnsupportedModelError),
        ({"group_size": 48, "bits": 4}, UnsupportedModelError),
        ({"group_size": 64, "bits": 4, "mode": "ternary"}, UnsupportedModelError),
        ({"group_size": 64, "bits": 4, "mode": "mxfp4"}, UnsupportedModelError),
        ({"group_size": 64, "bits": "4"}, ConfigError),
        ({"group_size": True, "bits": 4}, ConfigError),
        ({"bits": 4}, ConfigError),
        ({"group_size": 64, "bits": 4, "mode": 3}, ConfigError),
        ({"group_size": 64, "bits": 4, "lm_head": {"bits": 99, "group_size": 64}}, UnsupportedModelError),
        (
            {"group_size": 64, "bits": 4, "lm_head": {"bits": 4, "group_size": 16, "global_scale": True}},
            UnsupportedModelError,
        ),
        ([4, 64], ConfigError),
        ("4bit", ConfigError),
    ],
)
def test_a_quantisation_that_mlx_does_not_have_is_refused(entry: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="quantization"):
        read_plan({"quantization": entry})


def test_a_plan_survives_the_config() -> None:
    plan = QuantizationPlan(
        Quantization(64, 4), {"lm_head": Quantization(32, 8), "a.b": None, "c": Quantization(32, 4, "mxfp4")}
    )
    assert read_plan({"quantization": plan_to_config(plan)}) == plan
    assert read_plan({}) is None
    assert read_plan({"quantization": None, "quantization_config": False}) is None
    assert read_plan({"text_config": {"quantization": {"group_size": 32, "bits": 8}}}) is not None
    assert plan.describe() == "mixed, 4 to 8 bits, affine and mxfp4"
