"""Weights from a seed, so that goldens need not hold them: both sides of the comparison draw the same numbers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np


def seeded_weights(shapes: Mapping[str, Sequence[int]], seed: int, model_type: str) -> dict[str, np.ndarray]:
    """A float32 tensor for each name, drawn from the seed and the name alone.

    They are large enough that attention is far from uniform, and norms and biases far from their neutral values, so
    that a mistake anywhere shows in the logits.
    """
    return {name: _draw(name, tuple(shape), seed, model_type) for name, shape in shapes.items()}


def _draw(name: str, shape: tuple[int, ...], seed: int, model_type: str) -> np.ndarray:
    normal = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
    if "norm" in name:
        # Gemma adds 1 itself.
        values = 0.3 * normal + (0.0 if model_type.startswith("gemma") else 1.0)
    elif name.endswith("bias"):
        values = 0.5 * normal
    elif "embed_tokens" in name:
        # Gemma multiplies embeddings by the root of their size.
        values = 0.5 * normal / (np.sqrt(shape[-1]) if model_type.startswith("gemma") else 1.0)
    else:
        values = 1.5 * normal / np.sqrt(shape[-1])
    return values.astype(np.float32)
