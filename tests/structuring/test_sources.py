"""Each kind of source gives a grammar that takes its outputs and no others."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any, Literal, TypedDict

import pytest
from llguidance import LLMatcher, LLTokenizer
from pydantic import BaseModel

from proxy_inference_engine.errors import RequestError, SchemaError
from proxy_inference_engine.structuring.schema import load_schema
from proxy_inference_engine.structuring.sources import (
    Grammar,
    any_json,
    grammar_from_choices,
    grammar_from_lark,
    grammar_from_regex,
    grammar_from_schema,
)

TOKENIZER = LLTokenizer("byte")


def takes(grammar: Grammar, text: str) -> bool:
    matcher = LLMatcher(TOKENIZER, grammar.text, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    tokens = TOKENIZER.tokenize_bytes(text.encode())
    whole = matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()
    return whole and (grammar.check is None or grammar.check(text) is None)


class City(BaseModel):
    name: str
    size: Literal["small", "large"] = "small"


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Entry(TypedDict):
    key: str


def weather(city: str, days: int = 3, *, unit: Literal["C", "F"] = "C") -> str:
    """The weather of a city.

    Args:
        city: its name, in
            English
        days (int): how many
    """
    return city


def test_models_decode_to_instances():
    grammar = grammar_from_schema(City)
    assert takes(grammar, '{"name": "Rome", "size": "large"}')
    assert not takes(grammar, '{"name": "Rome", "size": "huge"}')
    assert grammar.decode('{"name": "Rome"}') == City(name="Rome")
    assert grammar_from_schema(Point).decode('{"x": 1, "y": 2}') == Point(1, 2)
    assert grammar_from_schema(Entry).decode('{"key": "a"}') == {"key": "a"}


def test_function_gives_the_schema_of_its_arguments():
    grammar = grammar_from_schema(weather)
    assert takes(grammar, '{"city": "Rome", "unit": "F"}')
    assert not takes(grammar, "{}")
    assert not takes(grammar, '{"city": "Rome", "other": 1}')
    assert grammar.decode('{"city": "Rome", "days": 2}') == {"city": "Rome", "days": 2}
    schema = load_schema(weather).schema
    assert isinstance(schema, dict)
    assert schema["description"] == "The weather of a city."
    assert schema["properties"]["city"]["description"] == "its name, in English"
    assert schema["properties"]["days"]["description"] == "how many"


def test_function_with_unnamed_parameters_is_refused():
    with pytest.raises(SchemaError, match="args"):
        grammar_from_schema(lambda *args: None)


def test_white_space():
    schema = {"properties": {"a": {"items": {"type": "integer"}}}, "additionalProperties": False, "type": "object"}
    fixed, compact = grammar_from_schema(schema), grammar_from_schema(schema, whitespace="compact")
    flexible = grammar_from_schema(json.dumps(schema), whitespace="flexible", max_whitespace=2)
    assert takes(fixed, '{"a": [1, 2]}')
    assert not takes(fixed, '{"a":[1,2]}')
    assert not takes(fixed, '{"a":  [1, 2]}')
    assert takes(compact, '{"a":[1,2]}')
    assert not takes(compact, '{"a": [1,2]}')
    assert takes(flexible, '{ "a":\n [1,2]}')
    assert not takes(flexible, '{   "a":[1,2]}')
    assert len({fixed.key, compact.key, flexible.key}) == 3


@pytest.mark.parametrize("choices", [["yes", "no"], ["a\nb", 'q"', "back\\slash", "/x/", "\x7f\x01", "é😀"]])
def test_choices(choices: list[str]):
    grammar = grammar_from_choices(choices)
    assert all(takes(grammar, choice) for choice in choices)
    assert not takes(grammar, choices[0] + "x")
    assert not takes(grammar, choices[0][:-1])


def test_regex_lark_and_any_json():
    assert takes(grammar_from_regex("a/[0-9]{2}"), "a/12")
    assert not takes(grammar_from_regex("a/[0-9]{2}"), "a/123")
    assert takes(grammar_from_lark('start: "a" start? "b"'), "aabb")
    assert takes(any_json(), '{"a": [1, null]}')
    assert not takes(any_json(), "{'a'}")


@pytest.mark.parametrize(
    ("make", "value", "param"),
    [
        (grammar_from_regex, "(?=a)b", "regex"),
        (grammar_from_regex, "", "regex"),
        (grammar_from_lark, "start: other", "grammar"),
        (grammar_from_lark, "begin", "grammar"),
        (grammar_from_choices, [], "choices"),
        (grammar_from_choices, "ab", "choices"),
        (grammar_from_choices, ["a", ""], "choices"),
        (grammar_from_choices, ["\ud800"], "choices"),
        (grammar_from_schema, 3, "schema"),
        (grammar_from_schema, "{", "schema"),
        (grammar_from_schema, "[" * 100_000, "schema"),
    ],
)
def test_what_is_no_source_is_refused(make: Any, value: Any, param: str):
    with pytest.raises(RequestError) as caught:
        make(value)
    assert isinstance(caught.value, SchemaError)
    assert caught.value.param == param


def test_unknown_options_are_refused():
    for options in ({"whitespace": "none"}, {"mode": "loose"}, {"max_whitespace": -1}):
        with pytest.raises(RequestError):
            grammar_from_schema({}, **options)  # type: ignore[arg-type]


def test_compiling_is_quick():
    schema = {"properties": {f"p{i}": {"type": "string"} for i in range(50)}, "required": ["p1"]}
    grammar_from_schema(schema)
    started = time.perf_counter()
    grammar_from_schema(schema)
    assert time.perf_counter() - started < 0.5
