"""The one thread that owns all MLX work: it runs commands between steps, and steps while there is work.

MLX's streams belong to a thread, so arrays are made, evaluated and freed here; only ints and text leave.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from proxy_inference_engine.errors import EngineClosedError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_REST_AFTER_S = 0.5
"""Idle for so long, the thread does what is good for later."""


class Steps(Protocol):
    """What the thread drives."""

    @property
    def has_work(self) -> bool: ...

    def step(self) -> None: ...

    def rest(self) -> bool:
        """Called when nothing has been done for a while: do a little of what is good for later, True when done."""
        ...

    def abandon(self, cause: Exception) -> None:
        """End everything that runs: a step failed in a way that no request can be blamed for."""
        ...


class EngineThread:
    """Runs `call`ed functions and the steps of `work` in one daemon thread, until `close`."""

    def __init__(self, name: str) -> None:
        self._commands: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._work: Steps | None = None
        self._is_closed = False
        # Reentrant: garbage collection may run a finalizer, which posts, in the middle of `call`.
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        _open_threads.add(self)

    def drive(self, work: Steps) -> None:
        """Run `work`'s steps whenever it has work. Call it in the engine thread."""
        self._work = work

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in the engine thread."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Run `function` in the engine thread, before its next step. Raises EngineClosedError after `close`.

        A finalizer may run in any thread, also in this one: it must not wait for the result.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise EngineClosedError("the engine is closed")
            self._commands.put((future, function))
        return future

    def close(self, timeout_s: float | None = None) -> None:
        """Run what was called before, then end the thread. Doing it twice does no harm."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._commands.put(None)
        if not self.is_current:
            self._thread.join(timeout_s)
        if not self._thread.is_alive():
            _open_threads.discard(self)

    def _run(self) -> None:
        is_rested = False
        while True:
            is_busy = self._work is not None and self._work.has_work
            can_rest = self._work is not None and not is_rested
            try:
                command = self._commands.get(block=not is_busy, timeout=_REST_AFTER_S if can_rest else None)
            except queue.Empty:
                assert self._work is not None
                is_rested = not is_busy and self._rest(self._work)
                if is_busy:
                    self._step(self._work)
                continue
            is_rested = False
            if command is None:
                self._work = None
                return
            future, function = command
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
            # A result or an error must not be kept alive here until the next command comes.
            del command, future, function

    @staticmethod
    def _step(work: Steps) -> None:
        try:
            work.step()
        except Exception as error:  # a step handles its requests' failures itself; this is a fault of ours
            logger.exception("the engine's step failed")
            work.abandon(error)

    @staticmethod
    def _rest(work: Steps) -> bool:
        try:
            return work.rest()
        except Exception:
            logger.exception("the engine's work while idle failed")
            return True


_open_threads: weakref.WeakSet[EngineThread] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # A daemon thread inside MLX while the interpreter is torn down would crash it.
    for thread in list(_open_threads):
        thread.close(timeout_s=10)
