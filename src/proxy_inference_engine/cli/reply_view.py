"""Shows a reply while it streams: text, dimmed reasoning, tool calls, and the progress of a long prompt.

To a terminal the text goes with light styles and without control characters; to a pipe exactly as it is.
"""

from __future__ import annotations

import sys
import time

from proxy_inference_engine.cli.markup import MarkupStyler
from proxy_inference_engine.cli.terminal import DIM, RESET, StatusLine, is_styled, is_terminal, printable
from proxy_inference_engine.types import (
    End,
    Event,
    PrefillProgress,
    ReasoningDelta,
    TextDelta,
    Timing,
    ToolCallDelta,
    Usage,
)

_QUIET_S = 0.5


class ReplyView:
    """Writes one reply to stdout; use it as a context manager, which ends the line and the styles.

    Args:
        show_extras: also show reasoning and tool calls, which are not the reply's text.
    """

    def __init__(self, *, show_extras: bool) -> None:
        self._show_extras = show_extras
        self._is_terminal = is_terminal(sys.stdout)
        self._is_styled = is_styled(sys.stdout)
        self._styler = MarkupStyler() if self._is_styled else None
        self._status = StatusLine()
        self._start = time.monotonic()
        self._part = ""
        self._at_line_start = True

    def add(self, event: Event) -> None:
        """Show the next event."""
        match event:
            case PrefillProgress(num_done, num_total):
                if num_done < num_total and time.monotonic() - self._start > _QUIET_S:
                    self._status.show(reading(num_done, num_total), may_skip=True)
                return
            case TextDelta(text):
                self._begin("text")
                self._write_text(text)
            case ReasoningDelta(text) if self._show_extras:
                self._begin("reasoning")
                self._write_dim(text)
            case ToolCallDelta(index, arguments, _, name) if self._show_extras:
                if self._part != f"tool call {index}":
                    self._begin(f"tool call {index}")
                    self._write_dim(f"-> {name or '?'} ")
                self._write_dim(arguments)
            case _:
                pass
        sys.stdout.flush()

    def __enter__(self) -> ReplyView:
        return self

    def __exit__(self, *_: object) -> None:
        self._status.clear()
        self._leave_part()
        if not self._at_line_start:
            self._write("\n")
        sys.stdout.flush()

    def _begin(self, part: str) -> None:
        self._status.clear()
        if part == self._part:
            return
        self._leave_part()
        if self._part and not self._at_line_start:
            self._write("\n")
        self._part = part

    def _leave_part(self) -> None:
        if self._styler is not None and self._part == "text":
            self._write(self._styler.finish())

    def _write_text(self, text: str) -> None:
        text = printable(text) if self._is_terminal else text
        self._write(self._styler.push(text) if self._styler is not None else text, shown=text)

    def _write_dim(self, text: str) -> None:
        text = printable(text) if self._is_terminal else text
        self._write(f"{DIM}{text}{RESET}" if self._is_styled and text else text, shown=text)

    def _write(self, text: str, *, shown: str | None = None) -> None:
        """Write `text`; `shown` is what of it is not styles."""
        sys.stdout.write(text)
        if shown is None:
            shown = text if "\x1b" not in text else ""
        if shown:
            self._at_line_start = shown.endswith("\n")


def reading(num_done: int, num_total: int) -> str:
    """The progress of a prompt, for the status line."""
    return f"reading the prompt: {num_done:,} of {num_total:,} tokens"


def describe(usage: Usage, timing: Timing) -> str:
    """One line for people: `42 tokens · 31.2 tokens/s · first token 0.21 s · cache 412/430`."""
    parts = [f"{usage.num_output_tokens} token{'' if usage.num_output_tokens == 1 else 's'}"]
    if timing.decode_tokens_per_s > 0:
        parts.append(f"{timing.decode_tokens_per_s:.1f} tokens/s")
    if usage.num_output_tokens:
        parts.append(f"first token {timing.ttft_ms / 1e3:.2f} s")
    parts.append(f"cache {usage.num_cached_tokens}/{usage.num_prompt_tokens}")
    return " · ".join(parts)


def why_ended(end: End, *, limit: int | None) -> str | None:
    """What to tell a person when a reply did not end by itself; `limit` is the most new tokens they allowed."""
    match end.finish_reason:
        case "cancelled":
            return "stopped"
        case "length" if limit is not None and len(end.token_ids) >= limit:
            return f"cut off at the limit of {limit} tokens"
        case "length":
            return "cut off: the context is full"
        case _:
            return None
