"""One pool of blocks for all sequences, and one forward pass a step for all their rows.

The tokens of a step go through the model as a batch of rows of length 1; only attention knows which rows belong
together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from collections.abc import Sequence as Items

import mlx.core as mx

from proxy_inference_engine.cache import BlockFiles, PagedCache, Table
from proxy_inference_engine.engine.batch import Batch, Row
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.models.base import Model

logger = logging.getLogger(__name__)

_CHECK_EVERY_S = 60.0
_WRITE_S = 0.02
"""A request that comes meanwhile waits so long at most."""


class PagedMemory:
    """A `KVMemory` over a `PagedCache`."""

    def __init__(
        self,
        model: Model,
        cache: PagedCache,
        *,
        is_eager: bool,
        max_idle_bytes: int | None = None,
        files: BlockFiles | None = None,
    ) -> None:
        self._model = model
        self.cache = cache
        self.is_eager = is_eager
        self._max_idle_bytes = max_idle_bytes
        self._files = files
        self._checked_at = 0.0
        self._tables: dict[Sequence, Table] = {}

    @property
    def capacity_tokens(self) -> int | None:
        """The tokens that the whole pool holds."""
        return self.cache.capacity_tokens

    @property
    def tables(self) -> list[Table]:
        """Of the sequences that are open."""
        return list(self._tables.values())

    def open(self, sequence: Sequence) -> int:
        """Take references to the longest prefix that is in the pool or in files."""
        table = self.cache.open(sequence.token_ids, salt=sequence.request.cache_salt)
        self._tables[sequence] = table
        return table.num_tokens

    def extend(self, sequence: Sequence) -> int:
        """As `open`, from where the sequence stands."""
        return self.cache.extend(self._tables[sequence], sequence.token_ids)

    @property
    def num_free_tokens(self) -> int:
        """The tokens of free and idle blocks."""
        return self.cache.num_free_blocks * self.cache.block_size

    def num_held(self, sequence: Sequence) -> int:
        """The tokens of its blocks."""
        return len(self._tables[sequence].blocks) * self.cache.block_size

    def has_room(self, wanted: Iterable[tuple[int, int]]) -> bool:
        """Whether free and idle blocks would do, with one to spare."""
        size = self.cache.block_size
        missing = sum(max(-(-total // size) - held // size, 0) for total, held in wanted)
        return missing < self.cache.num_free_blocks

    def reserve(self, sequence: Sequence, num_tokens: int) -> bool:
        """Blocks for so many tokens in all, the next one writable."""
        return self.cache.reserve(self._tables[sequence], num_tokens)

    def forward(self, batch: Batch) -> mx.array:
        """One pass over all rows."""
        rows = batch.rows
        plan = self.cache.plan([(self._tables[row.sequence], row.num_new) for row in rows])
        keep: list[int] = []
        end = 0
        for row in rows:
            end += row.num_new
            keep.extend(range(end - row.num_draws, end))
        input_ids = _input_ids(rows)[:, None]
        is_whole = len(keep) == plan.num_tokens
        logits = self._model(
            input_ids, self.cache.layers(plan), logits_to_keep=None if is_whole else mx.array(keep, dtype=mx.int32)
        )
        return logits.squeeze(1)

    def pending(self, rows: Iterable[Row]) -> list[mx.array]:
        """The pool's arrays: what was written lately."""
        return self.cache.buffers()

    def submitted(self, sequence: Sequence, num_new: int) -> None:
        """Count what is on its way into the pool."""
        self.cache.advance(self._tables[sequence], num_new)

    def record(self, sequence: Sequence) -> None:
        """Name the tokens that are in the pool and known, so that others find them."""
        stop = min(sequence.num_submitted, len(sequence.token_ids))
        self.cache.commit(self._tables[sequence], sequence.token_ids, stop)

    def truncate(self, sequence: Sequence, num_tokens: int) -> None:
        """Forget what is behind."""
        self.cache.truncate(self._tables[sequence], num_tokens)

    def close(self, sequence: Sequence, *, keep: bool) -> None:
        """Drop the references; what is named stays findable until its room is needed."""
        table = self._tables.pop(sequence, None)
        if table is None:
            return
        if not keep:
            self.cache.discard(table)
        self.cache.close(table)
        if self._max_idle_bytes is not None:
            self.cache.evict_idle(self._max_idle_bytes)

    def rest(self) -> bool:
        """Check the books, at most once in `_CHECK_EVERY_S`, and write a few idle blocks to the files."""
        now = time.monotonic()
        if now - self._checked_at > _CHECK_EVERY_S:
            self._checked_at = now
            try:
                self.check()
            except AssertionError:
                # A fault of ours: what was computed is lost, no request is wrong for it.
                logger.exception("the books of the pool do not agree: it is emptied")
                self._tables.clear()
                self.cache.reset()
        return self.cache.save_some(_WRITE_S)

    def shut(self) -> None:
        """Write idle blocks to the files, if there are any, and forget them."""
        if not self.cache.save() and self._files is not None and (num_left := self.cache.num_unsaved_blocks):
            logger.warning("%d blocks of computed prompts were not written to %s", num_left, self._files.directory)
        self.cache.clear()
        if self._files is not None:
            self._files.close()

    def check(self) -> None:
        """Compare references, blocks and content with the open tables."""
        self.cache.check(self.tables)


def _input_ids(rows: Items[Row]) -> mx.array:
    """The rows' tokens one after the other, `[N]`; those drawn last are taken from the device."""
    parts: list[mx.array] = []
    known: list[int] = []
    source: mx.array | None = None
    picked: list[int] = []

    def flush() -> None:
        nonlocal source
        if known:
            parts.append(mx.array(known, dtype=mx.int32))
            known.clear()
        if source is not None:
            is_all = picked == list(range(source.shape[0]))
            parts.append((source if is_all else source[mx.array(picked, dtype=mx.int32)]).astype(mx.int32))
            source = None
            picked.clear()

    for row in rows:
        if row.token_ids is not None:
            if source is not None:
                flush()
            known.extend(row.token_ids)
            continue
        last = row.sequence.last_token
        assert last is not None
        if known or (source is not None and source is not last.token_ids):
            flush()
        source = last.token_ids
        picked.append(last.index)
    flush()
    return parts[0] if len(parts) == 1 else mx.concatenate(parts)
