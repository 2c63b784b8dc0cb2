"""The conversation of a chat: what was said, and how it is saved and loaded. Knows no engine and no terminal."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction import Interaction, Role, as_interactions

MAX_FILE_BYTES = 64 << 20


class Conversation:
    """Turns under an optional system text."""

    def __init__(self, system: str | None = None) -> None:
        self._system: Interaction | None = None
        self.turns: list[Interaction] = []
        self._own_file: Path | None = None
        self.set_system(system or "")

    @property
    def system(self) -> str:
        """The system text; empty when there is none."""
        return "" if self._system is None else self._system.text

    def set_system(self, text: str) -> None:
        """Replace the system text; an empty one removes it."""
        self._system = Interaction.simple(Role.SYSTEM, text) if text.strip() else None

    def prompt(self) -> list[Interaction]:
        """Everything, as the engine wants it."""
        return [*([] if self._system is None else [self._system]), *self.turns]

    def reset(self) -> None:
        """Forget the turns; the system text stays."""
        self.turns.clear()

    def save(self, file: str | None = None) -> Path:
        """Write the conversation as JSON, a list of `Interaction.to_dict()`, and return where.

        Without a name it goes to the file it was saved to or loaded from before, or to a new one here. Raises
        RequestError rather than overwrite any other file.
        """
        path = Path(file).expanduser() if file else self._own_file or Path(time.strftime("chat-%Y%m%d-%H%M%S.json"))
        if path.exists() and path.absolute() != self._own_file:
            raise RequestError(f"{path} exists already: give another name; nothing is overwritten", param="file")
        text = json.dumps([turn.to_dict() for turn in self.prompt()], indent=2, ensure_ascii=False)
        # Written beside the file first, so that a full disk or Ctrl-C leaves what was there before.
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        try:
            # JSON escapes lone surrogates just as this error handler does.
            partial.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
            os.replace(partial, path)
        except OSError as error:
            raise RequestError(f"{path} could not be written: {error.strerror or error}", param="file") from error
        finally:
            partial.unlink(missing_ok=True)
        self._own_file = path.absolute()
        return path

    def load(self, file: str) -> None:
        """Continue the conversation in `file`: what `save` writes, or OpenAI-style messages.

        Raises RequestError for a file that holds neither; what was said before is then still there.
        """
        path = Path(file).expanduser()
        try:
            interactions = as_interactions(_read_list(path))
        except RequestError as error:
            raise RequestError(f"{path}: {error}", param="file") from error
        system = [turn for turn in interactions[:1] if turn.role is Role.SYSTEM]
        self._system = system[0] if system else None
        self.turns = interactions[len(system) :]
        self._own_file = path.absolute()


def _read_list(path: Path) -> Sequence[Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RequestError(f"it could not be read: {error.strerror or error}", param="file") from error
    if len(data) > MAX_FILE_BYTES:
        raise RequestError(f"it has more than {MAX_FILE_BYTES} bytes", param="file")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"not JSON text: {error}", param="file") from error
    if isinstance(found, Mapping) and isinstance(found.get("messages"), list):
        found = found["messages"]
    if not isinstance(found, list) or not found:
        raise RequestError("it holds no conversation: a list of messages was expected", param="file")
    return found
