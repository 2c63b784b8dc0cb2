"""Regular expressions inside schemas: matched in linear time, and the complement of a list of strings.

A hostile pattern must not be able to hang the process, so the grammar engine's automata do the matching, not `re`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from proxy_inference_engine.patterns import trie_of

_ESCAPES = set("\\.^$|?*+()[]{}-/")


@lru_cache(maxsize=1)
def byte_tokenizer() -> Any:
    """A tokenizer whose tokens are the bytes: what grammars are tried with where no model is at hand."""
    from llguidance import LLTokenizer

    return LLTokenizer("byte")


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> Any:
    from llguidance import LLMatcher

    schema = json.dumps({"type": "string", "pattern": pattern})
    matcher = LLMatcher(byte_tokenizer(), LLMatcher.grammar_from_json_schema(schema), log_level=0)
    return None if matcher.is_error() else matcher


def compiles(pattern: str) -> bool:
    """Whether the grammar engine takes `pattern`."""
    return _matcher(pattern) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`. Patterns that the engine does not take go to `re`, if they are tame."""
    matcher = _matcher(pattern)
    if matcher is None:
        return re.search(pattern, text[:10_000]) is not None
    tokens = byte_tokenizer().tokenize_bytes(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))
    matcher = matcher.deep_copy()
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


def is_tame(pattern: str) -> bool:
    """Whether `re` can be trusted with `pattern`: nothing that repeats or branches is itself repeated."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    if re.search(r"\\[1-9]|\(\?P=", pattern):
        return False
    open_groups: list[bool] = []  # whether each open group repeats or branches
    index, repeats, closed = 0, 0, False
    while index < len(pattern):
        char = pattern[index]
        group, closed = closed, False
        if char == "\\":
            index += 1
        elif char == "[":
            index = _class_end(pattern, index)
        elif char == "(":
            open_groups.append(False)
        elif char == ")" and open_groups:
            closed = open_groups.pop()
            if closed and open_groups:
                open_groups[-1] = True
        elif char == "|" and open_groups:
            open_groups[-1] = True
        elif char in "*+{":
            if group:
                return False
            repeats += 1
            open_groups = [True] * len(open_groups)
        index += 1
    return repeats <= 8


def _class_end(pattern: str, start: int) -> int:
    index = start + 1 + (pattern[start + 1 : start + 2] == "^")
    index += pattern[index : index + 1] == "]"
    while index < len(pattern) and pattern[index] != "]":
        index += 2 if pattern[index] == "\\" else 1
    return index


def none_of(strings: list[str]) -> str:
    """A pattern for every string but these, without look-around."""
    return f"^(?:{_others(trie_of(strings))})$"


def _others(node: dict[str, Any]) -> str:
    """The pattern of what may come instead of what the trie holds from here on."""
    children = {char: child for char, child in node.items() if char}
    options = [] if "" in node else [""]
    if children:
        excluded = "".join(_quoted(char) for char in sorted(children))
        options.append(rf"[^{excluded}](?s:.*)")
        options += [f"{_quoted(char)}(?:{_others(child)})" for char, child in sorted(children.items())]
    else:
        options.append(r"(?s:.+)")
    return "|".join(options)


def _quoted(char: str) -> str:
    if char in _ESCAPES:
        return "\\" + char
    return char if char.isalnum() and char.isascii() else f"\\x{{{ord(char):X}}}"
