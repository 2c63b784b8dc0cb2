"""PromptCache: tokens and layers move together, and reuse never changes the logits."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy_inference_engine import PromptCache, models
from proxy_inference_engine.cache import KVCache, PrefixPool, SlidingKVCache, disk
from proxy_inference_engine.models.base import Model

Ids = st.lists(st.integers(0, 3), min_size=1, max_size=40)  # a small alphabet, so that prefixes are shared


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    return models.load_model(tiny_folder)


def last_logits(model: Model, cache: PromptCache, ids: list[int]) -> np.ndarray:
    remaining = cache(ids)
    assert cache.computed_ids + remaining == ids
    assert len(remaining) >= 1
    logits = model(mx.array(remaining)[None], cache.cache, logits_to_keep=1)[0, -1]
    cache.update(remaining)
    assert cache.computed_ids == ids
    return np.array(logits)


def fresh_logits(model: Model, ids: list[int]) -> np.ndarray:
    return np.array(model(mx.array(ids)[None], logits_to_keep=1)[0, -1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompts=st.lists(Ids, min_size=1, max_size=6))
def test_any_sequence_of_prompts_gives_fresh_logits(model: Model, prompts: list[list[int]]) -> None:
    cache = PromptCache(model)
    for ids in prompts:
        np.testing.assert_allclose(last_logits(model, cache, ids), fresh_logits(model, ids), rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(
    ("first", "second", "num_kept"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4, 5], 4),
        ([1, 2, 3, 4], [1, 2, 3, 4], 3),
        ([1, 2, 3, 4], [1, 2, 3], 2),
        ([1, 2, 3, 4], [1, 2, 9], 2),
        ([1, 2, 3, 4], [9, 9], 0),
        ([1], [1], 0),
    ],
)
def test_the_longest_shared_prefix_is_kept(model: Model, first: list[int], second: list[int], num_kept: int) -> None:
    cache = PromptCache(model)
    last_logits(model, cache, first)
    assert cache(second) == second[num_kept:]
    assert cache.computed_ids == second[:num_kept]
    assert all(layer.num_tokens == num_kept for layer in cache.cache)


def test_an_array_gives_an_array(model: Model) -> None:
    remaining = PromptCache(model)(mx.array([5, 6, 7]))
    assert isinstance(remaining, mx.array)
    assert remaining.tolist() == [5, 6, 7]


def test_an_interrupted_step_leaves_a_usable_cache(model: Model) -> None:
    cache = PromptCache(model)
    last_logits(model, cache, [1, 2, 3])
    model(mx.array([[7, 7]]), cache.cache)  # computed, and then cancelled before `update`
    np.testing.assert_allclose(
        last_logits(model, cache, [1, 2, 3, 4]), fresh_logits(model, [1, 2, 3, 4]), rtol=2e-4, atol=2e-4
    )


def test_claiming_tokens_that_no_layer_holds_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="3 tokens are claimed, but there are no layers"):
        PromptCache().update([1, 2, 3])
    PromptCache().update([])
    cache = PromptCache(model)
    with pytest.raises(ValueError, match="layer 0 holds 0 tokens, not the 2 now claimed"):
        cache.update([1, 2])
    with pytest.raises(ValueError, match="prompt is empty"):
        cache([])


def test_a_fork_goes_its_own_way(model: Model) -> None:
    cache = PromptCache(model)
    last_logits(model, cache, [1, 2, 3])
    twin = cache.fork()
    a = last_logits(model, cache, [1, 2, 3, 4])
    b = last_logits(model, twin, [1, 2, 3, 5])
    np.testing.assert_allclose(a, fresh_logits(model, [1, 2, 3, 4]), rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(b, fresh_logits(model, [1, 2, 3, 5]), rtol=2e-4, atol=2e-4)


class TestOnDisk:
    def test_saved_and_found_again(self, model: Model, tmp_path: Path) -> None:
        cache = PromptCache(model, directory=tmp_path, fingerprint="abc")
        last_logits(model, cache, [1, 2, 3, 4, 5])
        path = cache.save()
        assert path is not None
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

        again = PromptCache(model, directory=tmp_path, fingerprint="abc")
        assert again.load_cached_prompt([1, 2, 3, 4, 9, 9]) == 4
        assert again([1, 2, 3, 4, 9, 9]) == [9, 9]
        again = PromptCache(model, directory=tmp_path, fingerprint="abc")
        again.load_cached_prompt([1, 2, 3, 4, 5, 6])
        np.testing.assert_array_equal(
            last_logits(model, again, [1, 2, 3, 4, 5, 6]), last_logits(model, cache, [1, 2, 3, 4, 5, 6])
        )

    def test_the_longest_match_wins_and_what_is_held_stays(self, model: Model, tmp_path: Path) -> None:
        for ids in ([1, 2], [1, 2, 3, 4], [1, 2, 3, 9, 9, 9]):
            cache = PromptCache(model, directory=tmp_path)
            last_logits(model, cache, ids)
            cache.save()
        cache = PromptCache(model, directory=tmp_path)
        assert cache.load_cached_prompt([1, 2, 3, 4, 5]) == 4
        held = cache.cache
        assert cache.load_cached_prompt([1, 2, 3, 4]) == 4
        assert cache.cache is held

    def test_another_models_file_is_never_used(self, model: Model, tmp_path: Path) -> None:
        cache = PromptCache(model, directory=tmp_path, fingerprint="abc")
        last_logits(model, cache, [1, 2, 3])
        cache.save()
        assert PromptCache(model, directory=tmp_path, fingerprint="other").load_cached_prompt([1, 2, 3, 4]) == 0

    @pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "garbage", "nested", "endless"])
    def test_a_damaged_file_is_ignored_with_a_warning(
        self, model: Model, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        cache = PromptCache(model, directory=tmp_path)
        last_logits(model, cache, [1, 2, 3])
        path = cache.save()
        assert path is not None
        data = bytearray(path.read_bytes())
        if damage == "flip":
            data[-3] ^= 1
        nested = b"[" * 200_000
        damaged = {
            "truncate": data[: len(data) // 2],
            "empty": b"",
            "garbage": b"\xff" * 400,
            "nested": len(nested).to_bytes(8, "little") + nested,
            "endless": b"\xff" * 7 + b"\x7f",
        }
        path.write_bytes(damaged.get(damage, data))
        fresh = PromptCache(model, directory=tmp_path)
        with caplog.at_level(logging.WARNING):
            assert fresh.load_cached_prompt([1, 2, 3, 4]) == 0
        assert f"ignoring the prompt cache file {path}" in caplog.text
        np.testing.assert_allclose(
            last_logits(model, fresh, [1, 2, 3]), fresh_logits(model, [1, 2, 3]), rtol=2e-4, atol=2e-4
        )

    @pytest.mark.parametrize("num_layers", ["999999999999", "-1", "0", "many"])
    def test_an_absurd_number_of_layers_is_refused(
        self, model: Model, tmp_path: Path, num_layers: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "writing.safetensors"
        metadata = {"format": "pie-prompt-cache-1", "fingerprint": "abc", "num_layers": num_layers}
        mx.save_safetensors(str(path), {"token_ids": mx.array([1, 2, 3], dtype=mx.int32)}, metadata)
        path.rename(tmp_path / f"abc-{hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()}.safetensors")
        cache = PromptCache(model, directory=tmp_path, fingerprint="abc")
        for _ in range(2):
            assert cache.load_cached_prompt([1, 2, 3]) == 0
        assert caplog.text.count("ignoring the prompt cache file") == 1

    def test_a_longer_prompt_replaces_what_it_begins_with(self, model: Model, tmp_path: Path) -> None:
        def save(ids: list[int], fingerprint: str = "abc") -> Path:
            cache = PromptCache(model, directory=tmp_path, fingerprint=fingerprint)
            last_logits(model, cache, ids)
            path = cache.save()
            assert path is not None
            return path

        other = save([1, 2], "abc-other")
        branch = save([1, 2, 9])
        save([1, 2])
        save([1, 2, 3])
        longest = save([1, 2, 3, 4])
        assert set(tmp_path.iterdir()) == {other, branch, longest}
        assert save([1, 2, 3, 4]).exists()
        assert len(list(tmp_path.iterdir())) == 3
        assert save([1, 2, 3]).exists()  # shorter than what is there: both stay
        assert longest.exists()

    def test_a_lookup_opens_only_new_files(self, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[Path] = []
        read = disk._read_token_ids
        monkeypatch.setattr(disk, "_read_token_ids", lambda path: (opened.append(path), read(path))[1])
        writer = PromptCache(model, directory=tmp_path)
        last_logits(model, writer, [1, 2, 3])
        first = writer.save()
        opened.clear()
        saved = disk.SavedPrompts(tmp_path, "unnamed")
        for _ in range(3):
            assert [entry.path for entry in saved.find([1, 2])] == [first]
        assert opened == [first]
        last_logits(model, writer, [7, 8])
        second = writer.save()  # by another cache, right after the folder was read
        opened.clear()
        assert [entry.path for entry in saved.find([7])] == [second]
        assert opened == [second]
        assert second is not None
        second.unlink()
        assert saved.find([7]) == []

    def test_a_crash_while_writing_leaves_no_file(
        self, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache = PromptCache(model, directory=tmp_path)
        last_logits(model, cache, [1, 2, 3])
        monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            cache.save()
        assert list(tmp_path.iterdir()) == []


class TestPrefixPool:
    def use(self, model: Model, pool: PrefixPool, ids: list[int]) -> int:
        """Serve a prompt through the pool; return how many tokens came from it."""
        cache = pool.acquire(ids)
        num_cached = len(ids) - len(cache(ids))
        np.testing.assert_allclose(last_logits(model, cache, ids), fresh_logits(model, ids), rtol=2e-4, atol=2e-4)
        pool.release(cache)
        return num_cached

    def test_the_next_turn_reuses_the_last(self, model: Model) -> None:
        pool = PrefixPool(model, budget_bytes=10**8)
        assert self.use(model, pool, [1, 2, 3, 4]) == 0
        assert self.use(model, pool, [1, 2, 3, 4, 5, 6]) == 4
        assert self.use(model, pool, [1, 2, 3, 4, 5, 6]) == 5
        assert len(pool) == 1

    def test_branches_of_one_prefix_are_both_kept(self, model: Model) -> None:
        pool = PrefixPool(model, budget_bytes=10**8)
        system = list(range(100))
        a, b = [*system, *range(50, 250)], [*system, *range(250, 50, -1)]
        assert self.use(model, pool, a) == 0
        assert self.use(model, pool, b) == 100
        assert self.use(model, pool, [*a, 1]) == len(a)
        assert self.use(model, pool, [*b, 1]) == len(b)

    def test_the_least_recently_used_is_dropped_first(self, model: Model) -> None:
        pool = PrefixPool(model, budget_bytes=10**8)
        self.use(model, pool, [1, 1, 1])
        one = pool.nbytes
        pool = PrefixPool(model, budget_bytes=2 * one)
        self.use(model, pool, [1, 1, 1])
        self.use(model, pool, [2, 2, 2])
        self.use(model, pool, [1, 1, 1, 1])
        self.use(model, pool, [3, 3, 3])
        assert pool.nbytes <= 2 * one
        assert self.use(model, pool, [1, 1, 1, 1, 5]) == 4
        assert self.use(model, pool, [2, 2, 2, 5]) == 0

    @pytest.mark.parametrize(
        ("num_shared", "is_loaded"),
        [(6, False), (31, False), (100, False), (199, False), (200, True), (800, True)],
    )
    def test_a_file_is_read_only_when_it_saves_enough(
        self, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_shared: int, is_loaded: bool
    ) -> None:
        ids = [token % 60 for token in range(800)]
        pool = PrefixPool(model, budget_bytes=10**8)
        cache = pool.acquire(ids)
        model(mx.array([cache(ids)]), cache.cache)
        cache.update(ids)
        pool.release(cache)
        assert len(pool.save(tmp_path)) == 1
        loads: list[Path] = []
        read = disk._read
        monkeypatch.setattr(disk, "_read", lambda path: (loads.append(path), read(path))[1])
        pool = PrefixPool(model, budget_bytes=10**8, directory=tmp_path)
        prompt = [*ids[:num_shared], 63, 63]
        assert len(pool.acquire(prompt)(prompt)) == (2 if is_loaded else len(prompt))
        assert len(loads) == is_loaded

    def test_what_is_held_counts_against_a_file(self, model: Model, tmp_path: Path) -> None:
        ids = [token % 60 for token in range(100)]
        writer = PromptCache(model)
        last_logits(model, writer, ids)
        writer.save(tmp_path)
        pool = PrefixPool(model, budget_bytes=10**8, directory=tmp_path, min_file_tokens=40)
        assert self.use(model, pool, [*ids[:30], 63]) == 0
        assert self.use(model, pool, [*ids[:65], 63]) == 30  # 35 more are in the file
        pool = PrefixPool(model, budget_bytes=10**8, directory=tmp_path, min_file_tokens=40)
        assert self.use(model, pool, [*ids[:65], 63]) == 65

    def test_an_unusable_folder_is_one_warning(self, model: Model, caplog: pytest.LogCaptureFixture) -> None:
        folder = Path("/dev/null/x")
        pool = PrefixPool(model, budget_bytes=10**8, directory=folder)
        assert self.use(model, pool, [1, 2, 3]) == 0
        assert self.use(model, pool, [2, 2, 3]) == 0
        assert pool.save(folder) == []
        assert len(caplog.records) == 1
        assert "prompt caches were not saved to /dev/null/x" in caplog.text

    def test_the_folder_is_bounded(self, model: Model, tmp_path: Path) -> None:
        others = [
            tmp_path / f"model-{'a' * 32}.safetensors",
            tmp_path / f"block-{'0' * 16}-{'1' * 16}-{'2' * 32}.safetensors",
        ]
        mx.save_safetensors(str(others[0]), {"weights": mx.zeros(1000)})
        others[1].write_bytes(bytes(10_000))
        for path in others:
            os.utime(path, (1000, 1000))
        prompts = [[first, *range(1, 60)] for first in range(5)]
        sizes = []
        for number, prompt in enumerate(prompts):
            writer = PrefixPool(
                model, budget_bytes=10**8, directory=tmp_path, fingerprint=f"model{number % 2}", max_file_bytes=10**6
            )
            self.use(model, writer, prompt)
            (path,) = writer.save()
            sizes.append(path.stat().st_size)
            os.utime(path, (2000 + number,) * 2)
        reader = PrefixPool(model, budget_bytes=10**8, directory=tmp_path, fingerprint="model0")
        assert self.use(model, reader, [*prompts[0], 63]) == 60  # the oldest, but used now
        limit = others[0].stat().st_size + int(3.5 * max(sizes))
        writer = PrefixPool(model, budget_bytes=10**8, directory=tmp_path, fingerprint="model0", max_file_bytes=limit)
        self.use(model, writer, [9, *range(1, 60)])
        assert len(writer.save()) == 1
        assert all(path.exists() for path in others)

        def is_found(number: int) -> bool:
            found = disk.SavedPrompts(tmp_path, f"model{number % 2}").find(prompts[number])
            return bool(found)

        assert [number for number in range(5) if is_found(number)] == [0, 4]

    def test_a_prompt_that_the_folder_cannot_hold_is_not_kept(self, model: Model, tmp_path: Path) -> None:
        pool = PrefixPool(model, budget_bytes=10**8, directory=tmp_path, max_file_bytes=100)
        self.use(model, pool, [1, 2, 3])
        assert pool.save() == []
        assert list(tmp_path.iterdir()) == []

    def test_no_budget_keeps_nothing(self, model: Model) -> None:
        pool = PrefixPool(model, budget_bytes=0)
        self.use(model, pool, [1, 2, 3])
        assert len(pool) == 0


def test_sliding_layers_restart_or_are_computed_anew() -> None:
    class Mixed:
        def make_cache(self) -> list[KVCache | SlidingKVCache]:
            return [KVCache(), SlidingKVCache(4, slack=8)]

    cache = PromptCache(Mixed())
    ids = list(range(2000))
    for start in range(0, 2000, 100):
        remaining = cache(ids[: start + 100])
        keys = mx.zeros((1, 1, len(remaining), 2))
        for layer in cache.cache:
            layer.update(keys, keys)
        cache.update(remaining)
    assert cache([*ids[:1995], 5000]) == [5000]
    assert cache([*ids[:10], 5000]) == [*ids[:10], 5000]  # long past the window: nothing to restart from
    assert cache.computed_ids == []


def test_a_file_whose_window_has_moved_on_does_not_replace_what_is_held(tmp_path: Path) -> None:
    class Sliding:
        def make_cache(self) -> list[SlidingKVCache]:
            return [SlidingKVCache(4, slack=8)]

    def compute(cache: PromptCache, ids: list[int]) -> None:
        for start in range(0, len(ids), 50):
            remaining = cache(ids[: start + 50])
            keys = mx.zeros((1, 1, len(remaining), 2))
            cache.cache[0].update(keys, keys)
            cache.update(remaining)

    ids = list(range(600))
    writer = PromptCache(Sliding(), directory=tmp_path)
    compute(writer, ids)
    writer.save()
    cache = PromptCache(Sliding(), directory=tmp_path)
    compute(cache, ids[:20])
    assert cache.load_cached_prompt([*ids[:100], 5000]) == 20
    assert cache([*ids[:100], 5000]) == [*ids[20:100], 5000]
    assert cache.load_cached_prompt(ids) == 600
    assert cache(ids) == ids[599:]
