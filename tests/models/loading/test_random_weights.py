"""Random models: the same from the same seed, of any shape and packing, and the same once written to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import ConfigError, RequestError, UnsupportedModelError
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import load_model
from proxy_inference_engine.models.noise import Noise
from proxy_inference_engine.models.quantization import layer_packing, make_quantization
from proxy_inference_engine.models.random_weights import load_random, write_random
from proxy_inference_engine.models.registry import FAMILIES
from proxy_inference_engine.models.tree import named_arrays

from .folders import TINY, write_config

IDS = mx.array([[1, 5, 9, 100, 3]])
PACKINGS = [
    *(Quantization(32, bits) for bits in (2, 3, 4, 5, 6, 8)),
    make_quantization(mode="mxfp4"),
    make_quantization(mode="mxfp8"),
    make_quantization(mode="nvfp4"),
]


def arrays_of(model: Any) -> dict[str, mx.array]:
    return named_arrays(model)


def test_the_seed_decides(tmp_path: Path) -> None:
    first, again, other = (arrays_of(load_random(TINY, seed=seed)) for seed in (1, 1, 2))
    assert all(mx.array_equal(first[name], again[name]) for name in first)
    assert not any(mx.array_equal(first[name], other[name]) for name in first)


def test_no_two_tensors_and_no_two_rows_are_alike() -> None:
    arrays = arrays_of(load_random(TINY))
    q, k = (arrays[f"model.layers.0.self_attn.{name}_proj.weight"] for name in "qk")
    assert not mx.array_equal(q[:32], k)
    rows = {bytes(memoryview(row)) for row in arrays["model.embed_tokens.weight"]}
    assert len(rows) == 128


@pytest.mark.parametrize("source", ["dict", "file", "folder"])
def test_a_config_may_come_as_dict_file_or_folder(source: str, tmp_path: Path) -> None:
    write_config(tmp_path)
    model = load_random({"dict": TINY, "file": tmp_path / "config.json", "folder": str(tmp_path)}[source])
    assert model(IDS).shape == (1, 5, 128)


@pytest.mark.parametrize("packing", PACKINGS, ids=str)
def test_packed_weights_have_sound_values(packing: Quantization) -> None:
    model = load_random(TINY, quantization=packing)
    assert set(layer_packing(model).values()) == {packing}  # type: ignore[arg-type]
    arrays = arrays_of(model)
    name = "model.layers.0.mlp.down_proj"
    values = mx.dequantize(
        arrays[f"{name}.weight"],
        arrays[f"{name}.scales"],
        arrays.get(f"{name}.biases"),
        group_size=packing.group_size,
        bits=packing.bits,
        mode=packing.mode,
    ).astype(mx.float32)
    assert 0.5 < float(mx.sqrt(mx.mean(values**2)).item()) * 128**0.5 < 2
    logits = model(IDS)
    assert mx.all(mx.isfinite(logits))
    assert 0.1 < mx.abs(logits).max() < 100


def test_the_packing_of_the_config_is_the_default() -> None:
    config = {**TINY, "quantization": {"group_size": 32, "bits": 4, "lm_head": {"group_size": 64, "bits": 8}}}
    found = layer_packing(load_random(config))  # type: ignore[arg-type]
    assert found["lm_head"] == Quantization(64, 8)
    assert found["model.embed_tokens"] == Quantization(32, 4)


@pytest.mark.parametrize(("wanted", "held"), [(None, mx.float32), ("bfloat16", mx.bfloat16), ("float16", mx.float16)])
def test_dtypes(wanted: str | None, held: mx.Dtype) -> None:
    if wanted is None and mx.default_device().type != mx.DeviceType.cpu:
        pytest.skip("the default differs on a GPU")
    arrays = arrays_of(load_random(TINY, dtype=wanted, quantization=Quantization(32, 4)))
    assert {array.dtype for array in arrays.values()} == {held, mx.uint32}


@pytest.mark.parametrize("packing", [None, *PACKINGS], ids=str)
def test_a_written_model_is_the_same(packing: Quantization | None, tmp_path: Path) -> None:
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    (tmp_path / "tokenizer" / "config.json").write_text("{}")
    out = write_random(
        TINY, tmp_path / "out", quantization=packing, dtype="float32", tokenizer_folder=tmp_path / "tokenizer"
    )
    ours, theirs = arrays_of(load_random(TINY, quantization=packing)), arrays_of(load_model(out))
    assert set(ours) == set(theirs)
    assert all(mx.array_equal(ours[name], theirs[name]) for name in ours)
    assert (out / "tokenizer.json").is_file()
    assert json.loads((out / "config.json").read_text())["model_type"] == "llama"
    with pytest.raises(RequestError, match="exists already"):
        write_random(TINY, out)


def test_a_written_model_has_the_dtype_of_its_config(tmp_path: Path) -> None:
    out = write_random({**TINY, "torch_dtype": "float16"}, tmp_path / "out")
    raw = mx.load(str(out / "model.safetensors"))
    assert {array.dtype for array in raw.values()} == {mx.float16}  # type: ignore[union-attr]


FAMILY_KEYS: dict[str, dict[str, Any]] = {
    "qwen3_moe": {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64},
    "gemma3": {"text_config": {**TINY, "model_type": "gemma3_text"}},
}


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_native_family(model_type: str) -> None:
    config = {**TINY, **FAMILY_KEYS.get(model_type, {}), "model_type": model_type}
    for packing in (None, Quantization(32, 4)):
        logits = load_random(config, quantization=packing)(IDS)
        assert logits.shape == (1, 5, 128)
        assert mx.all(mx.isfinite(logits))


def test_bad_configs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="'zamba9'"):
        load_random({**TINY, "model_type": "zamba9"})
    with pytest.raises(UnsupportedModelError, match="model_file"):
        load_random({**TINY, "model_file": "x.py"})
    with pytest.raises(ConfigError, match="hidden_size"):
        load_random({key: value for key, value in TINY.items() if key != "hidden_size"})
    with pytest.raises(ConfigError, match="model_type"):
        load_random({})
    with pytest.raises(ConfigError, match="hidden_size"):
        write_random({**TINY, "hidden_size": -1}, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_noise_longer_than_its_block_does_not_repeat_by_rows() -> None:
    like = mx.zeros((2000, 1024))
    drawn = Noise(0).draw("a.weight", like, None, mx.float32)
    assert drawn.shape == like.shape
    assert not mx.array_equal(drawn[0], drawn[1024])
    assert abs(float(mx.mean(drawn).item())) < 1e-3
