"""Fixtures shared by every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# On CUDA, MLX multiplies float32 in TF32 unless told otherwise, which is no match for float32 goldens.
os.environ.setdefault("MLX_ENABLE_TF32", "0")

from proxy_inference_engine import InferenceEngine
from tests.fakes import write_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with tiny random weights."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def engine(tiny_folder: Path) -> Iterator[InferenceEngine]:
    """One engine on the tiny model, for tests that leave it as they found it."""
    with InferenceEngine(tiny_folder, prefill_chunk=16) as running:
        yield running
