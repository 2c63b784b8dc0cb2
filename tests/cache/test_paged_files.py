"""The paged cache with files: what memory forgets is found on disk."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from proxy_inference_engine.cache.block_files import BlockFiles
from tests.cache.paged_harness import Harness, MemoryFiles, numbers


def test_what_is_evicted_is_found_in_files_and_loaded() -> None:
    harness = Harness(num_blocks=4, files=MemoryFiles())
    harness.keep(numbers(0, 10))
    harness.keep(numbers(100, 116))
    assert harness.num_found(numbers(0, 10)) == 10
    harness.check()
    table = harness.run([*numbers(0, 10), 50])
    assert harness.store.num_copies == 0  # a loaded block is the table's own
    harness.verify(table)


def test_a_match_goes_on_from_memory_to_files_and_back() -> None:
    files = MemoryFiles()
    harness = Harness(files=files)
    table = harness.run(numbers(0, 16))
    harness.close(table)
    harness.cache.save()
    harness.cache.evict_idle(2 * harness.cache.bytes_per_block)
    assert harness.num_found(numbers(0, 16)) == 16
    assert files.num_reads == 2
    harness.check()


def test_save_writes_idle_content_once_and_a_new_process_finds_it() -> None:
    files = MemoryFiles()
    harness = Harness(files=files)
    harness.keep(numbers(0, 10))
    open_table = harness.run(numbers(100, 108))
    assert harness.cache.save()
    assert sorted(content.token_ids for content in files.held.values()) == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9)]
    harness.close(open_table)
    assert harness.cache.save()
    assert len(files.held) == 5
    after = Harness(files=files)
    assert after.num_found(numbers(0, 10)) == 10
    assert after.num_found(numbers(100, 108)) == 8
    assert Harness(files=files, root=b"another model").num_found(numbers(0, 10)) == 0


def test_save_waits_where_the_queue_is_full() -> None:
    files = MemoryFiles(room=2)
    harness = Harness(files=files)
    harness.keep(numbers(0, 28))
    assert harness.cache.save()
    assert len(files.held) == 7


def test_a_call_loads_a_bounded_number_of_blocks_and_extend_goes_on() -> None:
    files = MemoryFiles()
    first = Harness(files=files)
    first.keep(numbers(0, 18))
    first.cache.save()
    second = Harness(files=files, max_load_blocks=2)
    prompt = numbers(0, 20)
    table = second.open(prompt)
    assert table.num_tokens == 8
    assert [second.extend(table, prompt) for _ in range(3)] == [8, 2, 0]
    second.check()


def test_of_memory_and_files_the_longer_partial_block_is_taken() -> None:
    files = MemoryFiles()
    first = Harness(files=files)
    first.keep([0, 1, 2, 3, 7, 8, 9])
    first.cache.save()
    second = Harness(files=files)
    second.keep([0, 1, 2, 3, 7, 8, 5])
    assert second.num_found([0, 1, 2, 3, 7, 8, 9]) == 7
    assert second.num_found([0, 1, 2, 3, 7, 8, 5]) == 7
    second.check()


def test_loading_takes_only_what_nobody_refers_to() -> None:
    files = MemoryFiles()
    first = Harness(files=files)
    first.keep(numbers(0, 16))
    first.cache.save()
    second = Harness(num_blocks=4, files=files)
    busy = second.run(numbers(100, 108))
    table = second.open(numbers(0, 16))
    assert table.num_tokens == 8
    second.verify(busy)
    second.check()


def test_a_file_that_does_not_fit_is_ignored_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    files = MemoryFiles()
    harness = Harness(files=files)
    harness.keep(numbers(0, 8))
    harness.cache.save()
    for content in files.held.values():
        content.layers[0]["tokens"] = content.layers[0]["tokens"][:1]
    after = Harness(files=files)
    with caplog.at_level(logging.WARNING):
        assert after.num_found(numbers(0, 8)) == 0
        assert after.num_found(numbers(0, 8)) == 0
    assert len(caplog.records) == 1
    assert "another block size" in caplog.text
    assert after.cache.num_free_blocks == 32
    after.check()


def test_real_files_survive_the_process(tmp_path: Path) -> None:
    files = BlockFiles(tmp_path, "model", max_bytes=2**20)
    harness = Harness(num_blocks=6, files=files)
    harness.keep(numbers(0, 14))
    harness.keep(numbers(100, 117))  # evicts some of the first
    assert harness.cache.save(10)
    files.close()
    files = BlockFiles(tmp_path, "model", max_bytes=2**20)
    after = Harness(files=files)
    assert after.num_found(numbers(0, 14)) == 14
    assert after.num_found(numbers(100, 117)) == 17
    files.close()
