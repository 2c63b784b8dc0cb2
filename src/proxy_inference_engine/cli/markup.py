"""Light styling of Markdown while it streams: code, bold, headings.

Styles are put around the text; no character of it is ever added, dropped, moved or redrawn, so a mistake in guessing
the markup costs a colour and nothing else. Knows no terminal: the caller decides whether there are styles at all.
"""

from __future__ import annotations

from proxy_inference_engine.cli.terminal import BOLD, CYAN, DIM, RESET

_FENCE = "```"
_MARKS = "*`"
_MAX_FENCE_INDENT = 3


class MarkupStyler:
    """Feed it pieces of Markdown; joined, its output without escape sequences equals the joined input.

    Only a run of `*`, of backticks or of `#` is held back, until the character after it shows what it means.
    """

    def __init__(self) -> None:
        self._held = ""
        self._line = ""
        self._in_fence = False
        self._is_fence_line = False
        self._is_heading = False
        self._is_bold = False
        self._code_mark = ""
        self._applied = ""

    def push(self, text: str) -> str:
        """The styled text so far, but for marks that are held back."""
        return "".join(map(self._take, text))

    def finish(self) -> str:
        """What was held back, and the end of every style."""
        return self._release(after="\n") + self._apply("")

    def _take(self, char: str) -> str:
        if char in _MARKS and (not self._held or self._held[0] == char):
            self._held += char
            return ""
        out = self._release(after=char)
        if char in _MARKS:
            self._held = char
            return out
        return out + self._write(char)

    def _release(self, after: str) -> str:
        """Decide what the held run of marks means, now that `after` is known to follow it."""
        run, self._held = self._held, ""
        if not run:
            return ""
        if self._is_fence(run):
            self._in_fence = not self._in_fence
            self._is_fence_line = True
            return self._write(run)
        if self._in_fence or self._is_fence_line:
            return self._write(run)
        if run[0] == "`":
            return self._toggle_code(run)
        return self._toggle_bold(run, after)

    def _is_fence(self, run: str) -> bool:
        indent = len(self._line)
        return run.startswith(_FENCE) and indent <= _MAX_FENCE_INDENT and not self._line.strip()

    def _toggle_code(self, run: str) -> str:
        if self._code_mark == run:
            out = self._write(run)
            self._code_mark = ""
            return out
        if not self._code_mark:
            self._code_mark = run
        return self._write(run)

    def _toggle_bold(self, run: str, after: str) -> str:
        if self._code_mark or len(run) not in (2, 3):
            return self._write(run)
        if self._is_bold and not self._line[-1:].isspace():
            out = self._write(run)
            self._is_bold = False
            return out
        if not self._is_bold and not after.isspace():
            self._is_bold = True
        return self._write(run)

    def _write(self, text: str) -> str:
        if text == "\n":
            # Nothing but a fenced block goes on over a line end: a mark that was never closed must not style the rest.
            out = self._apply("") + text
            self._line = ""
            self._is_fence_line = self._is_heading = self._is_bold = False
            self._code_mark = ""
            return out
        if not self._line and text == "#" and not self._in_fence:
            self._is_heading = True
        self._line += text
        return self._apply(self._style()) + text

    def _style(self) -> str:
        if self._is_fence_line:
            return DIM
        if self._in_fence or self._code_mark:
            return CYAN
        return BOLD if self._is_bold or self._is_heading else ""

    def _apply(self, style: str) -> str:
        if style == self._applied:
            return ""
        out = (RESET if self._applied else "") + style
        self._applied = style
        return out
