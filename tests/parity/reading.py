"""Reads a golden and builds the model it is of."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from tests.parity.seeded_weights import seeded_weights

GOLDENS = sorted((Path(__file__).parent / "goldens").glob("*.npz"))
FAMILIES = {"mistral": "llama", "smollm3": "llama", "gemma3_text": "gemma3"}


@dataclass(frozen=True)
class Golden:
    config: dict[str, Any]
    weights: dict[str, np.ndarray]
    prompt: mx.array
    logits: np.ndarray
    tokens: list[int]


def read_golden(path: Path) -> Golden:
    with np.load(path) as file:
        config = json.loads(str(file["config"]))
        shapes = json.loads(str(file["shapes"]))
        return Golden(
            config=config,
            weights=seeded_weights(shapes, int(file["seed"]), config["model_type"]),
            prompt=mx.array(file["prompt"])[None],
            logits=file["logits"],
            tokens=file["tokens"].tolist(),
        )


def build(config, weights, dtype=mx.float32):
    """The model of a config with the checkpoint's weights, every parameter accounted for."""
    model_type = config["model_type"]
    family = importlib.import_module(f"proxy_inference_engine.models.{FAMILIES.get(model_type, model_type)}")
    model = family.Model(family.Config.from_hf(config))
    found = model.sanitize({name: mx.array(array) for name, array in weights.items()})
    expected = dict(tree_flatten(model.parameters()))
    assert {name: array.shape for name, array in found.items()} == {
        name: array.shape for name, array in expected.items()
    }
    model.update(tree_unflatten([(name, array.astype(dtype)) for name, array in found.items()]))
    return model


def relative_error(logits, expected):
    """The largest difference, relative to the largest logit."""
    return float(np.abs(np.array(logits.astype(mx.float32)) - expected).max() / np.abs(expected).max())
