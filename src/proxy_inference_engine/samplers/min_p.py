"""Min-p: keep what is not much less likely than the best token. Applies after top-p, before XTC.

It compares with the most likely token only, which no filter before it removes: its place among the filters does not
matter, except that temperature comes first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mlx.core as mx

from proxy_inference_engine.checks import MAX_INT, check_integer, check_number
from proxy_inference_engine.samplers.weights import keep, largest_first, relative


@dataclass(frozen=True, slots=True)
class MinP:
    """Keep tokens whose probability is at least `p` times the largest (at least `min_tokens_to_keep` tokens).

    Raises RequestError unless 0 <= p <= 1. Source: Nguyen et al., arXiv:2407.01082.
    """

    p: float
    min_tokens_to_keep: int = 1

    def __post_init__(self) -> None:
        check_number("min_p", self.p, 0.0, 1.0)
        check_integer("min_tokens_to_keep", self.min_tokens_to_keep, 1, MAX_INT)

    def __call__(self, logprobs: mx.array, keys: mx.array | None = None) -> mx.array:
        """`logprobs [B, V]` with removed tokens at -inf, float32, up to a constant for each row."""
        x = relative(logprobs)
        floor = mx.full((1, 1), log_floor(self.p))
        if self.min_tokens_to_keep > 1:
            count = min(self.min_tokens_to_keep, x.shape[-1])
            floor = mx.minimum(floor, largest_first(x, count)[:, -1:])
        return keep(x, floor)


def log_floor(min_p: float) -> float:
    """The least log probability that is kept, relative to the largest; -inf when off."""
    return math.log(min_p) if min_p > 0.0 else -math.inf
