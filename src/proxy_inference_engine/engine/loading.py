"""A model and all that an open engine keeps around it. Made, used and dropped in the engine thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx

from proxy_inference_engine.cache import PrefixPool
from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine.core import EngineCore
from proxy_inference_engine.engine.memory import device_memory_bytes, is_gpu
from proxy_inference_engine.engine.prompt import PromptPreparer
from proxy_inference_engine.engine.request import InferenceOptions
from proxy_inference_engine.engine.runner import Runner
from proxy_inference_engine.engine.scheduler import Scheduler
from proxy_inference_engine.engine.thread import EngineThread
from proxy_inference_engine.errors import ConfigError, EngineClosedError, RequestError, TemplateError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.tokenizer import Tokenizer

_PREFILL_CHUNK_CPU = 256
_PREFILL_CHUNK_GPU = 2048
_PREFIX_CACHE_SHARE = 16
"""Idle conversations may hold one part in so many of the memory."""


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


def load_folder(folder: Path, dtype: str | None) -> LoadedModel:
    """Load a model folder. Raises a ModelLoadError that names what is wrong."""
    from proxy_inference_engine import models
    from proxy_inference_engine.models.files import generation_defaults
    from proxy_inference_engine.models.fingerprint import fingerprint

    # The tokenizer comes first: it is small, so a folder that lacks it fails before the weights are read.
    tokenizer = Tokenizer.from_folder(folder)
    model = models.load_model(folder, dtype=dtype)
    return LoadedModel(model, tokenizer, generation_defaults(folder), fingerprint(folder, dtype))


class OpenEngine:
    """The model, its cache pool and the loop over them. Raises RequestError for a config the model cannot serve."""

    def __init__(self, source: LoadedModel, config: EngineConfig) -> None:
        self.model = source.model
        self.tokenizer = source.tokenizer
        self.generation_defaults = source.generation_defaults
        own_length = self.model.config.context_length
        if config.context_length is not None and config.context_length > own_length:
            raise RequestError(
                f"context_length {config.context_length} is more than the {own_length} the model was made for",
                param="context_length",
            )
        self.context_length = config.context_length or own_length
        self.prefill_chunk = config.prefill_chunk or (_PREFILL_CHUNK_GPU if is_gpu() else _PREFILL_CHUNK_CPU)
        budget, directory = config.prefix_cache_bytes, config.prompt_cache_dir
        self.prompt_cache_dir = None if directory is None else Path(directory).expanduser()
        self.pool = PrefixPool(
            self.model,
            budget_bytes=device_memory_bytes() // _PREFIX_CACHE_SHARE if budget is None else budget,
            directory=self.prompt_cache_dir,
            fingerprint=source.fingerprint,
        )
        self.preparer = _preparer(self.tokenizer)
        _check_defaults(self.generation_defaults)
        scheduler = Scheduler(
            self.pool,
            prefill_chunk=self.prefill_chunk,
            max_num_sequences=config.max_num_sequences,
            max_queue=config.max_queue,
        )
        self.core = EngineCore(scheduler, Runner(self.model))

    def stop(self) -> None:
        """End what runs with EngineClosedError, save prompt caches where a folder is set, free the idle ones."""
        self.core.stop(EngineClosedError("the engine was closed"))
        if self.prompt_cache_dir is not None:
            self.pool.save(self.prompt_cache_dir)
        self.pool.clear()
        mx.clear_cache()


def _preparer(tokenizer: Tokenizer) -> PromptPreparer:
    try:
        return PromptPreparer(tokenizer)
    except TemplateError as error:
        raise ConfigError(f"the model's chat template cannot be used: {error}") from error


def _check_defaults(defaults: Mapping[str, Any]) -> None:
    """Bad defaults are the model's fault, found now, and not that of every request."""
    try:
        InferenceOptions.from_keywords({}, defaults)
    except RequestError as error:
        raise ConfigError(f"generation_config.json: {error}") from error


def close_engine(thread: EngineThread, opened: OpenEngine) -> None:
    """Stop the engine in its thread, then end the thread. Twice does no harm.

    An engine that is dropped may be collected in its own thread, which then ends after the step that it is in.
    """
    try:
        with suppress(EngineClosedError):
            stopped = thread.call(opened.stop)
            if not thread.is_current:
                stopped.result()
    finally:
        thread.close()
