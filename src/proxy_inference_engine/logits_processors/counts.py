"""Presence and frequency penalties: make tokens of the output so far less likely, by a difference."""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.logits_processors.params import MAX_HISTORY, PenaltyParams
from proxy_inference_engine.logits_processors.tokens import Slots, newest


class CountPenalties:
    """Subtract `presence_penalty` once and `frequency_penalty` for each time a token is in the output so far.

    The prompt does not count. Source: the OpenAI API reference, `logit[j] -= count[j] * frequency_penalty +
    (count[j] > 0) * presence_penalty`.
    """

    def __init__(self, rows: list[int], params: list[PenaltyParams], vocab_size: int) -> None:
        self._rows = mx.array(rows, dtype=mx.int32)
        self._presence = mx.array([[p.presence_penalty] for p in params], dtype=mx.float32)
        self._frequency = mx.array([[p.frequency_penalty] for p in params], dtype=mx.float32)
        self._vocab_size = vocab_size

    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array:
        """New logits `[B, V]`; arguments as for `BatchProcessor`."""
        tokens = newest(history, self._rows, num_output[self._rows, None], MAX_HISTORY, self._vocab_size)
        output = Slots.sort(self._rows, tokens)
        penalty = output.counts * self._frequency + mx.where(output.counts > 0, self._presence, 0.0)
        return output.update(logits, lambda values: values - penalty)
