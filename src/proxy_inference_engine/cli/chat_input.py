"""Where a chat's messages come from, and who gets Ctrl-C. Knows no engine and no conversation."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

from proxy_inference_engine.cli.terminal import BOLD, DIM, RESET, is_styled, styled


class Interrupts:
    """While it is entered, Ctrl-C goes to whoever asked for it: the line being typed, or the reply being shown.

    At any other moment it does nothing, so that pressing it twice to stop a reply does not end the chat as well.
    """

    def __init__(self) -> None:
        self._stop: Callable[[], object] | None = None
        self._is_typing = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    @contextlib.contextmanager
    def go_to(self, stop: Callable[[], object]) -> Iterator[None]:
        """Within, Ctrl-C calls `stop`."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    @contextlib.contextmanager
    def raised(self) -> Iterator[None]:
        """Within, Ctrl-C raises KeyboardInterrupt."""
        self._is_typing = True
        try:
            yield
        finally:
            self._is_typing = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_typing:
            raise KeyboardInterrupt
        if self._stop is not None:
            self._stop()


def typed_lines(interrupts: Interrupts) -> Iterator[str]:
    """What a person types, message by message; ends on Ctrl-D.

    A line that ends in a backslash goes on in the next one. Raises KeyboardInterrupt for Ctrl-C given twice.
    """
    with contextlib.suppress(ImportError):  # line editing and history, where Python has them
        import readline

        # A pasted text stays one message instead of being sent line by line.
        readline.parse_and_bind("set enable-bracketed-paste on")
    was_interrupted = False
    while True:
        try:
            with interrupts.raised():
                message = _message()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            if was_interrupted:
                raise
            was_interrupted = True
            print(styled("Ctrl-C again or Ctrl-D leaves", DIM, sys.stdout))
            continue
        was_interrupted = False
        yield message


def piped_lines() -> Iterator[str]:
    """The lines of stdin, each as soon as it is there."""
    while line := sys.stdin.readline():
        yield line.rstrip("\r\n")


def _message() -> str:
    text = input(_prompt(">>> "))
    while text.endswith("\\"):
        text = text[:-1] + "\n" + input(_prompt("... "))
    return text


def _prompt(text: str) -> str:
    # Readline must be told what takes no room, or it misplaces the cursor on long lines.
    return f"\001{BOLD}\002{text}\001{RESET}\002" if is_styled(sys.stdout) else text
