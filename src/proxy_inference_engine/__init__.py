"""Proxy Inference Engine (PIE): local language models on MLX, for agents and servers.

Names load when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proxy_inference_engine import errors, logits_processors, models, samplers
    from proxy_inference_engine.cache import PromptCache
    from proxy_inference_engine.demo_model import demo_model_path
    from proxy_inference_engine.engine import InferenceEngine
    from proxy_inference_engine.errors import EngineError, ModelLoadError, RequestError
    from proxy_inference_engine.interaction import Content, Interaction, Role, Type
    from proxy_inference_engine.structuring import StructuringEngine
    from proxy_inference_engine.tokenizer import Tokenizer

__version__ = "0.1.0"

_MODULES = {
    "Content": "interaction",
    "EngineError": "errors",
    "InferenceEngine": "engine",
    "Interaction": "interaction",
    "ModelLoadError": "errors",
    "PromptCache": "cache",
    "RequestError": "errors",
    "Role": "interaction",
    "StructuringEngine": "structuring",
    "Tokenizer": "tokenizer",
    "Type": "interaction",
    "demo_model_path": "demo_model",
}
_SUBMODULES = ("errors", "logits_processors", "models", "samplers")

__all__ = [
    "Content",
    "EngineError",
    "InferenceEngine",
    "Interaction",
    "ModelLoadError",
    "PromptCache",
    "RequestError",
    "Role",
    "StructuringEngine",
    "Tokenizer",
    "Type",
    "demo_model_path",
    "errors",
    "logits_processors",
    "models",
    "samplers",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
