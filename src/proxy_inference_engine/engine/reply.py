"""A reply on its way to the caller: the stream of its events, and the Interaction they add up to.

Runs where the caller runs; knows no arrays and no device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from proxy_inference_engine.engine.handle import RequestHandle, read_to_end
from proxy_inference_engine.interaction import Content, Interaction, ReplyParser, Role
from proxy_inference_engine.structuring import Grammar
from proxy_inference_engine.types import End, Event, ReasoningDelta, TextDelta, ToolCall, ToolCallDelta

if TYPE_CHECKING:
    from types import TracebackType

Start = Callable[[], Awaitable[tuple[RequestHandle, ReplyParser]]]


class ReplyStream:
    """The events of one reply: text, reasoning and tool-call deltas, then one `End`.

    The request is submitted at the first `anext`. Leaving an `async with`, `aclose`, cancelling the task that
    iterates, or dropping the stream stops the request. `cancel` stops it and lets the stream end by itself, with
    reason `cancelled`.
    """

    def __init__(self, start: Start) -> None:
        self._start: Start | None = start
        self._handle: RequestHandle | None = None
        self._parser: ReplyParser | None = None
        self._ready: deque[Event] = deque()
        self._calls_tools = False
        self._is_cancelled = False
        self._is_closed = False

    def __aiter__(self) -> ReplyStream:
        return self

    async def __anext__(self) -> Event:
        try:
            if self._is_closed:
                raise StopAsyncIteration
            while not self._ready:
                if self._handle is None:
                    await self._submit()
                assert self._handle is not None
                self._take(await self._handle.__anext__())
        except StopAsyncIteration:
            raise
        except BaseException:  # also a cancelled task: nobody waits for the rest
            self.cancel()
            raise
        return self._ready.popleft()

    @property
    def grammar(self) -> Grammar | None:
        """What the reply is bound to; known once its first event was read."""
        return None if self._handle is None else self._handle.grammar

    async def end(self) -> End:
        """Read on to the end and return it."""
        return await read_to_end(self)

    def cancel(self) -> None:
        """Stop the request; the stream ends with reason `cancelled` unless it has ended already. Safe from any
        thread.
        """
        self._is_cancelled = True
        if self._handle is not None:
            self._handle.cancel()

    async def aclose(self) -> None:
        """Stop the request; the stream is over."""
        self.cancel()
        self._is_closed = True
        self._ready.clear()

    async def __aenter__(self) -> ReplyStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _submit(self) -> None:
        start, self._start = self._start, None
        if start is None:
            raise StopAsyncIteration
        self._handle, self._parser = await start()
        if self._is_cancelled:
            self._handle.cancel()

    def _take(self, event: Event) -> None:
        assert self._parser is not None
        if isinstance(event, TextDelta):
            self._emit(self._parser.push(event.text))
        elif isinstance(event, End):
            self._emit(self._parser.finish())
            if self._calls_tools and event.finish_reason == "stop":
                event = replace(event, finish_reason="tool_calls")
            self._ready.append(event)
        else:
            self._ready.append(event)

    def _emit(self, events: list[Event]) -> None:
        self._calls_tools = self._calls_tools or any(isinstance(event, ToolCallDelta) for event in events)
        self._ready.extend(events)


async def read_reply(stream: ReplyStream) -> Interaction:
    """Read a stream to its end: the reply."""
    builder = ReplyBuilder()
    async for event in stream:
        builder.add(event)
    return builder.interaction(stream.grammar)


class ReplyBuilder:
    """Adds events up to the Interaction that `InferenceEngine.chat` returns."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._end: End | None = None

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case TextDelta(text):
                self._text.append(text)
            case ReasoningDelta(text):
                self._reasoning.append(text)
            case ToolCallDelta(index, arguments, call_id, name):
                call = self._calls.get(index) or ToolCall(call_id or "", name or "", "")
                self._calls[index] = replace(call, arguments=call.arguments + arguments)
            case End():
                self._end = event
            case _:
                pass

    def interaction(self, grammar: Grammar | None = None) -> Interaction:
        """The reply. `content` has the text, then one ACTION per tool call; `data` what `grammar`, that bound it, reads
        in it.
        """
        assert self._end is not None
        text = "".join(self._text)
        calls = [Content.action(self._calls[index]) for index in sorted(self._calls)]
        content = [Content.text(text)] if text.strip() or not calls else []
        metadata: dict[str, Any] = {
            "finish_reason": self._end.finish_reason,
            "reasoning": "".join(self._reasoning) or None,
            "usage": self._end.usage,
            "timing": self._end.timing,
            "logprobs": self._end.logprobs,
            "stop_string": self._end.stop_string,
            "was_closed": self._end.was_closed or None,
        }
        if grammar is not None and self._end.finish_reason == "stop":
            metadata["data"] = grammar.decode(text)
        return Interaction(
            Role.AGENT, [*content, *calls], **{name: value for name, value in metadata.items() if value is not None}
        )
