"""Runs PIE's engine for `serving.py`, in a process of its own, as a server in it would: one event loop, one handle a
request.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import fields
from typing import Any

import mlx.core as mx

from proxy_inference_engine import InferenceEngine
from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.models.tree import named_arrays
from proxy_inference_engine.types import End, TextDelta
from serving_worker import MeasuresMemory, Reply, Request, serve


class Worker(MeasuresMemory):
    """One engine."""

    engine: InferenceEngine

    def load(self, folder: str, kv_cache_bytes: int, config: dict[str, Any]) -> dict[str, Any]:
        """Open an engine over a folder; `config` are its keywords."""
        if "kv_cache_bytes" in {field.name for field in fields(EngineConfig)}:
            config = {"kv_cache_bytes": kv_cache_bytes, **config}
        self.engine = InferenceEngine(folder, **config)
        arrays = list(named_arrays(self.engine.model).values())
        kinds = sorted({str(array.dtype) for array in arrays if mx.issubdtype(array.dtype, mx.floating)})
        return {"weight_bytes": sum(array.nbytes for array in arrays), "dtypes": kinds}

    def run(self, requests: list[Request], settings: dict[str, Any], text: bool) -> dict[str, Any]:
        """Serve `requests` as they arrive. There are no `settings`: the engine has to find its own."""
        replies = asyncio.run(self._serve(requests, text))
        return {"replies": [reply for reply, _ in replies], "num_cached": sum(count for _, count in replies)}

    def array_ms(self, batch_size: int, num_prompt: int, num_steps: int) -> float:
        """A step's array work alone: the steps are built first, then all are computed and timed.

        On a CPU a model computes while it is called, so there the calls are timed.
        """
        model = self.engine.model
        cache = model.make_cache()
        tokens = mx.argmax(model(mx.ones((batch_size, num_prompt), mx.int32), cache, logits_to_keep=1)[:, -1], axis=-1)
        mx.eval(tokens)
        is_gpu = mx.default_device().type == mx.DeviceType.gpu
        start = time.perf_counter()
        for _ in range(num_steps):
            tokens = mx.argmax(model(tokens[:, None], cache, logits_to_keep=1)[:, -1], axis=-1)
            if not is_gpu:
                mx.eval(tokens)
        if is_gpu:
            start = time.perf_counter()
        mx.eval(tokens)
        return (time.perf_counter() - start) / num_steps * 1e3

    async def _serve(self, requests: list[Request], text: bool) -> list[tuple[Reply, int]]:
        built = [self._build(request, text) for request in requests]
        start = time.perf_counter()
        return await asyncio.gather(
            *(self._ask(one, request["at_s"], start) for one, request in zip(built, requests, strict=True))
        )

    async def _ask(self, request: GenerationRequest, at_s: float, start: float) -> tuple[Reply, int]:
        """The reply, and how many of its prompt's tokens were computed already."""
        if at_s > 0:
            await asyncio.sleep(at_s - (time.perf_counter() - start))
        submitted_s = time.perf_counter() - start
        times: list[float] = []
        async for event in self.engine.submit(request):
            if isinstance(event, TextDelta):
                times.append(time.perf_counter() - start)
            elif isinstance(event, End):
                assert len(event.token_ids) == request.max_new_tokens
                if not times:
                    times = [submitted_s + event.timing.ttft_ms / 1e3, time.perf_counter() - start]
                return {"token_ids": list(event.token_ids), "times_s": times}, event.usage.num_cached_tokens
        raise AssertionError("a stream ended without an End")

    def _build(self, request: Request, text: bool) -> GenerationRequest:
        sampling = request["sampling"] or {"temperature": 0.0}
        keywords = {**sampling, "max_new_tokens": request["num_new"], "ignore_stop_tokens": True, "seed": 0}
        return GenerationRequest.build(
            request["prompt_ids"],
            InferenceOptions.from_keywords(keywords),
            vocab_size=self.engine.model.config.vocab_size,
            context_length=self.engine.context_length,
            stop_token_ids=frozenset(),
            wants_text=text,
        )


if __name__ == "__main__":
    serve(Worker())
