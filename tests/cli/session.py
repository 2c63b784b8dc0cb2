"""A program in a pseudo-terminal, and a person's hands and eyes: keys go in, what is shown comes out."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence

CTRL_C, CTRL_D = "\x03", "\x04"
# Makes the pseudo-terminal the controlling one of a new session, as a terminal window does: Ctrl-C then sends SIGINT.
# A test run in the background of a script inherits that SIGINT is ignored; at a terminal it is not.
_LAUNCHER = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Session:
    """`pie` with the given arguments, at a terminal."""

    def __init__(self, arguments: Sequence[str], **environment: str) -> None:
        self._master, slave = pty.openpty()
        pie = [sys.executable, "-m", "proxy_inference_engine", *arguments]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, *pie],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40", "NO_COLOR": "", **environment},
        )
        os.close(slave)
        self.raw = ""
        self._seen = 0

    @property
    def shown(self) -> str:
        """Everything shown so far, without styles."""
        return _ESCAPES.sub("", self.raw)

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def line(self, text: str) -> None:
        self.send(text + "\r")

    def expect(self, pattern: str, timeout_s: float = 30) -> str:
        """Wait until `pattern` shows up after what was expected before; the text up to its end."""
        deadline = time.monotonic() + timeout_s
        while (match := re.search(pattern, self.shown[self._seen :])) is None:
            if not self._read(deadline):
                raise AssertionError(f"{pattern!r} did not appear; shown was:\n{self.shown}")
        start, self._seen = self._seen, self._seen + match.end()
        return self.shown[start : self._seen]

    def wait(self, timeout_s: float = 30) -> int:
        """Read to the end; the exit status."""
        deadline = time.monotonic() + timeout_s
        while self._read(deadline):
            pass
        return self._process.wait(max(deadline - time.monotonic(), 0.1))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, deadline: float) -> bool:
        """Take in what there is; False at the end of the output or of the time."""
        ready, _, _ = select.select([self._master], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the other side has closed
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)
