"""Interactions survive every kind of copy, and whatever is put into them can be shown."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import enum
import json
import pickle
import uuid
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from proxy_inference_engine import Content, Interaction, Role, Type
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction import as_interactions, as_openai
from proxy_inference_engine.types import Timing, TokenLogprob, ToolCall, Usage

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(st.text(max_size=5), json_values, max_size=3) | st.just('{"a":1}')
contents = (
    st.text().map(Content.text)
    | st.sampled_from([Content.image, Content.file, Content.audio, Content.video]).flatmap(
        lambda make: (st.text() | st.binary(max_size=8)).map(make)
    )
    | st.builds(Content.action, st.text(min_size=1), arguments)
    | st.dictionaries(st.text(max_size=5).filter(lambda k: k not in {"name", "arguments"}), json_values).map(
        Content.action
    )
)
reserved = {"event_id", "created_at", "role", "content"}
metadata = st.dictionaries(
    st.text().filter(lambda name: name not in reserved and name[:1] != "_"), json_values, max_size=4
)
moments = st.datetimes(timezones=st.timezones() | st.just(datetime.UTC))
interactions = st.builds(
    lambda role, parts, moment, more: Interaction(role, parts, created_at=moment, **more),
    st.sampled_from(Role),
    st.lists(contents, max_size=3),
    moments,
    metadata,
)


def assert_same(one: Interaction, other: Interaction) -> None:
    """Every field, not only the id that equality goes by."""
    assert one == other
    assert hash(one) == hash(other)
    assert one.event_id == other.event_id
    assert one.created_at == other.created_at
    assert other.created_at.utcoffset() == one.created_at.utcoffset()
    assert one.role is other.role
    assert one.content == other.content
    assert one.metadata == other.metadata
    assert type(one.content) is type(other.content) is list


@settings(max_examples=60, deadline=None)
@given(interactions)
def test_round_trips(interaction: Interaction) -> None:
    assert_same(Interaction.from_dict(interaction.to_dict()), interaction)
    assert_same(Interaction.from_dict(json.loads(json.dumps(interaction.to_dict()))), interaction)
    for twin in (
        copy.copy(interaction),
        copy.deepcopy(interaction),
        pickle.loads(pickle.dumps(interaction)),
        as_interactions([interaction.to_dict()])[0],
    ):
        assert_same(twin, interaction)
    for part in interaction.content:
        assert Content.from_dict(part.to_dict()) == part
        assert copy.deepcopy(part) == pickle.loads(pickle.dumps(part)) == part
    assert json.loads(str(interaction)) is not None
    assert repr(interaction).startswith("Interaction(")


class Colour(enum.Enum):
    RED = ("r", 1)


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: float
    inner: Any = None


class Model(BaseModel):
    when: datetime.datetime
    parts: set[int]


class Hostile:
    def __repr__(self) -> str:
        raise ValueError("no")

    def to_dict(self) -> dict[str, Any]:
        raise RuntimeError("no")

    __str__ = __repr__


class Endless:
    def to_dict(self) -> dict[str, Any]:
        return {"again": Endless()}


def cycle() -> list[Any]:
    ring: list[Any] = []
    ring.append({"ring": ring})
    return ring


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


ODD: list[Any] = [
    datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    datetime.date(2026, 1, 2),
    datetime.time(1, 2),
    datetime.timedelta(seconds=1.5),
    Colour.RED,
    Level.HIGH,
    Point(float("nan"), Point(float("inf"))),
    Point,
    Model(when=datetime.datetime(2026, 1, 1), parts={1, 2}),
    Model,
    {1, "a", None, (1, 2)},
    frozenset({b"x"}),
    b"\xff\x00",
    bytearray(b"ab"),
    memoryview(b"ab"),
    np.arange(6).reshape(2, 3),
    np.float32(1.5),
    np.bool_(True),
    np.array(float("nan")),
    np.zeros(100_000),
    np.array(["a", object()], dtype=object),
    mx.array([1.0, 2.0]),
    mx.array([1, 2], dtype=mx.bfloat16),
    mx.array(True),
    mx.zeros((1000, 1000)),
    float("nan"),
    -float("inf"),
    10**6000,
    -(10**6000),
    decimal.Decimal("1.5"),
    complex(1, 2),
    uuid.uuid4(),
    {1: "a", None: "b", False: "c", 2.5: "d", (1, 2): "e", "\ud800": "\udfff"},
    "\ud800 lone",
    Hostile(),
    {"h": Hostile()},
    Endless(),
    cycle(),
    deep(5000),
    lambda: 1,
    ValueError("x"),
    (i for i in range(3)),
    Usage(1, 2, 3),
    ToolCall("1", "f", "{}"),
    Interaction.simple(Role.USER, "inner"),
    Content.text("inner"),
    object(),
    ...,
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_anything_can_be_shown(value: Any) -> None:
    interaction = Interaction(Role.USER, "hi", odd=value, nested=[{"odd": value}])
    text = json.dumps(interaction.to_dict(), allow_nan=False)
    assert json.loads(text)["content"] == [{"type": "text", "text": "hi"}]
    str(interaction).encode("utf-8")
    json.loads(str(interaction))
    assert repr(interaction)
    again = Interaction.from_dict(interaction.to_dict())
    assert again.to_dict() == interaction.to_dict()
    assert Content.action({"value": value}).to_dict()


def test_arrays_numbers_and_objects_become_json() -> None:
    interaction = Interaction("user", None, a=np.arange(4).reshape(2, 2), b=mx.array([0.5]), c=Level.HIGH, d={3, 1})
    plain = interaction.to_dict()
    assert plain["a"] == [[0, 1], [2, 3]]
    assert plain["b"] == [0.5]
    assert plain["c"] == 3
    assert plain["d"] == [1, 3]
    assert Interaction("user", None, x=np.zeros(100_000)).to_dict()["x"] == "ndarray(shape=(100000,), dtype=float64)"


def test_metadata_are_attributes() -> None:
    interaction = Interaction(Role.AGENT, "hi", name="Ada", color="red", self=1, metadata=2)
    assert (interaction.name, interaction.color, interaction.title) == ("Ada", "red", None)
    assert interaction.metadata["self"] == 1
    interaction.emoji = "x"
    assert interaction.to_dict()["emoji"] == "x"
    interaction.role = "user"
    assert interaction.role is Role.USER
    interaction.content = "new"
    assert interaction.content == [Content.text("new")]
    for name in ("_private", "__array__", "__len__", "__deepcopy__"):
        with pytest.raises(AttributeError):
            getattr(interaction, name)
    assert np.array([interaction, interaction], dtype=object).shape == (2,)
    with pytest.raises((TypeError, ValueError)):
        mx.array(interaction)
    empty = object.__new__(Interaction)  # as unpickling makes it
    with pytest.raises(AttributeError):
        _ = empty.metadata


def test_metadata_can_be_removed_and_replaced() -> None:
    interaction = Interaction("user", "hi", title="a", text="b")
    del interaction.title
    assert interaction.title is None
    for name in ("title", "text", "role", "metadata", "_x"):
        with pytest.raises(AttributeError):
            delattr(interaction, name)
    given = {"color": "red"}
    interaction.metadata = given
    interaction.color = "blue"
    assert (given, interaction.color) == ({"color": "red"}, "blue")


def test_copies_share_nothing_that_changes() -> None:
    one = Interaction("user", "hi", title="a")
    other = copy.copy(one)
    other.title = "b"
    other.content.append(Content.text("more"))
    assert (one.title, one.text) == ("a", "hi")
    assert_same(one, copy.copy(one))


def test_contents_have_hashes() -> None:
    one, other = (Content.action("f", {"x": [n, {"y": None}]}, call_id="c") for n in (1, 1.0))
    assert one == other
    assert len({one, other, Content.text("a"), Content.text("a")}) == 2


@pytest.mark.parametrize(
    ("make", "data", "mime"),
    [
        (Content.audio, b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (Content.image, b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (Content.image, b"RIFF\x00\x00\x00\x00WAVE", "application/octet-stream"),
        (Content.audio, b"ID3\x04", "audio/mpeg"),
        (Content.audio, b"\xff\xfb\x90", "audio/mpeg"),
        (Content.audio, b"\x00\x00\x00\x20ftypisom", "audio/mp4"),
        (Content.video, b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (Content.file, b"\xff\xd8\xff", "image/jpeg"),
        (Content.file, b"%PDF-1.7", "application/pdf"),
        (Content.file, b"", "application/octet-stream"),
    ],
)
def test_kinds_of_bytes(make: Any, data: bytes, mime: str) -> None:
    assert make(data).content.startswith(f"data:{mime};base64,")


def test_replies_come_back_with_their_records() -> None:
    reply = Interaction(
        "agent",
        "hi",
        finish_reason="stop",
        usage=Usage(3, 2, 1),
        timing=Timing(0.5, 1.0, 2.0, float("inf"), 4.25),
        logprobs=(TokenLogprob(5, -0.1, -0.2, ((5, -0.1), (6, float("-inf")))), TokenLogprob(7, -1.0, 0.0)),
    )
    loaded = Interaction.from_dict(json.loads(json.dumps(reply.to_dict())))
    assert_same(loaded, reply)
    assert loaded.metadata == reply.metadata
    assert loaded.usage.num_cached_tokens == 2
    assert Interaction("agent", "hi", logprobs=()).metadata == {"logprobs": ()}


@pytest.mark.parametrize(
    "other",
    [
        {"usage": {"num_prompt_tokens": 1}},
        {"usage": {"num_prompt_tokens": 1, "num_cached_tokens": True, "num_output_tokens": 1}},
        {"usage": None, "timing": "fast", "logprobs": [1]},
        {"logprobs": [{"token_id": 1, "logprob": 0.0, "sampled_logprob": 0.0, "top": [[1]]}]},
    ],
)
def test_other_data_by_the_names_of_records_stay(other: dict[str, Any]) -> None:
    assert Interaction.from_dict({"role": "agent", **other}).metadata == other


def test_identity() -> None:
    one, other = Interaction.simple(Role.USER, "a"), Interaction.simple(Role.USER, "a")
    assert one != other
    assert len({one, other, copy.copy(one)}) == 2
    assert Interaction("user", "b", event_id=one.event_id) == one
    assert one != "a"
    assert uuid.UUID(one.event_id).version == 4
    assert one.created_at.utcoffset() == datetime.timedelta(0)
    naive = Interaction("user", "a", created_at=datetime.datetime(2026, 5, 1, 12))
    assert naive.created_at.utcoffset() is not None


def test_roles_content_and_text() -> None:
    assert [Interaction(name, "x").role for name in ("agent", "assistant", "developer", "function", "tool")] == [
        Role.AGENT,
        Role.AGENT,
        Role.SYSTEM,
        Role.TOOL,
        Role.TOOL,
    ]
    interaction = Interaction(role=Role.USER, content=["a", Content.text("b")])
    assert interaction.text == "a\nb"
    assert Content.image(b"\x89PNG1").content == "data:image/png;base64,iVBORzE="
    assert Content(Type.TEXT, "a") == Content("text", "a") == Content.text("a")  # type: ignore[arg-type]
    assert Content.image("u").to_dict() == {"type": "image", "image_url": "u"}
    assert Content.file("u").to_dict() == {"type": "file", "file_url": "u"}
    assert Content.video("u").to_dict() == {"type": "video", "video_url": "u"}
    assert json.loads(str(Content.text("ü"))) == {"type": "text", "text": "ü"}


def test_tool_calls() -> None:
    call = ToolCall("c1", "f", '{"x":1}')
    assert Content.action(call).tool_call == call
    assert Content.action("f", {"x": 1}, call_id="c1").tool_call == ToolCall("c1", "f", '{"x": 1}')
    assert Content.action("f").content["id"].startswith("call_")
    assert Content.action({"click": 3}).tool_call is None
    assert Content.text("a").tool_call is None
    assert Interaction("agent", ["hi", Content.action(call)]).tool_calls == (call,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interaction("robot", "x"), "'robot'.*agent"),
        (lambda: Interaction("user", 5), "content is a int"),
        (lambda: Interaction("user", {"type": "text"}), "content is a dict"),
        (lambda: Interaction("user", [5]), "content is a int"),
        (lambda: Interaction("user", "x", event_id=""), "event_id"),
        (lambda: Interaction("user", "x", created_at="yesterday"), "yesterday"),
        (lambda: Interaction("user", "x", created_at=5), "created_at is a int"),
        (lambda: Interaction("user", "x", created_at="0001-01-01T00:00:00"), "0001-01-01T00:00:00"),
        (lambda: Interaction("user", "x", _a=1), "'_a'"),
        (lambda: Interaction.from_dict({"role": "user", "_a": 1}), "'_a'"),
        (lambda: setattr(Interaction("user", "x"), "event_id", 5), "event_id is 5"),
        (lambda: setattr(Interaction("user", "x"), "metadata", None), "metadata are a NoneType"),
        (lambda: setattr(Interaction("user", "x"), "metadata", {1: 2}), "metadata name is 1"),
        (lambda: Content("smell", "x"), "smell"),
        (lambda: Content.text(b"x"), "bytes"),
        (lambda: Content.image(5), "int"),
        (lambda: Content.action(5), "int"),
        (lambda: Content.action({"name": ""}), "name is ''"),
        (lambda: Content.action("f", [1]), "arguments of 'f'"),
        (lambda: Content.from_dict({"type": "text"}), "no 'text'"),
        (lambda: Content.from_dict({"text": "x"}), "with a type"),
        (lambda: Interaction.from_dict({"content": "x"}), "no role"),
        (lambda: Interaction.from_dict([]), "is a list"),
    ],
)
def test_bad_values(make: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        make()


texts = st.text(min_size=1)
openai_like = st.builds(
    lambda role, text, reasoning, calls: Interaction(
        role, [Content.text(text), *(calls if role is Role.AGENT else [])], **reasoning
    ),
    st.sampled_from(Role),
    st.text(),
    st.fixed_dictionaries({}, optional={"reasoning": texts, "name": texts, "tool_call_id": texts}),
    st.lists(st.builds(Content.action, st.builds(ToolCall, texts, texts, st.just('{"a": [1]}'))), max_size=2),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(openai_like, max_size=3))
def test_to_openai_and_back(conversation: list[Interaction]) -> None:
    messages = as_openai(conversation)
    again = as_interactions(json.loads(json.dumps(messages)))
    assert [(i.role, i.content, i.metadata) for i in again] == [(i.role, i.content, i.metadata) for i in conversation]


def test_openai_forms() -> None:
    own = Interaction.simple(Role.USER, "own")
    found = as_interactions(
        [
            {"role": "developer", "content": "sys"},
            own,
            {
                "role": "user",
                "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}],
            },
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "hm",
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "content": "42", "tool_call_id": "1"},
            {"role": "assistant", "function_call": {"name": "g", "arguments": {"a": 1}}, "content": ""},
            {"role": "assistant", "content": None, "refusal": "no"},
            {
                "role": "user",
                "content": [
                    "plain",
                    {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
                    {"type": "file", "file": {"file_data": "data:text/plain,a"}},
                    {"type": "input_file", "file_url": "http://x/y"},
                    {"type": "action", "action": {"click": 1}},
                    {"type": "video_url", "video_url": "v"},
                ],
            },
        ]
    )
    assert found[0].role is Role.SYSTEM
    assert found[1] is own
    assert found[2].content[1] == Content.image("u")
    assert found[3].reasoning == "hm"
    assert found[3].content == [Content.action(ToolCall("1", "f", "{}"))]
    assert (found[4].role, found[4].tool_call_id) == (Role.TOOL, "1")
    assert found[5].tool_calls[0].name == "g"
    assert found[6].text == "no"
    assert [part.type.value for part in found[7].content] == ["text", "audio", "file", "file", "action", "video"]
    assert as_interactions("hi")[0].text == as_interactions({"role": "user", "content": "hi"})[0].text == "hi"
    assert as_interactions([]) == []


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (5, "int"),
        (b"x", "bytes"),
        ([5], r"messages\[0\] is 5"),
        (["a"], r"messages\[0\] is 'a'"),
        ([{"role": "user", "content": "x"}, {"content": "x"}], r"messages\[1\].role is None"),
        ([{"role": ["user"]}], r"messages\[0\].role is \['user'\]"),
        ([{"role": "user", "content": 5}], r"messages\[0\].content is 5"),
        ([{"role": "user", "content": [{"type": "smell"}]}], r"messages\[0\].content\[0\].type is 'smell'"),
        ([{"role": "user", "content": [{"type": ["text"]}]}], r"content\[0\].type is \['text'\]"),
        ([{"role": "user", "content": [{"type": "text", "text": 5}]}], r"content\[0\].text is 5"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}], r"image_url.url is 5"),
        ([{"role": "user", "content": "x", "tool_calls": [{}]}], r"messages\[0\].tool_calls"),
        ([{"role": "assistant", "tool_calls": 5}], r"messages\[0\].tool_calls is 5; it must be a list"),
        ([{"role": "assistant", "tool_calls": [5]}], r"messages\[0\].tool_calls\[0\] is 5"),
        ([{"role": "assistant", "tool_calls": [{"function": {"name": 5}}]}], r"function.name is 5"),
        ([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}], r"arguments is \[1\]"),
        ([{"role": "assistant", "tool_calls": [{"id": 5, "function": {"name": "f"}}]}], r"id is 5"),
        ([{"role": "tool", "content": "x", "tool_call_id": 5}], r"messages\[0\].tool_call_id is 5"),
        ([{"role": "assistant", "reasoning": 5}], r"messages\[0\].reasoning is 5"),
        ([{"event_id": "1", "role": "nobody"}], r"messages\[0\]: .*nobody"),
    ],
)
def test_bad_conversations_name_the_place(prompt: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        as_interactions(prompt)
    assert caught.value.param == "messages"
