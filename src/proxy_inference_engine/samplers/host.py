"""`BatchSampler`'s way on a CPU: row by row in NumPy, on a view of the logits.

Same keys, same random numbers and same tokens as the array programs of `groups`, up to rounding at a filter's border.
Random numbers for all rows come from MLX in one evaluation. The result is there when the call returns: a CPU has no
queue to keep full. Every row goes through the same operations on arrays of its own, so its bits do not depend on the
batch. Knows no order of filters (see `host_row`).
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from proxy_inference_engine.samplers.draw import coin, gumbel
from proxy_inference_engine.samplers.host_row import Float32, Kept, drawn, exclude_top, filtered, logprobs
from proxy_inference_engine.samplers.params import SamplingParams
from proxy_inference_engine.samplers.weights import BLOCK


class HostSampler:
    """What `BatchSampler` does, computed at once."""

    def __init__(self, params: Sequence[SamplingParams]) -> None:
        self._params = list(params)
        self._random = [index for index, row in enumerate(params) if not row.is_greedy]
        self._with_xtc = [index for index in self._random if params[index].uses_xtc]

    def draw(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """As `BatchSampler.__call__`."""
        if keys is None or not self._random:
            return mx.array(np.argmax(_rows(logits), axis=-1).astype(np.uint32))
        num_blocks = -(-logits.shape[-1] // BLOCK)
        noise = gumbel(_pick(keys, self._random), num_blocks + BLOCK)
        coins = coin(_pick(keys, self._with_xtc)) if self._with_xtc else None
        mx.eval(logits, noise, coins)  # together: each evaluation is a round trip to MLX's own thread
        rows, noise_of = _rows(logits), dict(zip(self._random, np.array(noise), strict=True))
        applies = self._xtc_applies(coins)
        tokens, scratch = np.zeros(len(rows), dtype=np.uint32), _scratch(rows)
        with np.errstate(all="ignore"):
            for index, row in enumerate(rows):
                if index not in noise_of:
                    tokens[index] = row.argmax()
                elif np.isfinite(best := row.max()):
                    kept = filtered(row, best, self._params[index], scratch)
                    if index in applies:
                        kept = exclude_top(kept, self._params[index])
                    tokens[index] = drawn(kept, noise_of[index])
        return mx.array(tokens)

    def logprobs(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """As `BatchSampler.filtered_logprobs`. A row that cannot be sampled is NaN, unless it is greedy."""
        coins = coin(_pick(keys, self._with_xtc)) if keys is not None and self._with_xtc else None
        mx.eval(logits, coins)
        rows, applies = _rows(logits), self._xtc_applies(coins)
        out, scratch = np.empty(rows.shape, dtype=np.float32), _scratch(rows)
        with np.errstate(all="ignore"):
            for index, (row, params) in enumerate(zip(rows, self._params, strict=True)):
                if params.is_greedy:
                    out[index] = -np.inf
                    out[index, row.argmax()] = 0.0
                elif not np.isfinite(best := row.max()):
                    out[index] = np.nan
                elif params.uses_xtc and keys is None:
                    out[index] = _averaged(filtered(row, best, params, scratch), params, row.size)
                else:
                    kept = filtered(row, best, params, scratch)
                    out[index] = logprobs(exclude_top(kept, params) if index in applies else kept, row.size)
        return mx.array(out)

    def _xtc_applies(self, coins: mx.array | None) -> set[int]:
        """The rows whose coin lets XTC apply."""
        if coins is None:
            return set()
        thrown = zip(self._with_xtc, np.array(coins)[:, 0], strict=True)
        return {index for index, value in thrown if value < np.float32(self._params[index].xtc_probability)}


def _averaged(kept: Kept, params: SamplingParams, size: int) -> Float32:
    """The log of the distribution over XTC's chance."""
    chance = np.float32(params.xtc_probability)
    without, within = logprobs(kept, size), logprobs(exclude_top(kept, params), size)
    averaged: Float32 = np.logaddexp(without + np.log(np.float32(1.0) - chance), within + np.log(chance))
    return averaged


def _rows(logits: mx.array) -> Float32:
    """The memory of `logits [B, V]`, copied only where it is not float32 or not laid out row by row."""
    return np.ascontiguousarray(np.array(logits.astype(mx.float32), copy=False))


def _scratch(rows: Float32) -> Float32:
    return np.empty((2, rows.shape[1]), dtype=np.float32)


def _pick(keys: mx.array, rows: list[int]) -> mx.array:
    return keys if len(rows) == keys.shape[0] else mx.array(np.array(keys)[rows])
