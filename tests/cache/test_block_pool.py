"""Chain keys, free runs, the registry of content and the pool that joins them."""

from __future__ import annotations

import random
import time

import pytest

from proxy_inference_engine.cache.block_pool import BlockPool
from proxy_inference_engine.cache.block_registry import BlockRegistry
from proxy_inference_engine.cache.chain import chain_key, chain_keys, iter_chain_keys, root_key
from proxy_inference_engine.cache.free_runs import FreeRuns

ROOT = root_key(b"model")


# Chain keys


def test_keys_cover_full_blocks_and_everything_before_them() -> None:
    keys = chain_keys(ROOT, list(range(11)), 4)
    assert len(keys) == 2
    assert keys[0] == chain_key(ROOT, range(4))
    assert keys[1] == chain_key(keys[0], range(4, 8))
    assert chain_keys(ROOT, [9, *range(1, 8)], 4)[1] != keys[1]
    assert chain_keys(root_key(b"other"), list(range(8)), 4)[1] != keys[1]
    assert all(len(key) == 16 for key in keys)


@pytest.mark.parametrize("start_block", [0, 1, 5, 63, 64, 200])
def test_keys_may_be_asked_for_from_any_block_on(start_block: int) -> None:
    token_ids = list(range(1003))
    keys = chain_keys(ROOT, token_ids, 4)
    parent = keys[start_block - 1] if start_block else ROOT
    assert list(iter_chain_keys(parent, token_ids, 4, 4 * start_block)) == keys[start_block:]
    assert list(iter_chain_keys(parent, token_ids, 4, 4 * start_block, 1001)) == keys[start_block:250]


def test_parts_of_a_root_do_not_run_together() -> None:
    assert root_key(b"ab", b"c") != root_key(b"a", b"bc")
    assert root_key(b"a", b"") != root_key(b"a")


# Free runs


def test_blocks_follow_the_given_one_and_each_other() -> None:
    free = FreeRuns(100)
    first = free.take(3)
    assert first == list(range(first[0], first[0] + 3))
    assert free.take(2, first[-1]) == [first[-1] + 1, first[-1] + 2]
    free.check()


def test_sequences_that_grow_in_turn_do_not_meet() -> None:
    free = FreeRuns(4096)
    tables = [free.take(4) for _ in range(32)]
    for _ in range(30):
        for table in tables:
            table += free.take(1, table[-1])
    assert all(table == list(range(table[0], table[0] + 34)) for table in tables)


def test_random_takes_and_gives_add_up() -> None:
    choose = random.Random(0)
    free, taken = FreeRuns(150), set[int]()
    for _ in range(3000):
        if free.num_free and choose.random() < 0.5:
            after = choose.choice(sorted(taken)) if taken and choose.random() < 0.7 else -1
            count = choose.randint(1, 12)
            follows = free.can_follow(after)
            blocks = free.take(count, after)
            assert 1 <= len(blocks) <= count
            assert taken.isdisjoint(blocks)
            assert blocks == list(range(blocks[0], blocks[0] + len(blocks)))
            assert (blocks[0] == after + 1) or not follows
            taken.update(blocks)
        elif taken:
            for block in choose.sample(sorted(taken), min(len(taken), choose.randint(1, 12))):
                free.give(block)
                taken.remove(block)
        assert free.check() == set(range(150)) - taken


# Registry


def test_a_block_grows_and_is_found_by_its_key_when_it_is_full() -> None:
    registry = BlockRegistry(4, 3)
    key = chain_key(ROOT, (1, 2, 3))
    for length in (1, 2):
        assert registry.put(0, ROOT, (1, 2, 3)[:length], None)
        assert registry.find_child(ROOT, (1, 2, 3)) == (0, length)
        assert registry.find(key) is None
    assert registry.put(0, ROOT, (1, 2, 3), key)
    assert registry.find(key) == 0
    assert registry.find_child(ROOT, (1, 2, 4)) == (0, 2)
    assert registry.get(0).key == key
    registry.check()
    registry.remove(0)
    assert registry.find(key) is None
    assert registry.find_child(ROOT, (1, 2, 3)) is None
    registry.check()


def test_the_same_tokens_are_not_registered_twice() -> None:
    registry = BlockRegistry(4, 4)
    assert registry.put(0, ROOT, (1, 2, 3), None)
    assert not registry.put(1, ROOT, (1, 2, 3), None)
    assert not registry.put(1, ROOT, (1, 2), None)
    assert registry.put(1, ROOT, (1, 2, 4), None)
    assert not registry.put(2, ROOT, (1,), None)
    assert registry.put(2, ROOT, (1, 9), None)
    assert not registry.put(3, ROOT, (1, 9), None)
    assert registry.lengths == [3, 3, 2, 0]
    registry.check()


def test_a_block_that_grows_into_what_another_holds_is_no_longer_registered() -> None:
    registry = BlockRegistry(2, 4)
    assert registry.put(0, ROOT, (1, 2), None)
    assert registry.put(1, ROOT, (1, 2, 3), None)
    assert not registry.put(0, ROOT, (1, 2, 3), None)
    assert registry.lengths == [0, 3]
    registry.check()


def test_the_best_child_is_found_as_by_trying_all() -> None:
    choose = random.Random(1)
    registry = BlockRegistry(400, 6)
    held: dict[int, tuple[int, ...]] = {}
    for block in range(400):
        token_ids = tuple(choose.choices(range(4), k=choose.randint(1, 5)))
        if registry.put(block, ROOT, token_ids, None):
            held[block] = token_ids
        if held and choose.random() < 0.3:
            gone = choose.choice(sorted(held))
            del held[gone]
            registry.remove(gone)
        wanted = tuple(choose.choices(range(4), k=choose.randint(1, 6)))
        lengths = [next((i for i in range(6) if h[: i + 1] != wanted[: i + 1]), 6) for h in held.values()]
        best = max((min(n, len(wanted), len(h)) for n, h in zip(lengths, held.values(), strict=True)), default=0)
        found = registry.find_child(ROOT, wanted)
        assert (found[1] if found else 0) == best
        assert found is None or held[found[0]][:best] == wanted[:best]
    registry.check()


# Pool


def fill(pool: BlockPool, token_ids: list[int]) -> list[int]:
    """Blocks of one chain, registered and with one reference each."""
    blocks = pool.allocate(len(token_ids) // pool.block_size)
    assert blocks is not None
    parent = ROOT
    for index, key in enumerate(chain_keys(ROOT, token_ids, pool.block_size)):
        content = tuple(token_ids[index * pool.block_size : (index + 1) * pool.block_size])
        pool.registry.put(blocks[index], parent, content, key)
        parent = key
    return blocks


def test_a_pool_needs_a_block_and_a_block_a_token() -> None:
    with pytest.raises(ValueError, match="not 0 of 4"):
        BlockPool(0, 4)
    with pytest.raises(ValueError, match="not 4 of 0"):
        BlockPool(4, 0)


def test_unregistered_blocks_are_free_at_the_last_release_and_registered_ones_idle() -> None:
    pool = BlockPool(8, 2)
    plain, kept = pool.allocate(2), fill(pool, [1, 2, 3, 4])
    assert plain is not None
    pool.acquire(plain + kept)
    pool.release(plain + kept)
    pool.check(dict.fromkeys(plain + kept, 1))
    assert (pool.num_free, pool.num_idle) == (4, 0)
    pool.release(plain + kept)
    pool.check({})
    assert (pool.num_free, pool.num_idle, pool.num_available) == (6, 2, 8)


def test_more_than_there_is_is_refused_and_nothing_is_evicted() -> None:
    pool = BlockPool(4, 2)
    pool.release(reversed(fill(pool, [1, 2, 3, 4])))
    assert pool.allocate(5) is None
    assert pool.num_idle == 2
    assert pool.allocate(0) == []


def test_blocks_are_evicted_from_the_end_whatever_the_order_of_their_release() -> None:
    evicted: list[int] = []
    pool = BlockPool(8, 2, evicted.append)
    chain = fill(pool, list(range(10)))
    pool.release(chain)  # the head first: the wrong way round
    pool.evict(3)
    assert evicted == chain[:1:-1]
    pool.evict(5)
    assert evicted == chain[::-1]
    pool.check({})


def test_a_block_is_evicted_before_those_that_follow_it_where_these_are_in_use() -> None:
    pool = BlockPool(4, 2)
    head, tail = fill(pool, [1, 2, 3, 4])
    pool.release([head])
    assert pool.allocate(3) is not None
    assert pool.registry.lengths[head] == 0
    assert pool.registry.lengths[tail] == 2


def test_a_long_chain_in_the_wrong_order_is_evicted_in_linear_time() -> None:
    pool = BlockPool(20_000, 1)
    pool.release(fill(pool, list(range(20_000))))
    start = time.perf_counter()
    pool.evict(20_000)
    assert time.perf_counter() - start < 2
    assert pool.num_free == 20_000


def test_the_content_is_still_there_when_its_eviction_is_told() -> None:
    told: list[tuple[int, ...]] = []
    pool = BlockPool(2, 2, lambda block: told.append(pool.registry.get(block).token_ids))
    pool.release(reversed(fill(pool, [1, 2, 3, 4])))
    blocks = pool.allocate(1)
    assert told == [(3, 4)]
    assert blocks is not None
    pool.clear()
    assert told == [(3, 4)]
    pool.check({blocks[0]: 1})


def test_check_names_what_is_wrong() -> None:
    pool = BlockPool(4, 2)
    blocks = fill(pool, [1, 2, 3, 4])
    with pytest.raises(AssertionError, match=f"block {blocks[0]} counts 1 references, but 2 tables"):
        pool.check({blocks[0]: 2, blocks[1]: 1})
