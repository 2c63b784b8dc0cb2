"""XTC, "exclude top choices": now and then remove all likely tokens but the least likely of them. Applies last.

It looks at the distribution that the other filters left, normalised.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from proxy_inference_engine.checks import check_number, check_token_ids
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.samplers.draw import coin
from proxy_inference_engine.samplers.weights import TOLERANCE, exp, relative, row_sum


@dataclass(frozen=True, slots=True)
class XTC:
    """With probability `probability`, remove the tokens whose probability reaches `threshold`, except the least likely.

    Does nothing where fewer than two tokens reach it, or where a special token (newline, end of sequence) would go.
    Tokens exactly as likely as the least likely one stay with it. Raises RequestError unless 0 <= probability <= 1 and
    0 <= threshold <= 1. Source: p-e-w, text-generation-webui#6335.
    """

    probability: float
    threshold: float = 0.1
    special_tokens: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_number("xtc_probability", self.probability, 0.0, 1.0)
        check_number("xtc_threshold", self.threshold, 0.0, 1.0)
        check_token_ids("xtc_special_tokens", self.special_tokens)

    def __call__(self, logprobs: mx.array, keys: mx.array | None = None) -> mx.array:
        """`logprobs [B, V]` with removed tokens at -inf. Needs `keys [B, 2]` unless `probability` is 0 or 1."""
        x = relative(logprobs)
        w = exp(x)
        special = mx.array([self.special_tokens or (-1,)], dtype=mx.int32)
        limit = ceiling(w, mx.full((1, 1), self.threshold), special)
        if self.probability < 1.0:
            if keys is None:
                raise RequestError(f"XTC with probability {self.probability:g} needs keys", param="keys")
            limit = mx.where(coin(keys) < self.probability, limit, mx.inf)
        return mx.where(w <= limit, x, -mx.inf)


def ceiling(w: mx.array, threshold: mx.array, special: mx.array, keep_at_least: mx.array | None = None) -> mx.array:
    """The largest weight `[B, 1]` that XTC leaves in the rows of `w [B, V]`; inf where it does not apply.

    `threshold [B, 1]`; `special [B, S]` token ids, negative ones are padding; `keep_at_least [B, 1]` tokens must stay,
    else it does not apply.
    """
    reached = (w >= threshold * row_sum(w) * (1.0 - TOLERANCE)) & (w > 0.0)
    least = mx.min(mx.where(reached, w, mx.inf), axis=-1, keepdims=True)
    size = w.shape[-1]
    index = mx.broadcast_to(mx.clip(special, 0, size - 1), (w.shape[0], special.shape[1]))
    is_token = (special >= 0) & (special < size)
    applies = ~mx.any((mx.take_along_axis(w, index, axis=-1) > least) & is_token, axis=-1, keepdims=True)
    if keep_at_least is not None:
        staying = mx.sum((w > 0.0) & (w <= least), axis=-1, keepdims=True)
        applies = applies & (staying >= keep_at_least)
    return mx.where(applies, least, mx.inf)
