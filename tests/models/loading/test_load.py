"""`models.load`: model and tokenizer from a folder, a hub id or the bundled demo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine import models
from proxy_inference_engine.demo_model import demo_model_path
from proxy_inference_engine.errors import ModelLoadError, ModelNotFoundError
from proxy_inference_engine.models import hub
from proxy_inference_engine.models.tree import named_arrays
from proxy_inference_engine.tokenizer import Tokenizer
from tests.fakes import write_tiny_model


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_gives_model_and_tokenizer(kind: Any, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    model, tokenizer = models.load(kind(folder))
    assert isinstance(tokenizer, Tokenizer)
    ids = mx.array([tokenizer.encode("hello")])
    assert model(ids).shape == (1, 5, tokenizer.vocab_size)
    assert len(model.make_cache()) == model.config.num_layers


def test_the_dtype_reaches_the_weights(tmp_path: Path) -> None:
    model, _ = models.load(write_tiny_model(tmp_path / "tiny"), dtype="bfloat16")
    assert {array.dtype for array in named_arrays(model).values()} == {mx.bfloat16}  # type: ignore[arg-type]


def test_revision_and_offline_reach_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    asked: list[Any] = []

    def snapshot(repo_id: str, *, revision: str | None, offline: bool) -> Path:
        asked.append((repo_id, revision, offline))
        return folder

    monkeypatch.setattr(hub, "_snapshot", snapshot)
    monkeypatch.chdir(tmp_path)
    models.load("owner/tiny", revision="v1", offline=True)
    assert asked == [("owner/tiny", "v1", True)]


def test_the_bundled_model_is_called_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert hub.resolve_model("demo") == Path(demo_model_path())
    assert hub.resolve_model("./demo") == Path("demo")
    with pytest.raises(ModelNotFoundError, match="'v1' was given for the local folder"):
        hub.resolve_model("demo", revision="v1")


def test_a_folder_without_a_tokenizer_fails_before_its_weights_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    os.remove(folder / "tokenizer.json")
    monkeypatch.setattr(models, "load_model", lambda *a, **k: pytest.fail("read the weights"))
    with pytest.raises(ModelLoadError, match=r"tokenizer\.json"):
        models.load(folder)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="there is no folder"):
        models.load(tmp_path / "nowhere")


def test_peak_memory_stays_near_the_weights_as_held(tmp_path: Path) -> None:
    from proxy_inference_engine.models.layers.linear import Quantization
    from proxy_inference_engine.models.random_weights import write_random

    from .folders import TINY

    config = {**TINY, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 7, "vocab_size": 8000}
    for dtype, packing in (("bfloat16", None), ("float32", None), ("bfloat16", Quantization(32, 8))):
        folder = write_random(config, tmp_path / f"{dtype}-{packing}", dtype=dtype, quantization=packing)
        mx.clear_cache()
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        model = models.load_model(folder)
        peak = mx.get_peak_memory() - before
        held = sum(array.nbytes for array in named_arrays(model).values())  # type: ignore[arg-type]
        assert held > 25 << 20
        assert peak <= 1.15 * held
        del model
