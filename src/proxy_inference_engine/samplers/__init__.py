"""Sampling: from logits to token ids, vectorised over rows with per-row parameters and random keys.

`BatchSampler` is what the engine uses, `make_sampler` the same as one callable. The single filters are for callers who
compose their own. Knows no models, histories or grammars.
"""

from __future__ import annotations

from proxy_inference_engine.samplers.batch import BatchSampler, usable_rows
from proxy_inference_engine.samplers.compose import Filter, compose
from proxy_inference_engine.samplers.draw import categorical
from proxy_inference_engine.samplers.greedy import greedy
from proxy_inference_engine.samplers.keys import row_keys
from proxy_inference_engine.samplers.make import make_sampler
from proxy_inference_engine.samplers.min_p import MinP
from proxy_inference_engine.samplers.params import SamplingParams
from proxy_inference_engine.samplers.temperature import Temperature
from proxy_inference_engine.samplers.top_k import TopK
from proxy_inference_engine.samplers.top_p import TopP
from proxy_inference_engine.samplers.xtc import XTC

__all__ = [
    "XTC",
    "BatchSampler",
    "Filter",
    "MinP",
    "SamplingParams",
    "Temperature",
    "TopK",
    "TopP",
    "categorical",
    "compose",
    "greedy",
    "make_sampler",
    "row_keys",
    "usable_rows",
]
