"""Which file serves which `model_type`. Imports a family only when a model needs it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Protocol, cast

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError, UnsupportedModelError
from proxy_inference_engine.models.base import Model, ModelConfig
from proxy_inference_engine.models.tree import Tree
from proxy_inference_engine.types import JSONObject

_PACKAGE = "proxy_inference_engine.models"
_MODEL_TYPE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")

FAMILIES: Mapping[str, str] = {
    "gemma2": "gemma2",
    "gemma3": "gemma3",
    "gemma3_text": "gemma3",
    "llama": "llama",
    "mistral": "llama",
    "phi3": "phi3",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "qwen3_moe": "qwen3_moe",
    "smollm3": "llama",
}
"""`model_type` as in config.json, to the name of the family's file in this folder."""


class NativeModel(Model, Tree, Protocol):
    """A family's model: what the engine asks of every model, and what loading asks beside it."""

    def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
        """The checkpoint's tensors under this model's names: buffers dropped, experts stacked, tied heads removed."""
        ...


class _Config(Protocol):
    @classmethod
    def from_hf(cls, config: JSONObject) -> ModelConfig: ...


class Family(Protocol):
    """A family's file."""

    @property
    def Config(self) -> type[_Config]:  # noqa: N802
        """The family's config class."""
        ...

    def Model(self, config: ModelConfig) -> NativeModel:  # noqa: N802
        """The model of that config, its arrays lazy."""
        ...


def model_type_of(config: JSONObject) -> str:
    """The `model_type` of a config. Raises ConfigError when it is missing or could not be the name of a family."""
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or not _MODEL_TYPE.match(model_type):
        raise ConfigError(
            f"`model_type` is {model_type!r}: a name of letters, digits, '_' and '-' (at most 64) was expected"
        )
    return model_type


def is_native(model_type: str) -> bool:
    """Whether a file of this folder serves the model type."""
    return model_type in FAMILIES


def find_family(model_type: str) -> Family:
    """The file that serves the model type, imported now. Raises UnsupportedModelError when there is none."""
    if model_type not in FAMILIES:
        raise unsupported(model_type)
    return cast(Family, importlib.import_module(f"{_PACKAGE}.{FAMILIES[model_type]}"))


def unsupported(model_type: str, reason: str = "") -> UnsupportedModelError:
    """The error for a model type without a native file."""
    way_out = reason or "`pip install mlx-lm` to load it through mlx-lm"
    return UnsupportedModelError(
        f"model_type {model_type!r} has no native file in PIE (these have: {', '.join(sorted(FAMILIES))}); {way_out}"
    )
