"""The tokens of a request are the same alone and in any company: every family, the bundled model, packed caches,
restarts from disk, blocks and chunks of any size, the lazy back end, and after a fault in the pool's books."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence as Items
from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, demo_model_path, models
from proxy_inference_engine.cache import BlockFiles
from proxy_inference_engine.engine.core import EngineCore
from proxy_inference_engine.engine.request import GenerationRequest
from proxy_inference_engine.logits_processors import PenaltyParams
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.ops import backend
from proxy_inference_engine.types import End, TokenLogprob
from tests.engine import traffic
from tests.fakes import write_tiny_model
from tests.parity.reading import GOLDENS, build, read_golden

PER_FAMILY = (
    "llama_llama3_new",
    "mistral_window",
    "qwen2_window_yarn_old",
    "qwen3_window_bias",
    "qwen3_moe_mixed",
    "gemma2_low_caps",
    "gemma3_old",
    "phi3_window",
    "smollm3_window",
)

LONGEST = 60
"""Of the prompts: several times the windows of the families that have one."""


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    return models.load_model(tiny_folder)


@pytest.fixture(scope="module")
def requests(model: Model) -> list[GenerationRequest]:
    return traffic.make_requests(random.Random(11), model.config.vocab_size, 12, longest=90)


@pytest.fixture(scope="module")
def expected(model: Model, requests: list[GenerationRequest]) -> list[tuple[int, ...]]:
    return traffic.alone(model, requests)


def ends(core: EngineCore, requests: Items[GenerationRequest], *, together: bool) -> list[End]:
    """The requests' ends, all queued at once or one after the other."""
    runs = []
    for request in requests:
        runs.append(traffic.add(core, request))
        if not together:
            traffic.drain(core)
    traffic.drain(core)
    traffic.memory_of(core).check()
    found = []
    for run in runs:
        assert isinstance(run.end, End), run.end
        found.append(run.end)
    return found


def tokens(found: Items[End]) -> list[tuple[int, ...]]:
    return [end.token_ids for end in found]


@pytest.mark.parametrize("name", PER_FAMILY)
def test_every_family_says_in_traffic_what_it_says_alone(name: str) -> None:
    golden = read_golden(next(path for path in GOLDENS if path.stem == name))
    family = build(golden.config, golden.weights)
    layouts = family.kv_layout()
    assert layouts is not None
    if "sliding_window" in str(golden.config):
        assert 0 < min(layout.window or LONGEST for layout in layouts) < LONGEST // 3
    requests = traffic.make_requests(random.Random(1), family.config.vocab_size, 10, longest=LONGEST)
    expected = traffic.alone(family, requests)
    core = traffic.paged(family, num_blocks=15, chunk=24, speculates=True)
    counts = traffic.random_traffic(core, requests, expected, random.Random(3), num_steps=50)
    assert counts["ended"] > 10
    assert counts["cached"] > 0


class TestTheBundledModel:
    QUESTIONS = ("Who are you?", "Hello! What can you do?", "Who are you? Say it twice.")
    OPTIONS = ({"temperature": 0}, {"temperature": 0.8, "seed": 5}, {"temperature": 1.0, "top_p": 0.9, "seed": 6})

    @staticmethod
    async def say(engine: InferenceEngine, conversation: list, options: dict):
        return await engine.chat(conversation, max_new_tokens=16, logprobs=2, **options)

    async def two_turns(self, engine: InferenceEngine, index: int) -> tuple[list[list[int]], int]:
        """The tokens of two replies, and how many tokens of the second prompt were held."""
        options = self.OPTIONS[index]
        conversation: list = [{"role": "user", "content": self.QUESTIONS[index]}]
        first = await self.say(engine, conversation, options)
        conversation += [first, {"role": "user", "content": "Tell me more."}]
        second = await self.say(engine, conversation, options)
        ids = [[entry.token_id for entry in reply.logprobs] for reply in (first, second)]
        return ids, second.usage.num_cached_tokens

    async def test_alone_together_and_on_the_next_turn(self) -> None:
        indices = range(len(self.QUESTIONS))
        with InferenceEngine(demo_model_path(), speculation=False, prefix_cache_bytes=0) as plain:
            alone = [await self.two_turns(plain, index) for index in indices]
        assert all(num_cached == 0 for _, num_cached in alone)
        with InferenceEngine(demo_model_path(), prefill_chunk=16, block_size=8) as engine:
            together = await asyncio.gather(*(self.two_turns(engine, index) for index in indices))
            again = [await self.two_turns(engine, index) for index in indices]
        for served in (together, again):
            assert [ids for ids, _ in served] == [ids for ids, _ in alone]
            assert all(num_cached > 16 for _, num_cached in served)

    @pytest.mark.parametrize(("kind", "tolerance"), [("int8", 0.1), ("int4", 1.0)])
    async def test_packed_caches(self, kind: str, tolerance: float) -> None:
        """See `TestPackedCaches` for why the replies may part where two tokens are nearly as probable."""
        conversations = [[{"role": "user", "content": question}] for question in self.QUESTIONS]
        with InferenceEngine(
            demo_model_path(), kv_cache_dtype=kind, speculation=False, prefix_cache_bytes=0, max_num_sequences=1
        ) as plain:
            alone = [await self.say(plain, conversation, self.OPTIONS[0]) for conversation in conversations]
        with InferenceEngine(demo_model_path(), kv_cache_dtype=kind, prefill_chunk=16, block_size=8) as engine:
            for _ in range(2):
                say = (self.say(engine, conversation, self.OPTIONS[0]) for conversation in conversations)
                replies = await asyncio.gather(*say)
                for one, other in zip(alone, replies, strict=True):
                    assert_close(one.logprobs, other.logprobs, tolerance)
        assert all(reply.usage.num_cached_tokens > 8 for reply in replies)


class TestPackedCaches:
    """The codes of a key depend on how its sums were rounded, and that on how many rows were multiplied together: a
    value at the border of two codes goes to either side. In the first layer that does not happen here, because what
    goes into it are products too small for BLAS, each row by itself. So a model of one layer must give the same tokens
    in any company; a deeper one the same log probabilities, to within the size of a few codes, as long as the tokens
    before are the same, and another token only where two are that close."""

    @staticmethod
    def alone(model: Model, bits: int, requests: Items[GenerationRequest]) -> list[End]:
        """In an engine of that packing, one at a time, nothing reused, prompts whole."""
        core = traffic.paged(model, num_blocks=40, bits=bits, chunk=10_000, max_idle_bytes=0, max_num_sequences=1)
        found = ends(core, requests, together=False)
        assert not any(end.usage.num_cached_tokens for end in found)
        return found

    @pytest.mark.parametrize("bits", [8, 4])
    @pytest.mark.parametrize("kind", ["blas", "mlx"])
    def test_one_layer_is_the_same_in_any_traffic(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, kind: str
    ) -> None:
        monkeypatch.setenv(backend.ENV_NAME, kind)
        monkeypatch.setattr(backend, "MIN_PRODUCTS", 1 << 40)
        model = models.load_model(write_tiny_model(tmp_path / "m", head_dim=32, num_hidden_layers=1))
        requests = traffic.make_requests(random.Random(2), model.config.vocab_size, 10, longest=LONGEST)
        expected = tokens(self.alone(model, bits, requests))
        core = traffic.paged(model, num_blocks=15, bits=bits, chunk=24, speculates=True)
        counts = traffic.random_traffic(core, requests, expected, random.Random(4), num_steps=60, preempts=0.2)
        assert counts["ended"] > 10
        assert counts["preempted"] > 0
        assert counts["cached"] > 0

    @pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.05), (4, 0.5)])
    def test_more_layers_differ_by_rounding_alone(self, tmp_path: Path, bits: int, tolerance: float) -> None:
        model = models.load_model(write_tiny_model(tmp_path / "m", head_dim=32, num_hidden_layers=2))
        rng = random.Random(3)
        stem = [rng.randrange(250) for _ in range(40)]
        requests = [
            GenerationRequest(
                prompt_ids=tuple(stem[: rng.choice((0, 20, 40))] + [rng.randrange(250) for _ in range(15)]),
                max_new_tokens=20,
                sampling=traffic.GREEDY,
                penalties=PenaltyParams(),
                seed=1,
                logprobs=2,
                wants_text=False,
            )
            for _ in range(10)
        ]
        alone = self.alone(model, bits, requests)
        num_equal = 0
        for chunk, num_blocks in ((7, 30), (64, 400)):
            core = traffic.paged(model, num_blocks=num_blocks, bits=bits, chunk=chunk)
            for _ in range(2):  # the second time with prefix hits
                found = ends(core, requests, together=True)
                for one, other in zip(alone, found, strict=True):
                    assert_close(one.logprobs, other.logprobs, tolerance)
                    num_equal += one.token_ids == other.token_ids
            assert any(end.usage.num_cached_tokens for end in found)
        assert num_equal > 0.8 * 4 * len(requests)


def assert_close(one: Items[TokenLogprob] | None, other: Items[TokenLogprob] | None, tolerance: float) -> None:
    """Greedy replies are equal up to a token where the best two are nearly as probable as each other."""
    assert one
    assert other
    for a, b in zip(one, other, strict=False):
        if a.token_id != b.token_id:
            assert a.top[0][1] - a.top[1][1] < tolerance
            return
        assert a.logprob == pytest.approx(b.logprob, abs=tolerance)
    assert len(one) == len(other)


class TestRestart:
    """An engine that is closed leaves its blocks in files, where the next one finds them."""

    @staticmethod
    def files(folder: Path) -> BlockFiles:
        return BlockFiles(folder, "tiny", max_bytes=2**28)

    @pytest.mark.parametrize("kind", ["blas", "mlx"])
    def test_the_same_tokens_and_no_prompt_computed_again(
        self,
        model: Model,
        requests: list[GenerationRequest],
        expected: list[tuple[int, ...]],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
    ) -> None:
        monkeypatch.setenv(backend.ENV_NAME, kind)
        core = traffic.paged(model, num_blocks=400, files=self.files(tmp_path))
        traffic.random_traffic(core, requests, expected, random.Random(5), num_steps=20)
        assert tokens(ends(core, requests, together=True)) == expected
        traffic.memory_of(core).shut()
        # Nothing stays in memory, so that whatever is found comes from files.
        after = traffic.paged(model, num_blocks=40, files=self.files(tmp_path), max_idle_bytes=0)
        found = ends(after, requests, together=False)
        assert tokens(found) == expected
        for end in found:
            assert end.usage.num_cached_tokens == end.usage.num_prompt_tokens - 1
        traffic.memory_of(after).shut()

    @pytest.mark.parametrize("bits", [8, 4])
    def test_packed_blocks(self, tmp_path: Path, bits: int) -> None:
        model = models.load_model(write_tiny_model(tmp_path / "m", head_dim=32, num_hidden_layers=1))
        requests = traffic.make_requests(random.Random(2), model.config.vocab_size, 8, longest=LONGEST)
        expected = tokens(TestPackedCaches.alone(model, bits, requests))
        for _ in range(2):
            core = traffic.paged(model, num_blocks=40, bits=bits, files=self.files(tmp_path / "f"), max_idle_bytes=0)
            found = ends(core, requests, together=False)
            assert tokens(found) == expected
            traffic.memory_of(core).shut()
        assert all(end.usage.num_cached_tokens == end.usage.num_prompt_tokens - 1 for end in found)

    def test_damaged_arrays_are_not_used(
        self, model: Model, requests: list[GenerationRequest], expected: list[tuple[int, ...]], tmp_path: Path
    ) -> None:
        core = traffic.paged(model, num_blocks=400, files=self.files(tmp_path))
        ends(core, requests[:5], together=True)
        traffic.memory_of(core).shut()
        paths = list(tmp_path.glob("*.safetensors"))
        assert len(paths) > 5
        for path in paths:
            content = path.read_bytes()
            path.write_bytes(content[:-400] + random.Random(7).randbytes(400))
        after = traffic.paged(model, num_blocks=40, files=self.files(tmp_path), max_idle_bytes=0, max_num_sequences=1)
        first = ends(after, requests[:1], together=False)
        assert first[0].usage.num_cached_tokens == 0
        assert tokens(first + ends(after, requests[1:5], together=False)) == expected[:5]
        traffic.memory_of(after).shut()

    def test_a_tiny_pool_spills_and_damaged_files_are_as_good_as_none(
        self,
        model: Model,
        requests: list[GenerationRequest],
        expected: list[tuple[int, ...]],
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        rng = random.Random(6)
        for _ in range(2):
            files = self.files(tmp_path)
            core = traffic.paged(model, num_blocks=20, chunk=24, files=files, speculates=True)
            for _ in range(3):
                counts = traffic.random_traffic(core, requests, expected, rng, num_steps=20)
                assert counts["cached"] > 0
                assert files.flush(10)
                damage(tmp_path, rng)
            assert files.num_written > 0
            traffic.memory_of(core).shut()
            damage(tmp_path, rng)
        removed = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert removed
        assert not [record for record in caplog.records if record.levelno > logging.WARNING]


def damage(folder: Path, rng: random.Random) -> None:
    """Spoil one in four of the files there, each in its own way."""
    for path in sorted(folder.iterdir()):
        if not path.is_file() or rng.random() > 0.25:
            continue
        content = bytearray(path.read_bytes())
        place = rng.randrange(max(len(content), 1))
        way = rng.choice(("flip", "cut", "empty", "other", "gone"))
        if way == "gone":
            path.unlink()
            continue
        if way == "flip" and content:
            content[place : place + 200] = rng.randbytes(len(content[place : place + 200]))
        elif way == "cut":
            del content[place:]
        elif way == "empty":
            content.clear()
        elif way == "other":
            other = rng.choice([other for other in sorted(folder.iterdir()) if other.is_file()])
            content = bytearray(other.read_bytes())
        path.write_bytes(content)


@pytest.mark.parametrize("block_size", [8, 16, 32, 64])
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_blocks_and_chunks_of_any_size(
    model: Model,
    requests: list[GenerationRequest],
    expected: list[tuple[int, ...]],
    block_size: int,
    chunk: int,
) -> None:
    requests, expected = requests[:8], expected[:8]
    core = traffic.paged(model, num_blocks=1600 // block_size, block_size=block_size, chunk=chunk)
    for _ in range(2):  # the second time with prefix hits
        found = ends(core, requests, together=True)
        assert tokens(found) == expected
    assert any(end.usage.num_cached_tokens > block_size // 2 for end in found)


@pytest.mark.parametrize("speculates", [False, True])
def test_the_lazy_back_end(
    model: Model,
    requests: list[GenerationRequest],
    expected: list[tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
    speculates: bool,
) -> None:
    monkeypatch.setenv(backend.ENV_NAME, "mlx")
    core = traffic.paged(model, num_blocks=18, chunk=24, speculates=speculates)
    assert not traffic.memory_of(core).is_eager
    counts = traffic.random_traffic(core, requests, expected, random.Random(8), num_steps=40, preempts=0.2)
    assert counts["ended"] > 10
    assert counts["preempted"] > 0
    assert counts["cached"] > 0


class TestRest:
    """What an engine does when nothing is asked of it."""

    def test_a_broken_book_is_found_and_the_engine_goes_on(
        self,
        model: Model,
        requests: list[GenerationRequest],
        expected: list[tuple[int, ...]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        core = traffic.paged(model, num_blocks=60)
        memory = traffic.memory_of(core)
        assert tokens(ends(core, requests, together=True)) == expected
        requests, expected = requests[:5], expected[:5]
        for block in (0, 7):  # one that is used for ever, one that is given away too soon
            memory.cache._pool.references[block] += 1 if block else -1
            memory._checked_at = -1e9
            caplog.clear()
            with caplog.at_level(logging.ERROR):
                assert core.rest()
            assert [record.levelname for record in caplog.records] == ["ERROR"]
            assert "references" in caplog.text
            memory.check()
            assert memory.cache.num_free_blocks == memory.cache.num_blocks
            assert tokens(ends(core, requests, together=True)) == expected
        memory._checked_at = -1e9
        caplog.clear()
        assert core.rest()
        assert not caplog.records

    def test_idle_blocks_are_written(
        self, model: Model, requests: list[GenerationRequest], expected: list[tuple[int, ...]], tmp_path: Path
    ) -> None:
        core = traffic.paged(model, num_blocks=400, files=TestRestart.files(tmp_path))
        requests, expected = requests[:7], expected[:7]
        ends(core, requests, together=True)
        deadline = time.monotonic() + 30
        while not core.rest():
            assert time.monotonic() < deadline, "rest never ends"
        # The first engine is not closed: it may have ended in any way.
        after = traffic.paged(model, num_blocks=40, files=TestRestart.files(tmp_path), max_idle_bytes=0)
        found = ends(after, requests, together=False)
        assert tokens(found) == expected
        assert all(end.usage.num_cached_tokens == end.usage.num_prompt_tokens - 1 for end in found)
        for opened in (core, after):
            traffic.memory_of(opened).shut()

    async def test_the_engine_thread_rests_by_itself(
        self, tiny_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        options = {"temperature": 0.7, "seed": 3, "max_new_tokens": 10, "ignore_stop_tokens": True}
        with InferenceEngine(tiny_folder, prompt_cache_dir=tmp_path, kv_cache_bytes=2**20) as engine:
            expected, _ = await engine.generate(range(60), **options)
            memory = traffic.memory_of(engine._open().core)

            def spoil() -> None:
                memory.cache._pool.references[3] += 1
                memory._checked_at = -1e9

            with caplog.at_level(logging.ERROR):
                engine._thread.call(spoil).result()
                await until(lambda: "the books of the pool do not agree" in caplog.text)
            for _ in range(2):
                got, _ = await engine.generate(range(60), **options)
                assert got.tolist() == expected.tolist()
            await until(lambda: any(tmp_path.rglob("*.safetensors")))


async def until(is_so, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.05)
