"""Keys and values of many sequences in one pool of blocks, shared wherever their beginnings are equal.

A sequence writes only into blocks that nobody else refers to and whose findable content is a prefix of its own tokens;
what else it would write into is copied first. All of the host's book-keeping is here and in the parts it joins: chain
keys, pool, stores and files. Knows no request, no schedule and no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import mlx.core as mx

from proxy_inference_engine.cache.base import KVLayout, LayerCache
from proxy_inference_engine.cache.block_files import BlockFiles
from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.block_spill import BlockSpill
from proxy_inference_engine.cache.chain import iter_chain_keys, root_key
from proxy_inference_engine.cache.prefix_match import PrefixMatcher
from proxy_inference_engine.cache.ragged import RaggedPlan, RaggedRow
from proxy_inference_engine.cache.stores import LayerStore, make_stores, ragged_layers
from proxy_inference_engine.cache.table import Table

__all__ = ["PagedCache", "Table"]


class PagedCache:
    """A pool of `num_blocks` blocks of `block_size` tokens for the layers of one model.

    Args:
        layouts: each layer's shape of keys and values.
        dtype: of keys and values that are not quantised.
        bits: None keeps `dtype`; 8 or 4 quantises.
        root: names what decides the keys and values besides tokens: the model's fingerprint.
        files: where blocks go that memory forgets, and come from.
        max_load_blocks: most blocks that all `open` and `extend` of a step read from `files`, and one for each more.
        max_load_s: seconds after which they read no more either.
        stores: made elsewhere, for tests.
    """

    def __init__(
        self,
        layouts: Sequence[KVLayout],
        *,
        num_blocks: int,
        block_size: int,
        dtype: mx.Dtype,
        bits: int | None = None,
        root: bytes = b"",
        files: BlockFiles | None = None,
        max_load_blocks: int = 64,
        max_load_s: float = 0.05,
        stores: Sequence[LayerStore] | None = None,
    ) -> None:
        self.block_size = block_size
        self._layouts = list(layouts)
        self._stores = (
            make_stores(layouts, num_blocks=num_blocks, block_size=block_size, dtype=dtype, bits=bits)
            if stores is None
            else list(stores)
        )
        self._files = files
        self._num_blocks = num_blocks
        self._max_load_blocks, self._max_load_s = max_load_blocks, max_load_s
        self._extended: set[Table] = set()  # in this step
        self.reset()
        self._root_parts = (root, str(dtype).encode(), str(bits).encode(), str(block_size).encode())
        self.bytes_per_block = sum(store.bytes_per_block for store in self._stores)

    @property
    def num_blocks(self) -> int:
        """Blocks of the pool."""
        return self._pool.num_blocks

    @property
    def capacity_tokens(self) -> int:
        """Tokens that fit the pool."""
        return self._pool.num_blocks * self.block_size

    @property
    def num_free_blocks(self) -> int:
        """Blocks that `reserve` can give: free ones, and those of content that nobody refers to."""
        return self._pool.num_available

    @property
    def nbytes(self) -> int:
        """Bytes of all keys and values, free blocks included."""
        return self._pool.num_blocks * self.bytes_per_block

    @property
    def idle_bytes(self) -> int:
        """Bytes of content that is kept to be found again, but that nobody refers to."""
        return self._pool.num_idle * self.bytes_per_block

    @property
    def num_unsaved_blocks(self) -> int:
        """Idle blocks that are not on their way to the files; 0 without files."""
        return self._pool.num_unsaved

    def begin_step(self) -> None:
        """Allow `open` and `extend` to read as much from the files as a step may; `plan` does so too."""
        self._extended.clear()
        self._matcher.begin_step()

    def open(self, token_ids: Sequence[int], *, salt: bytes = b"") -> Table:
        """A table that refers to the longest reusable prefix, at most `len(token_ids) - 1` tokens; copies nothing.

        Only content of the same `salt` is found, and what the table's tokens become is only found with it.
        """
        table = Table(root_key(*self._root_parts, salt))
        self._extend(table, token_ids)
        return table

    def extend(self, table: Table, token_ids: Sequence[int]) -> int:
        """Match further: other sequences, or the next files, may hold more by now. Returns the tokens gained.

        Gains nothing while ids of submitted tokens are unknown. Room reserved but not used is given back with a gain.
        A gain of 0 means that there is no more to be found.
        """
        if table in self._extended:  # a step that computes nothing has no plan
            self.begin_step()
        self._extended.add(table)
        return self._extend(table, token_ids)

    def reserve(self, table: Table, num_tokens: int) -> bool:
        """Make room for `num_tokens` in all, those there are included, that may be written behind them.

        A last block that is shared, or findable with other tokens, is copied. False, with nothing changed, when the
        pool has too few blocks.
        """
        blocks, size, pool = table.blocks, self.block_size, self._pool
        index, num_used = divmod(table.num_tokens, size)
        missing = -(-num_tokens // size) - len(blocks)
        if num_used and num_tokens > table.num_tokens and not self._is_writable(blocks[index], num_used):
            return self._copy_and_reserve(blocks, index, num_used, max(missing, 0))
        if missing <= 0:
            return True
        fresh = pool.allocate(missing, blocks[-1] if blocks else -1)
        if fresh is None:
            return False
        blocks += fresh
        return True

    def advance(self, table: Table, num_new: int) -> None:
        """Note that `num_new` more tokens, which room was reserved for, were submitted."""
        table.num_tokens += num_new
        assert table.num_tokens <= len(table.blocks) * self.block_size, (
            f"{table.num_tokens} tokens in {len(table.blocks)} blocks of {self.block_size}: reserve first"
        )

    def commit(self, table: Table, token_ids: Sequence[int], num_known: int | None = None) -> None:
        """Make findable what the table holds: the ids of its first `num_known` tokens are known now.

        `token_ids` begins with them; `num_known` is its length where not given, and saves a copy of a long list where
        it is. Raises ValueError for more ids than tokens were submitted, or fewer than `num_known`.
        """
        if num_known is None:
            num_known = len(token_ids)
        if num_known <= table.num_known:
            return
        if num_known > table.num_tokens or num_known > len(token_ids):
            raise ValueError(
                f"{num_known} tokens are said to be known, but {table.num_tokens} were submitted and {len(token_ids)} "
                "ids are given"
            )
        keys, blocks, size, put = table.keys, table.blocks, self.block_size, self._pool.registry.put
        parent = keys[-1] if keys else table.root
        start = len(keys) * size
        if num_known - start >= size:
            for key in iter_chain_keys(parent, token_ids, size, start, num_known):
                content = tuple(token_ids[start : start + size])
                if not put(blocks[len(keys)], parent, content, key):
                    table.twins[len(keys)] = content
                keys.append(key)
                parent = key
                start += size
        if start < num_known:
            put(blocks[len(keys)], parent, tuple(token_ids[start:num_known]), None)
        table.num_known = num_known

    def truncate(self, table: Table, num_tokens: int) -> None:
        """Forget all but the first `num_tokens` (rejected drafts) and give back the blocks behind them.

        Raises ValueError for more tokens than there are.
        """
        if not 0 <= num_tokens <= table.num_tokens:
            raise ValueError(f"cannot keep {num_tokens} of {table.num_tokens} tokens")
        num_kept = -(-num_tokens // self.block_size)
        dropped = table.blocks[num_kept:]
        table.num_tokens = num_tokens
        table.num_known = min(table.num_known, num_tokens)
        del table.blocks[num_kept:], table.keys[num_tokens // self.block_size :]
        for index in [index for index in table.twins if index >= len(table.keys)]:
            del table.twins[index]
        self._pool.release(reversed(dropped))

    def fork(self, table: Table) -> Table:
        """A table of the same tokens that goes its own way. Copies nothing before one of the two is written."""
        blocks = table.blocks[: -(-table.num_tokens // self.block_size)]
        self._pool.acquire(blocks)
        return Table(table.root, blocks, table.num_tokens, table.num_known, list(table.keys), dict(table.twins))

    def close(self, table: Table) -> None:
        """Give back every block; what is findable stays so until room is needed. The table is empty afterwards."""
        pool, registry = self._pool, self._pool.registry
        for index, content in table.twins.items():  # those whose first holder was evicted take its place
            parent = table.keys[index - 1] if index else table.root
            registry.put(table.blocks[index], parent, content, table.keys[index])
        if table.twins:  # what the twins share is used as recently as what follows it
            for index in range(len(table.blocks) - 1, -1, -1):
                pool.release(table.blocks[index : index + 1])
                if index in table.twins and (first := registry.find(table.keys[index])) is not None:
                    pool.touch(first)
        else:
            pool.release(reversed(table.blocks))
        table.blocks, table.keys, table.twins = [], [], {}
        table.num_tokens = table.num_known = 0

    def discard(self, table: Table) -> None:
        """Make what only this table refers to unfindable: a step on it failed, and its content is not to be trusted."""
        pool = self._pool
        for block in table.blocks:
            if pool.references[block] == 1 and pool.registry.lengths[block]:
                pool.registry.remove(block)
        table.twins = {}

    def plan(self, rows: Sequence[tuple[Table, int]]) -> RaggedPlan:
        """Lay out one step: the next tokens of each table, as many as given with it; call before `advance`."""
        self.begin_step()
        return RaggedPlan(
            [RaggedRow(table.blocks, table.num_tokens, num_new) for table, num_new in rows], self.block_size
        )

    def layers(self, plan: RaggedPlan) -> list[LayerCache]:
        """What to call the model with for the step of `plan`."""
        return ragged_layers(self._stores, self._layouts, plan)

    def buffers(self) -> list[mx.array]:
        """The arrays to evaluate so that no work on the pool is pending."""
        return [buffer for store in self._stores for buffer in store.buffers()]

    def evict_idle(self, limit_bytes: int) -> None:
        """Forget what was unused for longest, until at most `limit_bytes` are idle."""
        excess = self.idle_bytes - limit_bytes
        if excess > 0:
            self._pool.evict(-(-excess // self.bytes_per_block))

    def clear(self) -> None:
        """Forget what nobody refers to, without writing it to files."""
        self._pool.clear()

    def reset(self) -> None:
        """Forget everything, with the tables that are open."""
        files = self._files
        self._pool = BlockPool(self._num_blocks, self.block_size, None if files is None else self._spill_block)
        self._spill = None if files is None else BlockSpill(files, self._pool, self._stores)
        self._matcher = PrefixMatcher(
            self._pool, self._spill, max_load_blocks=self._max_load_blocks, max_load_s=self._max_load_s
        )
        self._extended.clear()

    def save(self, timeout_s: float = 30.0) -> bool:
        """Write all idle content to the files, what was used last first.

        False when `timeout_s` seconds did not suffice or the disk refused; see `num_unsaved_blocks`.
        """
        return self._spill is None or self._spill.write_all(timeout_s)

    def save_some(self, timeout_s: float) -> bool:
        """Write idle content for up to `timeout_s` seconds, what is evicted next first.

        True when nothing is left to write, or when the files take nothing for now.
        """
        return self._spill is None or self._spill.write_some(timeout_s)

    def check(self, tables: Iterable[Table]) -> None:
        """Raise AssertionError, naming what is wrong, unless everything agrees with `tables`: all that are open."""
        tables = list(tables)
        self._pool.check(Counter(block for table in tables for block in table.blocks))
        for table in tables:
            self._check_table(table)

    def _extend(self, table: Table, token_ids: Sequence[int]) -> int:
        limit = len(token_ids) - 1  # one token must be computed, for its logits
        if table.num_known != table.num_tokens or limit <= table.num_tokens:
            return 0
        matched = self._matcher.match(table, token_ids, limit)
        if not matched.blocks:
            return 0
        border = len(table.keys)
        replaced = table.blocks[border:]
        table.blocks[border:] = matched.blocks
        table.keys += matched.keys
        gained = matched.num_tokens - table.num_tokens
        table.num_tokens = table.num_known = matched.num_tokens
        self._pool.release(reversed(replaced))
        return gained

    def _is_writable(self, block: int, num_used: int) -> bool:
        """Whether the one table that is asked for may write behind the first `num_used` tokens of its block."""
        return self._pool.references[block] == 1 and self._pool.registry.lengths[block] <= num_used

    def _copy_and_reserve(self, blocks: list[int], index: int, num_used: int, missing: int) -> bool:
        """Replace the block at `index` by a copy of its first `num_used` tokens, and append `missing` blocks."""
        pool, source = self._pool, blocks[index]
        fresh = pool.allocate(missing + 1, blocks[-1])
        if fresh is None:
            # A sequence that needs the whole pool must not fail for a copy of what only it refers to.
            if pool.references[source] != 1 or (fresh := pool.allocate(missing, blocks[-1])) is None:
                return False
            pool.forget(source)
        else:
            target = fresh.pop(0)
            for store in self._stores:
                store.copy_block(source, target, num_used)
            blocks[index] = target
            pool.release((source,))
        blocks += fresh
        return True

    def _check_table(self, table: Table) -> None:
        size, references, registry = self.block_size, self._pool.references, self._pool.registry
        assert table.num_known <= table.num_tokens <= len(table.blocks) * size, f"the counts contradict: {table}"
        assert len(table.keys) == table.num_known // size, f"{len(table.keys)} keys for {table.num_known} tokens"
        assert len(set(table.blocks)) == len(table.blocks), f"a block stands twice in {table.blocks}"
        for index, key in enumerate(table.keys):
            block = table.blocks[index]
            if registry.lengths[block]:
                assert registry.get(block).key == key, f"block {block} is registered with other content"
            else:
                assert index in table.twins, f"block {block} is full and known, but neither findable nor a twin"
        for block in table.blocks[-(-table.num_tokens // size) :]:
            assert references[block] == 1, f"block {block}, reserved for writing, has {references[block]} references"
            assert not registry.lengths[block], f"block {block}, reserved for writing, is registered"

    def _spill_block(self, block: int) -> None:
        assert self._spill is not None
        self._spill.evicted(block)
