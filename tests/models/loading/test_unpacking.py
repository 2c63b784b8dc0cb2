"""On a CPU a small quantised model is unpacked when it is loaded: faster, and the same numbers."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine import models
from proxy_inference_engine.models import loader
from proxy_inference_engine.models.convert import convert
from proxy_inference_engine.models.quantization import layer_packing

pytestmark = pytest.mark.skipif(mx.default_device().type != mx.DeviceType.cpu, reason="unpacks on a CPU only")


def test_small_models_are_unpacked_and_large_ones_are_not(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = convert(tiny_folder, tmp_path / "packed", bits=4, group_size=32)
    packed = models.load_model(folder)
    assert layer_packing(packed)
    monkeypatch.setattr(loader, "UNPACK_LIMIT_BYTES", 2**20)
    unpacked = models.load_model(folder)
    assert not layer_packing(unpacked)
    ids = mx.array([[1, 2, 3, 4, 5]])
    np.testing.assert_allclose(np.array(unpacked(ids)), np.array(packed(ids)), rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(loader, "UNPACK_LIMIT_BYTES", 1000)
    assert layer_packing(models.load_model(folder))


def test_half_precision_keeps_the_packed_form(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = convert(tiny_folder, tmp_path / "packed", bits=8, group_size=32)
    monkeypatch.setattr(loader, "UNPACK_LIMIT_BYTES", 2**30)
    assert layer_packing(models.load_model(folder, dtype="bfloat16"))
