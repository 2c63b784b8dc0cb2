"""The small JSON files of a model folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import ConfigError, ModelNotFoundError
from proxy_inference_engine.models.files import read_config, tag_floats
from proxy_inference_engine.models.loader import generation_defaults


def write(folder: Path, name: str, value: Any) -> Path:
    (folder / name).write_text(json.dumps(value))
    return folder


def test_generation_defaults_are_the_sampling_keys_alone(tmp_path: Path) -> None:
    wanted = {
        "do_sample": True,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "min_p": 0.05,
        "repetition_penalty": 1.1,
    }
    others = {"eos_token_id": [1, 2], "_from_model_config": True, "transformers_version": "5.0", "max_length": 20}
    assert generation_defaults(write(tmp_path, "generation_config.json", {**wanted, **others})) == wanted
    assert generation_defaults(str(tmp_path)) == wanted


def test_generation_defaults_without_a_file_or_with_nulls(tmp_path: Path) -> None:
    assert generation_defaults(tmp_path) == {}
    assert generation_defaults(write(tmp_path, "generation_config.json", {"temperature": None, "top_k": 5})) == {
        "top_k": 5
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", "hot"),
        ("temperature", True),
        ("top_k", 1.5),
        ("top_k", False),
        ("do_sample", 1),
        ("min_p", [0.1]),
    ],
)
def test_generation_defaults_of_the_wrong_type_are_named(key: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"generation_config.json: `{key}` is "):
        generation_defaults(write(tmp_path, "generation_config.json", {key: value}))


@pytest.mark.parametrize("text", ["", "[1]", "{", "null", "\xff"])
def test_generation_defaults_that_are_no_object_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "generation_config.json").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"generation_config\.json"):
        generation_defaults(tmp_path)


def test_tagged_floats_are_read_and_written(tmp_path: Path) -> None:
    value = {"model_type": "x", "a": [float("inf"), {"b": float("-inf")}], "c": float("nan"), "d": 1.5}
    config = read_config(write(tmp_path, "config.json", tag_floats(value)))
    assert config["a"] == value["a"]
    assert math.isnan(config["c"])
    assert config["d"] == 1.5


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_config_survives(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert read_config(write(folder, "config.json", tag_floats({"model_type": "x", "value": value})))["value"] == value


def test_folders_that_are_no_models_say_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="it is not a model folder"):
        read_config(tmp_path)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelNotFoundError, match="GGUF"):
        read_config(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match="adapter"):
        read_config(tmp_path)
