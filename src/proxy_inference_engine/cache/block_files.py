"""Blocks of keys and values as files, so that they outlive the memory they were computed in, and the process.

One file a block, found by its key; written by one background thread, read by the caller. What cannot be written is
dropped and what cannot be read is as good as absent: no state of the disk stops the engine. Knows no pool and no MLX.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path

from proxy_inference_engine.cache.block_folder import KEY_BYTES, TEMPORARY_PREFIX, BlockFile, BlockFolder, tag
from proxy_inference_engine.cache.block_format import (
    UNREADABLE,
    Array,
    BlockContent,
    BlockHeader,
    check_dtypes,
    encode,
    read_block,
    read_header,
)

__all__ = ["BlockContent", "BlockFiles"]

logger = logging.getLogger(__name__)

_RETRY_S = 60.0
_DROPS_LOGGED_EVERY_S = 60.0
_MAX_HEADERS_A_CALL = 16


class BlockFiles:
    """The block files of the model called `fingerprint` in `directory`, which need not exist before the first write.

    The fingerprint names all that decides what is in an array: weights, number format of the cache, size of a block.
    `max_bytes` bounds the files of all fingerprints in the folder; those that were used least recently go first. At
    most `max_queued_bytes` wait to be written. Several processes may share a folder. Methods are for one thread.
    """

    def __init__(
        self, directory: Path, fingerprint: str, *, max_bytes: int, max_queued_bytes: int = 256 * 2**20
    ) -> None:
        self.fingerprint = fingerprint
        self.max_queued_bytes = max_queued_bytes
        self.num_written = 0
        self.num_dropped = 0
        self.num_failures = 0  # writes that failed, and took the queue with them
        self._num_drops_logged = 0
        self._log_drops_at = 0.0
        self._folder = BlockFolder(Path(directory), tag(fingerprint.encode()), max_bytes=max_bytes)
        self._changed = threading.Condition()  # guards all below
        self._queue: deque[tuple[BlockContent, int | None]] = deque()  # with the time it was used
        self._pending: dict[bytes, BlockContent] = {}  # in the queue or being written: as good as on file
        self._queued_bytes = 0
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failed = False  # said so; until a write succeeds
        self._retry_at = 0.0

    @property
    def directory(self) -> Path:
        """Where the files are."""
        return self._folder.directory

    @property
    def max_bytes(self) -> int:
        """The most bytes of the files of all fingerprints."""
        return self._folder.max_bytes

    @property
    def num_bytes(self) -> int:
        """Bytes of the files of all fingerprints, as far as they were measured."""
        return self._folder.num_bytes

    def __contains__(self, key: object) -> bool:
        """Whether `read` is likely to succeed. Costs a look-up in memory."""
        return isinstance(key, bytes) and (key in self._pending or self._folder.find(key) is not None)

    def touch(self, key: bytes, used_ns: int | None = None) -> bool:
        """Like `key in files`, and says that the block was used, so that its file is not among the next to go.

        `used_ns` is when, in nanoseconds since the epoch; None is now.
        """
        if key in self._pending:
            return True
        file = self._folder.find(key)
        return file is not None and self._folder.touch(file, time.time_ns() if used_ns is None else used_ns)

    def read(self, key: bytes) -> BlockContent | None:
        """The block of this key, every byte checked; None when there is none, or it was damaged.

        A damaged or foreign file is removed, with one warning. The arrays are read-only.
        """
        if (content := self._pending.get(key)) is not None:
            return content
        file = self._folder.find(key)
        if file is None:
            return None
        content = self._folder.read(file, partial(self._read_block, file), UNREADABLE)
        if content is not None:
            self._folder.touch(file)
        return content

    def children(self, parent: bytes, max_opened: int = _MAX_HEADERS_A_CALL) -> list[tuple[bytes, tuple[int, ...]]]:
        """Key and tokens of the blocks on file, full or partial, that follow `parent`.

        At most `max_opened` files are opened: of many that are new, some are only found by later calls.
        """
        found = {key: content.token_ids for key, content in self._snapshot() if content.parent == parent}
        num_opened = 0
        for file in self._folder.children(parent):
            if file.key in found:
                continue
            if file.token_ids is None:
                if num_opened == max_opened:
                    continue
                num_opened += 1
                header = self._folder.read(file, partial(self._read_header, file), UNREADABLE)
                if header is None:
                    continue
                file.token_ids = header.token_ids
            found[file.key] = file.token_ids
        return list(found.items())

    def refuses(self, num_bytes: int) -> bool:
        """Whether a block of so many bytes is dropped even when the queue is empty: closed, too small, a bad disk."""
        return (
            self._closed
            or num_bytes > min(self.max_queued_bytes, self._folder.max_bytes)
            or time.monotonic() < self._retry_at
        )

    def can_take(self, num_bytes: int, timeout_s: float = 0.0) -> bool:
        """Whether `write_later` would queue so many bytes; waits for room in the queue, but not where it refuses."""

        def is_decided() -> bool:
            return self.refuses(num_bytes) or self._has_room(num_bytes)

        with self._changed:
            return self._changed.wait_for(is_decided, timeout_s) and not self.refuses(num_bytes)

    def drop(self) -> None:
        """Count a block that was lost because files cannot take it; says so once in a while."""
        self.num_dropped += 1
        now = time.monotonic()
        if now >= self._log_drops_at and not self.refuses(1):  # refusing needs no word, or has had it
            self._log_drops_at = now + _DROPS_LOGGED_EVERY_S
            self._log_drops()

    def write_later(
        self,
        key: bytes,
        parent: bytes,
        token_ids: tuple[int, ...],
        layers: list[dict[str, Array]],
        used_ns: int | None = None,
    ) -> bool:
        """Queue a block for writing; True when it is, or will be, on file.

        `layers` are each layer's arrays by name, any shapes; bfloat16 comes as its bits, in uint16. They are not
        copied: nobody may write to their memory any more. `used_ns` is when the block was used, None is when it is
        written: write a sequence's last blocks first, then its first ones are the last to be removed. Where the queue
        is full, the disk refuses or all is closed, the block is dropped and counted in `num_dropped`.
        Raises ValueError for a key that is not 16 bytes long and for a dtype that safetensors does not have.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"a block's key has {KEY_BYTES} bytes, this one has {len(key)}")
        check_dtypes(layers)
        if self.touch(key, used_ns):
            return True
        content = BlockContent(key, parent, tuple(token_ids), layers)
        num_bytes = content.num_bytes
        with self._changed:
            if self.refuses(num_bytes) or not self._has_room(num_bytes):
                self.drop()
                return False
            self._queue.append((content, used_ns))
            self._pending[key] = content
            self._queued_bytes += num_bytes
            if self._thread is None:
                # A daemon: a program that ends without close() loses the queue, but is not held up by it.
                self._thread = threading.Thread(target=self._write_all, name="pie-block-files", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything queued is written or dropped; False when `timeout_s` seconds did not suffice."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout_s)

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is queued, for up to `timeout_s` seconds, and drop the rest. May be called twice."""
        with self._changed:
            self._closed = True
        self.flush(timeout_s)
        with self._changed:
            if self._queue:
                logger.warning("%d blocks were not written within %g s", len(self._queue), timeout_s)
            if self.num_dropped > self._num_drops_logged and not self._failed:
                self._log_drops()
            self._drop_queue()
            self._num_drops_logged = self.num_dropped
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(min(timeout_s, 1.0))  # for the block being written, if the disk is not stuck

    def _read_block(self, file: BlockFile, descriptor: int, num_bytes: int) -> BlockContent:
        with open(descriptor, "rb", buffering=0, closefd=False) as stream:
            header, content = read_block(stream, num_bytes)
        self._check(file, header)
        return content

    def _read_header(self, file: BlockFile, descriptor: int, num_bytes: int) -> BlockHeader:
        with open(descriptor, "rb", buffering=0, closefd=False) as stream:
            header = read_header(stream, num_bytes)
        self._check(file, header)
        return header

    def _check(self, file: BlockFile, header: BlockHeader) -> None:
        if header.fingerprint != self.fingerprint:
            raise ValueError("it belongs to another model")
        if (header.key, tag(header.parent)) != (file.key, file.parent):
            raise ValueError("it holds another block than its name says")

    def _snapshot(self) -> list[tuple[bytes, BlockContent]]:
        with self._changed:
            return list(self._pending.items())

    def _write_all(self) -> None:
        """The thread's life: write block after block until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                content, used_ns = self._queue.popleft()
            error: Exception | None = None
            try:
                self._write(content, used_ns)
                self._folder.shrink()
            except Exception as caught:  # whatever it is, the engine goes on without files
                error = caught
            with self._changed:
                self._note(content, error)
                self._changed.notify_all()

    def _note(self, content: BlockContent, error: Exception | None) -> None:
        """Book one block as written or lost."""
        del self._pending[content.key]
        self._queued_bytes -= content.num_bytes
        if error is None:
            self.num_written += 1
            self._failed = False
            return
        self.num_dropped += 1
        self.num_failures += 1
        self._drop_queue()
        self._num_drops_logged = self.num_dropped  # the warning below stands for them
        self._retry_at = time.monotonic() + _RETRY_S
        if not self._failed:
            self._failed = True
            logger.warning("cannot write block files to %s, going on without: %s", self.directory, error)

    def _drop_queue(self) -> None:
        self.num_dropped += len(self._queue)
        for content, _ in self._queue:
            del self._pending[content.key]
            self._queued_bytes -= content.num_bytes
        self._queue.clear()

    def _has_room(self, num_bytes: int) -> bool:
        return self._queued_bytes + num_bytes <= self.max_queued_bytes

    def _log_drops(self) -> None:
        logger.warning(
            "%d blocks were not written to %s: more came than the disk takes", self.num_dropped, self.directory
        )
        self._num_drops_logged = self.num_dropped

    def _write(self, content: BlockContent, used_ns: int | None) -> None:
        pieces = encode(self.fingerprint, content)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=".safetensors", dir=self.directory)
        temporary = Path(name)
        try:
            # No fsync: what a power cut tears, the checksum finds.
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                num_bytes = file.tell()
            self._folder.add(temporary, self._folder.name(content.key, content.parent), num_bytes, used_ns)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
