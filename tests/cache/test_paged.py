"""The paged cache: what is found, what is copied, what is evicted."""

from __future__ import annotations

import pytest

from tests.cache.paged_harness import Harness, numbers

# What is found


def test_a_prompt_that_was_computed_is_found_but_for_its_last_token() -> None:
    harness = Harness()
    harness.keep(numbers(0, 12))
    table = harness.open(numbers(0, 12))
    assert table.num_tokens == 11  # two full blocks, and three tokens of the third
    assert len(table.blocks) == 3
    harness.check()


def test_nothing_is_found_for_one_token_or_none() -> None:
    harness = Harness()
    harness.keep(numbers(0, 8))
    assert harness.open([0]).num_tokens == 0
    assert harness.open([]).num_tokens == 0


@pytest.mark.parametrize("num_shared", range(14))
def test_the_longest_shared_prefix_is_found_whatever_its_length(num_shared: int) -> None:
    harness = Harness()
    harness.keep(numbers(0, 14))
    assert harness.num_found([*numbers(0, num_shared), 99, 98]) == num_shared
    harness.check()


def test_of_many_children_the_one_with_the_longest_common_prefix_is_found() -> None:
    harness = Harness(num_blocks=64)
    system = numbers(0, 4)
    tails = [[7, 7, 7], [7, 7, 8, 1], [7, 8, 1, 1], [6, 5], [7, 7, 9, 2], [7]]
    for tail in tails:
        harness.keep(system + tail)
    assert harness.num_found([*system, 7, 7, 8, 3]) == 7
    assert harness.num_found([*system, 7, 7, 9, 2]) == 8
    assert harness.num_found([*system, 6, 6]) == 5
    assert harness.num_found([*system, 5]) == 4
    harness.check()


def test_another_salt_or_root_finds_nothing() -> None:
    harness = Harness()
    harness.keep(numbers(0, 12), b"tenant a")
    assert harness.num_found(numbers(0, 12), b"tenant b") == 0
    assert harness.num_found(numbers(0, 12)) == 0
    assert harness.num_found(numbers(0, 12), b"tenant a") == 12
    first = Harness(root=b"model a").open([1, 2])
    assert first.root != Harness(root=b"model b").open([1, 2]).root
    assert first.root != Harness(root=b"model a", bits=8).open([1, 2]).root
    assert first.root != Harness(root=b"model a", size=8).open([1, 2]).root


def test_tokens_are_found_as_soon_as_they_are_committed() -> None:
    harness = Harness()
    first = harness.open(numbers(0, 10))
    harness.append(first, numbers(0, 6), commit=False)
    assert harness.num_found(numbers(0, 10)) == 0
    harness.cache.commit(first, numbers(0, 5))
    assert harness.num_found(numbers(0, 10)) == 5
    harness.cache.commit(first, numbers(0, 6))
    assert harness.num_found(numbers(0, 10)) == 6
    harness.append(first, numbers(6, 10))
    assert harness.num_found(numbers(0, 10)) == 10
    harness.check()


def test_as_many_ids_are_committed_as_are_said_to_be_known() -> None:
    harness = Harness()
    table = harness.open(numbers(0, 30))
    harness.append(table, numbers(0, 14), commit=False)
    harness.cache.commit(table, numbers(0, 30), 9)
    assert table.num_known == 9
    assert harness.num_found(numbers(0, 30)) == 9
    harness.cache.commit(table, numbers(0, 30), 14)
    assert harness.num_found(numbers(0, 30)) == 14
    with pytest.raises(ValueError, match="3 ids are given"):
        harness.cache.commit(table, numbers(0, 3), 15)
    harness.check()


def test_committing_more_than_was_submitted_is_refused() -> None:
    harness = Harness()
    table = harness.run(numbers(0, 3))
    with pytest.raises(ValueError, match="4 tokens are said to be known, but 3 were submitted"):
        harness.cache.commit(table, numbers(0, 4))


def test_extend_takes_over_what_another_sequence_computed_meanwhile() -> None:
    harness = Harness()
    prompt = numbers(0, 20)
    first, second = harness.open(prompt), harness.open(prompt)
    assert second.num_tokens == 0
    harness.append(first, prompt[:6])
    assert harness.extend(second, prompt) == 6
    assert harness.extend(second, prompt) == 0
    harness.append(first, prompt[6:7])  # the same block grew
    assert harness.extend(second, prompt) == 1
    harness.append(first, prompt[7:20])
    assert harness.extend(second, prompt) == 12
    assert second.blocks == first.blocks
    assert harness.append(second, prompt[19:])
    harness.check()


def test_extend_gives_back_room_that_was_reserved_but_not_used() -> None:
    harness = Harness(num_blocks=10)
    prompt = numbers(0, 16)
    first, second = harness.open(prompt), harness.open(prompt)
    assert harness.cache.reserve(second, 16)
    harness.append(first, prompt)
    assert harness.extend(second, prompt) == 15
    assert harness.cache.num_free_blocks == 10 - 4
    harness.check()


def test_extend_gains_nothing_while_submitted_tokens_are_unknown() -> None:
    harness = Harness()
    harness.keep(numbers(0, 12))
    table = harness.open([99, 98])
    harness.append(table, [99], commit=False)
    assert harness.extend(table, [99, 98]) == 0


# Copy on write


def test_a_shared_partial_block_is_copied_when_it_is_written() -> None:
    harness = Harness()
    first = harness.run(numbers(0, 6))
    second = harness.open([*numbers(0, 6), 50, 51])
    assert second.blocks == first.blocks
    assert harness.store.num_copies == 0
    harness.append(second, [50])
    assert harness.store.num_copies == 1
    assert second.blocks[0] == first.blocks[0]
    assert second.blocks[1] != first.blocks[1]
    harness.append(first, [6])
    assert harness.store.num_copies == 1  # it is alone again
    harness.check()


def test_a_prompt_that_diverges_within_a_full_block_copies_its_beginning() -> None:
    harness = Harness()
    harness.keep(numbers(0, 8))
    second = harness.open([*numbers(0, 6), 50, 51])
    assert second.num_tokens == 6
    harness.append(second, [50, 51])
    assert harness.store.num_copies == 1
    assert harness.num_found(numbers(0, 8)) == 8
    assert harness.num_found([*numbers(0, 6), 50, 51]) == 8
    harness.check()


def test_going_on_with_a_closed_conversation_copies_nothing() -> None:
    harness = Harness()
    first = harness.run(numbers(0, 6))
    blocks = list(first.blocks)
    harness.close(first)
    second = harness.run(numbers(0, 11))
    assert harness.store.num_copies == 0
    assert second.blocks[:2] == blocks
    assert harness.num_found(numbers(0, 11)) == 11
    harness.check()


def test_two_that_go_on_with_one_closed_conversation_do_not_meet() -> None:
    harness = Harness()
    harness.keep(numbers(0, 6))
    first, second = harness.open([*numbers(0, 6), 50, 51]), harness.open([*numbers(0, 6), 60, 61])
    harness.append(first, [50, 51])
    harness.append(second, [60, 61])
    assert harness.store.num_copies == 1
    harness.check()


def test_a_fork_shares_all_and_copies_only_the_block_being_written() -> None:
    harness = Harness()
    first = harness.run(numbers(0, 6))
    assert harness.cache.reserve(first, 15)  # room that the fork does not get
    twins = [harness.fork(first) for _ in range(3)]
    assert [twin.blocks for twin in twins] == [first.blocks[:2]] * 3
    harness.check()
    for number, table in enumerate([*twins, first]):
        harness.append(table, [50 + number, 9, 9])
    assert harness.store.num_copies == 3
    harness.check()
    harness.close(first, *twins)
    assert harness.num_found([*numbers(0, 6), 52, 9, 9]) == 9
    harness.check()


def test_a_fork_at_the_border_of_a_block_copies_nothing() -> None:
    harness = Harness()
    first = harness.run(numbers(0, 8))
    twin = harness.fork(first)
    harness.append(first, [1])
    harness.append(twin, [2])
    assert harness.store.num_copies == 0
    harness.check()


def test_a_fork_before_ids_are_known_commits_its_own() -> None:
    harness = Harness()
    first = harness.open(numbers(0, 6))
    harness.append(first, numbers(0, 6), commit=False)
    twin = harness.fork(first)
    harness.append(first, [70, 71, 72], commit=False)
    harness.append(twin, [80, 81, 82], commit=False)
    for table in (first, twin):
        harness.cache.commit(table, harness.tables[table][0])
    assert harness.num_found([*numbers(0, 6), 70, 71, 72]) == 9
    assert harness.num_found([*numbers(0, 6), 80, 81, 82]) == 9
    harness.check()


def test_one_that_needs_the_whole_pool_writes_over_what_it_cannot_copy() -> None:
    harness = Harness(num_blocks=3)
    harness.keep(numbers(0, 12))
    table = harness.open([*numbers(0, 10), 50, 51])
    assert table.num_tokens == 10
    assert harness.append(table, [50, 51])
    assert harness.store.num_copies == 0
    harness.check()
    harness.close(table)
    assert harness.num_found([*numbers(0, 10), 50, 51]) == 12
    assert harness.num_found(numbers(0, 12)) == 10


# Drafts


def test_rejected_drafts_are_forgotten_with_their_blocks() -> None:
    harness = Harness(num_blocks=10)
    table = harness.run(numbers(0, 6))
    harness.append(table, [90, 91, 92, 93], commit=False)
    assert len(table.blocks) == 3
    harness.truncate(table, 7)
    assert len(table.blocks) == 2
    harness.cache.commit(table, [*numbers(0, 6), 90])
    harness.append(table, [7, 8])
    assert harness.store.num_copies == 0
    assert harness.num_found([*numbers(0, 6), 90, 7, 8]) == 9
    harness.check()


def test_tokens_that_were_findable_stay_so_when_they_are_truncated() -> None:
    harness = Harness()
    table = harness.run(numbers(0, 11))
    harness.truncate(table, 5)
    harness.check()
    harness.append(table, [50, 51, 52, 53])
    harness.check()
    harness.close(table)
    assert harness.num_found(numbers(0, 11)) == 11
    assert harness.num_found([*numbers(0, 5), 50, 51, 52, 53]) == 9
    harness.check()


def test_truncating_to_more_than_there_is_is_refused() -> None:
    harness = Harness()
    table = harness.run(numbers(0, 6))
    with pytest.raises(ValueError, match="cannot keep 7 of 6"):
        harness.cache.truncate(table, 7)


# Equal content computed twice


def test_of_two_that_computed_the_same_the_first_is_found() -> None:
    harness = Harness()
    prompt = numbers(0, 10)
    first, second = harness.open(prompt), harness.open(prompt)
    harness.append(first, prompt)
    harness.append(second, prompt)
    third = harness.open([*prompt, 1])
    assert third.blocks == first.blocks
    harness.check()
    before = harness.cache.num_free_blocks
    harness.close(second)
    assert harness.cache.num_free_blocks == before + 3
    assert harness.cache.idle_bytes == 0
    harness.check()


def test_a_twin_takes_the_place_of_the_first_when_that_was_evicted() -> None:
    harness = Harness(num_blocks=6)
    prompt = numbers(0, 8)
    first, second = harness.open(prompt), harness.open(prompt)
    harness.append(first, prompt)
    harness.append(second, prompt)
    harness.append(second, numbers(8, 12))  # found as a child of the first's blocks
    harness.close(first)
    harness.cache.evict_idle(0)
    assert harness.num_found(numbers(0, 12)) == 0
    harness.check()
    harness.close(second)
    harness.check()
    assert harness.num_found(numbers(0, 12)) == 12


def test_what_a_twin_follows_is_evicted_after_what_follows_the_twin() -> None:
    harness = Harness(num_blocks=16)
    prompt = numbers(0, 8)
    first, second = harness.open(prompt), harness.open(prompt)
    harness.append(first, prompt)
    harness.append(second, prompt + numbers(8, 12))
    harness.close(first)
    harness.keep(numbers(100, 104))
    harness.close(second)
    harness.cache.evict_idle(3 * harness.cache.bytes_per_block)
    assert harness.num_found(numbers(100, 104)) == 0
    assert harness.num_found(numbers(0, 12)) == 12
    harness.cache.evict_idle(2 * harness.cache.bytes_per_block)
    assert harness.num_found(numbers(0, 12)) == 8


# Eviction


def test_the_least_recently_used_goes_first_and_the_last_blocks_before_the_first() -> None:
    harness = Harness(num_blocks=6)
    harness.keep(numbers(0, 8))
    harness.keep(numbers(100, 108))
    harness.keep(numbers(200, 208))
    assert harness.num_found(numbers(0, 8)) == 8  # used again
    harness.keep(numbers(300, 304))
    assert harness.num_found(numbers(100, 108)) == 4
    assert harness.num_found(numbers(0, 8)) == 8
    harness.keep(numbers(400, 404))
    assert harness.num_found(numbers(200, 208)) == 4
    harness.check()


def test_what_is_referred_to_is_never_evicted() -> None:
    harness = Harness(num_blocks=4)
    table = harness.run(numbers(0, 8))
    harness.keep(numbers(100, 108))
    other = harness.open(numbers(200, 300))
    assert not harness.append(other, numbers(200, 212))
    assert harness.num_found(numbers(100, 108)) == 8  # a refusal changes nothing
    assert harness.append(other, numbers(200, 208))
    assert harness.num_found(numbers(0, 8)) == 8
    harness.verify(table)
    harness.check()


def test_idle_content_is_bounded_and_cleared() -> None:
    harness = Harness()
    table = harness.run(numbers(100, 104))
    harness.keep(numbers(0, 16))
    assert harness.cache.idle_bytes == 4 * harness.cache.bytes_per_block
    harness.cache.evict_idle(2 * harness.cache.bytes_per_block + 1)
    assert harness.cache.idle_bytes == 2 * harness.cache.bytes_per_block
    assert harness.num_found(numbers(0, 16)) == 8
    harness.cache.clear()
    assert harness.cache.idle_bytes == 0
    assert harness.num_found(numbers(0, 16)) == 0
    harness.verify(table)
    harness.check()


def test_a_closed_table_is_empty_and_may_be_closed_again() -> None:
    harness = Harness(num_blocks=4)
    table = harness.run(numbers(0, 6))
    harness.close(table)
    harness.cache.close(table)
    assert (table.blocks, table.num_tokens, table.num_known) == ([], 0, 0)
    harness.check()


def test_check_names_a_block_that_a_forgotten_table_holds() -> None:
    harness = Harness()
    harness.run(numbers(0, 6))
    with pytest.raises(AssertionError, match="counts 1 references, but 0 tables"):
        harness.cache.check([])
