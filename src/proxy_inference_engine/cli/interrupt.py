"""What Ctrl-C does before a command has begun: it ends the process at once, quietly, with status 130.

An interrupt in the middle of an import would show a traceback, or come out of C code as another error. Nothing is
open yet at that time, so there is nothing to tidy up. Imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final

EXIT_INTERRUPTED: Final = 130


def leave_at_interrupt() -> None:
    """Until `raise_at_interrupt`, Ctrl-C ends the process. Where SIGINT is ignored or handled, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_at_interrupt() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt: call it before there is anything to tidy up."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    try:
        if os.isatty(2):
            os.write(2, b"\n")  # the shell's prompt starts on a line of its own after the ^C
    finally:
        os._exit(EXIT_INTERRUPTED)
