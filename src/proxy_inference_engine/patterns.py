"""One regular expression for many fixed strings, the longest match first.

A plain alternation of thousands of strings tries each of them at every position; this one shares prefixes, so that
its cost does not depend on how many there are. Knows nothing of tokens or templates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any


def trie_of(strings: Iterable[str]) -> dict[str, Any]:
    """The strings by their characters, one node in another; a node that holds "" ends one of them."""
    trie: dict[str, Any] = {}
    for string in strings:
        node = trie
        for char in string:
            node = node.setdefault(char, {})
        node[""] = {}
    return trie


def any_of(strings: Collection[str], *, prefix: str = "") -> re.Pattern[str]:
    """A pattern that matches `prefix` (an expression ending in "|") or any of `strings`, at each position the longest.

    Without strings it matches nothing but `prefix`.
    """
    trie = trie_of(strings)
    trie.pop("", None)  # the empty string is not a match
    return re.compile(prefix + (_branch(trie) if trie else r"(?!)"), re.DOTALL)


def _branch(node: dict[str, Any]) -> str:
    """The pattern for what may follow; a node holding "" may also end here."""
    options = []
    for char, child in sorted(node.items()):
        if not char:
            continue
        tail = re.escape(char)
        while len(child) == 1 and "" not in child:  # a chain without forks needs no group, nor recursion
            char, child = next(iter(child.items()))
            tail += re.escape(char)
        options.append(tail + (_branch(child) if child.keys() != {""} else ""))
    pattern = options[0] if len(options) == 1 and "" not in node else f"(?:{'|'.join(options)})"
    return pattern + "?" if "" in node else pattern
