"""Conversations as plain data, and their text exactly as the model's chat template writes it.

`TEMPLATE` is the template itself; `render` is its fast twin for the generator (a test holds them equal). It knows
nothing about tasks or token ids.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
CONTROL = (
    "<|endoftext|>",
    IM_START,
    IM_END,
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
)
THINK_FIRST = "Think first."

TEMPLATE = (
    r"""
{%- macro text(content) -%}
{%- if content is string %}{{ content }}
{%- elif content is iterable and content is not mapping %}{% for part in content %}{{ part.text if part.text is defined else '' }}{% endfor %}
{%- elif content is not none %}{{ content | tojson }}
{%- endif %}
{%- endmacro -%}
{%- set lead = messages and messages[0].role == 'system' -%}
{%- if lead or tools or enable_thinking %}
{{- '<|im_start|>system\n' }}
{%- if lead %}{{ text(messages[0].content) }}{% endif %}
{%- if enable_thinking %}{{ ('\n\n' if lead else '') ~ 'Think first.' }}{% endif %}
{%- if tools %}
{{- '\n\nTools:' if lead or enable_thinking else 'Tools:' }}
{%- for tool in tools %}
{%- set f = tool.function if tool.function is defined else tool %}
{{- '\n{"name": ' ~ f.name | tojson ~ ', "description": ' ~ (f.description | default('', true)) | tojson ~ ', "parameters": ' ~ (f.parameters | default({}, true)) | tojson ~ '}' }}
{%- endfor %}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- endif %}
{%- for m in messages %}
{%- if m.role == 'system' and loop.first %}
{%- elif m.role == 'assistant' %}
{{- '<|im_start|>assistant\n' }}
{%- if m.reasoning_content %}{{ '<think>\n' ~ m.reasoning_content ~ '\n</think>\n' }}{% endif %}
{{- text(m.content) }}
{%- for call in m.tool_calls or [] %}
{%- set f = call.function if call.function is defined else call %}
{{- '\n' if m.content or not loop.first else '' }}
{{- '<tool_call>\n{"name": ' ~ f.name | tojson ~ ', "arguments": ' }}
{{- f.arguments if f.arguments is string else f.arguments | tojson }}
{{- '}\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- elif m.role == 'tool' %}
{{- '<|im_start|>tool\n<tool_response>\n' }}{{ text(m.content) }}{{ '\n</tool_response><|im_end|>\n' }}
{%- else %}
{{- '<|im_start|>' ~ m.role ~ '\n' }}{{ text(m.content) }}{{ '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
""".strip()
    .replace("%}\n{", "%}{")
    .replace("}}\n{", "}}{")
    .replace("-%}\n", "-%}")
)


@dataclass
class Conversation:
    """A conversation with the tools in reach; the last message is the graded reply where there is a grade."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    system: str | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    think: bool = False
    task: str = ""
    grade: dict[str, Any] | None = None

    def user(self, text: str) -> None:
        self.messages.append({"role": "user", "content": text})

    def assistant(self, text: str = "", *, calls: list[dict[str, Any]] | None = None, reasoning: str = "") -> None:
        self.messages.append(
            {"role": "assistant", "content": text, "tool_calls": calls or [], "reasoning_content": reasoning}
        )

    def tool(self, content: str) -> None:
        self.messages.append({"role": "tool", "content": content})


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def tool_schema(name: str, description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """A tool in the shape that the chat APIs use."""
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def reply_text(message: dict[str, Any]) -> str:
    """What the model writes for an assistant message, without the end mark."""
    out = ""
    if message.get("reasoning_content"):
        out = f"<think>\n{message['reasoning_content']}\n</think>\n"
    out += message["content"]
    calls = [
        f'<tool_call>\n{{"name": {dumps(c["name"])}, "arguments": {dumps(c["arguments"])}}}\n</tool_call>'
        for c in message.get("tool_calls", ())
    ]
    return out + ("\n" if calls and message["content"] else "") + "\n".join(calls)


def system_text(conversation: Conversation) -> str:
    parts = [conversation.system] if conversation.system is not None else []
    if conversation.think:
        parts.append(THINK_FIRST)
    if conversation.tools:
        lines = ["Tools:"]
        for tool in conversation.tools:
            f = tool["function"]
            lines.append(
                f'{{"name": {dumps(f["name"])}, "description": {dumps(f["description"])}, "parameters": {dumps(f["parameters"])}}}'
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def segments(conversation: Conversation) -> list[tuple[str, bool]]:
    """The whole text in order, cut into (text, written by the model)."""
    out: list[tuple[str, bool]] = []
    pending = ""
    if conversation.system is not None or conversation.tools or conversation.think:
        pending = f"{IM_START}system\n{system_text(conversation)}{IM_END}\n"
    for message in conversation.messages:
        role = message["role"]
        if role == "assistant":
            out.append((pending + f"{IM_START}assistant\n", False))
            out.append((reply_text(message) + IM_END, True))
            pending = "\n"
        elif role == "tool":
            pending += f"{IM_START}tool\n<tool_response>\n{message['content']}\n</tool_response>{IM_END}\n"
        else:
            pending += f"{IM_START}{role}\n{message['content']}{IM_END}\n"
    return out


def prompt_and_reply(conversation: Conversation) -> tuple[str, str]:
    """The prompt up to the last assistant turn, and the reply that is right for it (without the end mark)."""
    parts = segments(conversation)
    return "".join(text for text, _ in parts[:-1]), parts[-1][0].removesuffix(IM_END)
