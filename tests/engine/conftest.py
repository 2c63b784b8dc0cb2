"""Fixtures of the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_inference_engine import models
from proxy_inference_engine.models.base import Model


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    """The tiny model by itself."""
    return models.load_model(tiny_folder)
