"""Top-k: keep the k most likely tokens. Applies after temperature, before top-p."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from proxy_inference_engine.checks import MAX_INT, check_integer
from proxy_inference_engine.samplers.weights import keep, largest_first


@dataclass(frozen=True, slots=True)
class TopK:
    """Keep the `k` most likely tokens (at least `min_tokens_to_keep`), and all that are exactly as likely as the k-th.

    Keeping ties makes the result independent of any sorting order; 16-bit logits tie often. Raises RequestError
    unless k >= 1. Source: Fan, Lewis and Dauphin, arXiv:1805.04833.
    """

    k: int
    min_tokens_to_keep: int = 1

    def __post_init__(self) -> None:
        check_integer("top_k", self.k, 1, MAX_INT)
        check_integer("min_tokens_to_keep", self.min_tokens_to_keep, 1, MAX_INT)

    def __call__(self, logprobs: mx.array, keys: mx.array | None = None) -> mx.array:
        """`logprobs [B, V]` with removed tokens at -inf, float32, not normalised again."""
        x = logprobs.astype(mx.float32)
        count = min(max(self.k, self.min_tokens_to_keep), x.shape[-1])
        return keep(x, largest_first(x, count)[:, -1:])
