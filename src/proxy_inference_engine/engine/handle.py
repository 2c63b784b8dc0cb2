"""A request that was submitted: its events, as they come, for a coroutine or for a plain loop.

The engine thread pushes; one consumer, in any thread or event loop, pulls. A handle that is dropped cancels its
request.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator

from proxy_inference_engine.errors import EngineError
from proxy_inference_engine.structuring import Grammar
from proxy_inference_engine.types import End, Event


class RequestHandle:
    """Iterate over it (`async for` or `for`) for the events; the last is an `End`. An error is raised in its place."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.grammar: Grammar | None = None
        """What the reply is bound to."""
        self._events: deque[Event | EngineError] = deque()
        self._condition = threading.Condition()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._cancel: Callable[[], None] | None = None
        self._is_ended = False
        self._is_drained = False

    @property
    def is_ended(self) -> bool:
        """Whether the last event or error has arrived, read or not."""
        return self._is_ended

    def on_cancel(self, cancel: Callable[[], None]) -> None:
        """What `cancel` does: given by the engine when it takes the request."""
        self._cancel = cancel

    def cancel(self) -> None:
        """Ask the engine to stop; the stream then ends with reason `cancelled`. Safe from any thread, at any time."""
        cancel, self._cancel = self._cancel, None
        if cancel is not None and not self._is_ended:
            cancel()

    def push(self, event: Event | EngineError) -> None:
        """Append an event and wake the consumer. Called by the engine thread."""
        with self._condition:
            self._events.append(event)
            self._is_ended = self._is_ended or isinstance(event, End | EngineError)
            waiter, self._waiter = self._waiter, None
            self._condition.notify()
        if waiter is not None:
            loop, future = waiter
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:  # the loop is closed: nobody will read on
                self.cancel()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            with self._condition:
                event = self._pop()
                if event is not None:
                    return event
                if self._is_drained:
                    raise StopAsyncIteration
                if self._waiter is not None and not self._waiter[1].done():
                    raise RuntimeError(f"request {self.request_id} is being read by somebody else already")
                loop = asyncio.get_running_loop()
                future: asyncio.Future[None] = loop.create_future()
                self._waiter = (loop, future)
            await future

    async def end(self) -> End:
        """Read on to the end and return it."""
        return await read_to_end(self)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        with self._condition:
            while (event := self._pop()) is None:
                if self._is_drained:
                    raise StopIteration
                self._condition.wait()
        return event

    def __del__(self) -> None:
        self.cancel()

    def _pop(self) -> Event | None:
        if not self._events:
            return None
        event = self._events.popleft()
        self._is_drained = isinstance(event, End | EngineError)
        if isinstance(event, EngineError):
            raise event
        return event


async def read_to_end(events: AsyncIterable[Event]) -> End:
    """The last of `events`; an error among them is raised."""
    async for event in events:
        if isinstance(event, End):
            return event
    raise AssertionError("the events ended without an End")


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
