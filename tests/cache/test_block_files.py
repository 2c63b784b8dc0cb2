"""Block files: what comes back is what was written, whatever happens to the folder; and the folder stays bounded."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from proxy_inference_engine.cache import block_files, block_folder
from proxy_inference_engine.cache.block_files import BlockFiles

Layers = list[dict[str, np.ndarray]]
MAX_BYTES = 2**24


def key_of(number: int) -> bytes:
    return blake2b(number.to_bytes(8, "little"), digest_size=16).digest()


def layers_of(number: int, size: int = 64) -> Layers:
    rng = np.random.default_rng(number)
    return [
        {
            "keys": rng.random((2, size), dtype=np.float32),
            "values": rng.integers(0, 2**16, (2, size)).astype(np.uint16),
            "scales.0": rng.random((2, 3)).astype(np.float16),
        },
        {"state": rng.integers(0, 2**31, size).astype(np.uint32)},
    ]


def write(files: BlockFiles, number: int, parent: bytes = b"", size: int = 64) -> bool:
    return files.write_later(key_of(number), parent, (number, number + 1), layers_of(number, size))


def assert_same(layers: Layers, wanted: Layers) -> None:
    assert [set(layer) for layer in layers] == [set(layer) for layer in wanted]
    for layer, other in zip(layers, wanted, strict=True):
        for name, array in other.items():
            assert (layer[name].dtype, layer[name].shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(layer[name], array)


def paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("block-*.safetensors"))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def open_files(tmp_path: Path) -> Iterator[Callable[..., BlockFiles]]:
    opened: list[BlockFiles] = []

    def make(fingerprint: str = "model", **changes: int) -> BlockFiles:
        opened.append(BlockFiles(tmp_path / "blocks", fingerprint, **{"max_bytes": MAX_BYTES, **changes}))
        return opened[-1]

    yield make
    for files in opened:
        files.close(1.0)


@pytest.fixture
def folder(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> Path:
    """A folder with one block, number 1, after the parent b"root"."""
    files = open_files()
    assert write(files, 1, b"root")
    files.close()
    return tmp_path / "blocks"


def test_what_was_written_comes_back(open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    odd = [
        {"one": np.float32(3).reshape(()), "none": np.zeros((0, 4), np.int8), "turned": np.arange(6.0).reshape(2, 3).T},
        {},
    ]
    assert write(files, 1, b"root")
    assert files.write_later(key_of(2), key_of(1), (), odd)
    for restarted in (False, True):  # from the queue or the files, and after a restart
        again = open_files() if restarted else files
        assert key_of(1) in again
        assert key_of(3) not in again
        content = again.read(key_of(1))
        assert content is not None
        assert (content.key, content.parent, content.token_ids) == (key_of(1), b"root", (1, 2))
        assert_same(content.layers, layers_of(1))
        content = again.read(key_of(2))
        assert content is not None
        assert_same(content.layers, odd)
        assert again.children(b"root") == [(key_of(1), (1, 2))]
        assert again.children(key_of(1)) == [(key_of(2), ())]
        assert again.children(b"") == []
        assert again.read(key_of(3)) is None
        assert files.flush(5.0)
    assert files.num_written == 2


def test_mlx_reads_the_files_too(folder: Path) -> None:
    import mlx.core as mx

    arrays = mx.load(str(paths(folder)[0]))
    np.testing.assert_array_equal(np.array(arrays["layers.0.keys"]), layers_of(1)[0]["keys"])


def test_another_fingerprint_finds_nothing(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    other = open_files("other/model of any name \N{SNOWMAN}")
    assert key_of(1) not in other
    assert other.children(b"root") == []
    assert write(other, 1)
    assert other.flush(5.0)
    assert len(paths(folder)) == 2


def test_a_block_is_written_once(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    assert write(files, 1, b"root")
    assert files.flush(5.0)
    assert files.num_written == 0


def test_careless_callers_are_told(open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    with pytest.raises(ValueError, match="16 bytes"):
        files.write_later(b"short", b"", (), [])
    with pytest.raises(ValueError, match="complex64"):
        files.write_later(key_of(1), b"", (), [{"keys": np.zeros(1, np.complex64)}])


def test_leftovers_of_a_crash_are_removed_once_they_are_old(
    folder: Path, open_files: Callable[..., BlockFiles]
) -> None:
    old, young, other = folder / ".writing-a.safetensors", folder / ".writing-b.safetensors", folder / "notes.txt"
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 4000, time.time() - 4000))
    open_files()
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def test_a_flipped_byte_anywhere_is_found(folder: Path, tmp_path: Path) -> None:
    path = paths(folder)[0]
    whole = path.read_bytes()
    rng = random.Random(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(48), *rng.sample(range(header), 60), *rng.sample(range(header, len(whole)), 60), len(whole) - 1]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= rng.randrange(1, 256)
        path.write_bytes(damaged)
        assert BlockFiles(folder, "model", max_bytes=MAX_BYTES).read(key_of(1)) is None, place
        assert not path.exists(), place
        if place < header:
            path.write_bytes(damaged)
            # The tensors' checksum stands in the header but says nothing of the tokens.
            right = [[], [(key_of(1), (1, 2))]] if 45 <= place < 53 else [[]]
            assert BlockFiles(folder, "model", max_bytes=MAX_BYTES).children(b"root") in right, place


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 40, 100, -1, -100])
def test_a_truncated_file_is_removed_with_one_warning(
    folder: Path, open_files: Callable[..., BlockFiles], caplog: pytest.LogCaptureFixture, size: int
) -> None:
    path = paths(folder)[0]
    path.write_bytes(path.read_bytes()[:size])
    files = open_files()
    assert key_of(1) in files
    assert files.read(key_of(1)) is None
    assert files.read(key_of(1)) is None
    assert key_of(1) not in files
    assert not path.exists()
    assert len(warnings(caplog)) == 1


def test_bytes_behind_the_end_are_found(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    with paths(folder)[0].open("ab") as file:
        file.write(b"more")
    assert open_files().read(key_of(1)) is None
    assert paths(folder) == []


def forge(path: Path, change: Callable[[dict], None] | bytes, data: bytes | None = None) -> None:
    """Rewrite a file's header and give it right checksums, as an enemy would."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    data = whole[8 + length :] if data is None else data
    if isinstance(change, bytes):
        text = change
    else:
        header = json.loads(whole[8 : 8 + length])
        change(header)
        text = json.dumps(header, separators=(",", ":")).encode()
    raw_length = struct.pack("<Q", len(text))
    start = len(b'{"__metadata__":{"checksum":"')
    sums = f"{zlib.crc32(text[start + 16 :], zlib.crc32(raw_length)):08x}{zlib.crc32(data):08x}".encode()
    path.write_bytes(raw_length + text[:start] + sums + text[start + 16 :] + data)


def entry(**values: object) -> Callable[[dict], None]:
    return lambda header: header["layers.0.keys"].update(values)


def metadata(**values: object) -> Callable[[dict], None]:
    return lambda header: header["__metadata__"].update(values)


BEGIN = b'{"__metadata__":{"checksum":"0000000000000000"'


@pytest.mark.parametrize(
    "change",
    [
        entry(dtype="BF16"),
        entry(dtype=[]),
        entry(dtype="F64"),
        entry(shape=[2**62, 2**62]),
        entry(shape=[-2, -64]),
        entry(shape=[1] * 40),
        entry(shape=[True, 128]),
        entry(shape=7),
        entry(data_offsets=[0, 2**63]),
        entry(data_offsets=[-512, 0]),
        entry(data_offsets=[256, 768]),
        entry(data_offsets=[0.0, 512.0]),
        entry(data_offsets=[0]),
        entry(data_offsets=None),
        lambda header: header.update({"layers.0.again": dict(header["layers.0.keys"])}),
        lambda header: header.update({"layers.9.keys": header.pop("layers.0.keys")}),
        lambda header: header.update({"layers.-1.keys": header.pop("layers.0.keys")}),
        lambda header: header.update({"keys": header.pop("layers.0.keys")}),
        lambda header: header.pop("layers.0.keys"),
        lambda header: header.update({"layers.0.keys": []}),
        metadata(num_layers="100000000"),
        metadata(num_layers="-1"),
        metadata(num_layers=None),
        metadata(token_ids="1 x"),
        metadata(token_ids="4294967296"),
        metadata(token_ids="9" * 5000),
        metadata(token_ids=[1]),
        metadata(key="00"),
        metadata(key=5),
        metadata(parent="zz"),
        metadata(parent="00"),
        metadata(fingerprint="another"),
        metadata(format="pie-block-0" + "x" * 10000),
        lambda header: header["__metadata__"].pop("format"),
        BEGIN,
        BEGIN + b"}}",
        BEGIN + b"}," + b'"a":' + b"[" * 100_000,
        BEGIN + b'},"a":' + b"1" * 10_000 + b"}",
        BEGIN + b'},"\xff":1}',
    ],
)
def test_a_hostile_header_is_removed_with_one_warning(
    folder: Path,
    open_files: Callable[..., BlockFiles],
    caplog: pytest.LogCaptureFixture,
    change: Callable[[dict], None],
) -> None:
    path = paths(folder)[0]
    forge(path, change)
    files = open_files()
    assert files.read(key_of(1)) is None
    assert files.children(b"root") == []
    assert not path.exists()
    (warning,) = warnings(caplog)
    assert len(warning) < 600


def test_the_forger_of_these_tests_can_forge(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    forge(paths(folder)[0], metadata(token_ids="5 6"))
    assert open_files().children(b"root") == [(key_of(1), (5, 6))]


def test_a_huge_sparse_file_is_not_read(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    path = paths(folder)[0]
    os.truncate(path, 2**40)
    assert open_files().read(key_of(1)) is None
    assert not path.exists()


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_only_plain_files_are_opened(
    folder: Path, open_files: Callable[..., BlockFiles], caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path = paths(folder)[0]
    target = path.rename(folder / "target")
    {"pipe": os.mkfifo, "link": lambda path: path.symlink_to(target), "folder": os.mkdir}[kind](path)
    files = open_files()
    assert files.read(key_of(1)) is None
    assert files.read(key_of(1)) is None
    assert key_of(1) not in files
    assert target.exists()
    assert path.exists() == (kind == "folder")
    assert 1 <= len(warnings(caplog)) <= 2


def test_a_renamed_file_is_not_taken_for_another(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    path = paths(folder)[0]
    path.rename(path.with_name(path.name.replace(key_of(1).hex(), key_of(2).hex())))
    assert open_files().read(key_of(2)) is None
    assert paths(folder) == []


def test_the_least_recently_used_go_first(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    for number in range(8):
        assert write(files, number, size=1000)
        files.flush(5.0)
    size = paths(tmp_path / "blocks")[0].stat().st_size
    names = {
        number: next(p for p in paths(tmp_path / "blocks") if key_of(number).hex() in p.name) for number in range(8)
    }
    for number, path in names.items():  # written long ago, the first ones last
        os.utime(path, (time.time() - 1000 - number,) * 2)
    again = open_files(max_bytes=int(5.5 * size))
    assert again.read(key_of(7)) is not None  # the oldest, but used now
    assert open_files("other", max_bytes=int(5.5 * size)).num_bytes == 0  # measured only when it writes
    assert write(again, 100, size=1000)
    assert again.flush(5.0)
    left = {number for number in (*range(8), 100) if key_of(number) in again}
    assert left == {0, 1, 2, 7, 100}
    assert again.num_bytes == sum(path.stat().st_size for path in paths(tmp_path / "blocks")) <= 5.5 * size


def test_the_bound_covers_other_fingerprints(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> None:
    one, two = open_files("one", max_bytes=60_000), open_files("two", max_bytes=60_000)
    for number in range(10):
        assert write(one, number, size=1000)
        assert one.flush(5.0)
    time.sleep(1.1)
    assert write(two, 0, size=1000)
    assert two.flush(5.0)
    assert sum(path.stat().st_size for path in paths(tmp_path / "blocks")) <= 60_000
    assert key_of(0) in two


def test_a_prompts_first_blocks_are_removed_last(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    for number in range(2, 6):
        write(files, number)
    assert files.flush(5.0)
    long_ago = time.time() - 1000
    for path in paths(folder):
        os.utime(path, (long_ago, long_ago))
    again = open_files()
    for number in range(1, 6):
        assert again.read(key_of(number)) is not None
    times = [next(folder.glob(f"*{key_of(number).hex()}*")).stat().st_mtime_ns for number in range(1, 6)]
    assert times == sorted(times, reverse=True)
    assert times[-1] > (long_ago + 900) * 1e9
    assert len(set(times)) == 5


def test_a_file_is_touched_once_a_minute_at_most(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    path = paths(folder)[0]
    recently = time.time() - 30
    os.utime(path, (recently, recently))
    files = open_files()
    assert files.read(key_of(1)) is not None
    assert path.stat().st_mtime == pytest.approx(recently, abs=0.01)


def test_a_block_in_use_in_memory_can_keep_its_file(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    path = paths(folder)[0]
    os.utime(path, (time.time() - 1000,) * 2)
    files = open_files()
    assert files.touch(key_of(1))
    assert not files.touch(key_of(2))
    assert path.stat().st_mtime == pytest.approx(time.time(), abs=10)


def test_a_time_in_the_future_keeps_no_file(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    os.utime(paths(folder)[0], (time.time() + 10**8,) * 2)
    files = open_files(max_bytes=20_000)
    for number in range(2, 5):
        write(files, number, size=1000)
        assert files.flush(5.0)
    assert key_of(1) not in files
    assert key_of(4) in files


def test_files_that_vanish_are_a_miss_without_a_word(
    folder: Path, open_files: Callable[..., BlockFiles], caplog: pytest.LogCaptureFixture
) -> None:
    files = open_files()
    assert key_of(1) in files
    paths(folder)[0].unlink()
    assert files.read(key_of(1)) is None
    assert key_of(1) not in files
    assert write(files, 1, b"root")
    assert files.flush(5.0)
    assert files.num_written == 1
    paths(folder)[0].unlink()
    time.sleep(1.1)
    assert key_of(1) not in files
    assert warnings(caplog) == []


def test_reading_while_another_removes(folder: Path, open_files: Callable[..., BlockFiles]) -> None:
    files, stop = open_files(), threading.Event()
    whole = {number: layers_of(number, 300) for number in range(10, 20)}

    def disturb() -> None:
        rng = random.Random(1)
        while not stop.is_set():
            for path in rng.sample(found, k=3) if len(found := paths(folder)) > 3 else []:
                path.unlink(missing_ok=True)
            time.sleep(0.001)

    thread = threading.Thread(target=disturb)
    thread.start()
    num_read = 0
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        for number in whole:
            write(files, number, size=300)
            if (content := files.read(key_of(number))) is not None:
                assert_same(content.layers, whole[number])
                num_read += 1
        files.children(b"")
    stop.set()
    thread.join()
    assert num_read


class Stuck:
    """Holds the writer thread up inside its first write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        encode = block_files.encode

        def slow(*args):
            self.entered.set()
            self.release.wait(10)
            return encode(*args)

        monkeypatch.setattr(block_files, "encode", slow)


def test_a_full_queue_drops_and_counts(open_files: Callable[..., BlockFiles], monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck(monkeypatch)
    block = sum(array.nbytes for layer in layers_of(0) for array in layer.values())
    files = open_files(max_queued_bytes=2 * block)
    assert write(files, 0)
    assert stuck.entered.wait(5)
    assert write(files, 1)
    assert write(files, 1)  # already queued
    assert not write(files, 2)
    assert files.num_dropped == 1
    assert key_of(1) in files
    content = files.read(key_of(1))
    assert content is not None
    assert_same(content.layers, layers_of(1))
    assert not files.flush(0.01)
    stuck.release.set()
    assert files.flush(5.0)
    assert files.num_written == 2
    assert write(files, 2)


def test_whether_there_is_room_is_known_before(
    open_files: Callable[..., BlockFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck(monkeypatch)
    block = sum(array.nbytes for layer in layers_of(0) for array in layer.values())
    files = open_files(max_queued_bytes=2 * block)
    assert write(files, 0)
    assert stuck.entered.wait(5)
    assert files.can_take(block)
    assert not files.can_take(block + 1)
    assert not files.can_take(block + 1, 0.05)
    assert not files.refuses(block + 1)  # there is none now
    assert files.refuses(2 * block + 1)
    stuck.release.set()
    assert files.can_take(2 * block, 5.0)
    files.close()
    assert files.refuses(1)
    assert not files.can_take(1, 5.0)
    assert files.num_dropped == 0


def test_drops_are_told_once_in_a_while(
    open_files: Callable[..., BlockFiles], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files = open_files()
    for _ in range(5):
        files.drop()
    assert [message.split(" not ")[0] for message in warnings(caplog)] == ["1 blocks were"]
    files._log_drops_at = 0.0
    files.drop()
    files.drop()
    files.close()
    files.close()
    assert [message.split()[0] for message in warnings(caplog)] == ["1", "6", "7"]


def test_a_block_may_say_when_it_was_used(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> None:
    files = open_files(max_bytes=30_000)
    now_ns = time.time_ns()
    for number in range(10):
        files.write_later(key_of(number), b"", (number,), layers_of(number, 1000), now_ns - 1000 * number)
        assert files.flush(5.0)
    assert key_of(0) in files
    assert key_of(9) not in files
    path = next((tmp_path / "blocks").glob(f"*{key_of(0).hex()}*"))
    assert path.stat().st_mtime_ns == pytest.approx(now_ns, abs=1000)


def test_few_files_are_opened_to_learn_what_is_in_them(open_files: Callable[..., BlockFiles]) -> None:
    files = open_files()
    for number in range(40):
        write(files, number, b"root")
    assert files.flush(5.0)
    again = open_files()
    assert len(again.children(b"root")) == 16
    assert len(again.children(b"root", 1)) == 17
    assert len(again.children(b"root", 100)) == 40


def test_close_has_a_time_limit(
    open_files: Callable[..., BlockFiles], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = Stuck(monkeypatch)
    files = open_files()
    assert write(files, 0)
    assert stuck.entered.wait(5)
    assert write(files, 1)
    start = time.monotonic()
    files.close(0.05)
    assert time.monotonic() - start < 2
    assert (files.num_dropped, len(warnings(caplog))) == (1, 1)
    assert not write(files, 2)
    files.close(0.05)
    stuck.release.set()


def test_a_file_larger_than_the_folder_is_not_queued(open_files: Callable[..., BlockFiles]) -> None:
    files = open_files(max_bytes=100)
    assert not write(files, 1)
    assert files.num_dropped == 1


@pytest.mark.parametrize("failure", ["no folder", "disk full"])
def test_a_disk_that_refuses_is_reported_once(
    tmp_path: Path,
    open_files: Callable[..., BlockFiles],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: str,
) -> None:
    monkeypatch.setattr(block_files, "_RETRY_S", 0.0)
    files = open_files()
    if failure == "no folder":
        (tmp_path / "blocks").write_text("a file stands here")
    else:

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(block_folder.BlockFolder, "add", full)
    for number in range(5):
        write(files, number)
        assert files.flush(5.0)
    assert files.num_dropped == 5
    assert len(warnings(caplog)) == 1
    assert key_of(0) not in files
    if failure == "disk full":
        assert list((tmp_path / "blocks").iterdir()) == []
        monkeypatch.undo()
        files._retry_at = 0.0
    else:
        (tmp_path / "blocks").unlink()
    assert write(files, 9)
    assert files.flush(5.0)
    assert files.num_written == 1
    assert files.read(key_of(9)) is not None


def test_after_a_refusal_the_disk_is_left_alone(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> None:
    (tmp_path / "blocks").write_text("a file stands here")
    files = open_files()
    write(files, 0)
    assert files.flush(5.0)
    assert not write(files, 1)
    assert files.num_dropped == 2


def _other_process(folder: Path, first: int) -> None:
    files = BlockFiles(folder, "model", max_bytes=100_000)
    for number in range(first, first + 30):
        write(files, number, size=500)
        for known in range(0, 60, 7):
            content = files.read(key_of(known))
            if content is not None:
                assert_same(content.layers, layers_of(known, 500))
    files.close()


def test_two_processes_share_a_folder(tmp_path: Path, open_files: Callable[..., BlockFiles]) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_other_process, args=(tmp_path / "blocks", first)) for first in (0, 30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    files = open_files(max_bytes=100_000)
    assert write(files, 1000, size=500)
    assert files.flush(5.0)
    found = [number for number in range(60) if files.read(key_of(number)) is not None]
    assert 5 < len(found) < 30
    assert sum(path.stat().st_size for path in (tmp_path / "blocks").iterdir()) <= 100_000
    assert not list((tmp_path / "blocks").glob(".writing-*"))


def test_a_block_of_another_process_is_seen_within_a_second(open_files: Callable[..., BlockFiles]) -> None:
    reader, writer = open_files(), open_files()
    assert write(writer, 1)
    assert writer.flush(5.0)
    until = time.monotonic() + 3
    while key_of(1) not in reader and time.monotonic() < until:
        time.sleep(0.02)
    assert reader.read(key_of(1)) is not None
