"""Checks of what a caller gives, so that every message names the keyword, the value, the limit and the way out.

Knows nothing of arrays or of what the parameters mean.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real

from proxy_inference_engine.errors import RequestError

MAX_INT = 2**31 - 1
"""Largest integer that the device takes: token ids and counts are int32 there."""


_MAX_SHOWN = 80


def shown(value: object) -> str:
    """`value` as an error message shows it: its repr, cut when it is long, its type when it has none."""
    if isinstance(value, int) and value.bit_length() > 256:  # printing it may take long, or be refused
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}... ({type(value).__name__})"


def _limit(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def check_number(name: str, value: object, low: float, high: float, *, above_low: bool = False) -> None:
    """Raise RequestError unless `value` is a finite number in `[low, high]`, or in `(low, high]` with `above_low`."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    # NaN is in no range, and the limits are finite: no need to ask for finiteness, which overflows for huge integers.
    if not is_number or not low <= value <= high or (above_low and value == low):  # type: ignore[operator]
        bounds = (
            f"above {_limit(low)} and at most {_limit(high)}" if above_low else f"from {_limit(low)} to {_limit(high)}"
        )
        raise RequestError(f"{name}={shown(value)} is not valid: give a number {bounds}", param=name)


def check_integer(name: str, value: object, low: int, high: int, *, note: str = "") -> None:
    """Raise RequestError unless `value` is an integer in `[low, high]`; `note` explains special values."""
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_integer or not low <= value <= high:  # type: ignore[operator]
        raise RequestError(
            f"{name}={shown(value)} is not valid: give an integer from {low} to {high}{note}", param=name
        )


def check_flag(name: str, value: object) -> bool:
    """`value` if it is True or False. Raises RequestError for anything else."""
    if not isinstance(value, bool):
        raise RequestError(f"{name}={shown(value)} is not valid: give True or False", param=name)
    return value


def check_token_ids(name: str, value: object, vocab_size: int = MAX_INT + 1) -> None:
    """Raise RequestError unless `value` is a tuple of token ids below `vocab_size`."""
    if not isinstance(value, tuple):
        raise RequestError(f"{name}={shown(value)} is not valid: give a list of token ids", param=name)
    for token_id in value:
        check_integer(name, token_id, 0, vocab_size - 1)


def check_biases(name: str, value: object, limit: float) -> None:
    """Raise RequestError unless `value` maps token ids to finite numbers from `-limit` to `limit`."""
    if not isinstance(value, Mapping):
        raise RequestError(f"{name}={shown(value)} is not valid: give a mapping of token ids to numbers", param=name)
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
