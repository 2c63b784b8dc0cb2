"""Penalties and biases for the rows of a batch, each with its own parameters.

Order for every row: repetition penalty (on the model's own logits, whose sign it looks at), presence and frequency,
DRY, logit bias. (vLLM and mlx-lm add the bias first, which lets a repetition penalty scale it.) All arithmetic is
float32. Only rows that ask for a penalty are touched by it, and what happens to a row depends on nothing but that row.
Nothing waits for the device, and no input is changed. Knows no requests, grammars or sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import mlx.core as mx

from proxy_inference_engine.logits_processors.counts import CountPenalties
from proxy_inference_engine.logits_processors.dry import DRY
from proxy_inference_engine.logits_processors.logit_bias import LogitBias
from proxy_inference_engine.logits_processors.params import PenaltyParams
from proxy_inference_engine.logits_processors.repetition import RepetitionPenalty


class _Penalty(Protocol):
    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array: ...


class BatchProcessor:
    """Applies each row's `PenaltyParams`. May be kept as long as the rows and their order stay the same.

    Raises RequestError when a token id of the parameters is not below `vocab_size`; `PenaltyParams.check_vocab` finds
    that for one request, before it joins a batch.
    """

    def __init__(self, params: Sequence[PenaltyParams], vocab_size: int) -> None:
        for row in params:
            row.check_vocab(vocab_size)
        self._num_rows = len(params)
        self._penalties: list[_Penalty] = []

        def add(
            make: Callable[[list[int], list[PenaltyParams], int], _Penalty], uses: Callable[[PenaltyParams], bool]
        ) -> None:
            rows = [index for index, row in enumerate(params) if uses(row)]
            if rows:
                self._penalties.append(make(rows, [params[row] for row in rows], vocab_size))

        add(RepetitionPenalty, lambda p: p.uses_repetition)
        add(CountPenalties, lambda p: p.uses_counts)
        add(DRY, lambda p: p.uses_dry)
        add(LogitBias, lambda p: bool(p.logit_bias))

    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array:
        """New logits `[B, V]` float32.

        `history [B, W]` int32: the newest tokens of prompt and output, right-aligned, -1 where there are none; as wide
        as the largest `history_size` or as the longest row, whatever is less. `num_output [B]` int32: how many of them
        are output.
        """
        assert history.shape[0] == num_output.shape[0] == logits.shape[0] == self._num_rows, "one row for each params"
        logits = logits.astype(mx.float32)
        if history.shape[1] == 0:
            history = mx.full((self._num_rows, 1), -1, dtype=mx.int32)
        for penalty in self._penalties:
            logits = penalty(history, num_output, logits)
        return logits
