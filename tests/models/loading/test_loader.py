"""A folder becomes the model it describes, or one error that names what is wrong, before any weight is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine.errors import ConfigError, ModelLoadError, UnsupportedModelError, WeightsError
from proxy_inference_engine.models.files import read_config
from proxy_inference_engine.models.loader import load_model, prepare
from proxy_inference_engine.models.tree import named_arrays
from proxy_inference_engine.models.weights import materialise

from .folders import TINY, llama_arrays, write_config, write_model, write_raw, write_typed

IDS = mx.array([[1, 5, 9, 100, 3]])


def loaded(folder: Path, **settings: Any) -> dict[str, mx.array]:
    return named_arrays(load_model(folder, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("num_shards", [1, 4])
@pytest.mark.parametrize("tied", [True, False])
def test_every_tensor_arrives_as_written(num_shards: int, tied: bool, tmp_path: Path) -> None:
    config = {**TINY, "tie_word_embeddings": tied}
    arrays = write_model(tmp_path, config, llama_arrays(config), num_shards=num_shards)
    model = loaded(tmp_path)
    assert set(model) == set(arrays)
    assert all(mx.array_equal(model[name], arrays[name]) for name in arrays)


def test_the_loaded_model_computes(tmp_path: Path) -> None:
    write_model(tmp_path)
    logits = load_model(tmp_path)(IDS)
    assert logits.shape == (1, 5, 128)
    assert mx.all(mx.isfinite(logits))


def test_logits_depend_on_the_weights_alone(tmp_path: Path) -> None:
    write_model(tmp_path / "one")
    write_model(tmp_path / "many", num_shards=5)
    assert mx.array_equal(load_model(tmp_path / "one")(IDS), load_model(tmp_path / "many")(IDS))


@pytest.mark.parametrize("stored", [mx.float32, mx.float16, mx.bfloat16])
@pytest.mark.parametrize("wanted", [None, "float32", "float16", "bfloat16", mx.bfloat16])
def test_weights_are_held_in_the_dtype_asked_for(stored: mx.Dtype, wanted: Any, tmp_path: Path) -> None:
    arrays = write_model(tmp_path, arrays=llama_arrays(dtype=stored))
    on_cpu = mx.default_device().type == mx.DeviceType.cpu
    held = {None: mx.float32 if on_cpu else stored, "float32": mx.float32, "float16": mx.float16}.get(
        wanted, mx.bfloat16
    )
    for name, array in loaded(tmp_path, dtype=wanted).items():
        assert array.dtype == held
        assert mx.array_equal(array, arrays[name].astype(held))


def test_float64_is_refused(tmp_path: Path) -> None:
    typed = {name: ("F64", np.array(array).astype(np.float64)) for name, array in llama_arrays().items()}
    write_config(tmp_path)
    write_typed(tmp_path / "model.safetensors", typed)
    with pytest.raises(WeightsError, match="F64"):
        load_model(tmp_path)


def test_an_unknown_dtype_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    with pytest.raises(ConfigError, match=r"dtype='int8' is not one .*float32, float16, bfloat16"):
        load_model(tmp_path, dtype="int8")


def test_the_model_may_be_used_in_another_thread(tmp_path: Path) -> None:
    write_model(tmp_path, arrays=llama_arrays(dtype=mx.bfloat16))
    models, results = [], []
    loader = threading.Thread(target=lambda: models.append(load_model(tmp_path)))
    loader.start()
    loader.join()
    user = threading.Thread(target=lambda: results.append(mx.sum(models[0](IDS)).item()))
    user.start()
    user.join()
    assert len(results) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    write_model(tmp_path, num_shards=3)
    model = load_model(tmp_path)
    links = [
        os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if name.isdigit() and os.path.lexists(f"/proc/self/fd/{name}")
    ]
    assert not [link for link in links if link.endswith(".safetensors")]
    del model


def test_stored_rotary_frequencies_are_passed_over(tmp_path: Path) -> None:
    arrays = llama_arrays()
    write_model(tmp_path, arrays={**arrays, "model.layers.0.self_attn.rotary_emb.inv_freq": mx.zeros((8,))})
    assert set(loaded(tmp_path)) == set(arrays)


def without(name: str) -> dict[str, mx.array]:
    return {key: array for key, array in llama_arrays().items() if key != name}


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    write_model(tmp_path, arrays=without("model.layers.1.mlp.up_proj.weight"))
    with pytest.raises(WeightsError, match=r"tensor 'model.layers.1.mlp.up_proj.weight' is missing"):
        load_model(tmp_path)


def test_many_missing_tensors_are_counted(tmp_path: Path) -> None:
    write_model(tmp_path, arrays={"model.norm.weight": mx.ones((64,)), "model.embed_tokens.weight": mx.ones((128, 64))})
    with pytest.raises(WeightsError, match=r"19 tensors \('[^)]*' and 14 more\) are missing"):
        load_model(tmp_path)


def test_unknown_tensors_are_named_and_counted(tmp_path: Path) -> None:
    extra = {f"model.vision.{index}.weight": mx.zeros((1,)) for index in range(7)}
    write_model(tmp_path, arrays={**llama_arrays(), **extra})
    with pytest.raises(WeightsError, match=r"7 tensors \('model.vision.0.weight'.* and 2 more\) are unknown"):
        load_model(tmp_path)


def test_a_wrong_shape_is_named_with_both_shapes(tmp_path: Path) -> None:
    arrays = llama_arrays()
    arrays["model.layers.0.self_attn.k_proj.weight"] = mx.zeros((16, 64))
    write_model(tmp_path, arrays=arrays)
    with pytest.raises(WeightsError, match=r"k_proj.weight' has shape \[16, 64\], but config.json asks for \[32, 64\]"):
        load_model(tmp_path)


@pytest.mark.parametrize("dtype", [mx.uint32, mx.int8, mx.bool_])
def test_a_tensor_of_the_wrong_kind_is_refused(dtype: mx.Dtype, tmp_path: Path) -> None:
    arrays = llama_arrays()
    arrays["lm_head.weight"] = arrays["lm_head.weight"].astype(dtype)
    write_model(tmp_path, arrays=arrays)
    with pytest.raises(WeightsError, match=r"'lm_head.weight' holds .*, but floating-point numbers"):
        load_model(tmp_path)


def test_raw_fp8_is_refused(tmp_path: Path) -> None:
    arrays = {name: np.array(array) for name, array in llama_arrays().items()}
    write_config(tmp_path)
    write_typed(
        tmp_path / "model.safetensors",
        {
            name: ("F8_E4M3", array.astype(np.uint8)) if "proj" in name else ("F32", array)
            for name, array in arrays.items()
        },
    )
    with pytest.raises(WeightsError, match="holds uint8"):
        load_model(tmp_path)


def test_an_unsupported_model_type_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy_inference_engine.models.mlx_lm._package_folder", lambda: None)
    write_model(tmp_path, {**TINY, "model_type": "zamba9"})
    with pytest.raises(UnsupportedModelError, match=r"'zamba9' .*llama.*pip install mlx-lm"):
        load_model(tmp_path)


@pytest.mark.parametrize("model_type", [None, 7, "", "../../evil", "os.path", "a" * 65, ["llama"]])
def test_a_model_type_that_is_no_name_is_refused(model_type: Any, tmp_path: Path) -> None:
    write_model(tmp_path, {**TINY, "model_type": model_type}, llama_arrays())
    with pytest.raises(ConfigError, match="`model_type` is"):
        load_model(tmp_path)


def test_code_of_the_model_folder_is_refused_and_never_run(tmp_path: Path) -> None:
    write_model(tmp_path, {**TINY, "model_file": "modeling.py"})
    (tmp_path / "modeling.py").write_text("raise SystemExit('ran')")
    with pytest.raises(UnsupportedModelError, match=r"'modeling.py'.*PIE never runs"):
        load_model(tmp_path)


def test_auto_map_is_passed_over(tmp_path: Path) -> None:
    write_model(tmp_path, {**TINY, "auto_map": {"AutoModelForCausalLM": "modeling.Evil"}, "trust_remote_code": True})
    (tmp_path / "modeling.py").write_text("raise SystemExit('ran')")
    (tmp_path / "llama.py").write_text("raise SystemExit('ran')")
    load_model(tmp_path)


ABSURD: dict[str, Any] = {
    "hidden_size": 10**12,
    "vocab_size": 2**40,
    "num_hidden_layers": 10**9,
    "intermediate_size": -3,
    "num_attention_heads": 0,
    "head_dim": 1.5,
    "rms_norm_eps": "tiny",
}


@pytest.mark.parametrize("key", ABSURD)
def test_an_absurd_size_is_refused_before_anything_is_allocated(key: str, tmp_path: Path) -> None:
    write_model(tmp_path, {**TINY, key: ABSURD[key]}, llama_arrays())
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    with pytest.raises(ConfigError, match=key):
        load_model(tmp_path)
    assert mx.get_peak_memory() - before < 1 << 20


@pytest.mark.parametrize(
    "change", [{"hidden_size": 65536, "head_dim": 8192}, {"vocab_size": 10_000_000}, {"num_hidden_layers": 4000}]
)
def test_sizes_that_the_files_do_not_bear_out_are_refused_before_anything_is_allocated(
    change: dict[str, int], tmp_path: Path
) -> None:
    write_model(tmp_path, {**TINY, **change}, llama_arrays())
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    with pytest.raises(ModelLoadError, match=r"asks for|missing"):
        load_model(tmp_path)
    assert mx.get_peak_memory() - before < 1 << 20


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"a": ', "7", '{"a":' * 100 + "1" + "}" * 100, "[" * 100_000])
def test_a_config_that_is_no_json_object_is_refused(text: str, tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        load_model(tmp_path)


def test_a_config_beyond_the_size_limit_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(1 << 33)  # sparse
    with pytest.raises(ConfigError, match="more than the limit"):
        load_model(tmp_path)


def test_a_file_that_lies_about_its_tensors_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    write_model(tmp_path)
    path = tmp_path / "model.safetensors"
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header["model.norm.weight"]["shape"] = [10**9]
    write_raw(path, header, raw[8 + size :])
    with pytest.raises(WeightsError, match=r"model.norm.weight.*needs 4000000000"):
        load_model(tmp_path)


def test_a_file_that_shrinks_after_its_header_was_checked_is_an_error_and_no_model(tmp_path: Path) -> None:
    write_model(tmp_path)
    model, weights = prepare(tmp_path, read_config(tmp_path))
    os.truncate(tmp_path / "model.safetensors", 20_000)
    with pytest.raises(WeightsError, match="could not be read"):
        materialise(model, weights, mx.float32)


def test_loading_a_folder_imports_neither_the_hub_nor_transformers(tmp_path: Path) -> None:
    write_model(tmp_path)
    code = (
        "import sys\n"
        "from proxy_inference_engine.models import load_model\n"
        f"load_model({str(tmp_path)!r})\n"
        "heavy = {'huggingface_hub', 'transformers', 'torch', 'jinja2', 'rich', 'typer', 'mlx_lm', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
