"""The value of JSON text that is not finished yet: what is open is closed, what is not readable yet is left out.

Knows nothing of schemas or tokens.
"""

from __future__ import annotations

import json
from typing import Any


def partial_value(text: str) -> Any:
    """The value that `text`, the beginning of a JSON document, already determines; None where nothing is readable.

    A string that is not closed counts as far as it goes; a number that could go on counts as it stands.
    """
    end = len(text)
    while end > 0:
        try:
            return json.loads(_closed(text[:end]))
        except ValueError:
            end -= 1
            # Only what follows the last mark can be unreadable: a cut literal, number, escape or key without value.
            if len(text) - end > 64:
                cut = max(text.rfind(mark, 0, end) for mark in ",[{")
                end = cut if text[cut : cut + 1] == "," else cut + 1 if cut + 1 < end else cut
    return None


def _closed(text: str) -> str:
    """`text` with its open strings, arrays and objects closed."""
    open_marks: list[str] = []
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            open_marks.append("}" if char == "{" else "]")
        elif char in "}]" and open_marks:
            open_marks.pop()
    return text + '"' * in_string + "".join(reversed(open_marks))
