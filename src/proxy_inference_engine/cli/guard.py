"""How a command ends: which error is shown how, and with what exit status.

1 is an error, 2 wrong usage, 130 an interrupt (Ctrl-C), 141 a reader of our output that went away. Knows no command.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import typer

from proxy_inference_engine.cli.interrupt import EXIT_INTERRUPTED
from proxy_inference_engine.cli.terminal import end_line, printable
from proxy_inference_engine.errors import EngineError

P = ParamSpec("P")

DEBUG_VARIABLE = "PIE_DEBUG"
EXIT_ERROR, EXIT_USAGE, EXIT_BROKEN_PIPE = 1, 2, 141
_NO_BACK_END = (
    "MLX has no back end that works here: install one with `pip install 'proxy-inference-engine[cpu]'` or, for an "
    "NVIDIA GPU, `pip install 'proxy-inference-engine[cuda]'` (one of the two, never both)"
)
_BACK_END_LIBRARY = re.compile(r"lib(mlx|cuda|cudart|cublas|cudnn|nccl|nvrtc|cufft)\w*\.so")


class Abandoned(KeyboardInterrupt):
    """Interrupted while a thread is busy that cannot be stopped: the process must end without waiting for it."""


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that it ends as described above, and without a traceback unless debugging is on."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        _set_up_logging()
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Abandoned:
            _leave_at_once()
        except KeyboardInterrupt:
            end_line()
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            _silence()
            raise typer.Exit(EXIT_BROKEN_PIPE) from None
        except EngineError as error:
            show_error(error)
            raise typer.Exit(EXIT_ERROR) from None
        except Exception as error:
            show_error(error, _explain(error))
            raise typer.Exit(EXIT_ERROR) from None

    return run


def is_debugging() -> bool:
    """Whether tracebacks and the log are wanted (`--debug` or PIE_DEBUG=1)."""
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def show_error(error: BaseException, message: str | None = None) -> None:
    """One line on stderr; the traceback before it when debugging."""
    if is_debugging():
        traceback.print_exception(error)
    text = " ".join(printable(message or str(error) or type(error).__name__).split())
    print(f"error: {text}", file=sys.stderr)


def _explain(error: Exception) -> str:
    """What an unplanned exception means, where we know."""
    text = str(error)
    if isinstance(error, ImportError) and (_BACK_END_LIBRARY.search(text) or (error.name or "").startswith("mlx")):
        return f"{_NO_BACK_END}: {text}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return "out of memory"
    return f"unexpected {type(error).__name__}: {text} (run with --debug for the trace, and please report it)"


def _set_up_logging() -> None:
    """Warnings as one line each, without the tracebacks that errors are logged with; everything when debugging."""
    handler = logging.StreamHandler()
    if is_debugging():
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(_OneLine())
    log = logging.getLogger("proxy_inference_engine")
    log.handlers[:] = [handler]
    log.setLevel(logging.DEBUG if is_debugging() else logging.WARNING)
    log.propagate = False


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {' '.join(printable(record.getMessage()).split())}"


def _leave_at_once() -> NoReturn:
    # A daemon thread that is still inside MLX or a download would be waited for by a normal exit.
    end_line()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(EXIT_INTERRUPTED)


def _silence() -> None:
    # The interpreter flushes stdout at exit and would complain about the closed pipe.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
