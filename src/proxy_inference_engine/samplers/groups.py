"""Rows that need the same kind of work, as one array program: the inside of `BatchSampler`.

Shapes: B is the group's rows. Per-row parameters are `[B, 1]`. Knows no other group and no order of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import mlx.core as mx

from proxy_inference_engine.samplers.draw import coin, draw
from proxy_inference_engine.samplers.greedy import greedy
from proxy_inference_engine.samplers.min_p import log_floor
from proxy_inference_engine.samplers.params import SamplingParams
from proxy_inference_engine.samplers.top_p import least_in_nucleus, least_in_sorted
from proxy_inference_engine.samplers.weights import at_rank, exp, keep, largest_first, relative, row_sum
from proxy_inference_engine.samplers.xtc import ceiling

SHALLOW = 1024
"""How many of the largest logits are sorted for top-k; a row that needs more sorts its whole vocabulary.

A constant, not the largest k of the batch, so that a row's arithmetic does not depend on its neighbours.
"""


class Work(Enum):
    """What a row's filters need to know of its logits."""

    ARGMAX = "greedy"
    LARGEST = "temperature and min-p: the largest one"
    SHALLOW_SORT = "top-k, and top-p among its tokens: the largest 1,024"
    DEEP_SORT = "more than that: all, sorted"
    NUCLEUS = "top-p alone: the border of the nucleus"


@dataclass(frozen=True, slots=True)
class GroupKey:
    """Rows with equal keys go through one array program."""

    work: Work
    uses_xtc: bool

    @property
    def is_greedy(self) -> bool:
        return self.work is Work.ARGMAX


def group_key(params: SamplingParams) -> GroupKey:
    """The group of a row, by its own parameters alone."""
    if params.is_greedy:
        return GroupKey(Work.ARGMAX, uses_xtc=False)
    is_filtered = params.uses_top_k or params.uses_top_p or params.uses_min_p
    rank = params.top_k if params.uses_top_k else 0
    if is_filtered and params.min_tokens_to_keep > 1:
        rank = max(rank, params.min_tokens_to_keep)
    if rank == 0:
        work = Work.NUCLEUS if params.uses_top_p else Work.LARGEST
    elif rank > SHALLOW or (params.uses_top_p and not params.uses_top_k):
        work = Work.DEEP_SORT
    else:
        work = Work.SHALLOW_SORT
    return GroupKey(work, params.uses_xtc)


class Group(Protocol):
    def draw(self, logits: mx.array, keys: mx.array) -> mx.array:
        """Token ids `[B]` uint32 for the group's rows."""
        ...

    def logprobs(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """The log `[B, V]` of the distributions that are drawn from."""
        ...


class GreedyGroup:
    """Rows at temperature 0."""

    def draw(self, logits: mx.array, keys: mx.array) -> mx.array:
        return greedy(logits)

    def logprobs(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        is_token = mx.arange(logits.shape[-1]) == greedy(logits)[:, None]
        return mx.where(is_token, 0.0, -mx.inf)


class RandomGroup:
    """Rows that are drawn."""

    def __init__(self, key: GroupKey, params: list[SamplingParams]) -> None:
        def column(value: Callable[[SamplingParams], float]) -> mx.array:
            return mx.array([[value(row)] for row in params], dtype=mx.float32)

        def ranks(value: Callable[[SamplingParams], int]) -> mx.array:
            return mx.array([[value(row)] for row in params], dtype=mx.int32)

        self._work = key.work
        # None stands for "off in every row": the step is left out, which changes no bit (x * 1, max(x, -inf)).
        self._scale = column(lambda r: 1.0 / r.temperature) if any(r.temperature != 1.0 for r in params) else None
        self._log_min_p = column(lambda r: log_floor(r.min_p)) if any(r.uses_min_p for r in params) else None
        self._min_p = column(lambda r: r.min_p)
        uses_top_p = any(r.uses_top_p for r in params)
        self._top_p = column(lambda r: r.top_p if r.uses_top_p else math.inf) if uses_top_p else None
        self._uses_top_k = mx.array([[r.uses_top_k] for r in params])
        self._top_k = ranks(lambda r: r.top_k)
        self._num_kept = ranks(lambda r: r.min_tokens_to_keep)
        self._keeps_more = any(r.min_tokens_to_keep > 1 for r in params)
        self._uses_xtc = key.uses_xtc
        if key.uses_xtc:
            self._xtc_probability = column(lambda r: r.xtc_probability)
            self._xtc_threshold = column(lambda r: r.xtc_threshold)
            width = max(1, *(len(r.xtc_special_tokens) for r in params))
            padded = [[*r.xtc_special_tokens, *[-1] * (width - len(r.xtc_special_tokens))] for r in params]
            self._xtc_special = mx.array(padded, dtype=mx.int32)

    def draw(self, logits: mx.array, keys: mx.array) -> mx.array:
        _, w = self._filtered(logits)
        if self._uses_xtc:
            w = w * (w <= self._xtc_limit(w, keys))
        return draw(w, keys)

    def logprobs(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        x, w = self._filtered(logits)
        if not self._uses_xtc:
            return _log(x, w)
        if keys is not None:
            return _log(x, w * (w <= self._xtc_limit(w, keys)))
        without, chance = _log(x, w), self._xtc_probability
        within = _log(x, w * (w <= self._xtc_ceiling(w)))
        return mx.logaddexp(without + mx.log(1.0 - chance), within + mx.log(chance))

    def _filtered(self, logits: mx.array) -> tuple[mx.array, mx.array]:
        """Log weights at the row's temperature, and the weights with 0 for removed tokens; both `[B, V]`."""
        x = relative(logits)
        if self._scale is not None:
            x = x * self._scale
        if self._work is Work.NUCLEUS:
            assert self._top_p is not None
            w = exp(x)
            floor = mx.maximum(least_in_nucleus(w, self._top_p), self._min_p)
            return x, w * (w >= floor)  # faster than `where` on a CPU
        log_floor = self._log_min_p if self._work is Work.LARGEST else self._floor_by_sorting(x)
        return x, exp(x if log_floor is None else keep(x, log_floor))

    def _floor_by_sorting(self, x: mx.array) -> mx.array:
        """The least log weight `[B, 1]` kept by top-k, top-p, min-p and min_tokens_to_keep together."""
        size = x.shape[-1]
        best = largest_first(x, size if self._work is Work.DEEP_SORT else min(SHALLOW, size))
        top_k_floor = mx.where(self._uses_top_k, at_rank(best, self._top_k), -mx.inf)
        floor = top_k_floor if self._log_min_p is None else mx.maximum(top_k_floor, self._log_min_p)
        if self._top_p is not None:
            w = exp(keep(best, top_k_floor))
            total = row_sum(w)
            if best.shape[-1] < size:
                # Tokens that tie with the k-th may lie beyond the sorted ones; their weight counts as well.
                tied = mx.sum(x >= top_k_floor, axis=-1, keepdims=True)
                tied = tied - mx.sum(best >= top_k_floor, axis=-1, keepdims=True)
                total = total + tied * exp(top_k_floor)
            top_p_floor = least_in_sorted(best, w, total, self._top_p)
            floor = mx.maximum(floor, mx.where(mx.isfinite(self._top_p), top_p_floor, -mx.inf))
        if self._keeps_more:
            floor = mx.minimum(floor, at_rank(best, self._num_kept))
        return floor

    def _xtc_ceiling(self, w: mx.array) -> mx.array:
        return ceiling(w, self._xtc_threshold, self._xtc_special, self._num_kept if self._keeps_more else None)

    def _xtc_limit(self, w: mx.array, keys: mx.array) -> mx.array:
        return mx.where(coin(keys) < self._xtc_probability, self._xtc_ceiling(w), mx.inf)


def _log(x: mx.array, w: mx.array) -> mx.array:
    """Normalised log probabilities of the tokens with a weight; `x` are the log weights."""
    return mx.where(w > 0.0, x - mx.log(row_sum(w)), -mx.inf)
