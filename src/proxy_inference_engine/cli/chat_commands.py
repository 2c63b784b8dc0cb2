"""The commands of `pie chat`: lines that begin with a slash. Knows the conversation, no engine and no terminal."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from proxy_inference_engine.cli.conversation import Conversation
from proxy_inference_engine.errors import RequestError

Command = Callable[[str], str | None]

_HELP = """\
/help           this list
/system [TEXT]  set the system text; without TEXT, show it
/reset          forget the conversation; the system text stays
/save [FILE]    write the conversation as JSON
/load FILE      continue a conversation from JSON
/exit           leave (so do Ctrl-D, and Ctrl-C given twice)

Ctrl-C stops a reply and keeps the chat. A line that ends in \\ goes on in the next one.
A message that begins with a slash: put a space before it."""


class Commands:
    """Runs commands on `conversation`."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._commands: dict[str, Command] = {
            "/help": lambda _: _HELP,
            "/system": self._system,
            "/reset": self._reset,
            "/save": self._save,
            "/load": self._load,
            "/exit": lambda _: None,
            "/quit": lambda _: None,
        }

    def run(self, line: str) -> str | None:
        """What to answer; None to leave the chat. Raises RequestError when the command cannot be done."""
        name, _, rest = line.strip().partition(" ")
        command = self._commands.get(name.lower())
        if command is None:
            near = difflib.get_close_matches(name.lower(), self._commands, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            return f"there is no command {name}: {hint}/help lists them"
        return command(rest.strip())

    def _system(self, text: str) -> str:
        if text:
            self._conversation.set_system(text)
            return "system text set; the conversation goes on under it"
        return f"system text: {self._conversation.system}" if self._conversation.system else "there is no system text"

    def _reset(self, _: str) -> str:
        self._conversation.reset()
        return "the conversation begins anew"

    def _save(self, file: str) -> str:
        if not self._conversation.prompt():
            return "there is nothing to save yet"
        return f"saved to {self._conversation.save(file or None)}"

    def _load(self, file: str) -> str:
        if not file:
            raise RequestError("/load needs the name of a file", param="file")
        self._conversation.load(file)
        count = len(self._conversation.turns)
        return f"loaded {count} message{'' if count == 1 else 's'} from {file}"
