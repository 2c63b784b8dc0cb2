"""One prompt, one token at a time, without a scheduler: the plain loop that the engine must equal.

Also what `InferenceEngine.generate_step` runs, for callers who bring samplers and processors of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import cast

import mlx.core as mx

from proxy_inference_engine.cache import PromptCache
from proxy_inference_engine.engine.core import CLEAR_CACHE_STEPS
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.models.base import Model

Sampler = Callable[[mx.array], mx.array]
"""`logprobs [1, V] -> token_ids [1]`."""

LogitsProcessor = Callable[[mx.array, mx.array], mx.array]
"""`(history [n], logits [1, V]) -> logits [1, V]`."""


def generate_step(
    model: Model,
    prompt_ids: Sequence[int],
    *,
    cache: PromptCache,
    sampler: Sampler,
    logits_processors: Sequence[LogitsProcessor] = (),
    prefill_chunk: int = 512,
    context_length: int | None = None,
) -> Generator[tuple[int, mx.array]]:
    """Yield `(token_id, logprobs [V])` until the context is full or the caller stops.

    `logprobs` are float32 and normalised, after the processors; they are evaluated, so any thread may use them.
    One step is always in flight: the next is submitted before this one's token is yielded. Tokens and `cache` move
    together, also when the caller stops early or an exception ends the loop. Stop tokens are yielded like any other.
    """
    every = steps(
        model,
        prompt_ids,
        cache=cache,
        sampler=sampler,
        logits_processors=logits_processors,
        prefill_chunk=prefill_chunk,
        context_length=context_length,
    )
    with closing(every):
        for item in every:
            if item is not None:
                yield item


def steps(
    model: Model,
    prompt_ids: Sequence[int],
    *,
    cache: PromptCache,
    sampler: Sampler,
    logits_processors: Sequence[LogitsProcessor] = (),
    prefill_chunk: int = 512,
    context_length: int | None = None,
) -> Generator[tuple[int, mx.array] | None]:
    """As `generate_step`, with None after every chunk of the prompt, where the caller may do something else."""
    limit = model.config.context_length if context_length is None else context_length
    remaining = cache(list(prompt_ids))
    unrecorded: int | None = None  # the token of a submitted step, put into the cache and not recorded there yet
    try:
        logits = None
        for start in range(0, len(remaining), prefill_chunk):
            chunk = remaining[start : start + prefill_chunk]
            logits = model(mx.array(chunk, dtype=mx.int32)[None], cache.cache, logits_to_keep=1)[:, -1]
            mx.eval(cache.buffers())
            cache.update(chunk)
            yield None
        assert logits is not None
        history = mx.array(list(prompt_ids), dtype=mx.int32) if logits_processors else None

        def draw(logits: mx.array) -> tuple[mx.array, mx.array]:
            for processor in logits_processors:
                logits = processor(history, logits)  # type: ignore[arg-type]
            logits = logits.astype(mx.float32)
            logprobs = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
            token = sampler(logprobs)
            if not isinstance(token, mx.array) or token.size != 1:
                what = f"shape {token.shape}" if isinstance(token, mx.array) else type(token).__name__
                raise RequestError(f"the sampler must return one token id as an array [1], not {what}", param="sampler")
            token = token.reshape(1).astype(mx.int32)
            vector = logprobs[0]
            mx.async_eval(token, vector)  # type: ignore[no-untyped-call]
            return token, vector

        token, logprobs = draw(logits)
        num_tokens = len(prompt_ids) + 1
        while True:
            following = None
            if num_tokens < limit:
                if history is not None:
                    history = mx.concatenate([history, token])
                # A sampler of the caller's may draw anything: out of range it would read foreign memory.
                safe = mx.clip(token, 0, model.config.vocab_size - 1)
                following = draw(model(safe[None], cache.cache, logits_to_keep=1)[:, -1])
            mx.eval(token, logprobs)
            token_id = cast("int", token.item())
            if not 0 <= token_id < model.config.vocab_size:
                raise RequestError(
                    f"the sampler drew {token_id}, not a token id from 0 to {model.config.vocab_size - 1}",
                    param="sampler",
                )
            if following is not None:
                unrecorded = token_id
            yield token_id, logprobs
            if following is None:
                return
            cache.update([token_id])
            unrecorded = None
            token, logprobs = following
            num_tokens += 1
            if num_tokens % CLEAR_CACHE_STEPS == 0:
                mx.clear_cache()
    except GeneratorExit:
        if unrecorded is not None:
            cache.update([unrecorded])
        raise
    except BaseException:
        cache.reset()  # a step that failed may have left some layers ahead of others, or broken
        raise
    finally:
        cache.settle()
