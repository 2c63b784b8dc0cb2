"""What one run of a template may cost, and the operations that could cost more than they seem to.

A chat template is a program from a model folder. Python cannot interrupt a running operation, so each one that could
make a lot from a little (`'a' * n`, `join`, `replace`, formatting, printing nested lists) is measured before it runs,
and every loop step and call counts. Knows nothing of Jinja.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from proxy_inference_engine.interaction.literals import Literals


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLimits:
    """The most that rendering one conversation may take; far above what any real template needs.

    `max_chars` is the longest text or largest structure (in characters), `max_chars_made` all that is made on the way,
    `max_steps` loop steps and calls, `max_range` numbers in one `range`, `max_seconds` wall-clock time.
    """

    max_chars: int = 16_000_000
    max_chars_made: int = 128_000_000
    max_steps: int = 5_000_000
    max_range: int = 100_000
    max_seconds: float = 5.0
    max_width: int = 10_000
    max_number_bits: int = 4_096


STRUCTURES = (Mapping, list, tuple, KeysView, ValuesView, ItemsView)
"""Types whose values hold others, and can hold the same one many times over."""


class TemplateLimitError(Exception):
    """The template ran over a limit; the message says which."""


class Budget:
    """What is left of the limits in one run, and the placeholders that the run's texts hold."""

    def __init__(self, limits: TemplateLimits, literals: Literals | None = None) -> None:
        self.limits = limits
        self.literals = literals
        self._steps = limits.max_steps
        self._chars = limits.max_chars_made
        self._deadline = time.monotonic() + limits.max_seconds

    def step(self, num_steps: int = 1) -> None:
        """Count loop steps or calls."""
        self._steps -= num_steps
        if self._steps < 0:
            raise TemplateLimitError(f"it took more than {self.limits.max_steps} steps")
        if time.monotonic() > self._deadline:
            raise TemplateLimitError(f"it took more than {self.limits.max_seconds} seconds")

    def check(self, num_chars: int) -> None:
        """Refuse a text or structure of this size."""
        if num_chars > self.limits.max_chars:
            raise TemplateLimitError(f"it made a text of more than {self.limits.max_chars} characters")

    def charge(self, num_chars: int) -> None:
        """Count characters that an operation is about to make."""
        self.check(num_chars)
        self._chars -= num_chars
        if self._chars < 0:
            raise TemplateLimitError(f"it made more than {self.limits.max_chars_made} characters in all")

    def width(self, *numbers: Any) -> None:
        """Refuse a width, indent or precision that is out of all proportion."""
        for number in numbers:
            if isinstance(number, int) and abs(number) > self.limits.max_width:
                raise TemplateLimitError(f"it used a width of {number}; the limit is {self.limits.max_width}")

    def bits(self, num_bits: int) -> None:
        """Refuse an integer of this many bits."""
        if num_bits > self.limits.max_number_bits:
            raise TemplateLimitError(f"it made a number of more than {self.limits.max_number_bits} bits")

    def size(self, value: Any) -> int:
        """About how long `value` is when written out; structures that share their parts count them each time."""
        return len(value) if isinstance(value, str) else self._measure(value, {})

    def _measure(self, value: Any, known: dict[int, int]) -> int:
        if isinstance(value, str):
            return len(value) + 8
        if not isinstance(value, STRUCTURES):
            return 8
        size = known.get(id(value))  # a structure can hold itself many times over: each part is measured once
        if size is None:
            size = 8
            for item in value:
                size += self._measure(item, known)
                if isinstance(value, Mapping):
                    size += self._measure(value[item], known)
                self.check(size)
            if not isinstance(value, ItemsView):  # its pairs are made on the way, and their ids used again
                known[id(value)] = size
        return size


_local = threading.local()


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Operations of this thread count against `budget` within the block."""
    previous = getattr(_local, "budget", None)
    _local.budget = budget
    try:
        yield
    finally:
        _local.budget = previous


def current_budget() -> Budget:
    """The running template's budget. Raises TemplateLimitError outside a run: then nothing may be computed."""
    budget: Budget | None = getattr(_local, "budget", None)
    if budget is None:
        raise TemplateLimitError("nothing is computed while a template is compiled")
    return budget


_BIG_NUMBER = re.compile(r"\d{5,}")
_PERCENT_STAR = re.compile(r"%[^a-zA-Z%]*\*")
_NESTED_FIELD = re.compile(r"\{[^{}]*\{")


def charge_binop(budget: Budget, operator: str, left: Any, right: Any) -> None:
    """Count what `left operator right` is about to make; `operator` is one of + * ** %."""
    match operator:
        case "+":
            if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
                budget.charge(len(left) + len(right))
        case "*":
            sequence, times = (right, left) if isinstance(left, int) else (left, right)
            if isinstance(sequence, str | list | tuple | bytes) and isinstance(times, int):
                budget.charge(len(sequence) * max(times, 0))
            elif isinstance(left, int) and isinstance(right, int):
                budget.bits(left.bit_length() + right.bit_length())
        case "**":
            if isinstance(left, int) and isinstance(right, int):
                budget.bits(left.bit_length() * max(right, 0))
        case "%":
            if isinstance(left, str):
                charge_percent(budget, left, right)


def charge_percent(budget: Budget, template: str, values: Any) -> None:
    """Count what `template % values` is about to make."""
    if _BIG_NUMBER.search(template) or _PERCENT_STAR.search(template):
        raise TemplateLimitError(f"the format {template[:40]!r} asks for an unreasonable width")
    budget.charge(len(template) * 2 + template.count("%") * (budget.size(values) + budget.limits.max_width))


def charge_method(budget: Budget, owner: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Count what the method `name` of a str, list, tuple or dict is about to make."""
    if not isinstance(owner, str):
        if name in {"copy", "index", "count"}:
            budget.charge(len(owner))
            budget.check(budget.size(owner))
        return
    match name:
        case "format" | "format_map":
            if _BIG_NUMBER.search(owner) or _NESTED_FIELD.search(owner):
                raise TemplateLimitError(f"the format {owner[:40]!r} asks for an unreasonable width")
            values = budget.size(list(args)) + budget.size(dict(kwargs))
            budget.charge(len(owner) + owner.count("{") * (values + budget.limits.max_width))
        case "replace":
            old, new = (*args, "", "")[:2]
            budget.charge(size_of_replace(owner, old, new))
        case "join":
            items = args[0] if args and isinstance(args[0], Iterable) else ()
            budget.charge(size_of_join(budget, owner, items))
        case "ljust" | "rjust" | "center" | "zfill":
            budget.width(*args, *kwargs.values())
            budget.charge(len(owner))
        case "expandtabs":
            budget.width(*args, *kwargs.values())
            budget.charge(len(owner) + owner.count("\t") * max(n for n in (*args, 8) if isinstance(n, int)))
        case "split" | "rsplit" | "splitlines":
            budget.charge(2 * len(owner))
        case _ if not name.startswith(("startswith", "endswith", "is", "find", "rfind", "index", "rindex", "count")):
            budget.charge(len(owner))


def size_of_replace(text: str, old: Any, new: Any) -> int:
    """At most how long `text.replace(old, new)` is."""
    num_found = text.count(old) if isinstance(old, str) and old else len(text) + 1
    return len(text) + num_found * len(new) if isinstance(new, str) else len(text)


def size_of_join(budget: Budget, separator: str, items: Any) -> int:
    """How long the items of a container are when joined."""
    if not isinstance(items, str | list | tuple | Mapping):
        return 0
    return budget.size(items) + len(separator) * len(items)
