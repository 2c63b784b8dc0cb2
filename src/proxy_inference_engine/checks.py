"""Checks of what a caller gives, so that every message names the keyword, the value, the limit and the way out.

Knows nothing of arrays or of what the parameters mean.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real

from proxy_inference_engine.errors import RequestError

MAX_INT = 2**31 - 1
"""Largest integer that the device takes: token ids and counts are int32 there."""


def check_number(name: str, value: object, low: float, high: float, *, above_low: bool = False) -> None:
    """Raise RequestError unless `value` is a finite number in `[low, high]`, or in `(low, high]` with `above_low`."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high or (above_low and value == low):  # type: ignore[arg-type, operator]
        bounds = f"above {low:g} and at most {high:g}" if above_low else f"from {low:g} to {high:g}"
        raise RequestError(f"{name}={value!r} is not valid: give a number {bounds}", param=name)


def check_integer(name: str, value: object, low: int, high: int, *, note: str = "") -> None:
    """Raise RequestError unless `value` is an integer in `[low, high]`; `note` explains special values."""
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_integer or not low <= value <= high:  # type: ignore[operator]
        raise RequestError(f"{name}={value!r} is not valid: give an integer from {low} to {high}{note}", param=name)


def check_token_ids(name: str, value: object) -> None:
    """Raise RequestError unless `value` is a tuple of token ids (integers of 0 or more)."""
    if not isinstance(value, tuple):
        raise RequestError(f"{name}={value!r} is not valid: give a tuple of token ids", param=name)
    for token_id in value:
        check_integer(name, token_id, 0, MAX_INT)


def check_biases(name: str, value: object, limit: float) -> None:
    """Raise RequestError unless `value` maps token ids to finite numbers from `-limit` to `limit`."""
    if not isinstance(value, Mapping):
        raise RequestError(f"{name}={value!r} is not valid: give a mapping of token ids to numbers", param=name)
    for token_id, bias in value.items():
        check_integer(name, token_id, 0, MAX_INT)
        check_number(name, bias, -limit, limit)


def reject_unknown(given: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise RequestError for the first name in `given` that is not in `known`, suggesting the nearest that is."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are: {', '.join(sorted(known))}"
            raise RequestError(f"unknown {what} {name!r}{hint}", param=name)
