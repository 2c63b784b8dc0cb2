"""One turn of a conversation. Knows its content and whatever else its maker noted; nothing of models."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction.content import Content, Role, Type, as_role, readable_json
from proxy_inference_engine.interaction.jsonable import jsonable
from proxy_inference_engine.interaction.records import restored
from proxy_inference_engine.types import ToolCall

_FIELDS = frozenset({"event_id", "created_at", "role", "content", "metadata"})
ContentLike = Content | str


class Interaction:
    """What one role says at one time.

    `event_id` is its identity: equality and hash go by it. `created_at` is a datetime with a fixed offset from UTC (one
    without a zone is taken as local time). `metadata` holds any further keywords; they can be read and set as
    attributes, and read as None when absent (names that an Interaction has itself, such as `text`, only through
    `metadata`). Names that start with an underscore are never metadata, so that copying, pickling and array libraries
    find no protocol that is not there. Raises RequestError for an unknown role or content, and for such names.
    """

    event_id: str
    created_at: datetime.datetime
    role: Role
    content: list[Content]
    metadata: dict[str, Any]

    def __init__(
        self,
        /,
        role: Role | str,
        content: ContentLike | Iterable[ContentLike] | None = None,
        *,
        event_id: str | None = None,
        created_at: datetime.datetime | str | None = None,
        **metadata: Any,
    ) -> None:
        fields = {
            "event_id": str(uuid.uuid4()) if event_id is None else _checked_id(event_id),
            "created_at": _aware(created_at),
            "role": as_role(role),
            "content": _checked_content(content),
            "metadata": _checked_metadata(metadata),
        }
        self.__dict__.update(fields)

    @classmethod
    def simple(cls, role: Role | str, text: str) -> Interaction:
        """One text."""
        return cls(role, [Content.text(text)])

    @property
    def text(self) -> str:
        """All its text; several texts are joined by line ends."""
        return "\n".join(part.content for part in self.content if part.type is Type.TEXT)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls among its content."""
        return tuple(call for part in self.content if (call := part.tool_call) is not None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data: event_id, created_at (ISO 8601), role, content, and the metadata.

        `from_dict` gives back an Interaction that is the same in every field, as far as the metadata are JSON values or
        the `usage`, `timing` and `logprobs` of a reply; others come back in their JSON form (see `jsonable`).
        """
        fields = {
            "event_id": self.event_id,
            "created_at": self.created_at.isoformat(),
            "role": self.role.value,
            "content": [part.to_dict() for part in self.content],
        }
        further = {name: value for name, value in jsonable(self.metadata).items() if name not in fields}
        return fields | further

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Interaction:
        """The inverse of `to_dict`; what is missing is made new. Raises RequestError naming the field."""
        if not isinstance(data, Mapping):
            raise RequestError(f"An interaction is a {type(data).__name__}; it must be an object.", param="messages")
        fields = {str(name): restored(str(name), jsonable(value)) for name, value in data.items()}
        if "role" not in fields:
            raise RequestError("An interaction has no role.", param="messages")
        content = fields.pop("content", None)
        if isinstance(content, list):
            content = [part if isinstance(part, str) else Content.from_dict(part) for part in content]
        return cls(content=content, **fields)

    def __getattr__(self, name: str) -> Any:
        # Only for names that are not found otherwise.
        if name.startswith("_") or name in _FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.metadata.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        match name:
            case "event_id":
                value = _checked_id(value)
            case "metadata":
                value = _checked_metadata(value)
            case "role":
                value = as_role(value)
            case "content":
                value = _checked_content(value)
            case "created_at":
                value = _aware(value)
        if name in _FIELDS or name.startswith("_") or hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            self.metadata[name] = value

    def __delattr__(self, name: str) -> None:
        if name in self.metadata and not name.startswith("_") and not hasattr(type(self), name):
            del self.metadata[name]
        elif name in _FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object cannot be without {name!r}")
        else:
            super().__delattr__(name)

    def __copy__(self) -> Interaction:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__, content=list(self.content), metadata=dict(self.metadata))
        return copied

    def __eq__(self, other: object) -> bool:
        return self.event_id == other.event_id if isinstance(other, Interaction) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.event_id)

    def __str__(self) -> str:
        return readable_json(self.to_dict())

    def __repr__(self) -> str:
        return f"Interaction(role={self.role.value!r}, content={self.content!r}, event_id={self.event_id!r})"


def _checked_id(event_id: Any) -> str:
    if not isinstance(event_id, str) or not event_id:
        raise RequestError(f"event_id is {event_id!r:.80}; it must be a non-empty str.", param="messages")
    return str.__str__(event_id)


def _checked_metadata(metadata: Any) -> dict[str, Any]:
    if not isinstance(metadata, Mapping):
        raise RequestError(f"The metadata are a {type(metadata).__name__}; they must be a dict.", param="messages")
    for name in metadata:
        if not isinstance(name, str) or name.startswith("_"):
            raise RequestError(
                f"A metadata name is {name!r:.80}; it must be a str that does not start with an underscore.",
                param="messages",
            )
    return dict(metadata)


def _checked_content(content: Any) -> list[Content]:
    if content is None:
        return []
    if isinstance(content, str | Content):
        content = [content]
    if isinstance(content, Mapping) or not isinstance(content, Iterable):
        raise RequestError(
            f"The content is a {type(content).__name__}; it must be a str, a Content or a list of these.",
            param="messages",
        )
    parts = [Content.text(part) if isinstance(part, str) else part for part in content]
    for part in parts:
        if not isinstance(part, Content):
            raise RequestError(
                f"A content is a {type(part).__name__}; it must be a Content or a str.", param="messages"
            )
    return parts


def _aware(moment: Any) -> datetime.datetime:
    """A moment with its time zone; text is read as ISO 8601, None is now."""
    if moment is None:
        return datetime.datetime.now(datetime.UTC)
    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment)
        except ValueError:
            raise RequestError(f"created_at is {moment!r:.80}; it must be ISO 8601.", param="messages") from None
    if not isinstance(moment, datetime.datetime):
        raise RequestError(f"created_at is a {type(moment).__name__}; it must be a datetime.", param="messages")
    if (offset := moment.utcoffset()) is None:
        try:
            return moment.astimezone()
        except (ValueError, OverflowError, OSError):
            raise RequestError(
                f"created_at is {moment.isoformat()!r}, which has no local time; give its offset from UTC.",
                param="messages",
            ) from None
    # A fixed offset: times that a zone has twice or never are unequal even to themselves after a round trip.
    return moment.replace(tzinfo=datetime.timezone(offset), fold=0)
