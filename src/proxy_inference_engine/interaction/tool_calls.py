"""How models write tool calls, and reading one that is complete. Knows nothing of streaming."""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from proxy_inference_engine.interaction.content import new_call_id


class ToolCallFormat(StrEnum):
    """The ways of writing calls that replies are searched for."""

    HERMES = "hermes"
    """`<tool_call>{"name": ..., "arguments": {...}}</tool_call>` (Hermes, Qwen, and our own ChatML)."""
    LLAMA_JSON = "llama-json"
    """`{"name": ..., "parameters": {...}}` as the whole reply, or after `<|python_tag|>` (Llama 3.1 and later)."""
    MISTRAL = "mistral"
    """`[TOOL_CALLS][{"name": ..., "arguments": {...}}]` or `[TOOL_CALLS]name[ARGS]{...}`."""


@dataclass(frozen=True, slots=True)
class ParsedCall:
    """One call as the model wrote it; `arguments` is the JSON text of an object, `id` is the model's own, if any."""

    name: str
    arguments: str
    id: str | None = None


def tool_call_format(template: str | None, control_strings: Collection[str] = ()) -> ToolCallFormat | None:
    """The format that a template teaches; None where it teaches none that can be read. No template: our own ChatML."""
    if not template:
        return ToolCallFormat.HERMES
    if "[TOOL_CALLS]" in template:
        return ToolCallFormat.MISTRAL
    if "<tool_call>" in template:
        return None if "<function=" in template or "<arg_key>" in template else ToolCallFormat.HERMES
    if "<|python_tag|>" in template or ("<|start_header_id|>" in template and '"parameters"' in template):
        return ToolCallFormat.LLAMA_JSON
    if "[TOOL_CALLS]" in control_strings and "[INST]" in template:
        return ToolCallFormat.MISTRAL
    return None


def new_id(call_format: ToolCallFormat) -> str:
    """A fresh id of the shape that the model's own template accepts back."""
    if call_format is ToolCallFormat.MISTRAL:
        return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(9))
    return new_call_id()


def parse_calls(text: str, *, needs_arguments: bool = False) -> list[ParsedCall] | None:
    """The calls in JSON `text`: one object or a list of them. None if any of them is no call.

    `needs_arguments`: an object without arguments is no call, as only they tell a call from other JSON.
    """
    value = load_json(text)
    entries = value if isinstance(value, list) else [value]
    calls = [_parse_call(entry, needs_arguments) for entry in entries]
    return [call for call in calls if call is not None] if calls and None not in calls else None


def _parse_call(entry: Any, needs_arguments: bool) -> ParsedCall | None:
    if not isinstance(entry, dict):
        return None
    if isinstance(function := entry.get("function"), dict):
        entry = {**function, "id": entry.get("id")}
    name, call_id = entry.get("name"), entry.get("id")
    if not isinstance(name, str) or not name:
        return None
    given = [entry[key] for key in ("arguments", "parameters") if key in entry]
    arguments = arguments_text(given[0] if given else None)
    if arguments is None or (needs_arguments and not given):
        return None
    return ParsedCall(name, arguments, call_id if isinstance(call_id, str) and call_id else None)


def arguments_text(arguments: Any) -> str | None:
    """Arguments as the JSON text of an object; None if they are none. Some models write that text as a string."""
    if isinstance(arguments, str):
        arguments = load_json(arguments)
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return None
    text = json.dumps(arguments, ensure_ascii=False)
    return json.dumps(arguments) if re.search("[\ud800-\udfff]", text) else text


def load_json(text: str) -> Any:
    """The value of JSON `text`, with line ends allowed inside strings; a float NaN, which is no JSON, if it is none."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(text, strict=False, parse_constant=refuse)
    except (ValueError, RecursionError):
        return float("nan")
