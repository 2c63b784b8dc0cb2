"""One part of an interaction: text, a file, an image, or an action (a tool call). Knows nothing of templates."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction.jsonable import jsonable
from proxy_inference_engine.types import ToolCall


class Role(StrEnum):
    """Who speaks."""

    AGENT = "agent"
    SYSTEM = "system"
    TOOL = "tool"
    USER = "user"


_ROLES = {
    **{role.value: role for role in Role},
    "assistant": Role.AGENT,
    "model": Role.AGENT,
    "developer": Role.SYSTEM,
    "function": Role.TOOL,
}


def as_role(role: object, where: str = "The role") -> Role:
    """A role by its own name or by the name that other APIs give it. Raises RequestError for an unknown one."""
    found = _ROLES.get(role) if isinstance(role, str) else None
    if found is None:
        raise RequestError(f"{where} is {role!r:.80}; it must be one of {', '.join(_ROLES)}.", param="messages")
    return found


class Type(StrEnum):
    """What a content is."""

    TEXT = "text"
    IMAGE = "image"
    FILE = "file"
    AUDIO = "audio"
    VIDEO = "video"
    ACTION = "action"


_KEYS = {
    Type.TEXT: "text",
    Type.IMAGE: "image_url",
    Type.FILE: "file_url",
    Type.AUDIO: "audio_url",
    Type.VIDEO: "video_url",
    Type.ACTION: "action",
}
_SIGNATURES = (  # how files of these kinds begin; "?" is any byte
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF????WEBP", "image/webp"),
    (b"RIFF????WAVE", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"????ftypM4A", "audio/mp4"),
    (b"????ftyp", "video/mp4"),
    (b"????ftyp", "audio/mp4"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"%PDF-", "application/pdf"),
)


@dataclass(frozen=True, slots=True)
class Content:
    """A `type` and its `content`: a str, or for ACTION a dict of plain JSON data.

    A tool call is an ACTION with `id`, `name` and `arguments` (an object, or the JSON text of one, as it was given).
    Images, files, audio and video are a URL, which may be a `data:` URL; bytes become one. A FILE's content may also be
    the text of the file itself. Raises RequestError for content of another kind.
    """

    type: Type
    content: Any

    def __post_init__(self) -> None:
        kind = _as_type(self.type)
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "content", _checked(kind, self.content))

    @classmethod
    def text(cls, text: str) -> Content:
        """Plain text."""
        return cls(Type.TEXT, text)

    @classmethod
    def image(cls, image: str | bytes | os.PathLike[str]) -> Content:
        """An image: its URL or path, or the bytes of an image file."""
        return cls(Type.IMAGE, image)

    @classmethod
    def file(cls, file: str | bytes | os.PathLike[str]) -> Content:
        """A file: its URL, or its text. Paths are never opened by the engine."""
        return cls(Type.FILE, file)

    @classmethod
    def audio(cls, audio: str | bytes | os.PathLike[str]) -> Content:
        """Sound: its URL or path, or the bytes of a file."""
        return cls(Type.AUDIO, audio)

    @classmethod
    def video(cls, video: str | bytes | os.PathLike[str]) -> Content:
        """A film: its URL or path, or the bytes of a file."""
        return cls(Type.VIDEO, video)

    @classmethod
    def action(
        cls,
        call: ToolCall | Mapping[str, Any] | str,
        arguments: Mapping[str, Any] | str | None = None,
        *,
        call_id: str | None = None,
    ) -> Content:
        """A tool call: a ToolCall, a dict, or the tool's name with its `arguments`; an id is made for the last."""
        if isinstance(call, str):
            call = {"id": call_id or new_call_id(), "name": call, "arguments": {} if arguments is None else arguments}
        return cls(Type.ACTION, call)

    @property
    def tool_call(self) -> ToolCall | None:
        """The tool call that this is, with its arguments as JSON text; None for anything else."""
        if self.type is not Type.ACTION or "name" not in self.content:
            return None
        arguments = self.content.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
        return ToolCall(str(self.content.get("id") or ""), self.content["name"], arguments)

    def to_dict(self) -> dict[str, Any]:
        """`type` and, by its kind, `text`, `image_url`, `file_url`, `audio_url`, `video_url` or `action`."""
        return {"type": self.type.value, _KEYS[self.type]: jsonable(self.content)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Content:
        """The inverse of `to_dict`. Raises RequestError naming the field."""
        if not isinstance(data, Mapping) or "type" not in data:
            raise RequestError(f"A content is {data!r:.80}; it must be an object with a type.", param="content")
        kind = _as_type(data["type"])
        if (key := _KEYS[kind]) not in data:
            raise RequestError(f"A content of type {kind.value!r} has no {key!r}.", param="content")
        return cls(kind, data[key])

    def __str__(self) -> str:
        return readable_json(self.to_dict())

    def __hash__(self) -> int:
        return hash((self.type, _hashable(self.content)))


def new_call_id() -> str:
    """A fresh id for a tool call."""
    return f"call_{uuid.uuid4().hex[:24]}"


def readable_json(data: Any) -> str:
    """Indented JSON that any stream can print: lone surrogates stay escaped."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _as_type(kind: object) -> Type:
    try:
        return Type(kind)  # type: ignore[arg-type]
    except ValueError:
        raise RequestError(
            f"The content type is {kind!r:.80}; it must be one of {', '.join(Type)}.", param="content"
        ) from None


def _checked(kind: Type, content: Any) -> Any:
    """`content` in the form that `kind` has."""
    if kind is Type.ACTION:
        return _checked_action(content)
    if isinstance(content, str):
        return str.__str__(content)
    if kind is not Type.TEXT and isinstance(content, bytes):
        return f"data:{_mime_of(kind, content)};base64,{base64.b64encode(content).decode('ascii')}"
    if kind is not Type.TEXT and isinstance(content, os.PathLike):
        return os.fspath(content)
    wanted = "a str" if kind is Type.TEXT else "a URL (str), bytes or a path"
    raise RequestError(
        f"Content of type {kind.value!r} is a {type(content).__name__}; it must be {wanted}.", param="content"
    )


def _mime_of(kind: Type, data: bytes) -> str:
    """What the bytes are by their first ones, as far as it fits `kind`; a FILE may be anything."""
    for start, mime in _SIGNATURES:
        begins = len(data) >= len(start) and all(
            want in (b"?"[0], have) for want, have in zip(start, data, strict=False)
        )
        if begins and (kind is Type.FILE or mime.startswith(kind.value)):
            return mime
    return "application/octet-stream"


def _hashable(value: Any) -> Any:
    """Plain JSON data in a form that has a hash; equal data have equal ones (1 and 1.0, too)."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _checked_action(action: Any) -> dict[str, Any]:
    if isinstance(action, ToolCall):
        return {"id": action.id, "name": action.name, "arguments": action.arguments}
    if not isinstance(action, Mapping):
        raise RequestError(f"An action is a {type(action).__name__}; it must be a dict.", param="content")
    plain: dict[str, Any] = jsonable(action)
    if "name" in plain and (not isinstance(plain["name"], str) or not plain["name"]):
        raise RequestError(f"An action's name is {plain['name']!r}; it must be a non-empty str.", param="content")
    if not isinstance(plain.get("arguments"), dict | str | None):
        raise RequestError(
            f"The arguments of {plain.get('name')!r} are {plain['arguments']!r:.80}; they must be an object or JSON.",
            param="content",
        )
    return plain
