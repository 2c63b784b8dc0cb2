"""Conversations in whatever form callers bring them, as Interactions; and back to OpenAI-style messages.

Accepts one text, Interactions, their dicts and OpenAI-style dicts, mixed. Knows nothing of templates or models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction.content import Content, Role, Type, as_role, new_call_id
from proxy_inference_engine.interaction.interaction import Interaction
from proxy_inference_engine.interaction.jsonable import jsonable

PromptLike = str | Interaction | Mapping[str, Any] | Sequence[Interaction | Mapping[str, Any]]
"""What can be sent to a model: a str is one user turn."""

_OPENAI_ROLES = {Role.AGENT: "assistant", Role.SYSTEM: "system", Role.TOOL: "tool", Role.USER: "user"}
_REASONING = ("reasoning_content", "reasoning", "thinking")


def as_interactions(prompt: PromptLike) -> list[Interaction]:
    """`prompt` as a list of Interactions; Interactions in it are passed through.

    Raises RequestError (param "messages") with the index, field and value of what is wrong.
    """
    if isinstance(prompt, str):
        return [Interaction.simple(Role.USER, prompt)]
    if isinstance(prompt, Interaction | Mapping):
        prompt = [prompt]
    if not isinstance(prompt, list | tuple):
        raise RequestError(
            f"The conversation is a {type(prompt).__name__}; it must be a str or a list of messages.", param="messages"
        )
    return [_one(message, f"messages[{index}]") for index, message in enumerate(prompt)]


def as_openai(interactions: Sequence[Interaction]) -> list[dict[str, Any]]:
    """OpenAI-style messages, plain JSON data. Event ids, times and other metadata stay behind."""
    return [_message(interaction) for interaction in interactions]


def _one(message: Any, where: str) -> Interaction:
    if isinstance(message, Interaction):
        return message
    if not isinstance(message, Mapping):
        raise _wrong(where, message, "an Interaction or an object with role and content")
    try:
        if "event_id" in message:
            return Interaction.from_dict(message)
        return _from_openai(message, where)
    except RequestError as error:
        text = str(error)
        raise RequestError(text if text.startswith(where) else f"{where}: {text}", param="messages") from error


def _wrong(where: str, value: Any, wanted: str) -> RequestError:
    try:
        shown = repr(value)
    except Exception:
        shown = type(value).__name__
    shown = shown if len(shown) <= 80 else shown[:80] + "..."
    return RequestError(f"{where} is {shown}; it must be {wanted}.", param="messages")


def _from_openai(message: Mapping[str, Any], where: str) -> Interaction:
    fields = {str(name): value for name, value in message.items()}
    role = as_role(fields.pop("role", None), f"{where}.role")
    content = _contents(fields.pop("content", None), f"{where}.content")
    if (refusal := fields.pop("refusal", None)) is not None and not content:
        content.append(Content.text(_string(refusal, f"{where}.refusal")))
    content += _calls(fields, role, where)
    reasoning = [fields.pop(name) for name in _REASONING if name in fields]
    metadata = {name: jsonable(value) for name, value in fields.items() if value is not None}
    for text in reasoning:
        if text is not None:
            metadata["reasoning"] = _string(text, f"{where}.reasoning")
    for name in ("name", "tool_call_id"):
        if name in metadata:
            _string(metadata[name], f"{where}.{name}")
    return Interaction(role, content, **metadata)


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, value, "a str")
    return str.__str__(value)


def _contents(content: Any, where: str) -> list[Content]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Content.text(content)]
    if not isinstance(content, list | tuple):
        raise _wrong(where, content, "a str, a list of parts or null")
    return [_part(part, f"{where}[{index}]") for index, part in enumerate(content)]


def _part(part: Any, where: str) -> Content:
    """One part of a message, in the forms of the chat and the responses API, or as `Content.to_dict` writes it."""
    if isinstance(part, Content):
        return part
    if isinstance(part, str):
        return Content.text(part)
    if not isinstance(part, Mapping):
        raise _wrong(where, part, "an object with a type")

    def field(name: str, inner: str | None = None) -> str:
        value = part.get(name)
        if inner is not None and isinstance(value, Mapping):
            return _string(value.get(inner), f"{where}.{name}.{inner}")
        return _string(value, f"{where}.{name}")

    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return Content.text(field("text"))
        case "refusal":
            return Content.text(field("refusal"))
        case "image_url" | "input_image":
            return Content.image(field("image_url", "url"))
        case "input_audio":
            audio = part.get("input_audio")
            kind = audio.get("format", "wav") if isinstance(audio, Mapping) else "wav"
            return Content.audio(f"data:audio/{kind};base64,{field('input_audio', 'data')}")
        case "file" if "file" in part:
            return Content.file(field("file", "file_data"))
        case "input_file":
            return Content.file(field("file_data" if "file_data" in part else "file_url"))
        case "audio_url" | "video_url" as kind:
            return Content(kind.removesuffix("_url"), field(kind, "url"))
        case Type.IMAGE | Type.FILE | Type.AUDIO | Type.VIDEO | Type.ACTION:
            return Content.from_dict(part)
        case other:
            raise _wrong(f"{where}.type", other, "text, image_url, input_audio, file or another known type")


def _calls(fields: dict[str, Any], role: Role, where: str) -> list[Content]:
    """The tool calls of a message, taken out of its `fields`."""
    entries = fields.pop("tool_calls", None)
    single = fields.pop("function_call", None)
    if not entries and not single:
        return []
    if role is not Role.AGENT:
        raise _wrong(f"{where}.tool_calls", entries or single, f"absent: {role.value} messages make no calls")
    if entries is not None and not isinstance(entries, list | tuple):
        raise _wrong(f"{where}.tool_calls", entries, "a list")
    calls = [_call(entry, f"{where}.tool_calls[{index}]") for index, entry in enumerate(entries or ())]
    if single:
        calls.append(_call({"function": single}, f"{where}.function_call"))
    return calls


def _call(entry: Any, where: str) -> Content:
    function = entry.get("function") if isinstance(entry, Mapping) else None
    if not isinstance(function, Mapping):
        raise _wrong(where, entry, "an object with a function")
    name, arguments, call_id = function.get("name"), function.get("arguments"), entry.get("id")
    if not isinstance(name, str) or not name:
        raise _wrong(f"{where}.function.name", name, "a non-empty str")
    if not isinstance(arguments, str | Mapping | None):
        raise _wrong(f"{where}.function.arguments", arguments, "the JSON text of an object")
    if call_id is not None:
        _string(call_id, f"{where}.id")
    return Content.action({"id": call_id or new_call_id(), "name": name, "arguments": arguments or {}})


def _message(interaction: Interaction) -> dict[str, Any]:
    message: dict[str, Any] = {"role": _OPENAI_ROLES[interaction.role]}
    parts = [part for part in interaction.content if part.tool_call is None]
    if all(part.type is Type.TEXT for part in parts):
        message["content"] = interaction.text if parts else None
    else:
        message["content"] = [_openai_part(part) for part in parts]
    if interaction.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in interaction.tool_calls
        ]
    for name, value in (("name", interaction.name), ("tool_call_id", interaction.tool_call_id)):
        if isinstance(value, str):
            message[name] = value
    if isinstance(interaction.reasoning, str) and interaction.reasoning:
        message["reasoning_content"] = interaction.reasoning
    return message


def _openai_part(part: Content) -> dict[str, Any]:
    match part.type:
        case Type.IMAGE:
            return {"type": "image_url", "image_url": {"url": part.content}}
        case Type.FILE:
            return {"type": "file", "file": {"file_data": part.content}}
        case Type.AUDIO | Type.VIDEO as kind:
            return {"type": f"{kind.value}_url", f"{kind.value}_url": {"url": part.content}}
        case _:
            return part.to_dict()
