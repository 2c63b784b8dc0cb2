"""A model and all that an open engine keeps around it. Made, used and dropped in the engine thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx

from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine.budget import StepBudget
from proxy_inference_engine.engine.core import EngineCore
from proxy_inference_engine.engine.draft_model import open_draft_model
from proxy_inference_engine.engine.drafts import Drafter, PromptLookup
from proxy_inference_engine.engine.kv_setup import make_memory, private_pool
from proxy_inference_engine.engine.memory import is_gpu
from proxy_inference_engine.engine.prompt import PromptPreparer
from proxy_inference_engine.engine.request import InferenceOptions
from proxy_inference_engine.engine.runner import Runner
from proxy_inference_engine.engine.scheduler import Scheduler
from proxy_inference_engine.engine.structure import Structures
from proxy_inference_engine.engine.thread import EngineThread
from proxy_inference_engine.errors import ConfigError, EngineClosedError, RequestError, TemplateError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

_PREFILL_CHUNK_CPU = 256
_PREFILL_CHUNK_GPU = 2048

_UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model with its weights evaluated, and what belongs to it."""

    model: Model
    tokenizer: Tokenizer

    generation_defaults: Mapping[str, Any] = field(default_factory=dict)
    """The sampling keys of its generation_config.json."""

    fingerprint: str = _UNNAMED
    """Names the weights and their type in saved prompt caches; with a `prompt_cache_dir` it must be given."""


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
        directory = None if config.prompt_cache_dir is None else Path(config.prompt_cache_dir).expanduser()
        if directory is not None and source.fingerprint == _UNNAMED:
            raise RequestError(
                f"prompt_cache_dir={str(directory)!r} is not possible with a model that has no name: its files could "
                "be taken for another's; give LoadedModel a fingerprint that names the weights",
                param="prompt_cache_dir",
            )
        self.pool = private_pool(self.model, config, source.fingerprint, directory)
        # Before the pool, which takes what memory is left.
        drafter = self._drafter(config) if self.model.kv_layout() is not None else None
        self.memory = make_memory(
            self.model,
            self.pool,
            config,
            fingerprint=source.fingerprint,
            context_length=self.context_length,
            files=directory,
        )
        capacity = self.memory.capacity_tokens
        if capacity is not None and capacity < self.context_length:
            if config.context_length is not None:
                raise RequestError(
                    f"context_length {config.context_length} does not fit: the pool of keys and values holds "
                    f"{capacity} tokens; give more kv_cache_bytes, or kv_cache_dtype='int8'",
                    param="context_length",
                )
            logger.warning(
                "the pool of keys and values holds %d tokens: that is the context now, not the model's %d; give more "
                "kv_cache_bytes, or kv_cache_dtype='int8'",
                capacity,
                self.context_length,
            )
            self.context_length = capacity
        self.preparer = _preparer(self.tokenizer)
        self.structures = Structures(self.tokenizer, self.model.config.vocab_size)
        _check_defaults(self.generation_defaults)
        target_ms = config.target_latency_ms
        scheduler = Scheduler(
            self.memory,
            StepBudget(self.prefill_chunk, None if target_ms is None else target_ms / 1e3),
            max_num_sequences=config.max_num_sequences,
            max_queue=config.max_queue,
            drafter=drafter,
        )
        runner = Runner(self.memory, self.model.config.vocab_size)
        self.core = EngineCore(scheduler, runner, reads_at_once=self.memory.is_eager)

    def _drafter(self, config: EngineConfig) -> Drafter | None:
        if not config.speculation:
            return None
        if config.draft_model is None:
            return PromptLookup()
        return open_draft_model(config, self.tokenizer, context_length=self.context_length, chunk=self.prefill_chunk)

    def stop(self) -> None:
        """End what runs with EngineClosedError, write what is computed where a folder is set, free the idle rest."""
        self.core.stop(EngineClosedError("the engine was closed"))
        self.memory.shut()
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
