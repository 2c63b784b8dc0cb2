"""The finished output against the original schema: what tier "checked" adds to a looser grammar.

No network, no `re` on hostile patterns, and no exception for any output: what goes wrong is the message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema.regex import compiles, is_tame, matches


def patterns_of(schema: Any) -> set[str]:
    """All regular expressions in `schema`."""
    found: set[str] = set()
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                found.add(node["pattern"])
            if isinstance(node.get("patternProperties"), dict):
                found.update(node["patternProperties"])
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def checker(schema: Any, draft: int) -> Callable[[str], str | None]:
    """A function that says what is wrong with an output, or None. Raises SchemaError for wild patterns."""
    for pattern in sorted(patterns_of(schema)):
        if not is_tame(pattern) and ("unevaluatedProperties" in json.dumps(schema) or not compiles(pattern)):
            raise SchemaError(
                f"pattern {pattern[:80]!r} may take exponential time to check: leave it out, or write it without"
                " look-around and nested repetition",
                param="pattern",
            )
    validator = _validator(schema, draft)

    def check(output: str) -> str | None:
        try:
            error = next(validator.iter_errors(json.loads(output)), None)
        except RecursionError:
            return "the output is nested too deeply to be checked"
        except Exception as reason:  # a validator that fails must not let the output pass
            return f"the output cannot be checked: {str(reason)[:200]}"
        return None if error is None else f"{error.message[:200]} at {error.json_path}"

    return check


def _validator(schema: Any, draft: int) -> Any:
    from jsonschema import validators
    from jsonschema_specifications import REGISTRY
    from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012

    base: Any = {
        4: validators.Draft4Validator,
        6: validators.Draft6Validator,
        7: validators.Draft7Validator,
        2019: validators.Draft201909Validator,
    }.get(draft, validators.Draft202012Validator)
    dialect = {4: DRAFT4, 6: DRAFT6, 7: DRAFT7, 2019: DRAFT201909}.get(draft, DRAFT202012)
    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    if draft >= 2019:
        own["dependencies"] = validators.Draft7Validator.VALIDATORS["dependencies"]
    made: Any = validators.extend(base, own)
    return made(schema, registry=REGISTRY.with_resource("", dialect.create_resource(schema)))


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: dict[str, Any], instance: Any, schema: Any) -> Iterator[Any]:
    if isinstance(instance, dict):
        for pattern, inner in patterns.items():
            for name, value in instance.items():
                if matches(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, inner: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    patterns = schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in schema.get("properties", {}) or any(matches(pattern, name) for pattern in patterns):
            continue
        if inner is False:
            yield ValidationError(f"the property {name!r} is not expected", path=[name])
        elif isinstance(inner, dict):
            yield from validator.descend(value, inner, path=name)
