"""Keeps what callers type apart from what the template writes.

Every control string in a caller's text is replaced by a placeholder before the template sees it, and the tokenizer puts
the text back as plain text. A placeholder is one private-use character, so that nothing a template does to a string
can cut it in two; and as the caller's own private-use characters are replaced as well, nobody can forge one. Knows
nothing of templates or tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.patterns import any_of

_PRIVATE_USE = ((0x100000, 0x10FFFE), (0xF0000, 0xFFFFE))  # the two supplementary planes
_PRIVATE_PATTERN = "[\U000f0000-\U000ffffd\U00100000-\U0010fffd]"
_IN_JSON = re.compile(r"\\ud[b-f][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
_IN_REPR = re.compile(r"\\U00(?:0f|10)[0-9a-f]{4}")
_MAX_DEPTH = 100
# Whoever writes the reply's text may use these tags in it; templates look for them there.
_REPLY_TAG = re.compile(
    r"think|reasoning|tool[_▁]?call|function[_▁]?call|tool▁sep|python_tag|\[ARGS\]|\[CALL_ID\]", re.IGNORECASE
)


class ControlStrings:
    """Which strings a caller's text must not contain as they are: built once for a template."""

    def __init__(self, control_strings: Collection[str], *, reserved: str = "") -> None:
        """`reserved`: text whose private-use characters are not used as placeholders."""
        self.reserved = frozenset(re.findall(_PRIVATE_PATTERN, reserved))
        self._in_text = _Search(control_strings)
        others = [string for string in control_strings if not _REPLY_TAG.search(string)]
        self._in_reply = self._in_text if len(others) == len(control_strings) else _Search(others)

    def search(self, *, is_reply: bool) -> _Search:
        """What to look for; in a reply's text the reasoning and tool-call tags may stay."""
        return self._in_reply if is_reply else self._in_text


class _Search:
    """Finds control strings in a text, and the start of one at its end."""

    def __init__(self, strings: Collection[str]) -> None:
        self.pattern = any_of(strings, prefix=f"{_PRIVATE_PATTERN}|")
        # A start such as "<" is taken too: the next text of the prompt may complete it. Where control strings start
        # like words, it is not, as half the words of a language would end like one.
        self._starts = frozenset(s[:n] for s in strings if not s[0].isalnum() for n in range(1, len(s)))
        self._longest = max(map(len, self._starts), default=0)

    def tail(self, text: str) -> int:
        """How many characters at the end of `text` are the start of a control string; the most there are."""
        for n in range(min(self._longest, len(text)), 0, -1):
            if text[-n:] in self._starts:
                return n
        return 0


class Literals:
    """The placeholders of one prompt."""

    def __init__(self, control_strings: ControlStrings) -> None:
        self._control_strings = control_strings
        self._free = self._free_characters()
        self._placeholders: dict[str, str] = {}  # by what they stand for
        self._texts: dict[str, str] = {}

    def protect(self, text: str, *, is_reply: bool = False) -> str:
        """`text` with placeholders for its control strings; in a reply's text, reasoning and tool-call tags stay."""
        search = self._control_strings.search(is_reply=is_reply)
        text = search.pattern.sub(lambda match: self._placeholder(match[0]), text)
        if num_tail := search.tail(text):
            text = text[:-num_tail] + self._placeholder(text[-num_tail:])
        return text

    def protect_tree(self, value: Any, where: str, depth: int = 0) -> Any:
        """The same for every string and key in plain JSON data. Raises RequestError for data nested too deeply."""
        if depth > _MAX_DEPTH:
            raise RequestError(f"{where} is nested more than {_MAX_DEPTH} levels deep.", param=where.split("[")[0])
        if isinstance(value, str):
            return self.protect(value)
        if isinstance(value, Mapping):
            return {self.protect(str(key)): self.protect_tree(item, where, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.protect_tree(item, where, depth + 1) for item in value]
        return value

    def used_in(self, text: str) -> dict[str, str]:
        """The placeholders that `text` has, with what they stand for."""
        found = dict.fromkeys(re.findall(_PRIVATE_PATTERN, text)) if self._texts else {}
        return {char: self._texts[char] for char in found if char in self._texts}

    def restore(self, written: str, *, as_json: bool) -> str:
        """`written`, in which placeholders may be escaped, with the placeholders of its texts in that form.

        `written` is JSON, or Python's own notation of a value: both escape what they do not take for printable. In JSON
        a text that needs escaping gets a placeholder of its own for the escaped form.
        """
        if not self._texts:
            return written
        if not as_json:
            return _IN_REPR.sub(lambda m: self._known(chr(int(m[0][2:], 16)), m[0]), written)
        written = _IN_JSON.sub(lambda m: self._known(json.loads(f'"{m[0]}"'), m[0]), written)
        return re.sub(_PRIVATE_PATTERN, lambda m: self._escaped(m[0]), written)

    def _known(self, char: str, otherwise: str) -> str:
        return char if char in self._texts else otherwise

    def _escaped(self, char: str) -> str:
        """The placeholder for the JSON form of what `char` stands for."""
        text = self._texts.get(char, char)
        escaped = json.dumps(text, ensure_ascii=False)[1:-1]
        return char if escaped == text else self._placeholder(escaped)

    def _placeholder(self, text: str) -> str:
        char = self._placeholders.get(text)
        if char is None:
            char = next(self._free, None)
            if char is None:
                raise RequestError(
                    f"The conversation has more than {len(self._texts)} different private-use characters.",
                    param="messages",
                )
            self._placeholders[text] = char
            self._texts[char] = text
        return char

    def _free_characters(self) -> Iterator[str]:
        for start, stop in _PRIVATE_USE:
            for code in range(start, stop):
                if chr(code) not in self._control_strings.reserved:
                    yield chr(code)
