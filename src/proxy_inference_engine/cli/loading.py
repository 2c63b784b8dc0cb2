"""Loads an engine for a command: says what it waits for, and gives way to Ctrl-C while a load or download runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from proxy_inference_engine.cli.guard import Abandoned
from proxy_inference_engine.cli.interrupt import raise_at_interrupt
from proxy_inference_engine.cli.terminal import StatusLine, is_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from proxy_inference_engine.engine import InferenceEngine

T = TypeVar("T")

_QUIET_S = 0.4
_TICK_S = 0.1


@dataclass(slots=True)
class Load:
    """What the loading thread is at."""

    stage: str
    """Shown while it lasts; empty while something else, such as a download, shows its own progress."""


def load_engine(model: str, config: Mapping[str, Any]) -> tuple[InferenceEngine, Path]:
    """An engine for `model` (folder, hub id or `demo`) with the `EngineConfig` keywords in `config`, and its folder.

    Raises what the engine raises, and Abandoned on Ctrl-C: the thread that loads cannot be stopped.
    """
    if not is_terminal(sys.stderr):
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    settings = {name: value for name, value in config.items() if value is not None}

    def load(state: Load) -> tuple[InferenceEngine, Path]:
        from proxy_inference_engine.engine import InferenceEngine
        from proxy_inference_engine.models.hub import resolve_model

        revision, offline = settings.pop("revision", None), settings.get("offline", False)
        folder = resolve_model(model, revision=revision, offline=offline)
        name = model if folder.name not in model else folder.name  # a long path would hide the rest
        state.stage = f"loading {name} ({_size(weights_bytes(folder))})"
        return InferenceEngine(folder, **settings), folder

    return run_with_status("", load)


def run_with_status(stage: str, load: Callable[[Load], T]) -> T:
    """Run `load` in a thread of its own, showing its stage while it lasts."""
    state = Load(stage)
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(load(state))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="pie-load", daemon=True)
    start = time.monotonic()
    raise_at_interrupt()
    thread.start()
    with StatusLine() as status:
        try:
            while thread.is_alive():
                thread.join(_TICK_S)
                waited = time.monotonic() - start
                if state.stage and waited > _QUIET_S:
                    status.show(f"{state.stage} {waited:.0f} s")
        except KeyboardInterrupt:
            raise Abandoned from None
    if errors:
        raise errors[0]
    return results[0]


def weights_bytes(folder: Path) -> int:
    """Bytes of the weight files in `folder`."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _size(num_bytes: int) -> str:
    return format_bytes(num_bytes) if num_bytes else "no weights"


def format_bytes(num_bytes: float) -> str:
    """`num_bytes` for people, in decimal units: `4.1 GB`."""
    size, unit = float(num_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
