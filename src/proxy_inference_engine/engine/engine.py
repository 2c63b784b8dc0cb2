"""`InferenceEngine`: a model behind calls that a program makes. Conversations go in; text, tool calls and token ids
come out.

Rendering and encoding run in a worker thread, the model in the engine thread, so an event loop is never blocked.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import mlx.core as mx
import numpy as np

from proxy_inference_engine.cache import PromptCache
from proxy_inference_engine.checks import reject_unknown, shown
from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine import generate as plain_loop
from proxy_inference_engine.engine.choices import best_choices, check_choices, choice_streams
from proxy_inference_engine.engine.handle import RequestHandle
from proxy_inference_engine.engine.loading import LoadModel, OpenEngine, close_engine, load_folder
from proxy_inference_engine.engine.reply import ReplyStream, read_reply
from proxy_inference_engine.engine.request import (
    GenerationRequest,
    InferenceOptions,
    check_prompt_ids,
    check_prompt_length,
)
from proxy_inference_engine.engine.sequence import Sequence as RunningSequence
from proxy_inference_engine.engine.structure import KEYWORDS as STRUCTURE_KEYWORDS
from proxy_inference_engine.engine.thread import EngineThread
from proxy_inference_engine.errors import EngineClosedError, EngineError, NotSupportedError, RequestError
from proxy_inference_engine.logits_processors import make_logits_processors
from proxy_inference_engine.models.hub import resolve_model
from proxy_inference_engine.samplers import make_sampler
from proxy_inference_engine.types import FinishReason

if TYPE_CHECKING:
    from types import TracebackType

    from proxy_inference_engine.engine.prompt import PreparedPrompt
    from proxy_inference_engine.interaction import Interaction, PromptLike, ReplyParser
    from proxy_inference_engine.models.base import Model
    from proxy_inference_engine.tokenizer import Tokenizer

_END = object()
_Prepared: TypeAlias = "tuple[GenerationRequest, PreparedPrompt]"


class InferenceEngine:
    """A local language model, ready to be asked. Use it as a context manager, or `close` it.

        with InferenceEngine("demo") as engine:
            reply = asyncio.run(engine.chat([Interaction.simple(Role.USER, "Hello")]))

    Args:
        model_path: a model folder, a hub id such as `org/name`, or `demo` for the bundled model; or a function that
            makes a `LoadedModel`, called in the engine's own thread.
        config: the fields of `EngineConfig`.

    Raises ModelLoadError when the model cannot be loaded, RequestError for an unknown or bad keyword.
    """

    def __init__(self, model_path: str | Path | LoadModel = "demo", **config: Any) -> None:
        self.config = EngineConfig.from_keywords(config)
        if not callable(model_path) and not isinstance(model_path, str | Path):
            raise RequestError(
                f"model_path must be a folder, a hub id or a function, not {shown(model_path)}", param="model_path"
            )
        self._thread = EngineThread("pie-engine")
        try:
            self._loaded: OpenEngine | None = self._thread.call(self._load(model_path)).result()
        except BaseException:
            self._thread.close(timeout_s=0)  # an interrupt does not wait for the rest of the load
            raise
        self._close = weakref.finalize(self, close_engine, self._thread, self._loaded)

    # -- what was loaded --------------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """The model; its weights are evaluated, so any thread may call it."""
        return self._open().model

    @property
    def tokenizer(self) -> Tokenizer:
        return self._open().tokenizer

    @property
    def generation_defaults(self) -> Mapping[str, Any]:
        """The sampling keywords that the model's generation_config.json sets."""
        return self._open().generation_defaults

    @property
    def context_length(self) -> int:
        """The most tokens, prompt and reply together, of a request."""
        return self._open().context_length

    # -- conversations ----------------------------------------------------------------------------------------

    async def __call__(self, prompt: PromptLike, **inference_kwargs: Any) -> tuple[mx.array, FinishReason]:
        """New token ids (int32 `[n]`, without the stop token) in reply to `prompt`, and why it ended.

        Raises RequestError before any work for bad input.
        """
        end = await self.stream(prompt, **inference_kwargs).end()
        return mx.array(end.token_ids, dtype=mx.int32), end.finish_reason

    async def chat(self, prompt: PromptLike, **inference_kwargs: Any) -> Interaction:
        """The reply as an Interaction: text, tool calls (`Type.ACTION`), and as metadata `finish_reason`, `usage`,
        `timing`, `reasoning` and `logprobs` where there are any, and `data`, the parsed value, where the reply was
        bound to a schema, regex, grammar or choices and is whole. Raises RequestError before any work for bad input.
        """
        return await read_reply(self.stream(prompt, **inference_kwargs))

    def stream(self, prompt: PromptLike, **inference_kwargs: Any) -> ReplyStream:
        """The reply as it comes: an async iterator of events, the last an `End`.

        Leaving an `async with` over it, `aclose`, `cancel`, cancelling the task that iterates or dropping the stream
        stops the request; a plain `break` does so only once nobody holds the stream any more. Errors are raised by the
        iteration.
        """
        return ReplyStream(functools.partial(self._submit_prompt, prompt, dict(inference_kwargs)))

    def streams(self, prompt: PromptLike, n: int, **inference_kwargs: Any) -> list[ReplyStream]:
        """`n` replies to one prompt as they come, each as `stream` gives one; the prompt is computed once.

        Choice i is what the seed `seed + i` gives alone.
        """
        check_choices(n, None)
        free = {name: value for name, value in inference_kwargs.items() if name not in STRUCTURE_KEYWORDS}
        options = InferenceOptions.from_keywords(free, self._open().generation_defaults)
        prepare = functools.partial(self._prepare, prompt, dict(inference_kwargs))
        return choice_streams(prepare, self._submit_choice, n, options.seed)

    async def choices(
        self, prompt: PromptLike, n: int, *, best_of: int | None = None, **inference_kwargs: Any
    ) -> list[Interaction]:
        """`n` replies to one prompt, each as `chat` gives one; the prompt is computed once.

        With `best_of`, so many are drawn and the `n` most probable (by mean log probability a token) kept, best first.
        """
        n, num_drawn = check_choices(n, best_of)
        if num_drawn > n and inference_kwargs.get("logprobs") in (None, False):
            inference_kwargs["logprobs"] = True
        return await best_choices(self.streams(prompt, num_drawn, **inference_kwargs), n)

    async def generate(
        self, prompt_ids: Sequence[int] | mx.array, **inference_kwargs: Any
    ) -> tuple[mx.array, FinishReason]:
        """The same as calling the engine, from token ids: new ids (int32 `[n]`) and the finish reason."""
        loaded = self._open()
        options = await self._options_in_thread(inference_kwargs)
        if options.tools is not None:
            raise RequestError("tools go into the chat template: give a conversation, not token ids", param="tools")
        ids = _id_list(prompt_ids, loaded.context_length)
        request = await asyncio.to_thread(self._request, ids, options, wants_text=bool(options.stop))
        handle = self.submit(request)
        try:
            end = await handle.end()
        finally:
            handle.cancel()
        return mx.array(end.token_ids, dtype=mx.int32), end.finish_reason

    # -- one level down ---------------------------------------------------------------------------------------

    def submit(self, request: GenerationRequest) -> RequestHandle:
        """Queue a request; iterate over the handle for its events. Raises CapacityError when the queue is full."""
        loaded = self._open()
        handle = RequestHandle(request.request_id)
        handle.grammar = None if request.structure is None else request.structure.grammar
        text = loaded.preparer.text_stream(request) if request.wants_text else None
        listener = _weak_listener(handle)
        sequence = RunningSequence(request, listener, text)
        thread = self._thread

        def cancel() -> None:
            with contextlib.suppress(EngineClosedError):  # closing ended the request already
                thread.call(lambda: loaded.core.scheduler.cancel(sequence))

        handle.on_cancel(cancel)

        def add() -> None:
            try:
                loaded.core.scheduler.add(sequence)
            except EngineError as error:
                sequence.error = error  # it has ended: a cancel that comes later does nothing
                listener(error)

        thread.call(add)
        return handle

    def generate_step(
        self,
        prompt_ids: Sequence[int] | mx.array,
        pixel_values: mx.array | None = None,
        mask: mx.array | None = None,
        sampler: plain_loop.Sampler | None = None,
        logits_processors: Sequence[plain_loop.LogitsProcessor] | None = None,
    ) -> Iterator[tuple[int, mx.array]]:
        """Yield `(token_id, logprobs [V])` one by one until the context is full; stop whenever you like.

        Stop tokens are yielded too: compare with `tokenizer.stop_tokens`. The default sampler and processors follow the
        model's generation_config.json. Raises RequestError for bad ids, at the first `next`.
        """
        if pixel_values is not None or mask is not None:
            raise NotSupportedError(
                "pixel_values and mask come with vision models, which this version does not have yet"
            )
        loaded = self._open()
        ids = check_prompt_ids(
            _id_list(prompt_ids, loaded.context_length),
            vocab_size=loaded.model.config.vocab_size,
            context_length=loaded.context_length,
        )
        return self._generate_step(loaded, ids, sampler, logits_processors)

    def _generate_step(
        self,
        loaded: OpenEngine,
        ids: tuple[int, ...],
        sampler: plain_loop.Sampler | None,
        logits_processors: Sequence[plain_loop.LogitsProcessor] | None,
    ) -> Iterator[tuple[int, mx.array]]:
        def start() -> tuple[PromptCache, Generator[tuple[int, mx.array] | None]]:
            cache = loaded.pool.acquire(list(ids))
            return cache, plain_loop.steps(
                loaded.model,
                ids,
                cache=cache,
                sampler=sampler or self.make_sampler(),
                logits_processors=self.make_logits_processors() if logits_processors is None else logits_processors,
                prefill_chunk=loaded.prefill_chunk,
                context_length=loaded.context_length,
            )

        cache, steps = self._thread.call(start).result()

        def stop() -> None:
            steps.close()
            loaded.pool.release(cache)

        try:
            # One command a chunk or token: running requests go on in between.
            while (item := self._thread.call(lambda: next(steps, _END)).result()) is not _END:
                if item is not None:
                    yield cast("tuple[int, mx.array]", item)
        finally:
            # Not waited for: this may be a finalizer, in any thread.
            with contextlib.suppress(EngineClosedError):
                self._thread.call(stop)

    def make_sampler(self, **kwargs: Any) -> Callable[[mx.array], mx.array]:
        """A sampler `logprobs [B, V] -> token_ids [B]`; the model's generation_config.json gives the defaults."""
        own = self._default_options().sampling
        defaults = {
            "temp": own.temperature,
            "min_p": own.min_p,
            "min_tokens_to_keep": own.min_tokens_to_keep,
            "top_p": own.top_p,
            "top_k": own.top_k,
        }
        if "temperature" in kwargs:
            kwargs["temp"] = kwargs.pop("temperature")
        reject_unknown(kwargs, set(inspect.signature(make_sampler).parameters), "sampler keyword")
        return make_sampler(**{**defaults, **kwargs})

    def make_logits_processors(self, **kwargs: Any) -> list[plain_loop.LogitsProcessor]:
        """Processors `(history [n], logits [B, V]) -> logits`, one for each penalty; the model's own by default."""
        reject_unknown(kwargs, set(inspect.signature(make_logits_processors).parameters), "penalty keyword")
        own = self._default_options().penalties
        return make_logits_processors(**{"repetition_penalty": own.repetition_penalty, **kwargs})

    # -- the end ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End running requests with EngineClosedError, save prompt caches where a folder is set, free the model."""
        self._close()
        self._loaded = None

    def __enter__(self) -> InferenceEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> InferenceEngine:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    # -- inside -----------------------------------------------------------------------------------------------

    def _load(self, model_path: str | Path | LoadModel) -> Callable[[], OpenEngine]:
        """What the engine thread runs first. Refers to no engine, so that one that is dropped can be closed."""
        config, thread = self.config, self._thread
        if callable(model_path):
            load = model_path
        else:
            # Here, not in the engine thread: a download in the caller's thread can be interrupted.
            folder = resolve_model(model_path, revision=config.revision, offline=config.offline)
            load = functools.partial(load_folder, folder, config.dtype)

        def run() -> OpenEngine:
            opened = OpenEngine(load(), config)
            thread.drive(opened.core)
            return opened

        return run

    def _open(self) -> OpenEngine:
        if self._loaded is None:
            raise EngineClosedError("the engine is closed")
        return self._loaded

    async def _options_in_thread(self, inference_kwargs: Mapping[str, Any]) -> InferenceOptions:
        """Checked keywords. A schema takes milliseconds to look through, a hostile one seconds."""
        defaults = self._open().generation_defaults
        if any(inference_kwargs.get(name) is not None for name in STRUCTURE_KEYWORDS):
            return await asyncio.to_thread(InferenceOptions.from_keywords, inference_kwargs, defaults)
        return InferenceOptions.from_keywords(inference_kwargs, defaults)

    def _default_options(self) -> InferenceOptions:
        return InferenceOptions.from_keywords({}, self._open().generation_defaults)

    def _request(self, ids: Sequence[int], options: InferenceOptions, *, wants_text: bool) -> GenerationRequest:
        loaded = self._open()
        return GenerationRequest.build(
            ids,
            options,
            structure=None if options.grammar is None else loaded.structures.compile(options.grammar),
            vocab_size=loaded.model.config.vocab_size,
            context_length=loaded.context_length,
            stop_token_ids=loaded.tokenizer.stop_tokens,
            wants_text=wants_text,
        )

    async def _prepare(self, prompt: PromptLike, inference_kwargs: Mapping[str, Any]) -> _Prepared:
        loaded = self._open()
        options = await self._options_in_thread(inference_kwargs)
        prepared = await asyncio.to_thread(loaded.preparer.prepare, prompt, options)
        request = await asyncio.to_thread(self._request, prepared.prompt_ids, options, wants_text=True)
        # A bound output is ended by its grammar: it may contain what ends a message elsewhere.
        if not options.ignore_stop_tokens and options.grammar is None:
            request = replace(request, message_ends=tuple(loaded.tokenizer.stop_strings))
        return request, prepared

    async def _submit_prompt(
        self, prompt: PromptLike, inference_kwargs: Mapping[str, Any]
    ) -> tuple[RequestHandle, ReplyParser]:
        return self._submit_prepared(*await self._prepare(prompt, inference_kwargs))

    def _submit_choice(self, prepared: _Prepared, seed: int) -> tuple[RequestHandle, ReplyParser]:
        request, prompt = prepared
        return self._submit_prepared(request.again(seed), prompt)

    def _submit_prepared(self, request: GenerationRequest, prompt: PreparedPrompt) -> tuple[RequestHandle, ReplyParser]:
        return self.submit(request), self._open().preparer.parser(prompt, is_bound=request.structure is not None)


def _weak_listener(handle: RequestHandle) -> Callable[[Any], None]:
    """Pushes to the handle while somebody holds it: the engine must not keep alive what nobody reads."""
    reference = weakref.ref(handle)

    def listener(event: Any) -> None:
        if (alive := reference()) is not None:
            alive.push(event)

    return listener


def _id_list(prompt_ids: Sequence[int] | mx.array, context_length: int) -> list[int]:
    """The ids as Python's integers, as far as they are integers; too long a prompt is refused before it is walked."""
    if isinstance(prompt_ids, mx.array | np.ndarray):
        if prompt_ids.ndim != 1:
            raise RequestError(
                f"prompt_ids must be one flat list, not an array of shape {tuple(prompt_ids.shape)}", param="prompt_ids"
            )
    elif not isinstance(prompt_ids, Sequence) or isinstance(prompt_ids, str | bytes):
        raise RequestError(f"prompt_ids must be a list of token ids, not {shown(prompt_ids)}", param="prompt_ids")
    check_prompt_length(len(prompt_ids), context_length)
    if isinstance(prompt_ids, mx.array | np.ndarray):
        return cast("list[int]", prompt_ids.tolist())
    ids: Sequence[Any] = prompt_ids
    return [token_id.item() if isinstance(token_id, np.integer) else token_id for token_id in ids]
