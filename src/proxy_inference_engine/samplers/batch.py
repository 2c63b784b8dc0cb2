"""One vectorised sampler for the rows of a batch, each with its own parameters and random key.

Order for every row: temperature, top-k, top-p, min-p, XTC, then the draw, as in transformers. Temperature comes first
so that a filter removes what is unlikely in the distribution that is drawn from. Top-k comes before top-p, which sees
the renormalised rest. Min-p compares with the best token only, so its place does not matter. XTC removes the top, so it
must come after what cuts the tail. Elsewhere: vLLM scales, then applies min-p, top-k, top-p; llama.cpp applies top-k,
top-p, min-p, XTC at temperature 1 and scales last; mlx-lm top-p, min-p, XTC, top-k, and scales last. Every filter up to
XTC keeps the tokens above some floor, so a row needs one floor and one pass.

A row's token depends on its own logits, parameters and key alone: it has the same bits in any batch. On a GPU the work
is MLX's and waits for nothing (`device`); on a CPU it is NumPy's and done at once (`host`), whatever the logits' type,
because a row's neighbours may settle that. Knows no seeds, histories or grammars.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from proxy_inference_engine.samplers.device import DeviceSampler
from proxy_inference_engine.samplers.host import HostSampler
from proxy_inference_engine.samplers.params import SamplingParams
from proxy_inference_engine.samplers.weights import on_cpu


class BatchSampler:
    """Draws one token for each row of a batch. May be kept as long as the rows and their order stay the same."""

    def __init__(self, params: Sequence[SamplingParams]) -> None:
        self._num_rows = len(params)
        self._is_greedy = all(row.is_greedy for row in params)
        self._way: HostSampler | DeviceSampler = HostSampler(params) if on_cpu() else DeviceSampler(params)

    @property
    def is_greedy(self) -> bool:
        """Whether every row takes its best token, so that no keys are needed."""
        return self._is_greedy

    def __call__(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """Token ids `[B]` uint32 for `logits [B, V]` and `keys [B, 2]` uint32 (`row_keys`; None when all is greedy).

        A token at -inf is never taken. A row that is not `usable_rows` gives some id in range; other rows are not
        touched by it.
        """
        assert logits.shape[0] == self._num_rows, "one row of logits for each of params"
        assert keys is not None or self.is_greedy, "rows that draw need keys"
        assert keys is None or keys.shape[0] == self._num_rows, "one key for each of params"
        return self._way.draw(logits, keys)

    def filtered_logprobs(self, logits: mx.array, keys: mx.array | None = None) -> mx.array:
        """The log `[B, V]` float32 of the distributions that `__call__` draws from; -inf where a token was removed.

        With `keys`, XTC's chance is settled as `__call__` settles it; without, it is averaged over. A greedy row has
        0 at its token.
        """
        assert logits.shape[0] == self._num_rows, "one row of logits for each of params"
        return self._way.logprobs(logits, keys)


def usable_rows(logits: mx.array) -> mx.array:
    """Which rows `[B]` of `logits [B, V]` can be sampled: no NaN, no +inf, and at least one token not at -inf.

    One cheap pass, not evaluated: read it together with the tokens to fail a broken request alone.
    """
    return mx.isfinite(mx.max(logits, axis=-1))
