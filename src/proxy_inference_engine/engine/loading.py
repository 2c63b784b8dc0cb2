"""What an engine needs of a model, loaded. Runs in the engine thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy_inference_engine.models.base import Model
from proxy_inference_engine.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model with its weights evaluated, and what belongs to it."""

    model: Model
    tokenizer: Tokenizer

    generation_defaults: Mapping[str, Any] = field(default_factory=dict)
    """The sampling keys of its generation_config.json."""

    fingerprint: str = "unnamed"
    """Names the weights and their type in saved prompt caches."""


LoadModel = Callable[[], LoadedModel]


def load_model(
    path_or_id: str | Path, *, revision: str | None = None, dtype: str | None = None, offline: bool = False
) -> LoadedModel:
    """Load a folder, a hub id, or `demo`. Raises a ModelLoadError that names what is wrong."""
    from proxy_inference_engine import models
    from proxy_inference_engine.models.files import generation_defaults
    from proxy_inference_engine.models.fingerprint import fingerprint
    from proxy_inference_engine.models.hub import resolve_model

    folder = resolve_model(path_or_id, revision=revision, offline=offline)
    # The tokenizer comes first: it is small, so a folder that lacks it fails before the weights are read.
    tokenizer = Tokenizer.from_folder(folder)
    model = models.load_model(folder, dtype=dtype)
    return LoadedModel(model, tokenizer, generation_defaults(folder), fingerprint(folder, dtype))
