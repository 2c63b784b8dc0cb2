"""What `convert` writes: the same model, packed as asked for, in a folder that appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import CapacityError, ModelLoadError, RequestError, UnsupportedModelError
from proxy_inference_engine.models import writer
from proxy_inference_engine.models.checkpoint import INDEX_NAME, Checkpoint
from proxy_inference_engine.models.convert import convert
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import load_model
from proxy_inference_engine.models.portable_config import portable
from proxy_inference_engine.models.quantization import layer_packing
from proxy_inference_engine.models.random_weights import write_random
from proxy_inference_engine.models.recipes import RECIPES
from proxy_inference_engine.models.registry import find_family

from .folders import TINY, llama_arrays, write_model

IDS = mx.array([[1, 5, 9, 100, 3]])
COMPANIONS = {
    "tokenizer.json": "{}",
    "tokenizer_config.json": '{"a": 1}',
    "generation_config.json": '{"temperature": 0.5}',
    "chat_template.jinja": "{{ messages }}",
    "merges.txt": "a b",
    "LICENSE": "free",
}
LEFT_BEHIND = {
    "modeling.py": "raise SystemExit",
    "pytorch_model.bin": "x",
    "README.md": "x",
    "adapter_config.json": "{}",
}
MOE: dict[str, Any] = {
    **TINY,
    "model_type": "qwen3_moe",
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 64,
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write_model(folder)
    for name, text in {**COMPANIONS, **LEFT_BEHIND}.items():
        (folder / name).write_text(text)
    return folder


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def packing_of(folder: Path) -> dict[str, Quantization]:
    return layer_packing(load_model(folder))  # type: ignore[arg-type]


def test_what_comes_along(source: Path, tmp_path: Path) -> None:
    out = convert(source, tmp_path / "out", bits=4, group_size=32)
    names = {path.name for path in out.iterdir()}
    assert names == {*COMPANIONS, "config.json", "model.safetensors", INDEX_NAME}
    assert all((out / name).read_text() == text for name, text in COMPANIONS.items())
    config = read(out, "config.json")
    assert config["quantization"] == config["quantization_config"] == {"group_size": 32, "bits": 4, "mode": "affine"}
    assert {key: config[key] for key in TINY} == TINY
    index = read(out, INDEX_NAME)
    checkpoint = Checkpoint.open(out)
    assert set(index["weight_map"]) == set(checkpoint.tensors)
    original = sum(array.size for array in llama_arrays().values())
    assert index["metadata"] == {"total_size": checkpoint.nbytes, "total_parameters": original}


@pytest.mark.parametrize(
    "packing",
    [
        *(Quantization(32, bits) for bits in (2, 3, 4, 5, 6, 8)),
        Quantization(64, 4),
        Quantization(32, 4, "mxfp4"),
        Quantization(32, 8, "mxfp8"),
        Quantization(16, 4, "nvfp4"),
    ],
    ids=str,
)
def test_each_layer_is_packed_as_mlx_packs_it(packing: Quantization, source: Path, tmp_path: Path) -> None:
    out = convert(source, tmp_path / "out", bits=packing.bits, group_size=packing.group_size, mode=packing.mode)
    assert set(packing_of(out).values()) == {packing}
    arrays, expected = Checkpoint.open(out).load(), llama_arrays()
    for name, parts in packing_parts(expected, packing).items():
        assert all(mx.array_equal(arrays[f"{name}.{part}"], array) for part, array in parts.items())
    assert mx.array_equal(arrays["model.norm.weight"], expected["model.norm.weight"])


def packing_parts(arrays: dict[str, mx.array], packing: Quantization) -> dict[str, dict[str, mx.array]]:
    return {name.removesuffix(".weight"): packing.quantize(array) for name, array in arrays.items() if array.ndim == 2}


def test_sharding_changes_nothing(source: Path, tmp_path: Path) -> None:
    whole = convert(source, tmp_path / "whole", bits=4, group_size=32)
    calls: list[tuple[int, int]] = []
    out = convert(
        source,
        tmp_path / "out",
        bits=4,
        group_size=32,
        shard_bytes=20_000,
        progress=lambda done, total: calls.append((done, total)),
    )
    files = sorted(path.name for path in out.glob("*.safetensors"))
    assert len(files) > 2
    assert files[0] == f"model-00001-of-{len(files):05d}.safetensors"
    sizes = [sum(tensor.nbytes for tensor in Checkpoint.open(out).tensors.values() if True)]
    assert sizes[0] == Checkpoint.open(whole).nbytes
    assert mx.array_equal(load_model(out)(IDS), load_model(whole)(IDS))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert calls[-1] == (sizes[0], sizes[0])


@pytest.mark.parametrize("mode", ["affine", "mxfp4", "mxfp8", "nvfp4"])
def test_dequantising_gives_the_values_that_the_packed_ones_stood_for(mode: str, source: Path, tmp_path: Path) -> None:
    packed = convert(source, tmp_path / "packed", mode=mode)
    plain = convert(packed, tmp_path / "plain", dequantize=True, dtype="float32")
    config = read(plain, "config.json")
    assert "quantization" not in config
    assert "quantization_config" not in config
    assert not packing_of(plain)
    ours, theirs = load_model(packed)(IDS), load_model(plain)(IDS)
    assert mx.abs(ours - theirs).max() < 1e-3 * mx.abs(theirs).max()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_change_of_dtype_alone(dtype: str, source: Path, tmp_path: Path) -> None:
    out = convert(source, tmp_path / "out", dtype=dtype)
    arrays = Checkpoint.open(out).load()
    kind = getattr(mx, dtype)
    assert {array.dtype for array in arrays.values()} == {kind}
    assert all(mx.array_equal(arrays[name], array.astype(kind)) for name, array in llama_arrays().items())
    assert read(out, "config.json")["torch_dtype"] == dtype


def test_quantising_in_a_dtype_gives_scales_of_that_dtype(source: Path, tmp_path: Path) -> None:
    arrays = Checkpoint.open(convert(source, tmp_path / "out", bits=4, dtype="bfloat16")).load()
    assert arrays["lm_head.scales"].dtype == mx.bfloat16
    assert arrays["model.norm.weight"].dtype == mx.bfloat16


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_give_more_bits_where_they_matter(recipe: str, tmp_path: Path) -> None:
    config = {**TINY, "num_hidden_layers": 8}
    source = tmp_path / "source"
    write_model(source, config, llama_arrays(config))
    out = convert(source, tmp_path / "out", recipe=recipe, group_size=32)
    low, high = RECIPES[recipe]
    found = packing_of(out)
    assert found["lm_head"].bits == high
    assert found["model.embed_tokens"].bits == low
    downs = [found[f"model.layers.{index}.mlp.down_proj"].bits for index in range(8)]
    assert downs == [high, low, low, high, low, low, high, high]
    assert {found[f"model.layers.{index}.mlp.up_proj"].bits for index in range(8)} == {low}
    entry = read(out, "config.json")["quantization"]
    assert entry["bits"] == low
    assert entry["lm_head"]["bits"] == high


def test_a_choice_of_ones_own_decides_for_each_layer(source: Path, tmp_path: Path) -> None:
    seen: dict[str, tuple[int, ...]] = {}

    def choose(name: str, shape: tuple[int, ...]) -> Quantization | None:
        seen[name] = shape
        if "layers.0" in name:
            return None
        return Quantization(32, 8 if name == "lm_head" else 4)

    out = convert(source, tmp_path / "out", recipe=choose, group_size=32)
    assert seen["model.layers.1.mlp.down_proj"] == (64, 128)
    counts = Counter(packing.bits for packing in packing_of(out).values())
    assert counts == {8: 1, 4: 8}
    assert read(out, "config.json")["quantization"]["model.layers.0.mlp.up_proj"] is False


def test_layers_that_do_not_divide_into_groups_stay_as_they_are(tmp_path: Path) -> None:
    config = {**TINY, "intermediate_size": 96}
    source = tmp_path / "source"
    write_model(source, config, llama_arrays(config))
    out = convert(source, tmp_path / "out", bits=4, group_size=64)
    found = packing_of(out)
    assert "model.layers.0.mlp.down_proj" not in found
    assert found["model.layers.0.mlp.up_proj"] == Quantization(64, 4)
    assert mx.all(mx.isfinite(load_model(out)(IDS)))


def test_routers_of_experts_keep_eight_bits(tmp_path: Path) -> None:
    source = write_random(MOE, tmp_path / "source", dtype="float32")
    found = packing_of(convert(source, tmp_path / "out", bits=4))
    assert found["model.layers.0.mlp.gate"] == Quantization(64, 8)
    assert found["model.layers.0.mlp.switch_mlp.up_proj"] == Quantization(64, 4)


def test_the_demo_model_by_name(monkeypatch: pytest.MonkeyPatch, source: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("proxy_inference_engine.models.convert.resolve_model", lambda *a, **k: source)
    assert convert("demo", tmp_path / "out", bits=8, group_size=32).is_dir()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"bits": 4, "dequantize": True}, "contradicts"),
        ({"dtype": "int8"}, "dtype='int8'"),
        ({"recipe": "mixed_9_9"}, "mixed_2_6"),
        ({"recipe": "mixed_2_6", "bits": 4}, "sets the bits itself"),
        ({"recipe": "mixed_2_6", "mode": "mxfp4"}, "sets the bits itself"),
    ],
)
def test_settings_that_contradict_each_other(
    settings: dict[str, Any], expected: str, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=expected):
        convert(source, tmp_path / "out", **settings)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(
    "settings", [{"bits": 7}, {"group_size": 48}, {"mode": "ternary"}, {"mode": "mxfp4", "bits": 8}]
)
def test_packings_that_mlx_lacks(settings: dict[str, Any], source: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError):
        convert(source, tmp_path / "out", **settings)
    assert_nothing_left(tmp_path)


def test_a_quantised_model_is_not_quantised_again(source: Path, tmp_path: Path) -> None:
    packed = convert(source, tmp_path / "packed", bits=4)
    with pytest.raises(RequestError, match="quantised already"):
        convert(packed, tmp_path / "out", bits=2)
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(source: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "precious").write_text("x")
    with pytest.raises(RequestError, match="exists already"):
        convert(source, taken, bits=4)
    with pytest.raises(RequestError, match="exists already"):
        convert(source, source, bits=4)
    with pytest.raises(RequestError, match="is no folder"):
        convert(source, tmp_path / "no" / "where", bits=4)
    assert (taken / "precious").read_text() == "x"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert convert(source, empty, bits=4) == empty


def assert_nothing_left(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"source"}


def test_a_failure_leaves_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, tmp_path / "out", bits=4, progress=stop)
    assert_nothing_left(tmp_path)
    shard = source / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ModelLoadError, match="truncated"):
        convert(source, tmp_path / "out", bits=4)
    assert_nothing_left(tmp_path)


def test_a_full_disk_is_noticed_first(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(writer.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CapacityError, match="only 1000 free"):
        convert(source, tmp_path / "out", bits=4)
    assert_nothing_left(tmp_path)


def test_families_without_a_native_file_are_sent_to_mlx_lm(tmp_path: Path) -> None:
    write_model(tmp_path / "source", {**TINY, "model_type": "mamba"}, llama_arrays())
    with pytest.raises(UnsupportedModelError, match=r"mlx_lm\.convert"):
        convert(tmp_path / "source", tmp_path / "out", bits=4)


def test_tied_heads_are_written_once_and_said_to_be_tied(tmp_path: Path) -> None:
    config = {**TINY, "tie_word_embeddings": True}
    arrays = llama_arrays(config)
    arrays["lm_head.weight"] = arrays["model.embed_tokens.weight"]
    write_model(tmp_path / "source", config, arrays)
    out = convert(tmp_path / "source", tmp_path / "out", dtype="float16")
    assert "lm_head.weight" not in Checkpoint.open(out).tensors
    assert read(out, "config.json")["tie_word_embeddings"] is True


def native_config(config: dict[str, Any]) -> Any:
    return find_family(config["model_type"]).Config.from_hf(config)


def test_new_rotary_keys_get_their_old_companions() -> None:
    rope = {
        "rope_type": "llama3",
        "rope_theta": 5e5,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    }
    config = {key: value for key, value in TINY.items() if key != "rope_theta"} | {"rope_parameters": rope}
    new = portable(config, native_config(config), tied=False)
    assert new["rope_theta"] == 5e5
    assert new["rope_scaling"]["type"] == new["rope_scaling"]["rope_type"] == "llama3"
    assert new["rope_parameters"] == rope
    old = {key: value for key, value in new.items() if key != "rope_parameters"}
    assert native_config(old) == native_config(config) == native_config(new)


def test_local_and_global_rotary_keys_get_their_old_companions() -> None:
    config = {
        **{key: value for key, value in TINY.items() if key != "rope_theta"},
        "model_type": "gemma3_text",
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 2e4},
        },
    }
    new = portable(config, native_config(config), tied=True)
    assert (new["rope_theta"], new["rope_local_base_freq"]) == (1e6, 2e4)
    assert new["rope_scaling"]["factor"] == 8.0
    assert "sliding_window" in new


def test_a_multimodal_config_becomes_that_of_its_text_part() -> None:
    text = {key: value for key, value in TINY.items() if key not in ("model_type", "num_attention_heads", "head_dim")}
    config = {"model_type": "gemma3", "text_config": {**text, "model_type": "gemma3_text"}, "eos_token_id": [1, 2]}
    new = portable(config, native_config(config), tied=True)
    assert new["model_type"] == "gemma3_text"
    assert new["eos_token_id"] == [1, 2]
    assert new["num_attention_heads"] == 8
    assert "text_config" not in new
