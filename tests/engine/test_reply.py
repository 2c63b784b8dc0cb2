"""From text to a reply: reasoning, tool calls and text find their places, streamed or whole."""

from __future__ import annotations

import json

import pytest

from proxy_inference_engine import Interaction, Role, Type
from proxy_inference_engine.engine.handle import RequestHandle
from proxy_inference_engine.engine.reply import ReplyBuilder, ReplyStream
from proxy_inference_engine.errors import InternalError
from proxy_inference_engine.interaction import ReplyParser, ToolCallFormat, as_interactions
from proxy_inference_engine.types import End, TextDelta, Timing, Usage

END = End("stop", (1, 2), Usage(3, 0, 2), Timing(0, 0, 0, 0, 0))
THINKING = "<think>\nLet me see.\n</think>\n"
CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": [2, "é"]}}\n</tool_call>'


def stream_of(text: str, *, size: int, last: object = END) -> ReplyStream:
    async def start() -> tuple[RequestHandle, ReplyParser]:
        handle = RequestHandle("r")
        for index in range(0, len(text), size):
            handle.push(TextDelta(text[index : index + size]))
        handle.push(last)
        return handle, ReplyParser(("<think>", "</think>"), ToolCallFormat.HERMES)

    return ReplyStream(start)


async def reply_of(text: str, size: int = 3) -> Interaction:
    builder = ReplyBuilder()
    async for event in stream_of(text, size=size):
        builder.add(event)
    return builder.interaction()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_parts_find_their_places(size: int) -> None:
    reply = await reply_of(THINKING + "Sure.\n" + CALL + CALL.replace("add", "mul"), size)
    assert reply.role is Role.AGENT
    assert reply.reasoning.strip() == "Let me see."
    assert [content.type for content in reply.content] == [Type.TEXT, Type.ACTION, Type.ACTION]
    assert reply.content[0].content.strip() == "Sure."
    assert [call.name for call in reply.tool_calls] == ["add", "mul"]
    assert json.loads(reply.tool_calls[0].arguments) == {"a": 1, "b": [2, "é"]}
    assert len({call.id for call in reply.tool_calls}) == 2
    assert reply.finish_reason == "tool_calls"


async def test_plain_text() -> None:
    reply = await reply_of("Hello there.")
    assert (reply.text, reply.finish_reason, reply.reasoning, reply.tool_calls) == ("Hello there.", "stop", None, ())
    assert json.loads(json.dumps(reply.to_dict()))["usage"]["num_prompt_tokens"] == 3


async def test_an_empty_reply_has_one_empty_text() -> None:
    reply = await reply_of("")
    assert [content.content for content in reply.content] == [""]


async def test_a_reply_goes_back_into_the_conversation() -> None:
    reply = await reply_of("Sure.\n" + CALL)
    again = as_interactions([reply, Interaction.from_dict(reply.to_dict())])
    assert again[1] == again[0]
    assert again[1].tool_calls == reply.tool_calls


async def test_an_error_is_raised_by_the_iteration() -> None:
    stream = stream_of("abc", size=1, last=InternalError("broken"))
    with pytest.raises(InternalError, match="broken"):
        await stream.end()


async def test_a_stream_is_read_once() -> None:
    stream = stream_of("abc", size=1)
    assert [type(event).__name__ async for event in stream][-1] == "End"
    assert [event async for event in stream] == []
