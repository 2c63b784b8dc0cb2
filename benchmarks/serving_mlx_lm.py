"""Runs mlx-lm's `BatchGenerator` for `serving.py`, in an environment of its own: a plain loop, insert and `next`.

Knows nothing of PIE. The prompt cache is mlx-lm's own, used as its server uses it: kept where a system prompt ends.
"""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.generate import BatchGenerator
from mlx_lm.models.cache import LRUPromptCache, make_prompt_cache
from mlx_lm.sample_utils import make_sampler
from mlx_lm.tokenizer_utils import NaiveStreamingDetokenizer
from mlx_lm.utils import load

from serving_worker import MeasuresMemory, Reply, Request, serve

_NUM_KEPT_PROMPTS = 64


class Worker(MeasuresMemory):
    """One loaded model."""

    model: Any
    tokenizer: Any

    def load(self, folder: str, dtype: str | None) -> dict[str, Any]:
        """Load a folder; `dtype` is what its floating-point tensors are turned into, None leaves them."""
        self.model, self.tokenizer = load(folder)
        if dtype is not None:
            self.model.set_dtype(getattr(mx, dtype))
        mx.eval(self.model.parameters())
        arrays = [array for _, array in tree_flatten(self.model.parameters())]
        kinds = sorted({str(array.dtype) for array in arrays if mx.issubdtype(array.dtype, mx.floating)})
        return {"weight_bytes": sum(array.nbytes for array in arrays), "dtypes": kinds, "mlx_lm": version("mlx-lm")}

    def run(self, requests: list[Request], settings: dict[str, Any], text: bool) -> dict[str, Any]:
        """Serve `requests` as they arrive. `settings` are keywords of `BatchGenerator`, and `prompt_cache`."""
        run = _Run(self.model, self.tokenizer, settings, text=text)
        return {"replies": run.serve(requests), "busy_s": run.busy_s}

    def array_ms(self, batch_size: int, num_prompt: int, num_steps: int) -> float:
        """A step's array work alone: the steps are built first, then all are computed and timed."""
        cache = make_prompt_cache(self.model)
        tokens = mx.argmax(self.model(mx.ones((batch_size, num_prompt), mx.int32), cache=cache)[:, -1], axis=-1)
        mx.eval(tokens)
        for _ in range(num_steps):
            tokens = mx.argmax(self.model(tokens[:, None], cache=cache)[:, -1], axis=-1)
        start = time.perf_counter()
        mx.eval(tokens)
        return (time.perf_counter() - start) / num_steps * 1e3


class _Run:
    """One workload."""

    def __init__(self, model: Any, tokenizer: Any, settings: dict[str, Any], *, text: bool) -> None:
        settings = dict(settings)
        self._kept = LRUPromptCache(_NUM_KEPT_PROMPTS) if settings.pop("prompt_cache", False) else None
        self._generator = BatchGenerator(model, **settings)
        self._tokenizer = tokenizer
        self._text = text
        self._samplers: dict[str, Any] = {}
        self._unfinished: dict[int, tuple[int, Any]] = {}  # uid -> index of the request, detokenizer
        self.busy_s = 0.0

    def serve(self, requests: list[Request]) -> list[Reply]:
        replies: list[Reply] = [{"token_ids": [], "times_s": []} for _ in requests]
        order = sorted(range(len(requests)), key=lambda index: requests[index]["at_s"])
        start = time.perf_counter()
        while order or self._unfinished:
            begin = time.perf_counter()
            while order and requests[order[0]]["at_s"] <= begin - start:
                index = order.pop(0)
                self._insert(index, requests[index])
            if not self._unfinished:
                time.sleep(max(0.0, requests[order[0]]["at_s"] - (time.perf_counter() - start)))
                continue
            progress, responses = self._generator.next()
            if self._kept is not None:
                self._keep(progress, requests)
            for response in responses:
                index, detokenizer = self._unfinished[response.uid]
                if detokenizer is not None:
                    detokenizer.add_token(response.token)
                    _ = detokenizer.last_segment
                replies[index]["token_ids"].append(response.token)
                replies[index]["times_s"].append(time.perf_counter() - start)
                if response.finish_reason is not None:
                    del self._unfinished[response.uid]
            self.busy_s += time.perf_counter() - begin
        self._generator.close()
        return replies

    def _insert(self, index: int, request: Request) -> None:
        prompt, cache, num_cached = request["prompt_ids"], None, 0
        if self._kept is not None:
            cache, rest = self._kept.fetch_nearest_cache("model", prompt)
            num_cached = len(prompt) - len(rest)
        border = max(request["num_shared"], num_cached) if self._kept is not None else 0
        segments = [part for part in (prompt[num_cached:border], prompt[border:]) if part]
        (uid,) = self._generator.insert_segments(
            [segments],
            max_tokens=[request["num_new"]],
            caches=[cache],
            all_tokens=[prompt[:num_cached]],
            samplers=[self._sampler(request["sampling"])],
        )
        self._unfinished[uid] = (index, self._detokenizer())

    def _keep(self, progress: list[Any], requests: list[Request]) -> None:
        """Put away the keys and values of system prompts that have just been computed."""
        ended = [item.uid for item in progress if item.end_of_segment and not item.end_of_prompt]
        for uid, (cache, ids) in self._generator.extract_cache(ended).items():
            if len(ids) == requests[self._unfinished[uid][0]]["num_shared"]:
                self._kept.insert_cache("model", ids[:], cache, cache_type="system")

    def _sampler(self, sampling: dict[str, float]) -> Any:
        """None for greedy; rows with the same parameters share one, so that a uniform batch is sampled at once."""
        if not sampling:
            return None
        key = json.dumps(sampling, sort_keys=True)
        if key not in self._samplers:
            sampling = dict(sampling)
            self._samplers[key] = make_sampler(temp=sampling.pop("temperature"), **sampling)
        return self._samplers[key]

    def _detokenizer(self) -> Any:
        """mlx-lm's streaming one; none where it would decode everything again for every token."""
        detokenizer = self._tokenizer.detokenizer if self._text else None
        return None if isinstance(detokenizer, NaiveStreamingDetokenizer) else detokenizer


if __name__ == "__main__":
    serve(Worker())
