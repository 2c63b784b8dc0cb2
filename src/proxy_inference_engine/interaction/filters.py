"""What chat templates may call: Jinja's harmless filters and the functions that templates expect, each on a `Budget`.

Knows nothing of conversations; the environment that uses these is in `sandbox`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

import jinja2
import jinja2.filters
import jinja2.tests
import jinja2.utils

from proxy_inference_engine.interaction.budget import (
    STRUCTURES,
    TemplateLimitError,
    charge_percent,
    current_budget,
    size_of_join,
    size_of_replace,
)

# Filters that make nothing new from the size of what they read; of these, those that compare what they read.
_READING = (
    *(
        "abs",
        "attr",
        "batch",
        "count",
        "d",
        "default",
        "first",
        "float",
        "int",
        "items",
        "last",
        "length",
        "list",
        "map",
    ),
    *("reject", "rejectattr", "reverse", "round", "select", "selectattr", "slice"),
)
_COMPARING = ("dictsort", "groupby", "max", "min", "sort", "unique")
_ATTRIBUTE_AT = {"groupby": 0, "max": 1, "min": 1, "sort": 2, "unique": 1}  # after the value
_CHARS_PER_STEP = 128  # comparing this much takes about as long as a loop step
_MAKING = (
    *("capitalize", "e", "escape", "forceescape", "format", "indent", "join", "lower", "replace", "safe", "string"),
    *("title", "trim", "truncate", "upper", "center", "urlencode", "wordcount"),
)
_COMPARING_TESTS = (
    "==",
    "eq",
    "equalto",
    "!=",
    "ne",
    ">",
    "gt",
    "greaterthan",
    ">=",
    "ge",
    "<",
    "lt",
    "lessthan",
    "in",
)


class Each:
    """What a loop runs over, each step counted."""

    def __init__(self, iterable: Any) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        step = current_budget().step
        for item in self._iterable:
            step()
            yield item

    def __len__(self) -> int:
        return len(self._iterable)


class Namespace(jinja2.utils.Namespace):
    """Variables that a loop may set; none of them reaches Python's internals or prints its contents."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # as in Jinja, so that `self` is a usable name
        self, *rest = args
        jinja2.utils.Namespace.__init__(self)
        for name, value in _dict(*rest, **kwargs).items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str) or name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"a namespace cannot hold the name {name!r}")
        jinja2.utils.Namespace.__setitem__(self, name, value)

    def __repr__(self) -> str:
        return "<namespace>"


def concat(pieces: Iterable[str]) -> str:
    """The pieces of the output in one, counted on the way."""
    budget = current_budget()
    parts, total = [], 0
    for piece in pieces:
        total += len(piece)
        budget.check(total)
        parts.append(piece)
    budget.charge(total)
    return "".join(parts)


def as_text(value: Any) -> str:
    """`str(value)`, measured before it is made, with placeholders kept whole inside structures."""
    if isinstance(value, str):
        return value
    budget = current_budget()
    budget.charge(budget.size(value))
    text = str(value)
    if budget.literals is not None and isinstance(value, Mapping | list | tuple):
        return budget.literals.restore(text, as_json=False)
    return text


def printable(value: Any) -> Any:
    """What `{{ value }}` writes."""
    return value if value is None or isinstance(value, str | bool | jinja2.Undefined) else as_text(value)


def concat_values(values: list[Any]) -> str:
    """`a ~ b`."""
    return concat(map(as_text, values))


def compared(value: Any) -> Any:
    """`value`, unless it is so large or so shared a structure that comparing or hashing it could take for ever."""
    budget = current_budget()
    budget.step()
    if isinstance(value, STRUCTURES):
        size = budget.size(value)
        budget.check(size)
        budget.step(size // _CHARS_PER_STEP)
    return value


def as_key(value: Any) -> Any:
    """`value`, if it is a plain one: the hash of a tuple that shares its parts takes exponential time."""
    if value is None or isinstance(value, str | int | float | jinja2.Undefined):
        return value
    raise jinja2.exceptions.SecurityError(
        f"The chat template uses a {type(value).__name__} as a key; it may use only a text or a number."
    )


def made(value: Any) -> Any:
    """`value`, counted: it was just made."""
    if isinstance(value, str):
        current_budget().charge(len(value))
    elif isinstance(value, list | tuple):
        current_budget().charge(8 * len(value))
    return value


def make_filters(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The filters that templates may use, from those that Jinja has."""
    counted = {name: _counted(name, known[name]) for name in (*_READING, *_COMPARING, *_MAKING)}
    return {**counted, "tojson": _tojson, "sum": _sum}


def make_tests(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Jinja's tests, those that compare with a measure before."""
    return {**known, **{name: _comparing(known[name]) for name in _COMPARING_TESTS}}


def make_globals() -> dict[str, Any]:
    """The functions that templates may call."""
    return {
        "range": _range,
        "dict": _dict,
        "namespace": Namespace,
        "cycler": jinja2.utils.Cycler,
        "joiner": jinja2.utils.Joiner,
        "raise_exception": _raise_exception,
        "strftime_now": _strftime_now,
    }


def _comparing(test: Callable[..., Any]) -> Callable[..., Any]:
    def compare(*values: Any) -> Any:
        return test(*map(compared, values))

    return compare


def _counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that spends the budget before it runs."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        current_budget().step()
        head, (value, *rest) = args[:first], args[first:]
        if name in _MAKING:
            value = list(Each(value)) if name == "join" and not isinstance(value, str) else as_text(value)
            _charge_making(name, value, rest, kwargs)
        else:
            if name in _ATTRIBUTE_AT:
                value = list(Each(value))
            _charge_reading(name, value, rest, kwargs)
            if name in _ATTRIBUTE_AT:
                _charge_attribute(args[0], name, value, rest, kwargs)
        return function(*head, value, *rest, **kwargs)

    return run


def _charge_reading(name: str, value: Any, rest: list[Any], kwargs: Mapping[str, Any]) -> None:
    budget = current_budget()
    if (name in _COMPARING or name in ("list", "batch", "slice")) and isinstance(value, str | list | tuple | Mapping):
        budget.charge(8 * len(value))
    if name in _COMPARING:
        compared(value)
    for further in (*rest, *kwargs.values()):
        compared(further)
    if name in ("batch", "slice", "round"):
        budget.width(*rest, *kwargs.values())


def _charge_attribute(
    environment: jinja2.Environment, name: str, items: list[Any], rest: list[Any], kwargs: Mapping[str, Any]
) -> None:
    """Measure what is compared when items are compared by an attribute: it need not be part of what they print."""
    position = _ATTRIBUTE_AT[name]
    attribute = kwargs.get("attribute", rest[position] if position < len(rest) else None)
    if attribute is not None:
        for key in map(jinja2.filters.make_multi_attrgetter(environment, attribute), items):
            compared(key)


def _charge_making(name: str, value: Any, rest: list[Any], kwargs: Mapping[str, Any]) -> None:
    budget = current_budget()
    match name:
        case "join":
            separator = kwargs.get("d", rest[0] if rest else "")
            budget.charge(size_of_join(budget, as_text(separator), value))
        case "replace":
            old, new = (*rest, *kwargs.values())[:2]
            budget.charge(size_of_replace(value, old, as_text(new)))
        case "indent":
            width = kwargs.get("width", rest[0] if rest else 4)
            budget.width(width)
            num_lines = value.count("\n") + 1
            budget.charge(len(value) + num_lines * (len(width) if isinstance(width, str) else int(width)))
        case "format":
            charge_percent(budget, value, kwargs or tuple(rest))
        case "center":
            budget.width(*rest, *kwargs.values())
            budget.charge(len(value))
        case "e" | "escape" | "forceescape" | "urlencode" | "title" | "wordcount":  # slow ones, too
            budget.charge(16 * len(value))
        case _:
            budget.charge(len(value))


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """JSON as chat templates expect it: no HTML escapes, other scripts as they are."""
    budget = current_budget()
    budget.step()
    budget.width(indent)
    budget.charge(2 * budget.size(value))
    if isinstance(indent, str):
        budget.width(len(indent))
    encoder = json.JSONEncoder(ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    if indent is None and separators is None:
        text = encoder.encode(value)
        budget.charge(len(text))
    else:  # indents and separators can be many times longer than what they stand between
        text = concat(encoder.iterencode(value))
    return budget.literals.restore(text, as_json=True) if budget.literals is not None else text


@jinja2.pass_environment
def _sum(environment: jinja2.Environment, iterable: Any, attribute: Any = None, start: float = 0) -> float:
    """The sum of numbers (in Jinja also of anything else that can be added)."""
    read = jinja2.filters.make_attrgetter(environment, attribute) if attribute is not None else lambda item: item
    total = start
    for item in map(read, Each(iterable)):
        if not isinstance(item, int | float):
            raise TypeError(f"sum adds numbers, not {type(item).__name__}")
        total += item
    return total


def _range(*args: int) -> range:
    numbers, limit = range(*args), current_budget().limits.max_range
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= limit:
        raise TemplateLimitError(f"it used a range of more than {limit} numbers")
    return numbers


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    if args and not isinstance(args[0], Mapping):
        args = ([(as_key(key), value) for key, value in Each(args[0])], *args[1:])
    return dict(*args, **kwargs)


def _raise_exception(message: Any) -> None:
    raise jinja2.TemplateError(as_text(message))


def _strftime_now(pattern: str) -> str:
    current_budget().width(len(pattern))
    return datetime.now().strftime(pattern)
