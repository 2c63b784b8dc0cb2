"""Finds the longest part of a prompt whose keys and values are held, in memory or in files.

Full blocks are followed by their chain keys; behind the last of them, the block that shares most of the tokens that
follow is taken in part. Takes references, copies nothing and changes no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.block_spill import BlockSpill
from proxy_inference_engine.cache.chain import iter_chain_keys
from proxy_inference_engine.cache.table import Table


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
    """Matches prompts with the content of `pool` and, through `spill`, of files: `max_load_blocks` of these a call."""

    def __init__(self, pool: BlockPool, spill: BlockSpill | None, max_load_blocks: int) -> None:
        self._pool = pool
        self._spill = spill
        self._max_load_blocks = max_load_blocks

    def match(self, table: Table, token_ids: Sequence[int], limit: int) -> Match:
        """What holds `token_ids[:limit]` beyond the tokens of `table`, all of which are known."""
        pool, size, border = self._pool, self._pool.block_size, len(table.keys)
        find = pool.registry.find
        parent = table.keys[-1] if border else table.root
        after = table.blocks[border - 1] if border else -1
        blocks: list[int] = []
        keys: list[bytes] = []
        num_held = 0  # of `blocks`, how many carry their reference
        loads_left = 0 if self._spill is None else self._max_load_blocks
        for key in iter_chain_keys(parent, token_ids, size, border * size, limit):
            block = find(key)
            if block is None:
                if self._spill is None or not loads_left:
                    break
                pool.acquire(blocks[num_held:])  # loading may evict what nobody refers to
                num_held = len(blocks)
                start = (border + num_held) * size
                block = self._spill.load_full(key, parent, tuple(token_ids[start : start + size]), after)
                if block is None:
                    break
                num_held += 1
                loads_left -= 1
            blocks.append(block)
            keys.append(key)
            parent, after = key, block
        pool.acquire(blocks[num_held:])
        at = (border + len(keys)) * size
        rest = tuple(token_ids[at : min(at + size - 1, limit)])
        child = self._match_child(parent, rest, table.num_tokens - at, after, may_load=loads_left > 0)
        if child is not None:
            blocks.append(child[0])
            at += child[1]
        return Match(at, blocks, keys)

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
            loaded = self._spill.load_child(parent, token_ids, best, after)
            if loaded is not None:
                if found is not None:
                    self._pool.release(found[:1])
                return loaded
        return found
