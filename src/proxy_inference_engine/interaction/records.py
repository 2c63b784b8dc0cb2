"""The records of a reply, read back from plain JSON data.

A reply of the engine has `usage`, `timing` and `logprobs` among its metadata. As JSON they are objects of numbers; here
they become what they were. Anything else by these names stays as it is. Knows nothing of interactions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from proxy_inference_engine.types import Timing, TokenLogprob, Usage

_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}  # as `jsonable` writes them


class _OtherDataError(Exception):
    """The data are not the record that has this name."""


def restored(name: str, value: Any) -> Any:
    """The metadata `name` with its JSON `value`, as the dataclass it was made from if it has exactly its fields."""
    try:
        match name:
            case "usage":
                return Usage(**{key: _integer(item) for key, item in _fields(Usage, value).items()})
            case "timing":
                return Timing(**{key: _number(item) for key, item in _fields(Timing, value).items()})
            case "logprobs":
                return tuple(map(_logprob, _items(value)))
    except _OtherDataError:
        pass
    return value


def _logprob(value: Any) -> TokenLogprob:
    fields = _fields(TokenLogprob, value)
    return TokenLogprob(
        _integer(fields["token_id"]),
        _number(fields["logprob"]),
        _number(fields["sampled_logprob"]),
        tuple(_alternative(item) for item in _items(fields["top"])),
    )


def _alternative(value: Any) -> tuple[int, float]:
    if len(pair := _items(value)) != 2:
        raise _OtherDataError
    return _integer(pair[0]), _number(pair[1])


def _fields(record: Any, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or value.keys() != {field.name for field in dataclasses.fields(record)}:
        raise _OtherDataError
    return value


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _OtherDataError
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _OtherDataError
    return value


def _number(value: Any) -> float:
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _OtherDataError
    return value
