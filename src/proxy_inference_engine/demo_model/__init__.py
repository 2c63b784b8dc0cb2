"""The bundled demo model: a folder in the ordinary form. It knows where the folder is, not how models are loaded."""

from __future__ import annotations

from pathlib import Path


def demo_model_path() -> Path:
    """The folder of the bundled demo model (config, tokenizer, chat template and weights)."""
    return Path(__file__).parent
