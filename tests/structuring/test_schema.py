"""Rewritten schemas take just what the originals take; what cannot be is refused by name, or checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema.regex import is_tame, matches, none_of
from proxy_inference_engine.structuring.sources import grammar_from_schema

from .test_sources import takes

D7 = "http://json-schema.org/draft-07/schema#"
EXACT: list[tuple[Any, list[Any], list[Any]]] = [
    ({"not": {"type": "string"}}, [1, None, {}], ["a"]),
    ({"not": {"enum": ["ab", 3]}}, ["a", "abc", "b", 2, 4, 3.5, None], ["ab", 3]),
    ({"type": "object", "not": {"required": ["a"]}}, [{}, {"b": 1}], [{"a": 1}]),
    ({"not": {"properties": {"k": {"const": "x"}}, "required": ["k"]}}, [{"k": "y"}, {}], [{"k": "x"}, 1]),
    ({"if": {"properties": {"k": {"const": 1}}}, "then": {"required": ["a"]}, "else": {"required": ["b"]}},
     [{"k": 1, "a": 0}, {"a": 0}, {"k": 2, "b": 0}, 7], [{"k": 1, "b": 0}, {"k": 2, "a": 0}]),
    ({"properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}}, [{}, {"b": 1}, {"a": 1, "b": 1}], [{"a": 1}]),  # noqa: E501
    ({"properties": {"a": {}, "b": {}}, "dependencies": {"a": {"required": ["b"]}}}, [{"a": 1, "b": 1}], [{"a": 1}]),
    ({"oneOf": [{"type": "number", "maximum": 5}, {"minimum": 2}]}, [1, 6.5, "x"], [3, 2]),
    ({"oneOf": [{"properties": {"t": {"const": "a"}, "v": {"type": "integer"}}, "required": ["t"]},
                {"properties": {"t": {"const": "b"}, "v": {"type": "string"}}, "required": ["t"]}], "type": "object"},
     [{"t": "a", "v": 1}, {"t": "b", "v": "x"}], [{"t": "a", "v": "x"}, {"t": "c"}, {}]),
    ({"uniqueItems": True, "items": {"enum": ["a", "b", "c"]}}, [[], ["b", "a"], ["c", "b", "a"]], [["a", "a"]]),
    ({"contains": {"const": 1}, "maxItems": 3}, [[1], [2, 1], ["x", 2, 1]], [[], [2], [2, 3, 4, 1]]),
    ({"propertyNames": {"pattern": "^x"}, "properties": {"y": {}}}, [{}, {"xa": 1}], [{"y": 1}, {"a": 1}]),
    ({"propertyNames": {"maxLength": 2}}, [{"ab": 1}], [{"abc": 1}]),
    ({"minProperties": 1, "properties": {"a": {}, "b": {}}}, [{"a": 1}, {"b": 1}, {"z": 1}, 3], [{}]),
    ({"minProperties": 1, "maxProperties": 1, "properties": {"a": {}, "b": {}}, "additionalProperties": False},
     [{"a": 1}, {"b": 1}], [{}, {"a": 1, "b": 1}]),
    ({"$schema": D7, "definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n", "minimum": 5}}},  # noqa: E501
     [{"a": 1}], [{"a": "x"}]),
    ({"$schema": D7, "items": [{"type": "integer"}], "additionalItems": False}, [[], [1]], [["a"], [1, 2]]),
    ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer", "minimum": 3, "exclusiveMinimum": True},
     [4], [3]),
    ({"$defs": {"n": {"$anchor": "node", "properties": {"c": {"$ref": "#node"}}, "additionalProperties": False}},
      "$ref": "#node", "type": "object"}, [{"c": {"c": {}}}], [{"d": 1}, {"c": {"d": 1}}]),
    ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}},
     [{"b": 1, "a": 2}], [{"c": 1}]),
    ({"format": "uri-template"}, ["http://a/{b}"], ["http://a/{b"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "valid", "invalid"), EXACT)
def test_exact(schema: Any, valid: list[Any], invalid: list[Any]):
    for mode in ("exact", "checked"):
        grammar = grammar_from_schema(schema, mode=mode)  # type: ignore[arg-type]
        assert (grammar.tier, grammar.check, grammar.notes) == ("exact", None, ())
        for value in valid:
            assert takes(grammar, json.dumps(value)), value
        for value in invalid:
            assert not takes(grammar, json.dumps(value)), value


CHECKED: list[tuple[Any, str, str, Any, Any]] = [
    ({"properties": {"a": {"not": {"pattern": "^x"}}}}, "not", "#/properties/a/not", {"a": "y"}, {"a": "x"}),
    ({"uniqueItems": True}, "uniqueItems", "#", [1, 2], [1, 1]),
    ({"contains": {"type": "string"}}, "contains", "#", [1, "a"], [1]),
    ({"oneOf": [{"items": {"type": "integer"}}, {"maxItems": 2}]}, "oneOf", "#", [1, 2, 3], [1]),
    ({"minProperties": 3}, "minProperties", "#", {"a": 1, "b": 2, "c": 3}, {"a": 1}),
    ({"type": "string", "pattern": "^(?!a)"}, "pattern", "#", "b", "a"),
]


@pytest.mark.parametrize(("schema", "keyword", "path", "valid", "invalid"), CHECKED)
def test_checked(schema: Any, keyword: str, path: str, valid: Any, invalid: Any):
    with pytest.raises(SchemaError, match="checked") as caught:
        grammar_from_schema(schema)
    assert caught.value.param == keyword
    assert f"at {path} " in str(caught.value)
    grammar = grammar_from_schema(schema, mode="checked")
    assert (grammar.tier, grammar.notes) == ("checked", (f"{keyword} at {path}",))
    assert takes(grammar, json.dumps(valid))
    assert not takes(grammar, json.dumps(invalid))


def test_names_written_with_escapes_do_not_pass_for_others():
    grammar = grammar_from_schema({"properties": {"a": {"type": "integer"}}})
    assert takes(grammar, '{"a": 1, "b": "s"}')
    assert not takes(grammar, '{"\\u0061": "s"}')


def test_options_in_the_schema_have_no_effect():
    assert not takes(grammar_from_schema({"type": "array", "x-guidance": {"whitespace_flexible": True}}), "[ ]")


def test_misspellings_and_annotating_formats_are_named():
    schema = {"additonalProperties": False, "x-any": 1, "properties": {"a": {"format": "colour", "minLenght": 2}}}
    warnings = " ".join(grammar_from_schema(schema).warnings)
    assert "additionalProperties" in warnings
    assert "minLength" in warnings
    assert "colour" in warnings
    assert "x-any" not in warnings


def nested(depth: int) -> Any:
    schema: Any = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        nested(5000),
        {"$ref": "http://elsewhere.example/x"},
        {"$ref": "#/nowhere"},
        {"$ref": 3},
        {"type": "text"},
        {"minLength": -1},
        {"pattern": "a" * 20_000},
        {"minimum": float("inf")},
        {"minimum": 10**2000},
        {"properties": {"a": 1}},
        {"required": [1]},
        {"enum": list(range(100_000))},
        {"const": "\ud800"},
        {"type": "string", "enum": [1]},
    ],
)
def test_malformed_and_hostile_schemas_are_refused(schema: Any):
    for mode in ("exact", "checked"):
        with pytest.raises(SchemaError):
            grammar_from_schema(schema, mode=mode)  # type: ignore[arg-type]


def test_patterns_that_could_hang_the_check_are_refused():
    with pytest.raises(SchemaError, match="exponential"):
        grammar_from_schema({"pattern": "^(?!b)(a+)+$"}, mode="checked")
    assert not is_tame("(a|aa)*b")
    assert not is_tame(r"(a)\1")
    assert is_tame("^(?!ab)[a-z(*]+$")


def test_none_of():
    pattern = none_of(["ab", "a", "é^"])
    assert all(matches(pattern, text) for text in ("", "b", "abc", "ac", "é", "é^x", "\n"))
    assert not any(matches(pattern, text) for text in ("ab", "a", "é^"))
