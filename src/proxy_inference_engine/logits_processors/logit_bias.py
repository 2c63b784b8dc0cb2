"""Logit bias: add a number to the logits of chosen tokens."""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.logits_processors.params import PenaltyParams


class LogitBias:
    """Add each row's biases to its logits. It comes last, so that no penalty scales what a caller asked for.

    -100 rules a token out in practice; a token already at -inf stays there. Source: the OpenAI API reference.
    """

    def __init__(self, rows: list[int], params: list[PenaltyParams], vocab_size: int) -> None:
        entries = [(r, t, b) for r, p in zip(rows, params, strict=True) for t, b in p.logit_bias.items()]
        self._rows = mx.array([row for row, _, _ in entries], dtype=mx.int32)
        self._token_ids = mx.array([token_id for _, token_id, _ in entries], dtype=mx.int32)
        self._biases = mx.array([bias for _, _, bias in entries], dtype=mx.float32)

    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array:
        """New logits `[B, V]`; arguments as for `BatchProcessor`."""
        return logits.at[self._rows, self._token_ids].add(self._biases)
