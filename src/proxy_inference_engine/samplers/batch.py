"""One vectorised sampler for the rows of a batch, each with its own parameters and random key.

Order for every row: temperature, top-k, top-p, min-p, XTC, then the draw, as in transformers. Temperature comes first
so that a filter removes what is unlikely in the distribution that is drawn from. Top-k comes before top-p, which sees
the renormalised rest. Min-p compares with the best token only, so its place does not matter. XTC removes the top, so it
must come after what cuts the tail. Elsewhere: vLLM scales, then applies min-p, top-k, top-p; llama.cpp applies top-k,
top-p, min-p, XTC at temperature 1 and scales last; mlx-lm top-p, min-p, XTC, top-k, and scales last. Every filter up to
XTC keeps the tokens above some floor, so a row needs one floor and one pass.

Rows are grouped by the work they need, at construction; a row never pays for what only others ask. A row's group
depends on its own parameters alone, and every operation treats rows alike, so its token has the same bits in any batch.
Nothing waits for the device. Knows no seeds, histories or grammars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from proxy_inference_engine.samplers.greedy import greedy
from proxy_inference_engine.samplers.groups import GreedyGroup, Group, GroupKey, RandomGroup, group_key
from proxy_inference_engine.samplers.params import SamplingParams


class BatchSampler:
    """Draws one token for each row of a batch. May be kept as long as the rows and their order stay the same."""

    def __init__(self, params: Sequence[SamplingParams]) -> None:
        members: dict[GroupKey, list[int]] = {}
        for index, row in enumerate(params):
            members.setdefault(group_key(row), []).append(index)
        self._num_rows = len(params)
        self._groups: list[tuple[mx.array, Group]] = [
            (mx.array(rows), _make_group(key, [params[row] for row in rows])) for key, rows in members.items()
        ]
        order = [row for rows in members.values() for row in rows]
        # Where each row is found in the groups' joined results.
        self._places = mx.array(sorted(range(len(order)), key=order.__getitem__), dtype=mx.int32)

    @property
    def is_greedy(self) -> bool:
        """Whether every row takes its best token, so that no keys are needed."""
        return all(isinstance(group, GreedyGroup) for _, group in self._groups)

    def __call__(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """Token ids `[B]` uint32 for `logits [B, V]` and `keys [B, 2]` uint32 (`row_keys`; None when all is greedy).

        A token at -inf is never taken. A row that is not `usable_rows` gives some id in range; other rows are not
        touched by it.
        """
        assert logits.shape[0] == self._num_rows, "one row of logits for each of params"
        if keys is None:
            assert self.is_greedy, "rows that draw need keys"
            return greedy(logits)
        assert keys.shape[0] == self._num_rows, "one key for each of params"
        return self._join(lambda group, rows: group.draw(_pick(logits, rows), _pick(keys, rows)))

    def filtered_logprobs(self, logits: mx.array, keys: mx.array | None = None) -> mx.array:
        """The log `[B, V]` float32 of the distributions that `__call__` draws from; -inf where a token was removed.

        With `keys`, XTC's chance is settled as `__call__` settles it; without, it is averaged over. A greedy row has
        0 at its token.
        """
        assert logits.shape[0] == self._num_rows, "one row of logits for each of params"
        return self._join(
            lambda group, rows: group.logprobs(_pick(logits, rows), None if keys is None else _pick(keys, rows))
        )

    def _join(self, function: Callable[[Group, mx.array | None], mx.array]) -> mx.array:
        """`function` of every group and its rows (None: all of them, in order), as one array in the batch's order."""
        if len(self._groups) == 1:
            return function(self._groups[0][1], None)
        parts = [function(group, rows) for rows, group in self._groups]
        return mx.concatenate(parts)[self._places]


def _pick(array: mx.array, rows: mx.array | None) -> mx.array:
    return array if rows is None else array[rows]


def _make_group(key: GroupKey, params: list[SamplingParams]) -> Group:
    return GreedyGroup() if key.is_greedy else RandomGroup(key, params)


def usable_rows(logits: mx.array) -> mx.array:
    """Which rows `[B]` of `logits [B, V]` can be sampled: no NaN, no +inf, and at least one token not at -inf.

    One cheap pass, not evaluated: read it together with the tokens to fail a broken request alone.
    """
    return mx.isfinite(mx.max(logits, axis=-1))
