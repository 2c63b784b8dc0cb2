"""Which tokens each findable block holds, and how a prompt finds it.

A full block is found by its chain key. Every block, full or partial, is also found as the child of its parent's key
that shares the longest prefix with given tokens: the children of one parent are kept sorted by their tokens, so that
the best of thousands is next to where the tokens themselves would stand. Knows neither reference counts nor memory.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from proxy_inference_engine.cache.chain import chain_key
from proxy_inference_engine.cache.shared_prefix import shared_prefix_length

_Children: TypeAlias = list[tuple[tuple[int, ...], int]]  # (tokens, block), sorted; no tokens twice


@dataclass(frozen=True, slots=True)
class Registered:
    """What a block is registered with; `key` is that of a full block, and computed for a partial one."""

    key: bytes
    parent: bytes
    token_ids: tuple[int, ...]


class BlockRegistry:
    """The content of blocks `0 .. num_blocks - 1`. No content is registered twice."""

    def __init__(self, num_blocks: int, block_size: int) -> None:
        self.block_size = block_size
        self.lengths = [0] * num_blocks  # registered tokens of each block, 0: not registered; read only from outside
        self._keys: list[bytes | None] = [None] * num_blocks
        self._parents = [b""] * num_blocks
        self._token_ids: list[tuple[int, ...]] = [()] * num_blocks
        self._full: dict[bytes, int] = {}
        self._children: dict[bytes, _Children] = {}

    def find(self, key: bytes) -> int | None:
        """The full block with this chain key."""
        return self._full.get(key)

    def find_child(self, parent: bytes, token_ids: tuple[int, ...]) -> tuple[int, int] | None:
        """The block after `parent` that shares most leading tokens with `token_ids`, and how many (at least one)."""
        children = self._children.get(parent)
        if not children:
            return None
        index = bisect_left(children, (token_ids,))
        best_block, best = -1, 0
        for held, block in children[max(index - 1, 0) : index + 1]:
            num_shared = shared_prefix_length(held, token_ids)
            if num_shared > best:
                best_block, best = block, num_shared
        return (best_block, best) if best else None

    def get(self, block: int) -> Registered:
        """What a registered block holds."""
        parent, token_ids = self._parents[block], self._token_ids[block]
        return Registered(self._keys[block] or chain_key(parent, token_ids), parent, token_ids)

    def children(self, block: int) -> Iterator[int]:
        """The registered blocks that follow `block`; none follow a partial one."""
        key = self._keys[block]
        if key is not None:
            for _, child in self._children.get(key, ()):
                yield child

    def put(self, block: int, parent: bytes, token_ids: tuple[int, ...], key: bytes | None) -> bool:
        """Register what `block` holds: `key` for a full block, None for a partial one.

        A registered block may only grow: what it held must be a prefix of `token_ids`. False when another block
        already holds these tokens: then `block` is not registered (any more).
        """
        length = self.lengths[block]
        if length >= len(token_ids):
            return True
        children = self._children.get(parent)
        if children is None:
            self._children[parent] = [(token_ids, block)]
        elif length and len(children) == 1:  # the usual case of a sequence that goes on
            children[0] = (token_ids, block)
        else:
            if length:
                del children[bisect_left(children, (self._token_ids[block],))]
            index = bisect_left(children, (token_ids,))
            if index < len(children) and children[index][0][: len(token_ids)] == token_ids:
                self._forget(block)
                return False
            children.insert(index, (token_ids, block))
        if key is not None:
            self._full[key] = block
        self._keys[block], self._parents[block], self._token_ids[block] = key, parent, token_ids
        self.lengths[block] = len(token_ids)
        return True

    def remove(self, block: int) -> None:
        """Make a registered block unfindable."""
        key, parent = self._keys[block], self._parents[block]
        if key is not None:
            del self._full[key]
        children = self._children[parent]
        if len(children) == 1:
            del self._children[parent]
        else:
            del children[bisect_left(children, (self._token_ids[block],))]
        self._forget(block)

    def check(self) -> None:
        """Raise AssertionError unless both look-ups hold exactly the registered blocks, in order."""
        registered = [block for block, length in enumerate(self.lengths) if length]
        listed = 0
        for parent, children in self._children.items():
            assert children, f"the parent {parent.hex()} is listed without children"
            assert all(a[0] < b[0] for a, b in pairwise(children)), (
                f"the children of {parent.hex()} are not sorted, or twice the same: {children}"
            )
            for token_ids, block in children:
                assert (self._parents[block], self._token_ids[block]) == (parent, token_ids), (
                    f"block {block} is listed with {token_ids} after {parent.hex()}, but holds {self._token_ids[block]}"
                )
            listed += len(children)
        assert listed == len(registered), f"{listed} children are listed, {len(registered)} blocks are registered"
        full = {}
        for block in registered:
            token_ids, key = self._token_ids[block], self._keys[block]
            assert self.lengths[block] == len(token_ids) <= self.block_size, (
                f"block {block} is registered with {len(token_ids)} tokens, noted as {self.lengths[block]}"
            )
            assert (key is not None) == (len(token_ids) == self.block_size), (
                f"block {block} has {len(token_ids)} of {self.block_size} tokens, and the key {key!r}"
            )
            if key is not None:
                assert key == chain_key(self._parents[block], token_ids), f"block {block} has a key that is not its own"
                full[key] = block
        assert full == self._full, f"full blocks are {full}, but findable are {self._full}"

    def _forget(self, block: int) -> None:
        self.lengths[block] = 0
        self._keys[block], self._parents[block], self._token_ids[block] = None, b"", ()
