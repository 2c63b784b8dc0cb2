"""What `pie models` can say of the models on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.listing import ModelEntry, list_models
from proxy_inference_engine.models.random_weights import write_random

from .folders import TINY, llama_arrays, write_config, write_model


@pytest.fixture(autouse=True)
def _hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("proxy_inference_engine.models.mlx_lm._package_folder", lambda: None)


def by_name(entries: list[ModelEntry]) -> dict[str, ModelEntry]:
    return {entry.name.rpartition("/")[2]: entry for entry in entries}


def test_folders(tmp_path: Path) -> None:
    models = tmp_path / "models"
    write_model(models / "plain")
    write_random(TINY, models / "packed", quantization=Quantization(32, 4))
    write_model(models / "foreign", {**TINY, "model_type": "zamba9"}, llama_arrays())
    write_model(models / "gptq", {**TINY, "quantization_config": {"quant_method": "gptq"}}, llama_arrays())
    write_model(models / "code", {**TINY, "model_file": "x.py"}, llama_arrays())
    write_model(models / "scaled", {**TINY, "rope_scaling": {"type": "mystery", "factor": 2.0}}, llama_arrays())
    write_config(models / "weightless")
    (models / "broken").mkdir()
    (models / "broken" / "config.json").write_text("{")
    (models / "other").mkdir()
    (models / "file.txt").write_text("x")
    found = by_name(list_models([models]))
    assert set(found) == {"plain", "packed", "foreign", "gptq", "code", "scaled", "weightless", "broken"}
    plain = found["plain"]
    assert (plain.support, plain.reason, plain.model_type, plain.quantization) == ("native", "", "llama", "")
    assert plain.num_bytes == (models / "plain" / "model.safetensors").stat().st_size
    assert found["packed"].quantization == "4-bit affine, groups of 32"
    assert found["packed"].num_bytes < plain.num_bytes
    reasons = {
        "foreign": "pip install mlx-lm",
        "gptq": "gptq",
        "code": "model_file",
        "scaled": "mystery",
        "weightless": "no safetensors",
        "broken": "not valid JSON",
    }
    for name, reason in reasons.items():
        assert found[name].support == "no"
        assert reason in found[name].reason


def test_one_model_folder_is_listed_itself(tmp_path: Path) -> None:
    write_model(tmp_path / "plain")
    assert [entry.folder for entry in list_models([str(tmp_path / "plain")])] == [tmp_path / "plain"]


def test_the_hub_cache(tmp_path: Path) -> None:
    repo = tmp_path / "hub" / "models--owner--tiny"
    for commit in ("a" * 40, "b" * 40):
        write_model(repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("b" * 40)
    (tmp_path / "hub" / "datasets--owner--data").mkdir()
    (tmp_path / "hub" / "models--owner--empty").mkdir()
    assert [entry.name for entry in list_models()] == ["owner/tiny", f"owner/tiny@{'a' * 12}"]
    assert list_models(hub_cache=False) == []


def test_a_family_that_mlx_lm_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "mlx_lm"
    (package / "models").mkdir(parents=True)
    (package / "models" / "mamba.py").write_text("raise SystemExit('imported')")
    (package / "utils.py").write_text("MODEL_REMAPPING = {'falcon_mamba': 'mamba'}\nraise SystemExit('imported')")
    monkeypatch.setattr("proxy_inference_engine.models.mlx_lm._package_folder", lambda: package)
    for model_type in ("mamba", "falcon_mamba"):
        write_model(tmp_path / "models" / model_type, {**TINY, "model_type": model_type}, llama_arrays())
    write_model(
        tmp_path / "models" / "packed",
        {**TINY, "model_type": "mamba", "quantization_config": {"quant_method": "awq", "bits": 4}},
        llama_arrays(),
    )
    found = by_name(list_models([tmp_path / "models"]))
    assert {entry.support for entry in found.values()} == {"mlx-lm"}
    assert found["packed"].quantization == "awq"
