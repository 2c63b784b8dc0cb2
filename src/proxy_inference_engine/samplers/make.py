"""`make_sampler`: a sampler as one callable with keywords. Keeps its own place in its random stream."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import mlx.core as mx

from proxy_inference_engine.checks import check_integer
from proxy_inference_engine.samplers.batch import BatchSampler
from proxy_inference_engine.samplers.keys import row_keys
from proxy_inference_engine.samplers.params import SamplingParams

_ROW_STEP = 0xD1342543DE82EF95
"""Odd, so that every row of a batch gets a seed of its own."""


def make_sampler(
    temp: float = 1.0,
    min_p: float = 0.02,
    min_tokens_to_keep: int = 1,
    top_p: float = 1.0,
    top_k: int = -1,
    xtc_probability: float = 0.0,
    xtc_threshold: float = 0.1,
    xtc_special_tokens: Sequence[int] = (),
    seed: int | None = None,
) -> Callable[[mx.array], mx.array]:
    """A sampler `logprobs [B, V] -> token_ids [B]` (uint32) with the same parameters for every row.

    Filters compose; `SamplingParams` has their ranges and `BatchSampler` their order. The n-th call draws row 0 as a
    request with this `seed` draws its n-th token; `seed=None` takes a new one. A seeded sampler that is called in the
    same way again gives the same tokens. Raises RequestError naming the keyword, the value and the range.
    """
    params = SamplingParams(
        temperature=temp,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        min_tokens_to_keep=min_tokens_to_keep,
        xtc_probability=xtc_probability,
        xtc_threshold=xtc_threshold,
        xtc_special_tokens=tuple(xtc_special_tokens),
    )
    if seed is not None:
        check_integer("seed", seed, 0, 2**64 - 1)
    start = secrets.randbits(64) if seed is None else int(seed)
    num_calls = 0
    samplers: dict[int, BatchSampler] = {}

    def sample(logprobs: mx.array) -> mx.array:
        nonlocal num_calls
        num_rows = logprobs.shape[0]
        if num_rows not in samplers:
            samplers.clear()
            samplers[num_rows] = BatchSampler([params] * num_rows)
        keys = row_keys([start + row * _ROW_STEP for row in range(num_rows)], [num_calls] * num_rows)
        num_calls += 1
        return samplers[num_rows](logprobs, keys)

    return sample
