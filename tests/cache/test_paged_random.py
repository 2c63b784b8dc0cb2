"""Thousands of random operations on a paged cache: every token held is the right one, and what can be found is."""

from __future__ import annotations

import random

import pytest

from proxy_inference_engine.cache.paged import Table
from tests.cache.paged_harness import Harness, MemoryFiles

SALTS = (b"", b"tenant")


class Walk:
    """Random operations, with a record of everything that was ever committed."""

    def __init__(self, harness: Harness, seed: int, *, vocabulary: int, longest: int, forgets: bool) -> None:
        self.harness = harness
        self.random = random.Random(seed)
        self.vocabulary = vocabulary
        self.longest = longest
        self.forgets = forgets
        self.committed: dict[bytes, set[tuple[int, ...]]] = {salt: set() for salt in SALTS}
        self.prompts: dict[Table, list[int]] = {}

    def step(self) -> None:
        tables = list(self.prompts)
        if not tables or (len(tables) < 8 and self.random.random() < 0.25):
            self.open()
            return
        table = self.random.choice(tables)
        operations = {
            self.append: 10, self.commit: 4, self.extend: 3, self.truncate: 2, self.fork: 1, self.close: 2
        }  # fmt: skip
        self.random.choices(list(operations), list(operations.values()))[0](table)
        if self.forgets and self.random.random() < 0.02:
            self.harness.cache.evict_idle(self.random.randrange(10) * self.harness.cache.bytes_per_block)

    def prompt(self) -> tuple[list[int], bytes]:
        salt = self.random.choice(SALTS)
        token_ids: list[int] = []
        if self.committed[salt] and self.random.random() < 0.7:
            token_ids += self.random.choice(sorted(self.committed[salt]))
            token_ids = token_ids[: self.random.randrange(len(token_ids) + 1)]
        token_ids += self.tokens(1, 6)
        return token_ids[: self.longest], salt

    def tokens(self, low: int, high: int) -> list[int]:
        return self.random.choices(range(self.vocabulary), k=self.random.randint(low, high))

    def open(self) -> None:
        prompt, salt = self.prompt()
        table = self.harness.open(prompt, salt)
        self.prompts[table] = prompt

    def append(self, table: Table) -> None:
        """The prompt's next tokens, or those of a reply."""
        left = self.prompts[table][table.num_tokens :]
        token_ids = left[: self.random.randint(1, 7)] or self.tokens(1, 3)
        if table.num_tokens + len(token_ids) > self.longest:
            self.close(table)
        elif not self.harness.append(table, token_ids, commit=False):
            self.close(self.random.choice(list(self.prompts)))  # preempt somebody
        elif self.random.random() < 0.6:
            self.commit(table)

    def commit(self, table: Table) -> None:
        held, salt = self.harness.tables[table]
        num_known = self.random.choice([len(held), len(held), self.random.randint(0, len(held))])
        self.harness.cache.commit(table, held[:num_known])
        self.committed[salt].add(tuple(held[:num_known]))

    def extend(self, table: Table) -> None:
        held, _ = self.harness.tables[table]
        if held == self.prompts[table][: len(held)]:
            self.harness.extend(table, self.prompts[table])

    def truncate(self, table: Table) -> None:
        shortest = table.num_known if self.random.random() < 0.7 else 0
        self.harness.truncate(table, self.random.randint(shortest, table.num_tokens))

    def fork(self, table: Table) -> None:
        self.prompts[self.harness.fork(table)] = self.prompts[table]

    def close(self, table: Table) -> None:
        if self.random.random() < 0.5:
            held, salt = self.harness.tables[table]
            self.harness.cache.commit(table, held)
            self.committed[salt].add(tuple(held))
        self.harness.close(table)
        del self.prompts[table]

    def check_found(self) -> None:
        """A prompt finds as much as was ever committed of it: nothing is lost, in memory or in files."""
        prompt, salt = self.prompt()
        best = max((num_shared(prompt, held) for held in self.committed[salt]), default=0)
        if self.harness.cache.num_free_blocks < -(-len(prompt) // self.harness.size):
            return
        table = self.harness.open(prompt, salt)
        while self.harness.extend(table, prompt):
            pass
        assert table.num_tokens == min(best, len(prompt) - 1), (prompt, table)
        self.harness.close(table)


def num_shared(a: list[int], b: tuple[int, ...]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def run(walk: Walk, num_steps: int, *, all_is_found: bool) -> None:
    for number in range(num_steps):
        walk.step()
        if all_is_found:
            walk.check_found()
        if number % 10 == 0:
            walk.harness.check()
    for table in list(walk.prompts):
        walk.close(table)
    walk.harness.check()
    walk.harness.cache.clear()
    walk.harness.check()
    assert walk.harness.cache.num_free_blocks == walk.harness.cache.num_blocks


@pytest.mark.parametrize("seed", range(8))
def test_a_small_pool_that_forgets(seed: int) -> None:
    size = 1 + seed % 5
    harness = Harness(num_blocks=6 + 3 * seed, size=size)
    run(Walk(harness, seed, vocabulary=2 + seed % 2, longest=6 * size, forgets=True), 1500, all_is_found=False)


@pytest.mark.parametrize("seed", range(4))
def test_a_large_pool_finds_everything_that_was_committed(seed: int) -> None:
    harness = Harness(num_blocks=4000, size=2 + seed)
    run(Walk(harness, seed, vocabulary=2, longest=24, forgets=False), 500, all_is_found=True)


@pytest.mark.parametrize("seed", range(6))
def test_a_small_pool_with_files_finds_everything_that_was_committed(seed: int) -> None:
    size = 1 + seed % 4
    harness = Harness(num_blocks=10 + 4 * seed, size=size, files=MemoryFiles(), max_load_blocks=1 + seed % 3)
    run(Walk(harness, seed, vocabulary=2, longest=5 * size + 3, forgets=True), 600, all_is_found=True)
