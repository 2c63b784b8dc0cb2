"""A bounded folder of block files that several processes may share: which files there are, and which go first.

A file's name carries its model, parent and key, so a listing is enough to know what is there; the folder is listed
again at most once a second, and only when its time has changed. A file's own time says when it was last used. Files
may vanish or appear at any time. Knows nothing of what is inside a file.
"""

from __future__ import annotations

import errno
import heapq
import logging
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

KEY_BYTES = 16
TEMPORARY_PREFIX = ".writing-"

_TAG_BYTES = 8
_NAME = re.compile(r"block-([0-9a-f]{16})-([0-9a-f]{16})-([0-9a-f]{32})\.safetensors")
_LISTING_INTERVAL_S = 1.0
_LISTING_SHARE = 20  # listing a huge folder takes no more than a twentieth of the time
_TOUCH_INTERVAL_NS = 60 * 10**9
_BURST_NS = 10**9
_LEFTOVER_AGE_S = 3600.0
_MAX_FILE_BYTES = 2**30
# A folder changed twice within a tick of the file system's clock keeps its time: a young time proves nothing.
_CLOCK_SLACK_NS = 2 * 10**9


def tag(text: bytes) -> str:
    """16 hexadecimal digits for `text`, for a part of a file's name."""
    return blake2b(text, digest_size=_TAG_BYTES).hexdigest()


@dataclass(slots=True, eq=False)
class BlockFile:
    """One file as its name tells it. `num_bytes` is None until it was measured; `token_ids` until they were read."""

    name: str
    model: str
    parent: str
    key: bytes
    num_bytes: int | None = None
    used_ns: int = 0
    token_ids: tuple[int, ...] | None = None


@dataclass(slots=True)
class _Burst:
    """Reads that follow each other closely, as those of one prompt do."""

    last_ns: int = 0
    next_ns: int = 0

    def stamp(self, now_ns: int) -> int:
        """A time for the next file of the burst, a little earlier than its predecessor's: a prompt's first blocks,
        without which the others are worth nothing, are read first and have to go last."""
        if now_ns - self.last_ns > _BURST_NS:
            self.next_ns = now_ns
        self.last_ns = now_ns
        self.next_ns -= 1000
        return self.next_ns + 1000


@dataclass(slots=True)
class _Index:
    by_name: dict[str, BlockFile] = field(default_factory=dict)
    by_key: dict[bytes, BlockFile] = field(default_factory=dict)  # of our model only, like `by_parent`
    by_parent: dict[str, dict[bytes, BlockFile]] = field(default_factory=dict)
    unmeasured: list[BlockFile] = field(default_factory=list)
    num_bytes: int = 0


class BlockFolder:
    """The block files in `directory`, which need not exist; `model` is the tag of those that can be found.

    Every method may be called from any thread. Nothing raises for the state of the folder except `add`.
    """

    def __init__(self, directory: Path, model: str, *, max_bytes: int) -> None:
        self.directory = directory
        self.model = model
        self.max_bytes = max_bytes
        self._lock = threading.RLock()
        self._index = _Index()
        self._set_aside: set[str] = set()  # unusable and not removable: said so once
        self._listed: tuple[int, int] | None = None  # the folder's time, and when it was read
        self._list_again_at = 0.0
        self._burst = _Burst()
        self._remove_leftovers()
        self._refresh()

    @property
    def num_bytes(self) -> int:
        """Bytes of the files of all models, as far as they were measured."""
        return self._index.num_bytes

    def name(self, key: bytes, parent: bytes) -> str:
        """The file's name for a block of our model."""
        return f"block-{self.model}-{tag(parent)}-{key.hex()}.safetensors"

    def find(self, key: bytes) -> BlockFile | None:
        """Our model's file of this key. One that another process wrote within the last second may be missed."""
        with self._lock:
            self._refresh()
            return self._index.by_key.get(key)

    def children(self, parent: bytes) -> list[BlockFile]:
        """Our model's files whose blocks follow `parent`."""
        with self._lock:
            self._refresh()
            return list(self._index.by_parent.get(tag(parent), {}).values())

    def add(self, temporary: Path, name: str, num_bytes: int, used_ns: int | None = None) -> None:
        """Rename a finished file of ours, last used at `used_ns` or now, to `name`. Raises OSError."""
        if used_ns is not None:
            os.utime(temporary, ns=(used_ns, used_ns))
        with self._lock:  # so that no listing from before the renaming is taken for one from after it
            temporary.replace(self.directory / name)
            if (known := self._index.by_name.get(name)) is not None:
                self._forget(known)
            self._set_aside.discard(name)
            self._learn(name, num_bytes, used_ns)

    def read(
        self, file: BlockFile, reader: Callable[[int, int], T], unreadable: tuple[type[Exception], ...]
    ) -> T | None:
        """`reader(descriptor, num_bytes)` on the file, or None where there is no such file any more.

        The file is removed, with a warning, when `reader` raises one of `unreadable` or it is no plain file.
        """
        path = self.directory / file.name
        try:
            # Neither a pipe nor a link under this name may hold us up or lead us elsewhere.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            with self._lock:
                self._forget(file)
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._refuse(file, "it is a link")
            else:
                self._put_aside(file, str(error))
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a plain file")
            if status.st_size > min(_MAX_FILE_BYTES, self.max_bytes):
                raise ValueError(f"it has {status.st_size} bytes")
            self._see(file, status)
            return reader(descriptor, status.st_size)
        except OSError as error:
            self._put_aside(file, str(error))
        except MemoryError:
            logger.warning("no memory to read the block file %s", path)
        except unreadable as error:
            self._refuse(file, str(error)[:200])
        finally:
            os.close(descriptor)
        return None

    def touch(self, file: BlockFile, used_ns: int | None = None) -> bool:
        """Say that the file was used, if this was not said within the last minute; False when it is gone.

        Without `used_ns`, calls that follow each other closely come in the order of the blocks in their chain.
        """
        now_ns = time.time_ns()
        if now_ns - file.used_ns < _TOUCH_INTERVAL_NS:
            return True
        with self._lock:
            file.used_ns = self._burst.stamp(now_ns) if used_ns is None else used_ns
        try:
            os.utime(self.directory / file.name, ns=(file.used_ns, file.used_ns), follow_symlinks=False)
        except FileNotFoundError:
            with self._lock:
                self._forget(file)
            return False
        except OSError:  # not ours to change: it is only its place in the order
            pass
        return True

    def shrink(self) -> None:
        """Remove the least recently used files of all models once they take more than `max_bytes` together."""
        with self._lock:
            self._refresh()
            unmeasured, self._index.unmeasured = self._index.unmeasured, []
        for file in unmeasured:
            self._measure(file)
        with self._lock:
            if self._index.num_bytes <= self.max_bytes:
                return
            heap = [(file.used_ns, file.name) for file in self._index.by_name.values() if file.num_bytes is not None]
        goal = self.max_bytes - self.max_bytes // 32  # a little lower, so that not every file pays for the sorting
        heapq.heapify(heap)
        while heap and self._index.num_bytes > goal:
            used_ns, name = heapq.heappop(heap)
            file_or_none = self._index.by_name.get(name)
            if file_or_none is None:
                continue
            self._measure(file_or_none)  # another process may have used it meanwhile
            if file_or_none.used_ns > used_ns:
                heapq.heappush(heap, (file_or_none.used_ns, name))
            else:
                self._remove(file_or_none)

    def _measure(self, file: BlockFile) -> None:
        try:
            status = os.lstat(self.directory / file.name)
        except OSError:
            with self._lock:
                self._forget(file)
            return
        with self._lock:
            if self._index.by_name.get(file.name) is not file:
                return
            self._index.num_bytes += status.st_size - (file.num_bytes or 0)
            file.num_bytes = status.st_size
            self._see(file, status)

    def _see(self, file: BlockFile, status: os.stat_result) -> None:
        """Take over the file's own time, but not one in the future, which would keep the file for ever."""
        now_ns = time.time_ns()
        if status.st_mtime_ns <= now_ns:
            file.used_ns = max(file.used_ns, status.st_mtime_ns)
        elif not file.used_ns:
            file.used_ns = now_ns

    def _remove(self, file: BlockFile) -> bool:
        with self._lock:
            self._forget(file)
        try:
            (self.directory / file.name).unlink(missing_ok=True)
        except OSError as error:
            self._put_aside(file, f"it cannot be removed: {error}")
            return False
        return True

    def _refuse(self, file: BlockFile, reason: str) -> None:
        if self._remove(file):
            logger.warning("removed the block file %s: %s", self.directory / file.name, reason)

    def _put_aside(self, file: BlockFile, reason: str) -> None:
        with self._lock:
            self._forget(file)
            if file.name in self._set_aside:
                return
            self._set_aside.add(file.name)
        logger.warning("ignoring the block file %s: %s", self.directory / file.name, reason)

    def _learn(self, name: str, num_bytes: int | None = None, used_ns: int | None = None) -> None:
        match = _NAME.fullmatch(name)
        if match is None:
            return
        file = BlockFile(name, match[1], match[2], bytes.fromhex(match[3]), num_bytes)
        index = self._index
        index.by_name[name] = file
        if num_bytes is None:
            index.unmeasured.append(file)
        else:
            index.num_bytes += num_bytes
            file.used_ns = time.time_ns() if used_ns is None else used_ns
        if file.model == self.model:
            index.by_key[file.key] = file
            index.by_parent.setdefault(file.parent, {})[file.key] = file

    def _forget(self, file: BlockFile) -> None:
        index = self._index
        if index.by_name.get(file.name) is not file:
            return
        del index.by_name[file.name]
        index.num_bytes -= file.num_bytes or 0
        if file.model == self.model and index.by_key.get(file.key) is file:
            del index.by_key[file.key]
        siblings = index.by_parent.get(file.parent, {})
        if siblings.get(file.key) is file:
            del siblings[file.key]
            if not siblings:
                del index.by_parent[file.parent]

    def _refresh(self) -> None:
        """Bring the index up to date with the folder, if it is time."""
        begun = time.monotonic()
        if begun < self._list_again_at:
            return
        now_ns = time.time_ns()
        try:
            changed_ns = self.directory.stat().st_mtime_ns
            if self._listed is not None:
                known_ns, listed_ns = self._listed
                if known_ns == changed_ns and changed_ns < listed_ns - _CLOCK_SLACK_NS:
                    self._list_again_at = begun + _LISTING_INTERVAL_S
                    return
            names = set(os.listdir(self.directory))
            self._listed = (changed_ns, now_ns)
        except OSError:  # no such folder, or not ours to read: as good as empty
            names, self._listed = set(), None
        for name in self._index.by_name.keys() - names:
            self._forget(self._index.by_name[name])
        self._set_aside &= names
        for name in names - self._index.by_name.keys() - self._set_aside:
            self._learn(name)
        ended = time.monotonic()
        self._list_again_at = ended + max(_LISTING_INTERVAL_S, _LISTING_SHARE * (ended - begun))

    def _remove_leftovers(self) -> None:
        """Remove what crashed processes left half written; a young file may still be growing."""
        try:
            with os.scandir(self.directory) as entries:
                for entry in entries:
                    if not entry.name.startswith(TEMPORARY_PREFIX) or not entry.is_file(follow_symlinks=False):
                        continue
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_AGE_S:
                        os.unlink(entry.path)
        except OSError:  # gone, or not ours to change
            return
