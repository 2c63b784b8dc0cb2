"""What is refused or warned of before a schema is looked at: size, depth, malformed keywords, likely misspellings.

Schemas may come from hostile users: every walk below this one may recurse, because this one does not.
"""

from __future__ import annotations

import difflib
import math
from typing import Any

from proxy_inference_engine.checks import shown
from proxy_inference_engine.errors import SchemaError

MAX_NODES = 100_000
MAX_DEPTH = 96
MAX_PATTERN = 10_000
"""Most values in a schema, deepest nesting, longest regular expression in characters."""

MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose value maps names to schemas."""
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
ONES = frozenset(
    [
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    ]
)
ASSERTIONS = frozenset(
    [
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxContains",
        "minContains",
        "maxProperties",
        "minProperties",
        "required",
        "dependentRequired",
        "dependencies",
        "format",
    ]
)
CORE = frozenset(
    [
        "$schema",
        "$id",
        "id",
        "$ref",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$recursiveRef",
        "$recursiveAnchor",
        "$vocabulary",
        "$comment",
    ]
)
ANNOTATIONS = frozenset(
    [
        "title",
        "description",
        "default",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "discriminator",
        "nullable",
        "xml",
        "externalDocs",
        "definition",
        "links",
        "name",
        "version",
        "extends",
        "options",
        "hidden",
        "comment",
    ]
)
APPLIED = MAPS | LISTS | ONES | ASSERTIONS
KNOWN = APPLIED | CORE | ANNOTATIONS


def check_limits(schema: Any) -> None:
    """Raise SchemaError unless `schema` is plain JSON of bounded size and depth."""
    count = 0
    stack: list[tuple[Any, int]] = [(schema, 0)]
    while stack:
        value, depth = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise SchemaError(f"the schema has more than {MAX_NODES} values: give a smaller one", param="schema")
        if depth > MAX_DEPTH:
            raise SchemaError(
                f"the schema is nested deeper than {MAX_DEPTH} levels: name its parts in $defs", param="schema"
            )
        if isinstance(value, dict):
            for key, child in value.items():
                if not isinstance(key, str):
                    raise SchemaError(f"the schema has the key {shown(key)}: keys are strings", param="schema")
                _check_text(key)
                stack.append((child, depth + 1))
        elif isinstance(value, list | tuple):
            stack.extend((child, depth + 1) for child in value)
        elif isinstance(value, str):
            _check_text(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise SchemaError(f"the schema holds the number {value}: JSON has none such", param="schema")
        elif isinstance(value, int) and value.bit_length() > 1024:
            raise SchemaError(f"the schema holds {shown(value)}: give numbers of at most 1024 bits", param="schema")
        elif value is not None and not isinstance(value, bool | int | float):
            raise SchemaError(f"the schema holds {shown(value)}, which is not JSON", param="schema")


def _check_text(text: str) -> None:
    if not text.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise SchemaError(f"{shown(text)} holds half of a surrogate pair: give valid Unicode", param="schema")


def misspelling(keyword: str) -> str | None:
    """The known keyword that `keyword` is probably meant to be, if it looks like one; annotations and x-* never do."""
    if keyword in KNOWN or keyword.startswith(("x-", "_", "$")) or len(keyword) < 4:
        return None
    bare = keyword.strip(": ")
    by_case = {known.lower(): known for known in APPLIED}
    if bare.lower().replace("_", "").replace("-", "") in by_case:
        return by_case[bare.lower().replace("_", "").replace("-", "")]
    near = difflib.get_close_matches(bare, APPLIED, n=1, cutoff=0.82)
    return near[0] if near else None
