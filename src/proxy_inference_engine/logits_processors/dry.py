"""DRY, "don't repeat yourself": penalise the token that would go on with a repetition, harder the longer it is."""

from __future__ import annotations

import mlx.core as mx
import numpy as np

from proxy_inference_engine.logits_processors.params import MAX_MATCH, PenaltyParams
from proxy_inference_engine.logits_processors.tokens import MAX_LABEL, Slots, newest

assert MAX_MATCH <= MAX_LABEL

_MAX_PENALTY = 1e6
"""Rules a token out already, and leaves a logit that is still a number."""


class DRY:
    """Where the last n tokens occurred before, subtract multiplier * base**(n - allowed_length) from what followed.

    Only where n >= allowed_length; a token that followed several times gets its largest penalty; n counts up to 50.
    Sequence breakers end a match, and are never penalised. The newest `dry_range` tokens of prompt and output count.
    All positions are compared with the end of the row at once, on the device. Source: p-e-w,
    text-generation-webui#5677.
    """

    def __init__(self, rows: list[int], params: list[PenaltyParams], vocab_size: int) -> None:
        def column(values: list[float]) -> mx.array:
            return mx.array([[value] for value in values], dtype=mx.float32)

        self._rows = mx.array(rows, dtype=mx.int32)
        self._multiplier = column([p.dry_multiplier for p in params])
        self._base = column([p.dry_base for p in params])
        self._allowed = mx.array([[p.dry_allowed_length] for p in params], dtype=mx.int32)
        self._sizes = mx.array([[p.dry_range] for p in params], dtype=mx.int32)
        self._width = max(p.dry_range for p in params)
        self._vocab_size = vocab_size
        # One table [sets, V] for the distinct sets of breakers: mostly all rows share one.
        sets = list(dict.fromkeys(p.dry_sequence_breakers for p in params))
        is_breaker = np.zeros((len(sets), vocab_size), dtype=np.bool_)
        for row, ids in zip(is_breaker, sets, strict=True):
            row[list(ids)] = True
        self._is_breaker = mx.array(is_breaker) if any(sets) else None
        self._set_of_row = mx.array([[sets.index(p.dry_sequence_breakers)] for p in params], dtype=mx.int32)

    def __call__(self, history: mx.array, num_output: mx.array, logits: mx.array) -> mx.array:
        """New logits `[B, V]`; arguments as for `BatchProcessor`."""
        if history.shape[1] < 2:
            return logits
        tokens = newest(history, self._rows, self._sizes, self._width, self._vocab_size)
        if self._is_breaker is not None:
            is_breaker = self._is_breaker[self._set_of_row, mx.maximum(tokens, 0)]
            tokens = mx.where(is_breaker, -1, tokens)  # equal to nothing, and penalised by nothing
        length = _match_lengths(tokens)[:, :-1]
        followers = Slots.sort(self._rows, mx.where(length >= self._allowed, tokens[:, 1:], -1), length)
        # The exponent is kept at 0 or more so that rows without a match compute no tiny power.
        excess = mx.maximum(followers.labels - self._allowed, 0).astype(mx.float32)
        penalty = mx.minimum(self._multiplier * mx.power(self._base, excess), _MAX_PENALTY)
        penalty = mx.where(followers.counts > 0, penalty, 0.0)
        return followers.update(logits, lambda values: values - penalty)


def _match_lengths(tokens: mx.array) -> mx.array:
    """For each position of `tokens [R, W]`, how many tokens up to it equal the last ones of the row, `[R, W]` int32.

    At most `MAX_MATCH`; -1 equals nothing.
    """
    num_rows, width = tokens.shape
    depth = MAX_MATCH + 1
    # Newest first, so that the length of a match is the place of the first difference.
    padded = mx.pad(tokens[:, ::-1], [(0, 0), (0, depth)], constant_values=-1)
    # windows[r, i] are the tokens of row r from place i on, seen in place.
    windows = mx.as_strided(padded, (num_rows, width, depth), (padded.shape[1], 1, 1))
    ending = padded[:, None, :depth]
    is_end = (ending < 0) | (mx.arange(depth) == MAX_MATCH)
    return mx.argmax(windows != mx.where(is_end, -2, ending), axis=-1)[:, ::-1].astype(mx.int32)
