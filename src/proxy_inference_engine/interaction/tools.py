"""Tools as chat templates want them: OpenAI-style function descriptions. Knows nothing of calls or templates."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Union

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction.jsonable import jsonable

ToolLike = Mapping[str, Any] | Callable[..., Any]

_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_ARGUMENT = re.compile(r"^\s+\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.+)$")
_SECTION = re.compile(r"^\s*(\w+):\s*$")


def as_tools(tools: Sequence[ToolLike] | None) -> list[dict[str, Any]] | None:
    """`tools` as OpenAI-style dicts: bare function descriptions are wrapped, Python functions described. None for none.

    Raises RequestError (param "tools") with the index and value of what is wrong.
    """
    if tools is None:
        return None
    if not isinstance(tools, list | tuple):
        raise RequestError(f"tools is a {type(tools).__name__}; it must be a list.", param="tools")
    return [_as_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools)] or None


def _as_tool(tool: Any, where: str) -> dict[str, Any]:
    if not isinstance(tool, Mapping):
        if not callable(tool):
            raise RequestError(f"{where} is a {type(tool).__name__}; it must be a dict or a function.", param="tools")
        return {"type": "function", "function": describe_function(tool)}
    plain: dict[str, Any] = jsonable(tool)
    if "function" not in plain and "name" in plain:
        plain = {"type": "function", "function": {k: v for k, v in plain.items() if k != "type"}}
    kind, function = plain.get("type", "function"), plain.get("function")
    if kind != "function" or not isinstance(function, dict):
        raise RequestError(f"{where}.type is {kind!r:.80}; only functions can be offered to a model.", param="tools")
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise RequestError(f"{where}.function.name is {name!r:.80}; it must be a non-empty str.", param="tools")
    for key, wanted in (("description", str), ("parameters", dict)):
        if not isinstance(function.get(key), wanted | None):
            raise RequestError(
                f"{where}.function.{key} is {function[key]!r:.80}; it must be a {wanted.__name__}.", param="tools"
            )
    return plain | {"type": "function"}


def describe_function(function: Callable[..., Any]) -> dict[str, Any]:
    """Name, description and parameters of a Python function, from its signature, annotations and docstring.

    The description is the docstring's first paragraph; its `Args:` section describes the parameters. Raises
    RequestError for a function without a name of its own (a lambda).
    """
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise RequestError(f"The tool {function!r:.80} has no name; use a named function.", param="tools")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"The tool {name} has no signature: {error}. Describe it as a dict.", param="tools"
        ) from error
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # an annotation that names something undefined
        hints = {}
    doc = inspect.getdoc(function) or ""
    described = _described_arguments(doc)
    properties: dict[str, Any] = {}
    required = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        schema = _schema(hints.get(parameter.name, Any))
        if parameter.name in described:
            schema["description"] = described[parameter.name]
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        elif parameter.default is not None:
            schema["default"] = jsonable(parameter.default)
        properties[parameter.name] = schema
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"name": name, "description": " ".join(doc.split("\n\n")[0].split()), "parameters": parameters}


def _described_arguments(doc: str) -> dict[str, str]:
    """The `name: description` lines of a docstring's `Args:` section."""
    found: dict[str, str] = {}
    section, last = "", ""
    for line in doc.splitlines():
        if heading := _SECTION.match(line):
            section = heading[1].lower()
        elif section in ("args", "arguments", "parameters"):
            if argument := _ARGUMENT.match(line):
                last = argument[1]
                found[last] = argument[2].strip()
            elif last and line.strip():
                found[last] += " " + line.strip()
    return found


def _schema(hint: Any) -> dict[str, Any]:
    """A JSON schema for an annotation; what it cannot say is left open."""
    if hint in _PRIMITIVES:
        return {"type": _PRIMITIVES[hint]}
    if hint is None or hint is type(None):
        return {"type": "null"}
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [jsonable(member) for member in hint]}
    if origin is Literal:
        return {"enum": [jsonable(value) for value in args]}
    if origin is typing.Annotated:
        texts = [note for note in args[1:] if isinstance(note, str)]
        return _schema(args[0]) | ({"description": texts[0]} if texts else {})
    if origin in (Union, types.UnionType):
        options = [_schema(option) for option in args]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin in (list, Sequence, set, frozenset) or (origin is tuple and args[1:] == (...,)):
        return {"type": "array", "items": _schema(args[0])} if args else {"type": "array"}
    if origin in (dict, Mapping):
        extra = {"additionalProperties": _schema(args[1])} if len(args) == 2 else {}
        return {"type": "object", **extra}
    return {}
