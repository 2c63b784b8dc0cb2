"""Caches that belong to one sequence each, filled row by row, for models that cannot be paged.

Those are models served through mlx-lm and families whose positions change with the length. An idle cache waits in a
`PrefixPool` for its conversation's next turn.
"""

from __future__ import annotations

from collections.abc import Iterable

import mlx.core as mx

from proxy_inference_engine.cache import PrefixPool, PromptCache
from proxy_inference_engine.engine.batch import Batch, Row
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.models.base import Model


class PrivateMemory:
    """A `KVMemory` of one `PromptCache` a sequence."""

    capacity_tokens: int | None = None
    is_eager = False

    def __init__(self, model: Model, pool: PrefixPool) -> None:
        self._model = model
        self._pool = pool
        self._caches: dict[Sequence, PromptCache] = {}

    def open(self, sequence: Sequence) -> int:
        """Take the idle cache that shares the longest prefix."""
        ids = list(sequence.token_ids)
        cache = self._pool.acquire(ids)
        num_shared = len(ids) - len(cache(ids))
        self._caches[sequence] = cache
        return num_shared

    def extend(self, sequence: Sequence) -> int:
        """Nothing: caches are not shared while they are in use."""
        return 0

    @property
    def num_free_tokens(self) -> int:
        """No bound."""
        return 0

    def num_held(self, sequence: Sequence) -> int:
        """Nothing is held before it is written."""
        return 0

    def has_room(self, wanted: Iterable[tuple[int, int]]) -> bool:
        """Always: caches grow as they need."""
        return True

    def reserve(self, sequence: Sequence, num_tokens: int) -> bool:
        """Always: caches grow as they need."""
        return True

    def forward(self, batch: Batch) -> mx.array:
        """Every row by itself."""
        drawn = []
        for row in batch.rows:
            cache = self._caches[row.sequence].cache
            logits = self._model(_input_ids(row), cache, logits_to_keep=max(row.num_draws, 1))
            if row.num_draws:
                drawn.append(logits[0])
        return drawn[0] if len(drawn) == 1 else mx.concatenate(drawn) if drawn else mx.zeros((0, 1))

    def pending(self, rows: Iterable[Row]) -> list[mx.array]:
        """The layers' buffers."""
        return [buffer for row in rows for buffer in self._caches[row.sequence].buffers()]

    def submitted(self, sequence: Sequence, num_new: int) -> None:
        """The caches count for themselves."""

    def record(self, sequence: Sequence) -> None:
        """Name the tokens that the layers hold and that are known."""
        cache = self._caches[sequence]
        start = len(cache.computed_ids)
        stop = min(sequence.num_submitted, len(sequence.token_ids))
        if stop > start:
            cache.update(sequence.token_ids[start:stop])
            if stop == sequence.num_to_prefill and not cache.can_keep(stop - 1):
                # Recurrent state cannot go back. Kept here, it serves the next turn even if that drops what is said
                # now, such as reasoning that a template leaves out later.
                self._pool.release(cache.fork())

    def truncate(self, sequence: Sequence, num_tokens: int) -> None:
        """Never asked for: nothing is drafted."""
        raise AssertionError("a private cache is not truncated")

    def close(self, sequence: Sequence, *, keep: bool) -> None:
        """Hand the cache to the pool."""
        cache = self._caches.pop(sequence, None)
        if cache is not None and keep:
            self._pool.release(cache)

    def rest(self) -> bool:
        """Nothing to do."""
        return True

    def shut(self) -> None:
        """Save the idle caches where the pool has a folder, and drop them."""
        self._pool.save()
        self._pool.clear()

    def check(self) -> None:
        """Nothing is shared, so there is nothing to compare."""


def _input_ids(row: Row) -> mx.array:
    if row.token_ids is not None:
        return mx.array(row.token_ids, dtype=mx.int32)[None]
    last = row.sequence.last_token
    assert last is not None
    return last.token_ids[last.index : last.index + 1][None]
