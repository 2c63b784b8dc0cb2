"""Who refers to which block of the pool, which are free, and which unreferenced ones are still worth keeping.

A block is in one of three states:

    free      nobody refers to it and nothing findable is in it
    used      at least one sequence refers to it
    idle      nobody refers to it, but its content is registered: found again, or evicted when room is needed

Blocks are numbers here: what they hold is kept elsewhere. Everything costs O(1) a block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from proxy_inference_engine.cache.block_registry import BlockRegistry
from proxy_inference_engine.cache.free_runs import FreeRuns

_SPARE_SHARE = 16
_MAX_SPARE = 64
_MAX_SPARE_TOLD = 8  # what is told of evictions copies each block


class BlockPool:
    """Reference counts, free blocks and idle blocks of a pool of `num_blocks` blocks of `block_size` tokens.

    `on_evict(block)` is called before the registered content of an unreferenced block is dropped; with it, the pool
    notes which idle blocks are unsaved. Raises ValueError unless both sizes are at least 1.
    """

    def __init__(self, num_blocks: int, block_size: int, on_evict: Callable[[int], None] | None = None) -> None:
        if num_blocks < 1 or block_size < 1:
            raise ValueError(f"a pool needs at least one block of one token, not {num_blocks} of {block_size}")
        self.num_blocks = num_blocks
        self.block_size = block_size
        self.registry = BlockRegistry(num_blocks, block_size)
        self.references = [0] * num_blocks  # of each block; read only from outside
        self._on_evict = on_evict
        self._idle: OrderedDict[int, None] = OrderedDict()  # the next to be evicted first
        self._unsaved: OrderedDict[int, None] = OrderedDict()  # of the idle ones; the first to become idle first
        self._free = FreeRuns(num_blocks)
        # So many are kept free where a new run begins: where few are free, none of them are neighbours.
        self._num_spare = min(num_blocks // _SPARE_SHARE, _MAX_SPARE if on_evict is None else _MAX_SPARE_TOLD)

    @property
    def num_free(self) -> int:
        """Blocks that hold nothing."""
        return self._free.num_free

    @property
    def num_idle(self) -> int:
        """Blocks whose content is kept although nobody refers to it."""
        return len(self._idle)

    @property
    def num_unsaved(self) -> int:
        """Idle blocks that `mark_saved` was not called for since they became idle."""
        return len(self._unsaved)

    @property
    def num_available(self) -> int:
        """Blocks that `allocate` can give."""
        return self._free.num_free + len(self._idle)

    def allocate(self, count: int, after: int = -1) -> list[int] | None:
        """Take `count` blocks with one reference each; None, with nothing changed, when there are not so many.

        They follow the block `after` where that is free, and each other where they can. Idle content is evicted when
        free blocks do not suffice.
        """
        free = self._free
        shortage = count - free.num_free
        if shortage > len(self._idle):
            return None
        if shortage > 0 or not free.can_follow(after):
            shortage += self._num_spare
        self.evict(shortage)
        blocks: list[int] = []
        while len(blocks) < count:
            blocks += free.take(count - len(blocks), after)
            after = blocks[-1]
        references = self.references
        for block in blocks:
            references[block] = 1
        return blocks

    def acquire(self, blocks: Iterable[int]) -> None:
        """Take one more reference to each block, used or idle."""
        references, idle = self.references, self._idle
        for block in blocks:
            if not references[block]:
                del idle[block]
                self._unsaved.pop(block, None)
            references[block] += 1

    def release(self, blocks: Iterable[int]) -> None:
        """Give back one reference to each; the first to be unreferenced is the first to be evicted."""
        references, lengths = self.references, self.registry.lengths
        for block in blocks:
            left = references[block] - 1
            references[block] = left
            if left:
                continue
            if lengths[block]:
                self._idle[block] = None
                if self._on_evict is not None:
                    self._unsaved[block] = None
            else:
                self._free.give(block)

    def touch(self, block: int) -> None:
        """Treat a block, if idle, as used just now."""
        if block in self._idle:
            self._idle.move_to_end(block)

    def forget(self, block: int) -> None:
        """Evict the content of a block with one reference, so that its holder may write over it."""
        if self._on_evict is not None:
            self._on_evict(block)
        self.registry.remove(block)

    def evict(self, count: int) -> None:
        """Free up to `count` idle blocks: least recently used first, a chain's last blocks before its first."""
        for _ in range(min(count, len(self._idle))):
            block = self._next_victim()
            if self._on_evict is not None:
                self._on_evict(block)
            self._drop(block)

    def next_unsaved(self) -> int | None:
        """The unsaved block that has been idle for longest."""
        return next(iter(self._unsaved), None)

    def unsaved_blocks(self) -> list[int]:
        """The unsaved blocks, the most recently used first, a chain's first blocks before its last."""
        unsaved = self._unsaved
        return [block for block in reversed(self._idle) if block in unsaved]

    def mark_saved(self, block: int) -> None:
        """Note that an idle block's content is kept elsewhere."""
        self._unsaved.pop(block, None)

    def mark_unsaved(self) -> None:
        """Note that what was kept elsewhere may be lost."""
        self._unsaved = self._idle.copy()

    def clear(self) -> None:
        """Free all idle blocks without telling `on_evict`."""
        for block in list(self._idle):
            self._drop(block)

    def check(self, references: Mapping[int, int]) -> None:
        """Raise AssertionError unless counts equal `references` (by block; 0 where absent) and all blocks add up."""
        self.registry.check()
        free = self._free.check()
        assert self._unsaved.keys() <= self._idle.keys(), f"unsaved, but not idle: {self._unsaved.keys() - self._idle}"
        for block, held in enumerate(self.references):
            expected = references.get(block, 0)
            assert held == expected, f"block {block} counts {held} references, but {expected} tables refer to it"
            is_idle = block in self._idle
            is_registered = self.registry.lengths[block] > 0
            assert is_idle == (not held and is_registered), (
                f"block {block} with {held} references, registered: {is_registered}, idle: {is_idle}"
            )
            assert (block in free) == (not held and not is_idle), (
                f"block {block} with {held} references, idle: {is_idle}, free: {block in free}"
            )

    def _next_victim(self) -> int:
        """The block unused for longest that no idle one follows.

        Sequences give back their last blocks first, so that this is nearly always the first idle one. Where not, those
        that follow are moved before it, each at most once for a time in the wrong place.
        """
        block = next(iter(self._idle))
        references, idle = self.references, self._idle
        while (child := next((c for c in self.registry.children(block) if not references[c]), None)) is not None:
            idle.move_to_end(child, last=False)
            block = child
        return block

    def _drop(self, block: int) -> None:
        del self._idle[block]
        self._unsaved.pop(block, None)
        self.registry.remove(block)
        self._free.give(block)
