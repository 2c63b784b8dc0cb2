"""Between the blocks in memory and their files: writes what memory forgets, loads what a prompt finds on disk.

Knows which arrays belong to a block, and neither what is in them nor how a file looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from proxy_inference_engine.cache.block_files import BlockContent, BlockFiles
from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.block_registry import num_shared_tokens
from proxy_inference_engine.cache.stores import LayerStore

logger = logging.getLogger(__name__)


class BlockSpill:
    """Moves blocks of `pool`, whose arrays are in `stores`, to and from `files`."""

    def __init__(self, files: BlockFiles, pool: BlockPool, stores: Sequence[LayerStore]) -> None:
        self._files = files
        self._pool = pool
        self._stores = stores
        self._refused: set[bytes] = set()  # files that do not fit the stores; said so

    def write(self, block: int) -> bool:
        """Queue a registered block for writing, unless it is on disk; False when it was dropped."""
        content = self._pool.registry.get(block)
        if self._files.touch(content.key):
            return True
        layers = [store.read_block(block) for store in self._stores]
        return self._files.write_later(content.key, content.parent, content.token_ids, layers)

    def write_idle(self, timeout_s: float) -> bool:
        """Write every idle block, waiting for the queue where it is full; False when `timeout_s` did not suffice."""
        deadline = time.monotonic() + timeout_s
        for block in self._pool.idle_blocks():
            if time.monotonic() > deadline:
                return False
            while not self.write(block):
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._files.flush(remaining):
                    return False
                if not self.write(block):
                    break  # not for want of room in the queue
        return self._files.flush(max(deadline - time.monotonic(), 0))

    def load_full(self, key: bytes, parent: bytes, token_ids: tuple[int, ...], after: int) -> int | None:
        """Load the block of this key into a fresh block with one reference, registered; None where that fails."""
        if key in self._refused or key not in self._files or not self._pool.num_available:
            return None
        content = self._files.read(key)
        if content is None or (content.parent, content.token_ids) != (parent, token_ids):
            return None
        return self._place(content, key, after)

    def load_child(
        self, parent: bytes, token_ids: tuple[int, ...], num_held: int, after: int
    ) -> tuple[int, int] | None:
        """Load the block after `parent` that shares most leading tokens with `token_ids`, if more than `num_held`.

        Returns the block, with one reference and registered, and how many tokens it shares.
        """
        best_key, best = b"", num_held
        for key, held in self._files.children(parent):
            num_shared = num_shared_tokens(held, token_ids)
            if num_shared > best and len(held) <= self._pool.block_size and key not in self._refused:
                best_key, best = key, num_shared
        if best == num_held or not self._pool.num_available:
            return None
        content = self._files.read(best_key)
        if content is None or content.parent != parent or len(content.token_ids) > self._pool.block_size:
            return None
        num_shared = num_shared_tokens(content.token_ids, token_ids)
        if num_shared <= num_held:
            return None
        is_full = len(content.token_ids) == self._pool.block_size
        block = self._place(content, best_key if is_full else None, after)
        return None if block is None else (block, num_shared)

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
