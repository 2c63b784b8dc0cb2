"""`BatchSampler`'s way on a GPU: array programs for groups of rows, nothing of it waits for the device.

Rows are grouped by the work they need, at construction; a row never pays for what only others ask. A row's group
depends on its own parameters alone, and every operation treats rows alike, so its token has the same bits in any
batch. Knows no order of filters (see `groups`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mlx.core as mx

from proxy_inference_engine.samplers.greedy import greedy
from proxy_inference_engine.samplers.groups import GreedyGroup, Group, GroupKey, RandomGroup, group_key
from proxy_inference_engine.samplers.params import SamplingParams


class DeviceSampler:
    """What `BatchSampler` does, not evaluated."""

    def __init__(self, params: Sequence[SamplingParams]) -> None:
        members: dict[GroupKey, list[int]] = {}
        for index, row in enumerate(params):
            members.setdefault(group_key(row), []).append(index)
        self._groups: list[tuple[mx.array, Group]] = [
            (mx.array(rows), _make_group(key, [params[row] for row in rows])) for key, rows in members.items()
        ]
        order = [row for rows in members.values() for row in rows]
        # Where each row is found in the groups' joined results.
        self._places = mx.array(sorted(range(len(order)), key=order.__getitem__), dtype=mx.int32)

    def draw(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """As `BatchSampler.__call__`."""
        if keys is None:
            return greedy(logits)
        return self._join(lambda group, rows: group.draw(_pick(logits, rows), _pick(keys, rows)))

    def logprobs(self, logits: mx.array, keys: mx.array | None) -> mx.array:
        """As `BatchSampler.filtered_logprobs`."""
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
