"""From what a caller gives (a schema, its JSON text, a model class, a function) to a schema and a decoder.

Knows Python's types and pydantic; knows nothing of what the keywords mean.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, is_typeddict

from proxy_inference_engine.checks import shown
from proxy_inference_engine.errors import SchemaError

MAX_TEXT = 1_000_000
"""Longest JSON text of a schema, in characters."""


@dataclass(frozen=True)
class Loaded:
    """A schema as a dict or bool, and what turns the text of a finished output into its value."""

    schema: dict[str, Any] | bool
    decode: Callable[[str], Any]


def load_schema(source: Any) -> Loaded:
    """Read `source`: a dict, bool, JSON text, pydantic model, dataclass, TypedDict or function. Raises SchemaError."""
    if isinstance(source, bool):
        return Loaded(source, json.loads)
    if isinstance(source, Mapping):
        return Loaded(dict(source), json.loads)
    if isinstance(source, str):
        return Loaded(_parsed(source), json.loads)
    if inspect.isclass(source) and callable(getattr(source, "model_json_schema", None)):
        return _from_type(source)
    if dataclasses.is_dataclass(source) and isinstance(source, type):
        return _from_type(source)
    if is_typeddict(source):
        return _from_type(_portable(source))
    if inspect.isroutine(source):
        return _from_function(source)
    raise SchemaError(
        f"schema={shown(source)} is not valid: give a dict, its JSON text, a pydantic model, a dataclass, a TypedDict"
        " or a function",
        param="schema",
    )


def _parsed(text: str) -> dict[str, Any] | bool:
    if len(text) > MAX_TEXT:
        raise SchemaError(f"the schema has {len(text)} characters, the limit is {MAX_TEXT}", param="schema")
    try:
        schema = json.loads(text)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply: name its parts in $defs", param="schema") from None
    except ValueError as error:
        raise SchemaError(f"the schema is not valid JSON: {error}", param="schema") from None
    if not isinstance(schema, dict | bool):
        raise SchemaError(f"schema={shown(schema)} is not valid: give an object", param="schema")
    return schema


def _portable(source: Any) -> Any:
    """The same TypedDict as pydantic takes it: before Python 3.12 it refuses the standard library's."""
    import typing_extensions

    hints = typing_extensions.get_type_hints(source, include_extras=True)
    optional = {name for name in source.__optional_keys__ if name in hints}
    fields = {name: typing_extensions.NotRequired[hint] if name in optional else hint for name, hint in hints.items()}
    return typing_extensions.TypedDict(source.__name__, fields)  # type: ignore[operator]


def _from_type(source: Any) -> Loaded:
    from pydantic import TypeAdapter  # costs a tenth of a second: only where it is used
    from pydantic.errors import PydanticUserError

    try:
        adapter: Any = TypeAdapter(source)
        return Loaded(adapter.json_schema(), adapter.validate_json)
    except (PydanticUserError, TypeError, NameError) as error:
        raise SchemaError(f"{source.__name__} has no JSON Schema: {error}", param="schema") from None


def _from_function(function: Callable[..., Any]) -> Loaded:
    """The schema of an object that holds the arguments by name; an output decodes to the dict of arguments."""
    from pydantic import ConfigDict, Field, create_model
    from pydantic.errors import PydanticUserError

    name = getattr(function, "__name__", "function")
    try:
        signature = inspect.signature(function, eval_str=True)
    except (ValueError, TypeError, NameError) as error:
        raise SchemaError(f"the signature of {name} cannot be read: {error}", param="schema") from None
    text = inspect.getdoc(function) or ""
    described = _described_parameters(text)
    fields: dict[str, Any] = {}
    for index, parameter in enumerate(signature.parameters.values()):
        if index == 0 and parameter.name in ("self", "cls"):
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise SchemaError(
                f"parameter {parameter.name!r} of {name} has no name to call it by: give only named parameters",
                param="schema",
            )
        annotation = Any if parameter.annotation is parameter.empty else parameter.annotation
        default = ... if parameter.default is parameter.empty else parameter.default
        # The field's own name is an alias: pydantic keeps some names, and those with an underscore, for itself.
        fields[f"p{index}"] = (
            annotation,
            Field(default, alias=parameter.name, description=described.get(parameter.name)),
        )
    try:
        model: Any = create_model(name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False), **fields)
        schema = model.model_json_schema()
    except (PydanticUserError, TypeError) as error:
        raise SchemaError(f"a parameter of {name} has no JSON Schema: {error}", param="schema") from None
    for part in schema.get("properties", {}).values():
        part.pop("title", None)
    summary = text.split("\n\n")[0].strip()
    if summary:
        schema["description"] = " ".join(summary.split())

    def decode(output: str) -> dict[str, Any]:
        value = model.model_validate_json(output)
        return {
            field.alias: getattr(value, key)
            for key, field in model.model_fields.items()
            if key in value.model_fields_set
        }

    return Loaded(schema, decode)


_SECTION = re.compile(r"(?:Args|Arguments|Parameters|Params):")
_ENTRY = re.compile(r"(\w+)\s{0,4}(?:\([^()]{0,200}\))?\s{0,4}:\s{0,4}(\S.*)")
_FIELD = re.compile(r":param (?:[^:\s]{1,80} )?(\w+):\s{0,4}(\S.*)")


def _described_parameters(text: str) -> dict[str, str]:
    """What a docstring says of each parameter, in Google's style (an "Args:" block) or as ":param name: ..." lines."""
    found: dict[str, str] = {}
    indent: int | None = None
    inside, last = False, ""
    for line in text.splitlines():
        stripped = line.strip()
        depth = len(line) - len(line.lstrip())
        if field := _FIELD.match(stripped):
            found[field[1]] = field[2]
        elif _SECTION.fullmatch(stripped):
            inside, indent = True, None
        elif inside and stripped and depth == 0:
            inside = False
        elif inside and stripped:
            indent = depth if indent is None else indent
            entry = _ENTRY.match(stripped) if depth <= indent else None
            if entry:
                last = entry[1]
                found[last] = entry[2]
            elif last in found:
                found[last] += " " + stripped
    return found
