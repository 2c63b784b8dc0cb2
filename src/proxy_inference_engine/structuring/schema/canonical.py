"""Brings schemas of all drafts to one dialect: 2020-12, keywords checked, each `$ref` a name in one flat table.

What has no effect on validity is dropped. Knows nothing of the grammar engine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from proxy_inference_engine.checks import shown
from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema.limits import MAX_PATTERN, misspelling
from proxy_inference_engine.structuring.schema.references import Place, References, escape, guess_draft

Node = dict[str, Any]
"""A canonical schema: {} admits everything, {"never": True} nothing."""
NEVER: Node = {"never": True}

TYPES = ("null", "boolean", "object", "array", "string", "number", "integer")
BOUND_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"])
"""Formats that the grammar engine binds."""
MAX_ENUM = 2000
"""Most values of one enum."""
_NAME = r"(?:[A-Za-z0-9_.]|%[0-9A-Fa-f]{2})+(?:\*|:[1-9][0-9]{0,3})?"
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"
FORMAT_PATTERNS = {
    "uri-template": (
        r"^(?:[^\x00-\x20\"'<>%\\^`{|}\x7F]|%[0-9A-Fa-f]{2}|\{[+#./;?&=,!@|]?" + f"{_NAME}(?:,{_NAME})*" + r"\})*$"
    ),
    "json-pointer": f"^{_POINTER}$",
    "relative-json-pointer": f"^(?:0|[1-9][0-9]*)(?:#|{_POINTER})$",
}
"""Formats that are bound by a pattern of ours (RFC 6570, RFC 6901)."""
_COUNTS = [
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
]


@dataclass
class Canonical:
    """The root, the table of what it refers to, where each node came from, and what to warn of."""

    root: Node = field(default_factory=dict)
    table: dict[str, Node] = field(default_factory=dict)
    draft: int = 2020
    paths: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def path(self, node: Node) -> str:
        """The place of `node` in the schema as it was given."""
        return self.paths.get(id(node), "#")


def canonicalise(schema: Any) -> Canonical:
    """Read a schema whose size was checked. Raises SchemaError for malformed keywords and references."""
    draft = guess_draft(schema)
    reader = _Reader(References(schema, draft), Canonical(draft=draft))
    reader.result.root = reader.read(reader.references.root)
    while reader.pending:
        name, place = reader.pending.pop()
        reader.result.table[name] = reader.read(place)
    return reader.result


class _Reader:
    def __init__(self, references: References, result: Canonical) -> None:
        self.references = references
        self.result = result
        self.pending: list[tuple[str, Place]] = []
        self._names: dict[tuple[int, str], str] = {}

    def _name(self, place: Place) -> str:
        key = (id(place.node), place.base) if isinstance(place.node, dict) else (int(place.node), "bool")
        if key not in self._names:
            self._names[key] = f"r{len(self._names)}"
            self.pending.append((self._names[key], place))
        return self._names[key]

    def read(self, place: Place) -> Node:
        source = place.node
        if source is True:
            return {}
        if source is False:
            return dict(NEVER)
        if not isinstance(source, dict):
            raise SchemaError(
                f"{shown(source)} at {place.path} is not a schema: give an object or a boolean", param="schema"
            )
        node: Node = {}
        self.result.paths[id(node)] = place.path
        if "$ref" in source:
            node["$ref"] = self._reference(source, "$ref", place)
            if place.draft <= 7:  # its neighbours have no meaning there
                return node
        _Keywords(self, source, place, node).read()
        return node

    def _reference(self, source: Node, key: str, place: Place) -> str:
        reference = source[key]
        if not isinstance(reference, str):
            raise _malformed(key, reference, place, "a string")
        return self._name(self.references.resolve(reference, place))

    def dynamic(self, source: Node, key: str, place: Place) -> dict[str, Any]:
        """A dynamic reference is a plain one where only one target can be meant."""
        name = str(source[key]).rpartition("#")[2]
        if key == "$recursiveRef":
            return (
                {"$ref": self._reference(source, key, place)} if len(self.references.places) == 1 else {"dynamic": key}
            )
        target = self._reference(source, key, place)
        return {"$ref": target} if len(self.references.dynamic.get(name, ())) <= 1 else {"dynamic": key}

    def child(self, value: Any, path: str, place: Place) -> Node:
        base = self.references._identified(value, place.base, place.draft)
        return self.read(Place(value, base, place.draft, f"{place.path}/{path}"))


class _Keywords:
    """Reads the keywords of one schema into one node."""

    def __init__(self, reader: _Reader, source: Node, place: Place, node: Node) -> None:
        self.reader, self.source, self.place, self.node = reader, source, place, node

    def read(self) -> None:
        for key, value in self.source.items():
            method = getattr(self, f"_{key.lstrip('$')}", None) if key.isidentifier() or key[:1] == "$" else None
            if key in ("allOf", "anyOf", "oneOf"):
                self._branches(key, value)
            elif key in (
                "not",
                "if",
                "then",
                "else",
                "contains",
                "propertyNames",
                "additionalProperties",
                "unevaluatedProperties",
                "unevaluatedItems",
            ):
                self.node[key] = self._child(value, key)
            elif key in ("properties", "patternProperties", "dependentSchemas"):
                self._map(key, value)
            elif key in _COUNTS:
                self.node[key] = self._count(key, value)
            elif key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
                self._number(key, value)
            elif key in ("$dynamicRef", "$recursiveRef"):
                self._add(self.reader.dynamic(self.source, key, self.place))
            elif method is not None and key in _OWN:
                method(value)
            elif near := misspelling(key):
                self.reader.result.warnings.append(f"{key!r} at {self.place.path} has no effect: is {near!r} meant?")
        if "if" in self.node and {"unevaluatedItems", "unevaluatedProperties"} & self.source.keys():
            self.node.setdefault("then", {})  # what it evaluates counts, even where nothing follows from it
        if "if" not in self.node or not {"then", "else"} & self.node.keys():
            self.node.pop("if", None)
        if "if" not in self.node:
            self.node.pop("then", None)
            self.node.pop("else", None)
        if "contains" not in self.node:
            self.node.pop("minContains", None)
            self.node.pop("maxContains", None)

    def _child(self, value: Any, path: str) -> Node:
        return self.reader.child(value, path, self.place)

    def _add(self, part: Node) -> None:
        """Conjoin `part`, whose keywords the node may already have."""
        if self.node.keys() & part.keys():
            self.node.setdefault("allOf", []).append(part)
        else:
            self.node.update(part)

    def _type(self, value: Any) -> None:
        kinds = [value] if isinstance(value, str) else value
        if self.place.draft == 4 and isinstance(kinds, list) and "any" in kinds:
            return
        if not isinstance(kinds, list) or not kinds or not all(isinstance(k, str) and k in TYPES for k in kinds):
            raise _malformed("type", value, self.place, f"one of {', '.join(TYPES)}, or a list of them")
        self.node["type"] = list(dict.fromkeys(kinds))

    def _enum(self, value: Any) -> None:
        if not isinstance(value, list | tuple):
            raise _malformed("enum", value, self.place, "a list of values")
        distinct = list({_identity(item): item for item in reversed(value)}.values())[::-1]
        if len(distinct) > MAX_ENUM or sum(isinstance(item, dict | list) for item in distinct) > MAX_ENUM // 4:
            raise SchemaError(
                f"enum at {self.place.path} has {len(distinct)} values, the limit is {MAX_ENUM}: give fewer",
                param="enum",
            )
        self.node["enum"] = distinct

    def _const(self, value: Any) -> None:
        if self.place.draft > 4:
            self._add({"enum": [value]})

    def _pattern(self, value: Any) -> None:
        self.node["pattern"] = self._regex("pattern", value)

    def _regex(self, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise _malformed(key, value, self.place, "a string")
        if len(value) > MAX_PATTERN:
            raise SchemaError(
                f"{key} at {self.place.path} has {len(value)} characters, the limit is {MAX_PATTERN}", param=key
            )
        return value

    def _format(self, value: Any) -> None:
        if isinstance(value, str) and value in BOUND_FORMATS:
            self.node["format"] = value
        elif isinstance(value, str) and value in FORMAT_PATTERNS:
            if "string" in self.source.get("type", "string"):
                self._add({"pattern": FORMAT_PATTERNS[value]})
        else:
            self.reader.result.warnings.append(
                f"format {shown(value)} at {self.place.path} is an annotation: it is not checked"
            )

    def _uniqueItems(self, value: Any) -> None:  # noqa: N802
        if not isinstance(value, bool):
            raise _malformed("uniqueItems", value, self.place, "true or false")
        if value:
            self.node["uniqueItems"] = True

    def _required(self, value: Any) -> None:
        if isinstance(value, bool):  # draft 3 wrote it so, inside the property; later drafts give it no meaning
            self.reader.result.warnings.append(
                f"required={value} at {self.place.path} has no effect: list the names in the object's 'required'"
            )
            return
        self.node["required"] = self._names("required", value)

    def _names(self, key: str, value: Any) -> list[str]:
        if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
            raise _malformed(key, value, self.place, "a list of names")
        return list(dict.fromkeys(value))

    def _items(self, value: Any) -> None:
        if isinstance(value, list):
            if self.place.draft >= 2020:
                raise _malformed("items", value, self.place, "a schema (a list of schemas is called prefixItems)")
            self.node["prefixItems"] = [self._child(child, f"items/{index}") for index, child in enumerate(value)]
            if "additionalItems" in self.source:
                self.node["items"] = self._child(self.source["additionalItems"], "additionalItems")
        else:
            self.node["items"] = self._child(value, "items")

    def _prefixItems(self, value: Any) -> None:  # noqa: N802
        if self.place.draft >= 2020:
            self.node["prefixItems"] = self._children("prefixItems", value)

    def _branches(self, key: str, value: Any) -> None:
        if not value:
            raise _malformed(key, value, self.place, "a list of schemas that is not empty")
        branches = self._children(key, value)
        self.node[key] = branches + self.node[key] if key in self.node else branches

    def _children(self, key: str, value: Any) -> list[Node]:
        if not isinstance(value, list | tuple):
            raise _malformed(key, value, self.place, "a list of schemas")
        return [self._child(child, f"{key}/{index}") for index, child in enumerate(value)]

    def _map(self, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _malformed(key, value, self.place, "an object of schemas")
        if key == "patternProperties":
            for pattern in value:
                self._regex(key, pattern)
        children = {name: self._child(child, f"{key}/{escape(name)}") for name, child in value.items()}
        self.node[key] = {**self.node.get(key, {}), **children}

    def _dependentRequired(self, value: Any) -> None:  # noqa: N802
        if not isinstance(value, dict):
            raise _malformed("dependentRequired", value, self.place, "an object of lists of names")
        names = {name: self._names("dependentRequired", needed) for name, needed in value.items()}
        self.node["dependentRequired"] = {**self.node.get("dependentRequired", {}), **names}

    def _dependencies(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise _malformed("dependencies", value, self.place, "an object")
        for name, needed in value.items():
            if isinstance(needed, list | str):
                names = [needed] if isinstance(needed, str) else self._names("dependencies", needed)
                self.node.setdefault("dependentRequired", {})[name] = names
            else:
                child = self._child(needed, f"dependencies/{escape(name)}")
                self.node.setdefault("dependentSchemas", {})[name] = child

    def _count(self, key: str, value: Any) -> int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == int(value)
        if not whole:
            raise _malformed(key, value, self.place, "a whole number, zero or more")
        return min(int(value), 2**31)

    def _number(self, key: str, value: Any) -> None:
        if key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool) and self.place.draft == 4:
            return
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not fits or (key == "multipleOf" and value <= 0):
            raise _malformed(key, value, self.place, "a number above zero" if key == "multipleOf" else "a number")
        exclusive = f"exclusive{key.capitalize()}"
        self.node[exclusive if self.source.get(exclusive) is True else key] = value


_OWN: Iterable[str] = frozenset(
    [
        "type",
        "enum",
        "const",
        "pattern",
        "format",
        "uniqueItems",
        "required",
        "items",
        "prefixItems",
        "dependentRequired",
        "dependencies",
    ]
)


def whole(value: Any) -> Any:
    """`value` with whole floats as integers, as they are written."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return {key: whole(item) for key, item in value.items()} if isinstance(value, dict) else value


def _identity(value: Any) -> str:
    """One text for each JSON value: 1 and 1.0 share theirs."""
    return json.dumps(whole(value), sort_keys=True)


def _malformed(key: str, value: object, place: Place, wanted: str) -> SchemaError:
    return SchemaError(f"{key}={shown(value)} at {place.path} is not valid: give {wanted}", param=key)
