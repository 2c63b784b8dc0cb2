"""Finds the longest part of a prompt whose keys and values are held, in memory or in files.

Full blocks are followed by their chain keys; behind the last of them, the block that shares most of the tokens that
follow is taken in part. Takes references, copies nothing and changes no table.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.block_spill import BlockSpill
from proxy_inference_engine.cache.chain import iter_chain_keys
from proxy_inference_engine.cache.table import Table

_MAX_HEADERS = 16
_MAX_HEADERS_LATER = 1


@dataclass(slots=True)
class Match:
    """What comes behind a table's full blocks; empty when nothing is gained.

    Each of `blocks` carries a reference for the table; the last may be one more than `keys` has, taken in part.
    """

    num_tokens: int
    """Tokens of the sequence that the table holds with this match."""
    blocks: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)


class PrefixMatcher:
    """Matches prompts with the content of `pool` and, through `spill`, of files.

    Of these, `max_load_blocks` are loaded in a step, in about `max_load_s` seconds, for all sequences together; each
    call may load one in any case, so that it never seems as if there were no more.
    """

    def __init__(self, pool: BlockPool, spill: BlockSpill | None, *, max_load_blocks: int, max_load_s: float) -> None:
        self._pool = pool
        self._spill = spill
        self._max_load_blocks = max_load_blocks
        self._max_load_s = max_load_s
        self._num_loaded = 0
        self._load_s = 0.0

    def begin_step(self) -> None:
        """Allow as much loading again."""
        self._num_loaded = 0
        self._load_s = 0.0

    def match(self, table: Table, token_ids: Sequence[int], limit: int) -> Match:
        """What holds `token_ids[:limit]` beyond the tokens of `table`, all of which are known."""
        pool, size, border = self._pool, self._pool.block_size, len(table.keys)
        find = pool.registry.find
        parent = table.keys[-1] if border else table.root
        after = table.blocks[border - 1] if border else -1
        blocks: list[int] = []
        keys: list[bytes] = []
        num_held = 0  # of `blocks`, how many carry their reference
        has_loaded = False
        for key in iter_chain_keys(parent, token_ids, size, border * size, limit):
            block = find(key)
            if block is None:
                if self._spill is None or (has_loaded and not self._may_load):
                    break
                pool.acquire(blocks[num_held:])  # loading may evict what nobody refers to
                num_held = len(blocks)
                start = (border + num_held) * size
                begun = time.perf_counter()
                block = self._spill.load_full(key, parent, tuple(token_ids[start : start + size]), after)
                self._load_s += time.perf_counter() - begun
                if block is None:
                    break
                num_held += 1
                self._num_loaded += 1
                has_loaded = True
            blocks.append(block)
            keys.append(key)
            parent, after = key, block
        pool.acquire(blocks[num_held:])
        at = (border + len(keys)) * size
        rest = tuple(token_ids[at : min(at + size - 1, limit)])
        may_load = self._may_load or not has_loaded
        child = self._match_child(parent, rest, table.num_tokens - at, after, may_load=may_load)
        if child is not None:
            blocks.append(child[0])
            at += child[1]
        return Match(at, blocks, keys)

    @property
    def _may_load(self) -> bool:
        return self._num_loaded < self._max_load_blocks and self._load_s < self._max_load_s

    def _match_child(
        self, parent: bytes, token_ids: tuple[int, ...], num_held: int, after: int, *, may_load: bool
    ) -> tuple[int, int] | None:
        """The block that holds most of `token_ids`, with a reference taken, and how many: more than `num_held`."""
        if not token_ids:
            return None
        best = max(num_held, 0)
        found = self._pool.registry.find_child(parent, token_ids)
        if found is not None and found[1] > best:
            best = found[1]
            self._pool.acquire(found[:1])
        else:
            found = None
        if self._spill is not None and may_load and best < len(token_ids):
            begun = time.perf_counter()
            max_opened = _MAX_HEADERS if self._may_load else _MAX_HEADERS_LATER
            loaded = self._spill.load_child(parent, token_ids, best, after, max_opened)
            self._load_s += time.perf_counter() - begun
            if loaded is not None:
                self._num_loaded += 1
                if found is not None:
                    self._pool.release(found[:1])
                return loaded
        return found
