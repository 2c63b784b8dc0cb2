"""From a schema to a grammar: limits, canonical form, rewriting, and the grammar engine's own word on the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema.algebra import Inexpressible
from proxy_inference_engine.structuring.schema.canonical import canonicalise
from proxy_inference_engine.structuring.schema.check import checker
from proxy_inference_engine.structuring.schema.limits import LISTS, MAPS, ONES, check_limits
from proxy_inference_engine.structuring.schema.rewrite import Rewriter

Mode = Literal["exact", "checked"]

ESCAPES = 'nrbtf\\"'
"""Escapes in strings. Without "u": as a name in an object, "\\u0061" would pass for another one than "a"."""


@dataclass(frozen=True)
class Compiled:
    """The grammar's text; `check` is None where the grammar is exact; `notes` name what it checks."""

    text: str
    check: Callable[[str], str | None] | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def compile_schema(schema: Any, *, mode: Mode, options: dict[str, Any]) -> Compiled:
    """The grammar of `schema`. `options` are the grammar engine's for white space.

    Raises SchemaError naming the keyword, its path and the way out.
    """
    check_limits(schema)
    canonical = canonicalise(schema)
    lost: dict[str, None] = {}

    def give_up(reason: Inexpressible) -> None:
        if mode == "exact":
            raise SchemaError(
                f"{reason.keyword} at {reason.path} cannot be bound exactly: {reason.why}; give mode='checked', or"
                f" leave {reason.keyword} out",
                param=reason.keyword,
            )
        lost[f"{reason.keyword} at {reason.path}"] = None

    rewritten: Any = True
    try:
        rewritten = Rewriter(canonical, give_up).document()
    except Inexpressible as reason:
        give_up(reason)
    if rewritten is False:
        raise SchemaError("no value is valid under the schema: correct it", param="schema")
    options = {**options, "json_allowed_escapes": ESCAPES}
    text, error = _compiled(rewritten, options)
    if error:
        if _is_empty(error):
            raise SchemaError("no value is valid under the schema: correct it", param="schema")
        keyword = _keyword_in(error)
        path = _path_of(keyword, schema)
        give_up(Inexpressible(keyword, path, f"the grammar engine says: {error}"))
        text, error = _loosened(rewritten, options)
        if error:
            raise SchemaError(f"the schema does not compile: {error}; give a smaller one", param="schema")
    return Compiled(
        text=text,
        check=checker(schema, canonical.draft) if lost else None,
        notes=tuple(lost),
        warnings=tuple(dict.fromkeys(canonical.warnings)),
    )


def _compiled(schema: Any, options: dict[str, Any]) -> tuple[str, str]:
    """The grammar and the error message, one of them empty."""
    from llguidance import LLMatcher

    try:
        text = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=cast(Any, options))
    except ValueError as error:
        return "", _one_line(str(error))
    message = LLMatcher.validate_grammar(text)
    if message and not message.startswith("WARNING"):
        return "", _one_line(message)
    return text, ""


def _loosened(schema: Any, options: dict[str, Any]) -> tuple[str, str]:
    """The same with ever less of its depth, until it compiles."""
    table = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    without = frozenset({"pattern", "patternProperties", "multipleOf"})
    text, error = "", ""
    for depth, dropped in ((60, without), (12, without), (6, without), (3, without), (1, without), (0, without)):
        defs = {name: _cut(node, depth, dropped) for name, node in table.items()}
        cut = _cut(schema, depth, dropped) if isinstance(schema, dict) else True
        text, error = _compiled({**cut, "$defs": defs} if isinstance(cut, dict) else cut, options)
        if not error:
            break
    return text, error


def _cut(node: Any, depth: int, dropped: frozenset[str]) -> Any:
    """`node` with everything below `depth` left open, and without `dropped` keywords (nor what depends on them)."""
    if not isinstance(node, dict):
        return node
    if depth <= 0:
        return {"type": node["type"]} if "type" in node else {}
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key in dropped or key == "$defs" or (key == "additionalProperties" and "patternProperties" in node):
            continue
        if key in MAPS:
            out[key] = {name: _cut(child, depth - 1, dropped) for name, child in value.items()}
        elif key == "allOf":
            out[key] = [_cut(value[0], depth - 1, dropped)]
        elif key in LISTS:
            out[key] = [_cut(child, depth - 1, dropped) for child in value]
        elif key in ONES:
            out[key] = _cut(value, depth - 1, dropped)
        else:
            out[key] = value
    return out


def _is_empty(error: str) -> bool:
    return "Unsatisfiable schema" in error or "unsatisfiable" in error.lower()


_BY_MESSAGE = {
    "patternProperty": "patternProperties",
    "regex": "pattern",
    "min/maxProperties": "minProperties",
    "intersection": "allOf",
    "multipleOf": "multipleOf",
    "too large": "schema",
    "format": "format",
}


def _keyword_in(error: str) -> str:
    return next((keyword for mark, keyword in _BY_MESSAGE.items() if mark in error), "schema")


def _path_of(keyword: str, schema: Any) -> str:
    """Where `keyword` first stands in `schema`; "#" if nowhere."""
    stack = [(schema, "#")]
    while stack:
        node, path = stack.pop(0)
        if isinstance(node, dict):
            if keyword in node:
                return path
            stack += [(child, f"{path}/{key}") for key, child in node.items()]
        elif isinstance(node, list):
            stack += [(child, f"{path}/{index}") for index, child in enumerate(node)]
    return "#"


def _one_line(message: str) -> str:
    return " ".join(message.split())[:300]
