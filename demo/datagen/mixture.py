"""The mixture of tasks: one conversation for each seed. Training and evaluation differ in the `held_out` flag alone."""

from __future__ import annotations

from collections.abc import Callable

from .chat import Conversation
from .extraction import extraction, free_extraction
from .reasoning import reasoning
from .recall import copying, recall
from .source import Source
from .talk import chatting
from .tools import tool_use


def several(source: Source) -> Conversation:
    """Two to four tasks in one conversation without tools, so that each also works in the midst of a talk."""
    c = Conversation(task="several")
    for _ in range(source.between(2, 4)):
        part = source.pick((extraction, free_extraction, reasoning, chatting))(source)
        if part.think or (part.system and (c.messages or "JSON" in part.system or "chema" in part.system)):
            continue
        c.system = part.system if not c.messages else c.system
        c.messages += part.messages
        c.grade = part.grade
    return c if c.messages else chatting(source)


# task, share of conversations (long ones count for more in tokens)
MIXTURE: tuple[tuple[Callable[[Source], Conversation], float], ...] = (
    (extraction, 0.345),
    (free_extraction, 0.06),
    (tool_use, 0.22),
    (recall, 0.145),
    (copying, 0.03),
    (reasoning, 0.12),
    (chatting, 0.07),
    (several, 0.05),
)


def conversation(seed: int, *, held_out: bool = False) -> Conversation:
    """The conversation of a seed; the same on every machine and Python from 3.11 on."""
    source = Source(seed, held_out=held_out)
    x = source.random()
    for make, share in MIXTURE:
        x -= share
        if x < 0:
            return make(source)
    return chatting(source)
