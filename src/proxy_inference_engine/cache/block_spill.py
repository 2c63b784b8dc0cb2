"""Between the blocks in memory and their files: writes what memory forgets, loads what a prompt finds on disk.

Knows which arrays belong to a block, and neither what is in them nor how a file looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from proxy_inference_engine.cache.block_files import BlockContent, BlockFiles
from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.shared_prefix import shared_prefix_length
from proxy_inference_engine.cache.stores import LayerStore

logger = logging.getLogger(__name__)


class BlockSpill:
    """Moves blocks of `pool`, whose arrays are in `stores`, to and from `files`."""

    def __init__(self, files: BlockFiles, pool: BlockPool, stores: Sequence[LayerStore]) -> None:
        self._files = files
        self._pool = pool
        self._stores = stores
        self._refused: set[bytes] = set()  # files that do not fit the stores; said so
        self._bytes_per_block = max(sum(store.bytes_per_block for store in stores), 1)
        self._num_failures = files.num_failures

    def evicted(self, block: int) -> None:
        """Queue a registered block that is about to be dropped, unless it is on file; lost where files take no more."""
        if not self._write(block):
            self._files.drop()

    def write_some(self, timeout_s: float) -> bool:
        """Queue unsaved blocks for up to `timeout_s`, the next to be evicted first.

        True when all are written, or when the files take none for now.
        """
        deadline = time.monotonic() + timeout_s
        self._note_failures()
        while (block := self._pool.next_unsaved()) is not None:
            if time.monotonic() > deadline:
                return False
            if not self._write(block):
                return self._files.refuses(self._bytes_per_block)
            self._pool.mark_saved(block)
        return self._files.flush(max(deadline - time.monotonic(), 0))

    def write_all(self, timeout_s: float) -> bool:
        """Write every unsaved block, the most recently used chains first, each from its start.

        What the folder has no room for is left out. False when `timeout_s` did not suffice or a write failed: what is
        unsaved then was not written.
        """
        deadline = time.monotonic() + timeout_s
        self._note_failures()
        now_ns = time.time_ns()
        num_kept = self._files.max_bytes // self._bytes_per_block
        for index, block in enumerate(self._pool.unsaved_blocks()):
            remaining = deadline - time.monotonic()
            # What is written first is to be removed last, so it counts as used last.
            if index < num_kept and (remaining < 0 or not self._write(block, now_ns - 1000 * index, remaining)):
                break
            self._pool.mark_saved(block)
        is_written = self._files.flush(max(deadline - time.monotonic(), 0))
        self._note_failures()
        return is_written and not self._pool.num_unsaved

    def load_full(self, key: bytes, parent: bytes, token_ids: tuple[int, ...], after: int) -> int | None:
        """Load the block of this key into a fresh block with one reference, registered; None where that fails."""
        if key in self._refused or key not in self._files or not self._pool.num_available:
            return None
        content = self._files.read(key)
        if content is None or (content.parent, content.token_ids) != (parent, token_ids):
            return None
        return self._place(content, key, after)

    def load_child(
        self, parent: bytes, token_ids: tuple[int, ...], num_held: int, after: int, max_opened: int
    ) -> tuple[int, int] | None:
        """Load the block after `parent` that shares most leading tokens with `token_ids`, if more than `num_held`.

        At most `max_opened` files are opened to see what is in them. Returns the block, with one reference and
        registered, and how many tokens it shares.
        """
        best_key, best = b"", num_held
        for key, held in self._files.children(parent, max_opened):
            num_shared = shared_prefix_length(held, token_ids)
            if num_shared > best and len(held) <= self._pool.block_size and key not in self._refused:
                best_key, best = key, num_shared
        if best == num_held or not self._pool.num_available:
            return None
        content = self._files.read(best_key)
        if content is None or content.parent != parent or len(content.token_ids) > self._pool.block_size:
            return None
        num_shared = shared_prefix_length(content.token_ids, token_ids)
        if num_shared <= num_held:
            return None
        is_full = len(content.token_ids) == self._pool.block_size
        block = self._place(content, best_key if is_full else None, after)
        return None if block is None else (block, num_shared)

    def _write(self, block: int, used_ns: int | None = None, timeout_s: float = 0.0) -> bool:
        """Queue a registered block unless it is on file; False, with nothing copied, when the files do not take it."""
        content = self._pool.registry.get(block)
        if self._files.touch(content.key, used_ns):
            return True
        if not self._files.can_take(self._bytes_per_block, timeout_s):
            return False
        layers = [store.read_block(block) for store in self._stores]
        self._files.write_later(content.key, content.parent, content.token_ids, layers, used_ns)
        return True

    def _note_failures(self) -> None:
        """A failed write takes the whole queue with it: which blocks were in it is not known here."""
        if self._files.num_failures != self._num_failures:
            self._num_failures = self._files.num_failures
            self._pool.mark_unsaved()

    def _place(self, content: BlockContent, key: bytes | None, after: int) -> int | None:
        allocated = self._pool.allocate(1, after)
        if allocated is None:
            return None
        (block,) = allocated
        try:
            if len(content.layers) != len(self._stores):
                raise ValueError(f"it has {len(content.layers)} layers, the model {len(self._stores)}")
            for store, arrays in zip(self._stores, content.layers, strict=True):
                store.write_block(block, arrays)
        except ValueError as error:
            self._refused.add(content.key)
            logger.warning("ignoring the block file %s: %s", content.key.hex(), error)
            self._pool.release(allocated)
            return None
        self._pool.registry.put(block, content.parent, content.token_ids, key)
        return block
