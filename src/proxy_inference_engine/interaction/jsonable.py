"""Any Python value as plain JSON data, so that conversations can always be shown, logged and sent.

JSON values stay as they are. Everything else becomes its nearest JSON form and never an error. Knows nothing of
interactions.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import math
import numbers
from collections.abc import Iterable, Mapping, Set
from typing import Any

_MAX_DEPTH = 200
_MAX_ARRAY_SIZE = 10_000
_MAX_INT_BITS = 10_000  # Python refuses to write longer integers in decimal


def jsonable(value: Any) -> Any:
    """`value` as None, bool, int, float, str, list and dict with str keys; a new object wherever it is mutable.

    Dates are ISO 8601, enums their value, bytes base64, sets sorted lists; dataclasses, pydantic models and objects
    with `to_dict` become dicts; arrays nested lists (their shape and type above 10,000 elements); NaN and infinities
    the strings "NaN", "Infinity", "-Infinity"; cycles and what lies deeper than 200 levels a short description.
    """
    return _convert(value, ())


def _convert(value: Any, parents: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _convert(value.value, (*parents, id(value))) if len(parents) < _MAX_DEPTH else _describe(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MAX_INT_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _name_of(float(value))
    if id(value) in parents or len(parents) >= _MAX_DEPTH:
        return _describe(value)
    try:
        return _convert_object(value, (*parents, id(value)))
    except Exception:  # whatever a foreign object does when it is read
        return _describe(value)


def _convert_object(value: Any, parents: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _convert(item, parents) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_convert(item, parents) for item in value]
    if isinstance(value, Set):
        items = [_convert(item, parents) for item in value]
        return sorted(items, key=lambda item: (type(item).__name__, str(item)))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _convert(getattr(value, field.name), parents) for field in dataclasses.fields(value)}
    # Looked up on the type: an object may answer to any attribute name.
    for method in ("model_dump", "to_dict"):
        if not isinstance(value, type) and callable(getattr(type(value), method, None)):
            return _convert(getattr(value, method)(), parents)
    if hasattr(type(value), "shape") and hasattr(type(value), "dtype"):
        return _convert_array(value, parents)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _convert(float(value), parents)
    return _describe(value)


def _convert_array(array: Any, parents: tuple[int, ...]) -> Any:
    """Nested lists, read element by element, as every array library can."""
    shape = tuple(int(n) for n in array.shape)
    if math.prod(shape) > _MAX_ARRAY_SIZE:
        return f"{type(array).__name__}(shape={shape}, dtype={array.dtype})"
    if shape:
        elements: Iterable[Any] = (array[i] for i in range(shape[0]))
        return [_convert(element, parents) for element in elements]
    kind = str(array.dtype)
    if "bool" in kind:
        return bool(array)
    return int(array) if "int" in kind else _convert(float(array), parents)


def _key(key: Any) -> str:
    """A dict key as JSON writes it: None, bools and numbers by their JSON names, all else as text."""
    plain = key if isinstance(key, str) else _convert(key, ())
    if isinstance(plain, str):
        return str.__str__(plain)
    if plain is None or isinstance(plain, bool):
        return {None: "null", True: "true", False: "false"}[plain]
    return str(plain)


def _name_of(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _describe(value: Any) -> str:
    """`str(value)` where that works and is short, else the type's name."""
    if isinstance(value, Mapping | list | tuple | Set):  # a cycle, or too deep
        return f"<{type(value).__name__}>"
    try:
        text = str(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= 10_000 else text[:10_000] + "..."
