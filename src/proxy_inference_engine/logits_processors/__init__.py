"""Logits processors: penalties and biases, applied to the model's logits before sampling.

`BatchProcessor` is what the engine uses; the `*_logits_processor` functions give single penalties as plain callables.
A processor never changes its input. Knows no models, samplers or grammars.
"""

from __future__ import annotations

from proxy_inference_engine.logits_processors.batch import BatchProcessor
from proxy_inference_engine.logits_processors.make import (
    LogitsProcessor,
    dry_logits_processor,
    frequency_penalty_logits_processor,
    logit_bias_logits_processor,
    make_logits_processors,
    presence_penalty_logits_processor,
    repetition_penalty_logits_processor,
)
from proxy_inference_engine.logits_processors.params import MAX_HISTORY, PenaltyParams

__all__ = [
    "MAX_HISTORY",
    "BatchProcessor",
    "LogitsProcessor",
    "PenaltyParams",
    "dry_logits_processor",
    "frequency_penalty_logits_processor",
    "logit_bias_logits_processor",
    "make_logits_processors",
    "presence_penalty_logits_processor",
    "repetition_penalty_logits_processor",
]
