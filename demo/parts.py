"""Weights on their way from training to export: float16, in files of under 16 MB. Knows neither torch nor MLX."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def load_parts(folder: Path) -> dict[str, np.ndarray]:
    """The float16 parts that training wrote, beside `parts.json` (names and shapes in order)."""
    index = json.loads((folder / "parts.json").read_text())
    flat = np.frombuffer(b"".join(p.read_bytes() for p in sorted(folder.glob("part*.bin"))), np.float16)
    out, at = {}, 0
    for name, shape in index.items():
        n = int(np.prod(shape))
        out[name] = flat[at : at + n].reshape(shape)
        at += n
    return out
