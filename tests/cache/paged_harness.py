"""A paged cache whose store holds, in place of keys and values, what they would stand for, so that each is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import mlx.core as mx
import numpy as np

from proxy_inference_engine.cache.block_files import BlockContent
from proxy_inference_engine.cache.paged import PagedCache, Table

SIZE = 4


class TokenStore:
    """A layer's store that holds, instead of keys and values, what they would be computed from: all tokens so far."""

    def __init__(self, num_blocks: int, block_size: int) -> None:
        self.slots: list[object] = [None] * (num_blocks * block_size)
        self.block_size = block_size
        self.bytes_per_block = 8 * block_size
        self.num_copies = 0
        self.num_read = 0
        self.contents: list[object] = []

    def copy_block(self, source: int, target: int, num_tokens: int) -> None:
        self.num_copies += 1
        source, target = source * self.block_size, target * self.block_size
        self.slots[target : target + num_tokens] = self.slots[source : source + num_tokens]
        self.slots[target + num_tokens : target + self.block_size] = [None] * (self.block_size - num_tokens)

    def read_block(self, block: int) -> dict[str, np.ndarray]:
        self.num_read += 1
        held = self.slots[block * self.block_size : (block + 1) * self.block_size]
        return {"tokens": np.array([0 if item is None else item for item in held], dtype=np.int64)}

    def write_block(self, block: int, arrays: Mapping[str, np.ndarray]) -> None:
        if arrays["tokens"].shape != (self.block_size,):
            raise ValueError("it has another block size")
        self.slots[block * self.block_size : (block + 1) * self.block_size] = arrays["tokens"].tolist()

    def buffers(self) -> list[mx.array]:
        return []


class Harness:
    """A cache with one `TokenStore`, and the tables that are open with their tokens."""

    def __init__(self, num_blocks: int = 32, size: int = SIZE, files: object = None, **options: object) -> None:
        self.size = size
        self.store = TokenStore(num_blocks, size)
        self.cache = PagedCache(
            [], num_blocks=num_blocks, block_size=size, dtype=mx.float16, files=files, stores=[self.store], **options
        )
        self.tables: dict[Table, tuple[list[int], bytes]] = {}

    def open(self, token_ids: Sequence[int], salt: bytes = b"") -> Table:
        table = self.cache.open(token_ids, salt=salt)
        self.tables[table] = (list(token_ids[: table.num_tokens]), salt)
        self.verify(table)
        return table

    def extend(self, table: Table, token_ids: Sequence[int]) -> int:
        held, _ = self.tables[table]
        before = table.num_tokens
        gained = self.cache.extend(table, token_ids)
        assert table.num_tokens == before + gained
        held.extend(token_ids[before : before + gained])
        self.verify(table)
        return gained

    def append(self, table: Table, token_ids: Sequence[int], *, commit: bool = True) -> bool:
        """What a step does: reserve, compute, note, make findable."""
        held, salt = self.tables[table]
        if not self.cache.reserve(table, table.num_tokens + len(token_ids)):
            return False
        for position, token_id in enumerate(token_ids, table.num_tokens):
            held.append(token_id)
            slot = table.blocks[position // self.size] * self.size + position % self.size
            self.store.slots[slot] = meaning(held, salt)
        self.cache.advance(table, len(token_ids))
        if commit:
            self.cache.commit(table, held)
        self.verify(table)
        return True

    def fork(self, table: Table) -> Table:
        twin = self.cache.fork(table)
        held, salt = self.tables[table]
        self.tables[twin] = (list(held), salt)
        self.verify(twin)
        return twin

    def truncate(self, table: Table, num_tokens: int) -> None:
        self.cache.truncate(table, num_tokens)
        del self.tables[table][0][num_tokens:]
        self.verify(table)

    def close(self, *tables: Table) -> None:
        for table in tables:
            self.cache.close(table)
            del self.tables[table]

    def run(self, token_ids: Sequence[int], salt: bytes = b"") -> Table:
        """A whole request: open, and compute what is not reused. The table stays open."""
        table = self.open(token_ids, salt)
        assert self.append(table, token_ids[table.num_tokens :])
        return table

    def keep(self, token_ids: Sequence[int], salt: bytes = b"") -> None:
        """A request that came and went."""
        self.close(self.run(token_ids, salt))

    def num_found(self, token_ids: Sequence[int], salt: bytes = b"") -> int:
        """Tokens that a prompt that goes on after `token_ids` would reuse."""
        table = self.open([*token_ids, -1], salt)
        num_found = table.num_tokens
        self.close(table)
        return num_found

    def verify(self, table: Table) -> None:
        """The table's slots hold exactly what its tokens mean."""
        held, salt = self.tables[table]
        assert len(held) == table.num_tokens
        expected = meanings(held, salt)
        slots = [
            self.store.slots[table.blocks[position // self.size] * self.size + position % self.size]
            for position in range(table.num_tokens)
        ]
        assert slots == expected

    def check(self) -> None:
        self.cache.check(self.tables)
        for table in self.tables:
            self.verify(table)


def meaning(token_ids: Sequence[int], salt: bytes) -> int:
    return meanings(token_ids, salt)[-1]


def meanings(token_ids: Iterable[int], salt: bytes) -> list[int]:
    """What the keys and values of each position stand for: a number that depends on all tokens up to it."""
    value = hash(salt)
    values = []
    for token_id in token_ids:
        value = hash((value, token_id))
        values.append(value)
    return values


def numbers(start: int, stop: int) -> list[int]:
    return list(range(start, stop))


class MemoryFiles:
    """What `BlockFiles` offers, in a dictionary; `room` bounds what is written between two flushes."""

    def __init__(self, room: int | None = None, max_bytes: int = 2**40) -> None:
        self.held: dict[bytes, BlockContent] = {}
        self.used: dict[bytes, int | None] = {}
        self.room = self.left = room
        self.max_bytes = max_bytes
        self.num_reads = 0
        self.num_dropped = 0
        self.num_failures = 0
        self.num_opened: list[int] = []
        self.refusing = False

    def touch(self, key: bytes, used_ns: int | None = None) -> bool:
        return key in self

    def __contains__(self, key: object) -> bool:
        return key in self.held

    def read(self, key: bytes) -> BlockContent | None:
        self.num_reads += 1
        return self.held.get(key)

    def children(self, parent: bytes, max_opened: int) -> list[tuple[bytes, tuple[int, ...]]]:
        self.num_opened.append(max_opened)
        return [(key, content.token_ids) for key, content in self.held.items() if content.parent == parent]

    def refuses(self, num_bytes: int) -> bool:
        return self.refusing

    def can_take(self, num_bytes: int, timeout_s: float = 0.0) -> bool:
        if self.left == 0 and timeout_s > 0:
            self.flush(timeout_s)
        return self.left != 0 and not self.refusing

    def drop(self) -> None:
        self.num_dropped += 1

    def write_later(
        self,
        key: bytes,
        parent: bytes,
        token_ids: tuple[int, ...],
        layers: list[dict[str, np.ndarray]],
        used_ns: int | None = None,
    ) -> bool:
        assert self.can_take(0), "asked to write what was not asked for"
        if self.left is not None:
            self.left -= 1
        self.held[key] = BlockContent(key, parent, token_ids, layers)
        self.used[key] = used_ns
        return True

    def flush(self, timeout_s: float) -> bool:
        self.left = self.room
        return True
