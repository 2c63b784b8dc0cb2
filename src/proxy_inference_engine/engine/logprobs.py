"""Log probabilities of drawn tokens, for the rows that asked for them. Knows no scheduling and no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import mlx.core as mx

from proxy_inference_engine.engine.batch import Draw
from proxy_inference_engine.samplers import BatchSampler
from proxy_inference_engine.types import TokenLogprob


@dataclass(frozen=True, slots=True, eq=False)
class Logprobs:
    """What is read back for the rows that asked for log probabilities: float32, on the device."""

    rows: list[tuple[int, int]]
    """Which draws these are, and how many alternatives each asked for."""

    model: mx.array
    """`[R]`: of the drawn token, before processing."""

    sampled: mx.array
    """`[R]`: of the drawn token, in the distribution it was drawn from."""

    top_ids: mx.array
    """`[R, N]`: the model's best tokens, best first."""

    top: mx.array
    """`[R, N]`: their log probabilities, before processing."""

    def arrays(self) -> list[mx.array]:
        """What to evaluate."""
        return [self.model, self.sampled, self.top_ids, self.top]

    def read(self, token_ids: list[int]) -> dict[int, TokenLogprob]:
        """On the host, by draw. `token_ids` are those of all draws."""
        mx.eval(self.arrays())
        model, sampled = cast("list[float]", self.model.tolist()), cast("list[float]", self.sampled.tolist())
        top_ids, top = cast("list[list[int]]", self.top_ids.tolist()), cast("list[list[float]]", self.top.tolist())
        return {
            row: TokenLogprob(token_ids[row], model[i], sampled[i], tuple(zip(top_ids[i][:n], top[i][:n], strict=True)))
            for i, (row, n) in enumerate(self.rows)
        }


def logprobs_of(
    logits: mx.array,
    processed: mx.array,
    token_ids: mx.array,
    keys: mx.array | None,
    draws: tuple[Draw, ...],
) -> Logprobs | None:
    """Those of `token_ids [B]`, drawn from `processed [B, V]` with `keys [B, 2]`; None when nobody asked."""
    asked = [(i, n) for i, draw in enumerate(draws) if (n := draw.sequence.request.logprobs) is not None]
    if not asked:
        return None
    picked = mx.array([index for index, _ in asked])
    chosen = token_ids[picked].astype(mx.int32)[:, None]
    raw = logits[picked].astype(mx.float32)
    model = raw - mx.logsumexp(raw, axis=-1, keepdims=True)
    sampler = BatchSampler([draws[index].sequence.request.sampling for index, _ in asked])
    sampled = sampler.filtered_logprobs(processed[picked], None if keys is None else keys[picked])
    num_top = min(max(n for _, n in asked), logits.shape[-1])
    top_ids = mx.argpartition(-model, kth=max(num_top - 1, 0), axis=-1)[:, :num_top]
    top = mx.take_along_axis(model, top_ids, axis=-1)
    order = mx.argsort(-top, axis=-1)
    return Logprobs(
        rows=asked,
        model=mx.take_along_axis(model, chosen, axis=-1)[:, 0],
        sampled=mx.take_along_axis(sampled, chosen, axis=-1)[:, 0],
        top_ids=mx.take_along_axis(top_ids, order, axis=-1),
        top=mx.take_along_axis(top, order, axis=-1),
    )
