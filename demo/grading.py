"""The held-out sets and how a reply is graded. It knows conversations and text, not engines or tensors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .datagen.chat import Conversation, prompt_and_reply
from .datagen.extraction import extraction, free_extraction
from .datagen.reasoning import reasoning
from .datagen.recall import copying, recall
from .datagen.source import Source
from .datagen.talk import chatting
from .datagen.tools import tool_use

CALL = re.compile(r"<tool_call>\n(.*?)\n</tool_call>", re.S)
EVALUATION_SEED = 7_000_000_000  # far from every training seed


def tokens_of_history(num_tokens: int, count: Callable[[str], int]) -> Callable[[Source], Conversation]:
    """A maker of recall conversations whose prompt has at least `num_tokens` tokens, and not many more."""

    def make(source: Source) -> Conversation:
        seed = source.between(0, 2**40)
        characters = int(num_tokens * 3.2)
        while True:
            c = recall(Source(seed, held_out=source.held_out, graded=True, unusual=source.unusual), characters)
            if count(prompt_and_reply(c)[0]) >= num_tokens:
                return c
            characters = int(characters * 1.06)

    return make


def where(make: Callable[[Source], Conversation], *kinds: str) -> Callable[[Source], Conversation]:
    """Conversations of `make` whose grade is of one of the kinds."""

    def made(source: Source) -> Conversation:
        while True:
            c = make(Source(source.between(0, 2**40), held_out=source.held_out, graded=True, unusual=source.unusual))
            if c.grade and c.grade["kind"] in kinds:
                return c

    return made


def sets(count: Callable[[str], int]) -> dict[str, Callable[[Source], Conversation]]:
    """Name of each evaluation set -> its maker. `count` gives the number of tokens of a text."""
    return {
        "extraction": extraction,
        "questions on a text": free_extraction,
        "tool call": where(tool_use, "call"),
        "no tool fits": where(tool_use, "no_call"),
        "tool result": where(tool_use, "text"),
        "recall, short": lambda s: recall(s, 700),
        "recall, 1,500 tokens": tokens_of_history(1500, count),
        "recall, 3,000 tokens": tokens_of_history(3000, count),
        "table look-up": copying,
        "arithmetic and lists": reasoning,
        "talk": chatting,
    }


def examples(
    name: str, make: Callable[[Source], Conversation], n: int, *, held_out: bool = True, unusual: bool = False
) -> Iterator[Conversation]:
    """The first n conversations of a set; the same ones each time."""
    for i in range(n):
        yield make(
            Source(
                EVALUATION_SEED + i * 1009 + sum(map(ord, name)) * 1_000_003,
                held_out=held_out,
                graded=True,
                unusual=unusual,
            )
        )


def parse_calls(reply: str) -> list[dict[str, Any]] | None:
    """The tool calls of a reply; None where one is no JSON object."""
    try:
        calls = [json.loads(x) for x in CALL.findall(reply)]
    except ValueError:
        return None
    return calls if all(isinstance(x, dict) for x in calls) else None


def _strip(reply: str) -> str:
    return reply.split("</think>")[-1].strip()


def grade(c: Conversation, reply: str) -> dict[str, bool]:
    """What is right in a reply: {"right": all of it, ...}, with "choice" and "arguments" for tool calls."""
    assert c.grade is not None
    kind, value = c.grade["kind"], c.grade["value"]
    if kind == "json":
        try:
            got = json.loads(reply)
        except ValueError:
            return {"right": False}
        return {"right": got == value and list(got) == list(value)}
    calls = parse_calls(reply)
    if kind == "call":
        choice = calls is not None and [x.get("name") for x in calls] == [x["name"] for x in value]
        arguments = choice and [x.get("arguments") for x in calls or ()] == [x["arguments"] for x in value]
        return {"right": arguments, "choice": choice, "arguments": arguments}
    if kind == "no_call":
        return {"right": calls == [] and _strip(reply) == _strip(value), "choice": calls == []}
    if kind == "contains":
        return {
            "right": re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reply) is not None and len(reply) < len(value) + 120
        }
    return {"right": _strip(reply) == _strip(value)}
