"""Interactions as the plain messages that chat templates read. Knows nothing of Jinja or of a model."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction.content import Content, Role, Type
from proxy_inference_engine.interaction.interaction import Interaction
from proxy_inference_engine.interaction.literals import Literals
from proxy_inference_engine.types import ToolCall

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:\S*\Z")
_TEXT_DATA = re.compile(r"data:(?:text/[\w.+\-]+|application/json)?((?:;[\w\-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")


@dataclass(frozen=True, slots=True)
class MessageStyle:
    """What differs between templates in the messages they read.

    `role_names`: what the template calls each role. `content_as_parts`: content is a list of typed parts, not a str.
    `short_call_ids`: ids of tool calls must be nine letters or digits. `thinking_field`: reasoning is also called
    `thinking`.
    """

    role_names: Mapping[Role, str]
    content_as_parts: bool = False
    short_call_ids: bool = False
    thinking_field: bool = False


def template_messages(
    interactions: Sequence[Interaction], style: MessageStyle, literals: Literals
) -> list[dict[str, Any]]:
    """One message each, with callers' texts protected by `literals`. Raises RequestError for what is no text."""
    names: dict[str, str] = {}
    messages = []
    for index, interaction in enumerate(interactions):
        names |= {call.id: call.name for call in interaction.tool_calls}
        messages.append(_message(interaction, f"messages[{index}]", style, literals, names))
    return messages


def _message(
    interaction: Interaction, where: str, style: MessageStyle, literals: Literals, names: Mapping[str, str]
) -> dict[str, Any]:
    is_reply = interaction.role is Role.AGENT
    text = "\n".join(
        _text_of(part, f"{where}.content[{n}]") for n, part in enumerate(interaction.content) if part.tool_call is None
    )
    text = literals.protect(text, is_reply=is_reply)
    message: dict[str, Any] = {"role": style.role_names[interaction.role]}
    message["content"] = [{"type": "text", "text": text}] if style.content_as_parts else text
    if interaction.tool_calls:
        if not is_reply:
            raise RequestError(f"{where} has a tool call; only agents call tools.", param="messages")
        message["tool_calls"] = [_call(call, where, style, literals) for call in interaction.tool_calls]
    if isinstance(reasoning := interaction.reasoning, str) and reasoning:
        reasoning = literals.protect(reasoning)
        message |= {"reasoning_content": reasoning, "reasoning": reasoning}
        if style.thinking_field:
            message["thinking"] = reasoning
    name = interaction.name
    if interaction.role is Role.TOOL and isinstance(call_id := interaction.tool_call_id, str):
        name = name or names.get(call_id)  # some templates repeat the tool's name, most callers do not
        message["tool_call_id"] = literals.protect(_call_id(call_id, style))
    if isinstance(name, str):
        message["name"] = literals.protect(name)
    return message


def _text_of(part: Content, where: str) -> str:
    if part.type is Type.TEXT:
        return str(part.content)
    if part.type is Type.FILE and (text := _file_text(part.content, where)) is not None:
        return text
    kind = {Type.FILE: "a file that is not text", Type.ACTION: "an action without a name"}
    raise RequestError(
        f"{where} is {kind.get(part.type, part.type.value)}; this version reads text only.", param="messages"
    )


def _file_text(content: str, where: str) -> str | None:
    """The text of a file that was given as its text or as a `data:` URL of text; None for any other URL."""
    if not _URL.match(content):
        return content
    header = _TEXT_DATA.match(content)
    if header is None:
        return None
    data = content[header.end() :]
    try:
        raw = base64.b64decode(data, validate=True) if header[2] else urllib.parse.unquote_to_bytes(data)
        return raw.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RequestError(f"{where} is a text file that cannot be read: {error}.", param="messages") from error


def _call(call: ToolCall, where: str, style: MessageStyle, literals: Literals) -> dict[str, Any]:
    arguments: Any
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = None
    # Templates write an object as JSON themselves; what is no object goes in as the text it is.
    arguments = literals.protect_tree(
        arguments if isinstance(arguments, dict) else call.arguments, f"{where}.tool_calls"
    )
    function = {"name": literals.protect(call.name), "arguments": arguments}
    return {"type": "function", "id": literals.protect(_call_id(call.id, style)), "function": function}


def _call_id(call_id: str, style: MessageStyle) -> str:
    """The id, or a short one made from it where the template insists."""
    if not style.short_call_ids or _SHORT_ID.fullmatch(call_id):
        return call_id
    digest = base64.b32encode(hashlib.sha256(call_id.encode("utf-8", "replace")).digest())
    return digest.decode("ascii").lower()[:9]
