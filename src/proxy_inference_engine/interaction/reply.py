"""Splits a reply, as it streams, into text, reasoning and tool calls.

The parser is one generator that reads the reply from left to right and waits wherever the next characters decide; so
what it finds does not depend on how the text was cut. Knows nothing of tokens or of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence

from proxy_inference_engine.interaction.tool_calls import (
    ParsedCall,
    ToolCallFormat,
    arguments_text,
    load_json,
    new_id,
    parse_calls,
)
from proxy_inference_engine.types import Event, ReasoningDelta, TextDelta, ToolCallDelta

_STRUCTURE = re.compile(r'\\.|["{}\[\]]', re.DOTALL)
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_FIRST_KEY = re.compile(r'\{\s*(?:"([^"]*)("?))?')
_CALL_KEYS = frozenset({"name", "parameters", "arguments", "type", "function", "id"})
_MISTRAL_HEADER = re.compile(r"\s*([\w.\-]+)\s*(?:\[CALL_ID\]\s*(\w+)\s*)?(?:\[ARGS\]\s*)?")
_MAX_HEADER = 256
_Wait = Generator[None, None, None]


class ReplyParser:
    """Turns the text of one reply into events.

    `reasoning`: the tags around reasoning, looked for where the reply starts; with `starts_in_reasoning` the prompt has
    opened it already. `tool_call`: how calls are written. White space around reasoning and calls is left out. A call
    comes as one ToolCallDelta when it is complete; one that is malformed is text like any other, so nothing is lost.
    """

    def __init__(
        self,
        reasoning: tuple[str, str] | None,
        tool_call: ToolCallFormat | None,
        *,
        starts_in_reasoning: bool = False,
        make_id: Callable[[], str] | None = None,
    ) -> None:
        self._reasoning = reasoning
        self._format = tool_call
        self._starts_in_reasoning = starts_in_reasoning
        self._make_id = make_id
        self._buffer = ""  # read but not yet decided
        self._ended = False
        self._events: list[Event] = []
        self._spaces: list[str] = []  # white space that is dropped if a call or the end of reasoning follows
        self._skips_spaces = False
        self._num_calls = 0
        self._steps = self._read_reply()
        self._advance()

    def push(self, text: str) -> list[Event]:
        """The events that `text` completes, in order."""
        self._buffer += text
        return self._advance()

    def finish(self) -> list[Event]:
        """The reply is over: the events that are left."""
        self._ended = True
        return self._advance()

    def _advance(self) -> list[Event]:
        next(self._steps, None)
        events, self._events = self._events, []
        return events

    # The reply from left to right. `yield` waits for more text; after `_ended` none comes.

    def _read_reply(self) -> _Wait:
        if self._reasoning is not None:
            opened = yield from self._starts_with(self._reasoning[0])
            if opened or self._starts_in_reasoning:
                self._skips_spaces = True
                yield from self._copy_until([self._reasoning[1]], self._emit_reasoning)
                self._spaces.clear()
                self._skips_spaces = True
        if self._format is ToolCallFormat.LLAMA_JSON and (yield from self._peek()) == "{":
            yield from self._read_llama_calls("")
        openers = {
            ToolCallFormat.HERMES: ["<tool_call>"],
            ToolCallFormat.LLAMA_JSON: ["<|python_tag|>"],
            ToolCallFormat.MISTRAL: ["[TOOL_CALLS]"],
            None: [],
        }[self._format]
        while (yield from self._copy_until(openers, self._emit_text)) is not None:
            match self._format:
                case ToolCallFormat.HERMES:
                    yield from self._read_hermes_call()
                case ToolCallFormat.LLAMA_JSON:
                    yield from self._read_llama_calls("<|python_tag|>")
                case _:
                    yield from self._read_mistral_calls()
        self._emit_spaces()

    def _read_hermes_call(self) -> _Wait:
        """After `<tool_call>`: up to the closing tag, which does not count inside a JSON string."""
        close, body, in_string = "</tool_call>", list[str](), False
        while True:
            start = len(body)
            found = yield from self._copy_until([close], body.append)
            chunk = "".join(body[start:])
            in_string ^= sum(match[0] == '"' for match in _QUOTE.finditer(chunk)) % 2 == 1
            # JSON has no line ends in strings: after one, a tag closes even if a quote is missing.
            if found is None or not in_string or chunk.rstrip(" \t").endswith("\n"):
                break
            body.append(close)
        text = "".join(body)
        self._emit_calls(parse_calls(text), f"<tool_call>{text}{found or ''}")

    def _read_llama_calls(self, opener: str) -> _Wait:
        """Objects one after the other, `;` or white space between them."""
        is_first = True
        while True:
            separator = ""
            if not is_first and (yield from self._peek(drop=True)) == ";":
                separator, self._buffer = ";", self._buffer[1:]
            if (yield from self._peek()) != "{" or not (yield from self._first_key_is_a_calls()):
                self._emit_text((opener if is_first else "") + separator)
                return
            raw, is_whole = yield from self._read_json()
            calls = parse_calls(raw, needs_arguments=True) if is_whole else None
            self._emit_calls(calls, (opener if is_first else separator) + raw)
            if calls is None:
                return
            is_first = False

    def _read_mistral_calls(self) -> _Wait:
        """After `[TOOL_CALLS]`: a list of calls, or a name and its arguments."""
        header = ""
        if (yield from self._peek()) != "[":
            while "{" not in self._buffer and not self._ended and len(self._buffer) < _MAX_HEADER:
                yield
            header, brace, _ = self._buffer.partition("{")
            is_known = not header.strip() or _MISTRAL_HEADER.fullmatch(header) is not None
            if not brace or not is_known or len(header) >= _MAX_HEADER:
                self._emit_text("[TOOL_CALLS]")
                return
            self._buffer = self._buffer[len(header) :]
        raw, is_whole = yield from self._read_json()
        if header.strip():
            arguments = arguments_text(load_json(raw)) if is_whole else None
            named = _MISTRAL_HEADER.fullmatch(header)
            assert named is not None
            calls = [ParsedCall(named[1], arguments, named[2])] if arguments is not None else None
        else:
            calls = parse_calls(raw) if is_whole else None
        self._emit_calls(calls, f"[TOOL_CALLS]{header}{raw}")

    # What the readers above are made of

    def _copy_until(self, tags: Sequence[str], emit: Callable[[str], None]) -> Generator[None, None, str | None]:
        """Hand on text up to the first of `tags`, which is taken away and returned; None if the reply ends first."""
        while True:
            places = [(place, tag) for tag in tags if (place := self._buffer.find(tag)) >= 0]
            if places:
                place, tag = min(places)
                text, self._buffer = self._buffer[:place], self._buffer[place + len(tag) :]
                emit(text)
                return tag
            num_held = 0 if self._ended else max((_overlap(self._buffer, tag) for tag in tags), default=0)
            cut = len(self._buffer) - num_held
            text, self._buffer = self._buffer[:cut], self._buffer[cut:]
            emit(text)
            if self._ended:
                return None
            yield

    def _starts_with(self, tag: str) -> Generator[None, None, bool]:
        """Whether `tag` comes next, white space aside; it is taken away then."""
        while True:
            text = self._buffer.lstrip()
            if text.startswith(tag):
                self._buffer = text[len(tag) :]
                return True
            if self._ended or not tag.startswith(text):
                return False
            yield

    def _peek(self, *, drop: bool = False) -> Generator[None, None, str]:
        """The next character that is no white space, "" at the end. `drop` takes the white space away."""
        while not self._buffer.strip() and not self._ended:
            yield
        if drop:
            self._buffer = self._buffer.lstrip()
        return self._buffer.lstrip()[:1]

    def _first_key_is_a_calls(self) -> Generator[None, None, bool]:
        """Whether the object that comes next can be a call: an answer in JSON shall not wait until it is whole."""
        while True:
            text = self._buffer.lstrip()
            match = _FIRST_KEY.match(text)
            assert match is not None
            key = match[1]
            if match[2]:
                return key in _CALL_KEYS
            may_be = match.end() == len(text) and any(known.startswith(key or "") for known in _CALL_KEYS)
            if self._ended or not may_be:
                return False
            yield

    def _read_json(self) -> Generator[None, None, tuple[str, bool]]:
        """The text of the JSON list or object that comes next, and whether it was whole."""
        parts, depth, in_string = list[str](), 0, False
        while True:
            end = 0
            for match in _STRUCTURE.finditer(self._buffer):
                mark, end = match[0], match.end()
                if mark == '"':
                    in_string = not in_string
                elif not in_string and mark in "{[":
                    depth += 1
                elif not in_string and mark in "}]":
                    depth -= 1
                    if depth <= 0:
                        parts.append(self._buffer[:end])
                        self._buffer = self._buffer[end:]
                        return "".join(parts), True
            # A backslash at the end belongs to the character after it.
            cut = len(self._buffer) - (self._buffer[end:].endswith("\\") and not self._ended)
            parts.append(self._buffer[:cut])
            self._buffer = self._buffer[cut:]
            if self._ended:
                return "".join(parts), False
            yield

    # Events

    def _emit_calls(self, calls: list[ParsedCall] | None, raw: str) -> None:
        if calls is None:
            self._emit_text(raw)
            return
        assert self._format is not None
        self._spaces.clear()
        for call in calls:
            call_id = call.id or (self._make_id() if self._make_id is not None else new_id(self._format))
            self._events.append(ToolCallDelta(self._num_calls, call.arguments, call_id, call.name))
            self._num_calls += 1
        self._skips_spaces = True

    def _emit_text(self, text: str) -> None:
        if text := self._without_spaces(text, holds=self._format is not None):
            self._add(TextDelta, text)

    def _emit_reasoning(self, text: str) -> None:
        if text := self._without_spaces(text, holds=True):
            self._add(ReasoningDelta, text)

    def _emit_spaces(self) -> None:
        if self._spaces:
            self._add(TextDelta, "".join(self._spaces))
            self._spaces.clear()

    def _without_spaces(self, text: str, *, holds: bool) -> str:
        """`text` with white space skipped at the start of a part, and held back at its end until more follows."""
        if self._skips_spaces:
            text = text.lstrip()
            self._skips_spaces = not text
        bare = text.rstrip() if holds else text
        spaces = text[len(bare) :]
        if bare:
            bare = "".join(self._spaces) + bare
            self._spaces.clear()
        if spaces:
            self._spaces.append(spaces)
        return bare

    def _add(self, kind: type[TextDelta] | type[ReasoningDelta], text: str) -> None:
        """Append to the last event of this push where it is of the same kind."""
        last = self._events[-1] if self._events else None
        if isinstance(last, kind):
            self._events[-1] = kind(last.text + text)
        else:
            self._events.append(kind(text))


def _overlap(text: str, tag: str) -> int:
    """The longest end of `text` that is the start of `tag`."""
    for n in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:n]):
            return n
    return 0
