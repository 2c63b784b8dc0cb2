"""Replies bound to a schema, regex, grammar or choices: always whole, always valid, inside the budget, in any batch."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import re
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from proxy_inference_engine import InferenceEngine, Interaction, RequestError, Role
from proxy_inference_engine.types import End, TextDelta
from tests.engine.test_private_memory import load

HELLO = [Interaction.simple(Role.USER, "Hello")]
WILD = {"temperature": 2.0, "min_p": 0.0}

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "minItems": 1, "maxItems": 3},
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": ["string", "null"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "note": {"type": "string", "maxLength": 10},
    },
    "required": ["name", "age", "tags", "address"],
    "additionalProperties": False,
}
SCHEMAS = [
    PERSON,
    {"type": "array", "items": {"type": "number"}, "minItems": 2},
    {"anyOf": [{"type": "boolean"}, {"type": "object", "properties": {"x": {"const": 5}}, "required": ["x"]}]},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"enum": ["one", 2, None, {"three": [3]}]},
]


def text_of(reply: Interaction) -> str:
    return "".join(content.content for content in reply.content)


@pytest.mark.parametrize("budget", [48, 70, 128])
async def test_wild_sampling_in_a_batch_is_valid_and_within_the_budget(engine: InferenceEngine, budget: int) -> None:
    async def one(index: int) -> None:
        schema = SCHEMAS[index % len(SCHEMAS)]
        reply = await engine.chat(HELLO, json_schema=schema, max_new_tokens=budget, seed=index, **WILD)
        assert reply.finish_reason == "stop"
        assert reply.usage.num_output_tokens <= budget
        jsonschema.validate(json.loads(text_of(reply)), schema)
        assert reply.data == json.loads(text_of(reply))

    is_narrow = budget < 65  # the shortest person takes 65 tokens of this byte tokenizer
    await asyncio.gather(*(one(index) for index in range(25) if index % len(SCHEMAS) or not is_narrow))


async def test_together_equals_alone_beside_free_replies(engine: InferenceEngine) -> None:
    options = [
        {"seed": index, "max_new_tokens": 100, **WILD, **({"json_schema": SCHEMAS[index % 5]} if index % 2 else {})}
        for index in range(10)
    ]
    alone = [text_of(await engine.chat(HELLO, **chosen)) for chosen in options]
    together = await asyncio.gather(*(engine.chat(HELLO, **chosen) for chosen in options))
    assert [text_of(reply) for reply in together] == alone


async def test_forced_tokens_change_no_text(engine: InferenceEngine) -> None:
    for schema in SCHEMAS:
        plain = await engine.chat(HELLO, json_schema=schema, temperature=0, max_new_tokens=120, logprobs=0)
        forced = await engine.chat(HELLO, json_schema=schema, temperature=0, max_new_tokens=120)
        assert text_of(plain) == text_of(forced)
        assert len(plain.logprobs) == plain.usage.num_output_tokens


async def test_forced_tokens_take_no_steps_of_their_own(engine: InferenceEngine) -> None:
    schema = {"type": "object", "properties": {"a_rather_long_name_of_a_key": {"const": True}}}
    schema["required"] = list(schema["properties"])
    core = engine._open().core
    steps = core._num_steps
    reply = await engine.chat(HELLO, json_schema=schema, temperature=0, max_new_tokens=100)
    assert text_of(reply) == '{"a_rather_long_name_of_a_key": true}'
    assert core._num_steps - steps < 15 < reply.usage.num_output_tokens


async def test_a_stream_joins_to_the_whole(engine: InferenceEngine) -> None:
    options = {"json_schema": PERSON, "max_new_tokens": 150, "seed": 3, **WILD}
    events = [event async for event in engine.stream(HELLO, **options)]
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(events[-1], End)
    assert text == text_of(await engine.chat(HELLO, **options))


async def test_the_budget_closes_what_would_not_end(engine: InferenceEngine) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    reply = await engine.chat(HELLO, json_schema=schema, max_new_tokens=30, logit_bias={ord('"'): -100.0}, **WILD)
    assert reply.was_closed
    assert isinstance(reply.data["text"], str)
    free = await engine.chat(HELLO, json_schema={"const": 1}, max_new_tokens=30)
    assert free.was_closed is None


@pytest.mark.parametrize("budget", [1, 20])
async def test_a_budget_that_no_output_fits_is_refused_with_the_number(engine: InferenceEngine, budget: int) -> None:
    with pytest.raises(RequestError, match=rf"max_new_tokens={budget} is too small.*give at least \d+"):
        await engine.chat(HELLO, json_schema=PERSON, max_new_tokens=budget)


async def test_regex_choices_grammar_and_any_json(engine: InferenceEngine) -> None:
    for seed in range(4):
        options = {"seed": seed, "max_new_tokens": 40, **WILD}
        date = await engine.chat(HELLO, regex=r"[0-9]{4}-[01][0-9]-[0-3][0-9]", **options)
        assert re.fullmatch(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", text_of(date))
        choice = await engine.chat(HELLO, choices=["red", "green", "dark blue"], **options)
        assert choice.data in ("red", "green", "dark blue")
        lark = await engine.chat(HELLO, grammar='start: ("ab" | "c")+ "!"', **options)
        assert re.fullmatch(r"(ab|c)+!", text_of(lark))
        anything = await engine.chat(HELLO, structured=True, **options)
        json.loads(text_of(anything))


class Person(BaseModel):
    name: str
    age: int


@dataclasses.dataclass
class Point:
    x: int
    y: int


async def test_classes_come_back_as_instances(engine: InferenceEngine) -> None:
    person = await engine.chat(HELLO, json_schema=Person, max_new_tokens=60, seed=1, **WILD)
    assert isinstance(person.data, Person)
    point = await engine.chat(HELLO, json_schema=Point, max_new_tokens=60, seed=1, **WILD)
    assert isinstance(point.data, Point)
    text = await engine.chat(HELLO, json_schema=json.dumps({"type": "integer"}), max_new_tokens=20, seed=1, **WILD)
    assert isinstance(text.data, int)
    several = await engine.choices(HELLO, 3, json_schema=Point, max_new_tokens=60, seed=1, **WILD)
    assert all(isinstance(reply.data, Point) for reply in several)


async def test_ids_are_bound_too(engine: InferenceEngine) -> None:
    ids, reason = await engine.generate([1, 2, 3], json_schema=PERSON, max_new_tokens=150, seed=1, **WILD)
    jsonschema.validate(json.loads(engine.tokenizer.decode(ids.tolist())), PERSON)
    assert reason == "stop"


async def test_a_full_pool_and_preemption_break_nothing(tiny_folder: Path) -> None:
    with InferenceEngine(tiny_folder, kv_cache_bytes=100_000, block_size=8) as narrow:
        replies = await asyncio.gather(
            *(narrow.chat(HELLO, json_schema=PERSON, max_new_tokens=120, seed=seed, **WILD) for seed in range(8))
        )
        for reply in replies:
            jsonschema.validate(reply.data, PERSON)
        narrow._open().memory.check()


@pytest.mark.parametrize("is_lazy", [False, True])
async def test_other_memories_and_back_ends(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, is_lazy: bool) -> None:
    if is_lazy:
        monkeypatch.setenv("PIE_CPU_BACKEND", "mlx")
    with InferenceEngine(tiny_folder if is_lazy else lambda: load(tiny_folder)) as engine:
        replies = await asyncio.gather(
            *(engine.chat(HELLO, json_schema=PERSON, max_new_tokens=120, seed=seed, **WILD) for seed in range(4))
        )
    for reply in replies:
        jsonschema.validate(reply.data, PERSON)


async def test_penalties_and_biases_cannot_break_the_grammar(engine: InferenceEngine) -> None:
    rng = random.Random(1)
    bias = {rng.randrange(250): rng.choice((-100.0, 100.0)) for _ in range(60)}
    reply = await engine.chat(
        HELLO, json_schema=PERSON, max_new_tokens=150, seed=1, logit_bias=bias, repetition_penalty=1.9, **WILD
    )
    jsonschema.validate(reply.data, PERSON)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"json_schema": {"type": "objec"}}, "objec"),
        ({"json_schema": "{not json"}, "not valid JSON"),
        ({"json_schema": 5}, "json_schema|schema"),
        ({"regex": "(a"}, "regex"),
        ({"regex": ""}, "regex"),
        ({"grammar": "start: nothing"}, "grammar"),
        ({"choices": []}, "choices"),
        ({"choices": "abc"}, "choices"),
        ({"structured": "yes"}, "structured"),
        ({"regex": "a", "choices": ["b"]}, "both given"),
        ({"regex": "a+", "stop": ["a"]}, "stop would cut"),
    ],
)
async def test_what_cannot_be_bound_is_refused_by_name(engine: InferenceEngine, options: dict, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        await engine.chat(HELLO, **options)
    assert text_of(await engine.chat(HELLO, choices=["fine"])) == "fine"
