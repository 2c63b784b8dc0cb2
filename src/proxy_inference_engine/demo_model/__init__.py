"""The model that comes with the package: small, made for trying the engine and testing it, and for nothing else."""

from __future__ import annotations

from pathlib import Path

__all__ = ["demo_model_path"]


def demo_model_path() -> Path:
    """The bundled model's folder, ready for `InferenceEngine` or `models.load`."""
    return Path(__file__).resolve().parent
