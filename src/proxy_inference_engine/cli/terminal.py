"""What the commands know of the terminal: whether there is one, styles, and one status line that comes and goes.

Styles are ANSI sequences and only written to a terminal; NO_COLOR and TERM=dumb turn them off.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

RESET: Final = "\x1b[0m"
BOLD: Final = "\x1b[1m"
DIM: Final = "\x1b[2m"
RED: Final = "\x1b[31m"
GREEN: Final = "\x1b[32m"
CYAN: Final = "\x1b[36m"

_ERASE_LINE = "\r\x1b[K"
_STATUS_INTERVAL_S = 0.1
_KEPT = "\n\t"
_CONTROL = {
    code: None if code == ord("\r") else "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in _KEPT
}


def is_terminal(stream: Any) -> bool:
    """Whether a person looks at `stream` (or types into it)."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # replaced or closed
        return False


def is_piped(stream: Any) -> bool:
    """Whether `stream` reads from a pipe or a file: not from a person, and not from /dev/null."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # replaced, as in a test, or closed
        return stream is not None and not is_terminal(stream)
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def is_styled(stream: Any) -> bool:
    """Whether styles may be written to `stream`."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """`text` without characters that could command a terminal; line ends and tabs stay."""
    return text.translate(_CONTROL)


def styled(text: str, style: str, stream: Any) -> str:
    """`text` in a style where `stream` has styles."""
    return f"{style}{text}{RESET}" if text and is_styled(stream) else text


def end_line() -> None:
    """After the ^C that a terminal echoes, the shell's prompt starts on a line of its own."""
    if is_terminal(sys.stderr):
        sys.stderr.write("\n")


def make_robust(*streams: Any) -> None:
    """Characters that a stream's encoding lacks become '?' instead of ending the program."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


class StatusLine:
    """A line on stderr for long work, rewritten in place; nothing at all where stderr is no terminal.

    Use it as a context manager: the line is gone afterwards.
    """

    def __init__(self) -> None:
        self._is_on = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._shown = ""
        self._shown_at = 0.0

    def show(self, text: str, *, may_skip: bool = False) -> None:
        """Show `text`; with `may_skip` only when nothing was shown in the last tenth of a second."""
        now = time.monotonic()
        if not self._is_on or text == self._shown or (may_skip and now - self._shown_at < _STATUS_INTERVAL_S):
            return
        width = max(shutil.get_terminal_size().columns - 1, 1)
        sys.stderr.write(_ERASE_LINE + styled(printable(text)[:width], DIM, sys.stderr))
        sys.stderr.flush()
        self._shown, self._shown_at = text, now

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write(_ERASE_LINE)
            sys.stderr.flush()
            self._shown = ""

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
