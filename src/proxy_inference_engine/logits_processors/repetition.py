"""Repetition penalty: make tokens that were seen lately less likely, by a factor."""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.logits_processors.params import PenaltyParams
from proxy_inference_engine.logits_processors.tokens import Slots, newest


class RepetitionPenalty:
    """Divide positive logits of tokens in the newest `context_size` tokens by the penalty, multiply negative ones.

    A token counts once, however often it was seen. Prompt and output count alike. Source: Keskar et al.,
    arXiv:1909.05858, section 4.1, with the treatment of negative logits that is usual since.
    """

    def __init__(self, rows: list[int], params: list[PenaltyParams], vocab_size: int) -> None:
        self._rows = mx.array(rows, dtype=mx.int32)
        self._penalty = mx.array([[p.repetition_penalty] for p in params], dtype=mx.float32)
        self._sizes = mx.array([[p.context_size] for p in params], dtype=mx.int32)
        self._width = max(p.context_size for p in params)
        self._vocab_size = vocab_size

    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array:
        """New logits `[B, V]`; arguments as for `BatchProcessor`."""
        tokens = newest(history, self._rows, self._sizes, self._width, self._vocab_size)
        seen = Slots.sort(self._rows, tokens)

        def change(values: mx.array) -> mx.array:
            penalised = mx.where(values > 0.0, values / self._penalty, values * self._penalty)
            return mx.where(seen.counts > 0, penalised, values)

        return seen.update(logits, change)
