"""The paged cache with files: what memory forgets is found on disk."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, models
from proxy_inference_engine.cache.block_files import BlockFiles
from proxy_inference_engine.engine.loading import LoadedModel
from proxy_inference_engine.engine.paged_memory import PagedMemory
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.tokenizer import Tokenizer
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
    assert [second.extend(table, prompt) for _ in range(3)] == [4, 6, 0]
    second.check()


def test_all_sequences_of_a_step_share_what_may_be_loaded() -> None:
    files = MemoryFiles()
    first = Harness(files=files)
    prompts = [numbers(100 * i, 100 * i + 21) for i in range(4)]
    for prompt in prompts:
        first.keep(prompt)
    first.cache.save()
    second = Harness(files=files, max_load_blocks=3)
    tables = [second.open(prompt) for prompt in prompts]
    assert [table.num_tokens for table in tables] == [12, 4, 4, 4]  # one each, or it would seem that there is no more
    second.cache.plan([])
    assert [second.extend(table, prompt) for table, prompt in zip(tables, prompts, strict=True)] == [8, 4, 4, 4]
    assert second.extend(tables[3], prompts[3]) == 12  # a step without a plan: nobody computes
    second.check()


def test_loading_stops_when_its_time_in_a_step_is_over() -> None:
    files = MemoryFiles()
    first = Harness(files=files)
    prompts = [numbers(0, 17), numbers(100, 117)]
    for prompt in prompts:
        first.keep(prompt)
    first.cache.save()
    read = files.read
    files.read = lambda key: (time.sleep(0.03), read(key))[1]
    second = Harness(files=files, max_load_s=0.05)
    tables = [second.open(prompt) for prompt in prompts]
    assert [table.num_tokens for table in tables] == [8, 4]
    second.cache.begin_step()
    assert second.extend(tables[1], prompts[1]) == 8


def test_few_files_are_opened_to_see_what_is_in_them_and_fewer_when_a_step_has_loaded_enough() -> None:
    files = MemoryFiles()
    second = Harness(files=files)
    second.open(numbers(0, 3))
    assert files.num_opened == [16]
    first = Harness(files=files)
    first.keep(numbers(0, 4))
    first.cache.save()
    files.num_opened.clear()
    second = Harness(files=files, max_load_blocks=1)
    second.open(numbers(0, 8))
    second.open(numbers(100, 103))
    assert files.num_opened == [1]


def fill_with_chains(harness: Harness, num_chains: int, num_tokens: int = 8) -> list[list[int]]:
    chains = [numbers(1000 * i, 1000 * i + num_tokens) for i in range(num_chains)]
    for chain in chains:
        harness.keep(chain)
    return chains


def test_a_reservation_evicts_little_more_than_it_needs() -> None:
    for files, most in ((None, 70), (MemoryFiles(), 15)):
        harness = Harness(num_blocks=4000, files=files)
        fill_with_chains(harness, 1, 4 * 4000)
        assert harness.cache.idle_bytes == harness.cache.nbytes
        harness.run(numbers(-24, 0))
        assert 6 <= 4000 - harness.cache.idle_bytes // harness.cache.bytes_per_block <= most


def test_nothing_is_copied_for_a_full_queue_or_a_disk_that_refuses() -> None:
    files = MemoryFiles(room=2)
    harness = Harness(num_blocks=16, files=files)
    fill_with_chains(harness, 8)
    harness.keep(numbers(-16, 0))
    assert (harness.store.num_read, len(files.held)) == (2, 2)
    assert files.num_dropped >= 2
    files.refusing = True
    files.flush(0)
    harness.keep(numbers(-116, -100))
    assert not harness.cache.save(1)
    assert harness.cache.save_some(1)  # nothing can be done for now
    assert harness.store.num_read == 2
    assert harness.cache.num_unsaved_blocks > 0
    files.refusing = False
    assert harness.cache.save(1)
    assert harness.cache.num_unsaved_blocks == 0


def test_saving_a_little_at_a_time_ends_and_reaches_what_is_new() -> None:
    files = MemoryFiles()
    harness = Harness(num_blocks=2000, files=files)
    fill_with_chains(harness, 400)
    num_calls = 1
    while not harness.cache.save_some(0.001):
        num_calls += 1
        assert num_calls < 10_000
    assert len(files.held) == harness.store.num_read == 800
    asked: list[bytes] = []
    files.touch = lambda key, used_ns=None: asked.append(key) or key in files
    harness.keep(numbers(-8, 0))
    assert harness.cache.save_some(1)
    assert len(asked) == 2
    assert harness.store.num_read == 802
    harness.run(numbers(-20, 0))  # the pool has free blocks: nothing is evicted
    harness.cache.evict_idle(0)
    assert harness.store.num_read == 802  # all was on file


def test_what_is_written_ahead_is_what_goes_next() -> None:
    files = MemoryFiles(room=3)
    harness = Harness(files=files)
    fill_with_chains(harness, 4)
    assert not harness.cache.save_some(1)
    assert [content.token_ids[0] for content in files.held.values()] == [4, 0, 1004]


def test_the_end_writes_the_latest_chains_first_and_each_from_its_start() -> None:
    files = MemoryFiles()
    harness = Harness(files=files)
    fill_with_chains(harness, 3)
    assert harness.cache.save()
    assert [content.token_ids[0] for content in files.held.values()] == [2000, 2004, 1000, 1004, 0, 4]
    used = list(files.used.values())
    assert used == sorted(used, reverse=True)  # what was written first is removed last
    assert len(set(used)) == 6


def test_the_end_says_how_much_is_left() -> None:
    files = MemoryFiles(room=2)
    files.flush = lambda timeout_s: False
    harness = Harness(files=files)
    fill_with_chains(harness, 3)
    assert not harness.cache.save(0.01)
    assert harness.cache.num_unsaved_blocks == 4
    assert {content.token_ids[0] for content in files.held.values()} == {2000, 2004}


def test_the_end_writes_no_more_than_the_folder_holds() -> None:
    files = MemoryFiles(max_bytes=3 * 8 * 4)
    harness = Harness(files=files)
    fill_with_chains(harness, 3)
    assert harness.cache.save()
    assert [content.token_ids[0] for content in files.held.values()] == [2000, 2004, 1000]


def test_what_a_failed_write_lost_is_written_later() -> None:
    files = MemoryFiles()
    harness = Harness(files=files)
    fill_with_chains(harness, 3)
    assert harness.cache.save_some(1)
    files.held.clear()
    assert harness.cache.save_some(1)
    assert not files.held
    files.num_failures += 1
    assert harness.cache.save_some(1)
    assert len(files.held) == 6
    harness.check()


def test_a_folder_that_cannot_be_written_costs_one_try(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    harness = Harness(num_blocks=600, files=BlockFiles(tmp_path / "file", "model", max_bytes=2**20))
    fill_with_chains(harness, 250)
    assert not harness.cache.save(5)
    harness.store.num_read = 0
    for _ in range(3):
        assert harness.cache.save_some(0.02)
        assert not harness.cache.save(0.02)
    assert harness.store.num_read == 0
    assert harness.cache.num_unsaved_blocks == 500
    assert len(caplog.records) == 1


def test_a_shut_memory_says_what_was_left(caplog: pytest.LogCaptureFixture) -> None:
    files = MemoryFiles(room=2)
    files.refusing = True
    files.directory, files.close = Path("folder"), lambda: None
    harness = Harness(files=files)
    memory = PagedMemory(None, harness.cache, is_eager=True, files=files)
    fill_with_chains(harness, 3)
    assert memory.rest()
    memory.shut()
    assert "6 blocks of computed prompts were not written to folder" in caplog.text


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


def test_a_model_without_a_name_shares_no_files(tiny_folder: Path, tmp_path: Path) -> None:
    def load() -> LoadedModel:
        return LoadedModel(models.load_model(tiny_folder), Tokenizer.from_folder(tiny_folder))

    with pytest.raises(RequestError, match=r"prompt_cache_dir.*give LoadedModel a fingerprint") as caught:
        InferenceEngine(load, prompt_cache_dir=tmp_path, kv_cache_bytes=2**20)
    assert caught.value.param == "prompt_cache_dir"
    with InferenceEngine(load, kv_cache_bytes=2**20):
        pass  # without a folder there is nothing to confuse
