"""Handles: events in order, one consumer, in a coroutine or a plain loop; dropping one cancels its request."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from proxy_inference_engine.engine.handle import RequestHandle
from proxy_inference_engine.errors import InternalError
from proxy_inference_engine.types import End, TextDelta, Timing, Usage

END = End("stop", (), Usage(1, 0, 0), Timing(0, 0, 0, 0, 0))


def push_later(handle: RequestHandle, *events, delay: float = 0.01) -> threading.Thread:
    def run() -> None:
        for event in events:
            threading.Event().wait(delay)
            handle.push(event)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


async def test_events_arrive_in_order_across_threads() -> None:
    handle = RequestHandle("a")
    events = [TextDelta(str(i)) for i in range(20)]
    thread = push_later(handle, *events, END, delay=0.001)
    assert [event async for event in handle] == [*events, END]
    thread.join()


def test_a_plain_loop_reads_the_same() -> None:
    handle = RequestHandle("a")
    thread = push_later(handle, TextDelta("x"), END)
    assert list(handle) == [TextDelta("x"), END]
    assert list(handle) == []
    thread.join()


async def test_an_error_is_raised_where_it_comes_and_ends_the_iteration() -> None:
    handle = RequestHandle("a")
    handle.push(TextDelta("x"))
    handle.push(InternalError("broken"))
    assert await handle.__anext__() == TextDelta("x")
    with pytest.raises(InternalError, match="broken"):
        await handle.__anext__()
    with pytest.raises(StopAsyncIteration):
        await handle.__anext__()


def test_dropping_or_cancelling_cancels_once() -> None:
    cancelled: list[int] = []
    handle = RequestHandle("a")
    handle.on_cancel(lambda: cancelled.append(1))
    handle.cancel()
    handle.cancel()
    del handle
    gc.collect()
    assert cancelled == [1]


def test_an_ended_request_is_not_cancelled() -> None:
    cancelled: list[int] = []
    handle = RequestHandle("a")
    handle.on_cancel(lambda: cancelled.append(1))
    handle.push(END)
    handle.cancel()
    assert handle.is_ended
    assert cancelled == []


def test_a_closed_loop_cancels_the_request() -> None:
    cancelled: list[int] = []
    handle = RequestHandle("a")
    handle.on_cancel(lambda: cancelled.append(1))

    async def start_waiting() -> None:
        task = asyncio.ensure_future(handle.__anext__())
        await asyncio.sleep(0)
        task.cancel()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(start_waiting())
    loop.close()
    handle.push(TextDelta("x"))
    assert cancelled == [1]
