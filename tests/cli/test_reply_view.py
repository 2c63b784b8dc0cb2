from __future__ import annotations

import io
import re
import sys

import pytest

from proxy_inference_engine.cli.reply_view import ReplyView, describe, why_ended
from proxy_inference_engine.types import (
    End,
    Event,
    FinishReason,
    PrefillProgress,
    ReasoningDelta,
    TextDelta,
    Timing,
    ToolCallDelta,
    Usage,
)

TIMING = Timing(0.0, 210.0, 1500.0, 900.0, 31.25)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def end(reason: FinishReason = "stop", num_tokens: int = 3) -> End:
    return End(reason, tuple(range(num_tokens)), Usage(430, 412, num_tokens), TIMING)


EVENTS: list[Event] = [
    PrefillProgress(430, 430),
    ReasoningDelta("Let me "),
    ReasoningDelta("think."),
    TextDelta("It is **"),
    TextDelta("42**\x1b[31m."),
    ToolCallDelta(0, '{"a": ', "call_1", "look"),
    ToolCallDelta(0, "1}"),
    ToolCallDelta(1, "{}", "call_2", "wait"),
    end("tool_calls"),
]


def shown(events: list[Event], stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, show_extras: bool) -> str:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with ReplyView(show_extras=show_extras) as view:
        for event in events:
            view.add(event)
    return stream.getvalue()


def test_a_terminal_shows_everything_on_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(EVENTS, Terminal(), monkeypatch, show_extras=True)
    assert "\x1b[31m" not in text
    assert "\x1b[1m**42**\x1b[0m" in text
    plain = re.sub(r"\x1b\[\d+m", "", text)
    assert plain == 'Let me think.\nIt is **42**\ufffd[31m.\n-> look {"a": 1}\n-> wait {}\n'


def test_a_pipe_gets_the_text_alone_and_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(EVENTS, io.StringIO(), monkeypatch, show_extras=False) == "It is **42**\x1b[31m.\n"


@pytest.mark.parametrize("text", ["one\n", "one"])
def test_the_last_line_ends_once(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert shown([TextDelta(text), end()], io.StringIO(), monkeypatch, show_extras=False) == "one\n"


def test_nothing_said_is_nothing_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown([end()], Terminal(), monkeypatch, show_extras=True) == ""


def test_figures() -> None:
    assert describe(end().usage, TIMING) == "3 tokens · 31.2 tokens/s · first token 0.21 s · cache 412/430"
    assert why_ended(end(), limit=3) is None
    assert why_ended(end("length"), limit=3) == "cut off at the limit of 3 tokens"
    assert why_ended(end("length"), limit=None) == "cut off: the context is full"
    assert why_ended(end("length"), limit=9) == "cut off: the context is full"
    assert why_ended(end("cancelled"), limit=None) == "stopped"
