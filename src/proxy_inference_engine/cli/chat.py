"""`pie chat`: a conversation in the terminal, or one reply per line of a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from proxy_inference_engine.cli.chat_commands import Commands
from proxy_inference_engine.cli.chat_input import Interrupts, piped_lines, typed_lines
from proxy_inference_engine.cli.conversation import Conversation
from proxy_inference_engine.cli.guard import show_error
from proxy_inference_engine.cli.reply_view import ReplyView, describe, why_ended
from proxy_inference_engine.cli.terminal import DIM, is_terminal, make_robust, printable, styled
from proxy_inference_engine.engine.reply import ReplyBuilder, ReplyStream
from proxy_inference_engine.errors import ContextLengthError, EngineClosedError, EngineError
from proxy_inference_engine.interaction import Interaction, Role
from proxy_inference_engine.types import End, Event, ReasoningDelta, TextDelta, Timing, ToolCallDelta, Usage

if TYPE_CHECKING:
    from proxy_inference_engine.engine import InferenceEngine

_STOP_GRACE_S = 0.5
"""After Ctrl-C: how long to wait for the engine's last word, which a long step may delay."""


class Chat:
    """Reads messages, shows replies, keeps the conversation.

    Args:
        engine: answers.
        name: the model, as a person calls it.
        system: the system text, if any.
        options: inference keywords for every reply.
        show_stats: a line of figures after each reply; None: when a person is at the terminal.
    """

    def __init__(
        self,
        engine: InferenceEngine,
        name: str,
        *,
        system: str | None,
        options: Mapping[str, Any],
        show_stats: bool | None,
    ) -> None:
        self._engine = engine
        self._name = name
        self._options = dict(options)
        self._conversation = Conversation(system)
        self._commands = Commands(self._conversation)
        self._is_interactive = is_terminal(sys.stdin) and is_terminal(sys.stdout)
        self._show_stats = self._is_interactive if show_stats is None else show_stats
        self._interrupts = Interrupts()
        self._has_failed = False

    def run(self) -> bool:
        """Chat until the input ends or a person leaves. Whether every line of a pipe could be served."""
        make_robust(sys.stdin, sys.stdout, sys.stderr)
        if self._is_interactive:
            self._note(f"{self._name}, context {self._engine.context_length:,} tokens. /help lists the commands.")
            with self._interrupts:
                self._talk(typed_lines(self._interrupts))
        else:
            self._talk(piped_lines())
        return self._is_interactive or not self._has_failed

    def _talk(self, messages: Iterable[str]) -> None:
        with asyncio.Runner() as runner:
            for message in messages:
                if message.startswith("/"):
                    if not self._command(message):
                        return
                elif message.strip():
                    self._turn(runner, message)

    def _command(self, message: str) -> bool:
        """Run a command. Whether the chat goes on."""
        try:
            answer = self._commands.run(message)
        except EngineError as error:
            self._fail(error)
            return True
        if answer is not None:
            self._note(answer)
        return answer is not None

    def _turn(self, runner: asyncio.Runner, message: str) -> None:
        """One message and its reply. What fails or is stopped before it says anything leaves no trace."""
        turns = self._conversation.turns
        turns.append(Interaction.simple(Role.USER, message))
        reply = _Reply(self._engine.stream(self._conversation.prompt(), **self._options))
        try:
            with ReplyView(show_extras=self._is_interactive) as view:
                runner.run(reply.show(view, self._interrupts))
        except EngineClosedError:
            raise
        except EngineError as error:
            turns.pop()
            self._fail(error)
            return
        if reply.is_empty and reply.is_cancelled:
            turns.pop()
            self._note("stopped before the reply began; your message was taken back")
            return
        turns.append(reply.interaction())
        self._after_reply(reply)

    def _after_reply(self, reply: _Reply) -> None:
        parts = []
        if reply.is_cancelled and reply.end is None:
            parts.append("stopped")
        elif reply.end is not None:
            reason = why_ended(reply.end, limit=self._options.get("max_new_tokens"))
            parts.extend([reason] if reason else [])
            if self._show_stats:
                parts.append(describe(reply.end.usage, reply.end.timing))
        if parts and (self._show_stats or self._is_interactive):
            self._note(" · ".join(parts))

    def _note(self, text: str) -> None:
        """Say something that is no part of a reply: beside it at a terminal, on stderr otherwise."""
        stream = sys.stdout if self._is_interactive else sys.stderr
        print(styled(printable(text), DIM, stream), file=stream, flush=True)

    def _fail(self, error: EngineError) -> None:
        self._has_failed = True
        show_error(error)
        if isinstance(error, ContextLengthError) and self._is_interactive:
            self._note("/reset forgets the conversation and begins anew")


class _Reply:
    """One reply while it comes in, and what is left of it when it is stopped."""

    def __init__(self, stream: ReplyStream) -> None:
        self._stream = stream
        self._builder = ReplyBuilder()
        self.end: End | None = None
        self.is_empty = True
        self.is_cancelled = False

    async def show(self, view: ReplyView, interrupts: Interrupts) -> None:
        """Read the stream to its end and show it; an interrupt that `interrupts` takes stops the reply."""
        reading = asyncio.create_task(self._read(view))
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self.is_cancelled = True
            self._stream.cancel()
            loop.call_later(_STOP_GRACE_S, reading.cancel)

        with interrupts.go_to(lambda: loop.call_soon_threadsafe(stop)):
            try:
                await asyncio.wait([reading])
            finally:  # not reached in time, or the whole chat is being ended
                reading.cancel()
        if not reading.cancelled():
            reading.result()

    async def _read(self, view: ReplyView) -> None:
        async with self._stream as events:
            async for event in events:
                self._take(event)
                view.add(event)

    def _take(self, event: Event) -> None:
        self._builder.add(event)
        if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
            self.is_empty = False
        if isinstance(event, End):
            self.end = event
            self.is_cancelled = event.finish_reason == "cancelled"

    def interaction(self) -> Interaction:
        """The reply; a stopped one as far as it came, with `finish_reason` "cancelled"."""
        if self.end is None:
            self._builder.add(End("cancelled", (), Usage(0, 0, 0), Timing(0.0, 0.0, 0.0, 0.0, 0.0)))
        return self._builder.interaction()
