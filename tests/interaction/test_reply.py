"""Replies are split into text, reasoning and calls; how the text arrives makes no difference."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy_inference_engine.interaction import ReplyParser, ToolCallFormat, tool_call_format
from proxy_inference_engine.types import ReasoningDelta, TextDelta, ToolCallDelta

THINK = ("<think>", "</think>")
HERMES, LLAMA, MISTRAL = ToolCallFormat.HERMES, ToolCallFormat.LLAMA_JSON, ToolCallFormat.MISTRAL


def parse(pieces: list[str], call_format: ToolCallFormat | None, **kwargs: Any) -> list[tuple[Any, ...]]:
    """What a reply comes to: ("text", ...), ("reasoning", ...), ("call", name, arguments), neighbours joined."""
    ids = map(str, itertools.count())
    parser = ReplyParser(kwargs.pop("reasoning", THINK), call_format, make_id=lambda: next(ids), **kwargs)
    events = [event for piece in pieces for event in parser.push(piece)] + parser.finish()
    assert parser.finish() == []
    found: list[tuple[Any, ...]] = []
    for event in events:
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                assert text
                kind = "text" if isinstance(event, TextDelta) else "reasoning"
                if found and found[-1][0] == kind:
                    found[-1] = (kind, found[-1][1] + text)
                else:
                    found.append((kind, text))
            case ToolCallDelta(index, arguments, call_id, name):
                assert index == sum(entry[0] == "call" for entry in found)
                assert isinstance(json.loads(arguments), dict)
                found.append(("call", name, arguments, call_id))
    return found


def one(text: str, call_format: ToolCallFormat | None, **kwargs: Any) -> list[tuple[Any, ...]]:
    """The same for the text in one piece and character by character."""
    found = parse([text], call_format, **kwargs)
    assert parse(list(text), call_format, **kwargs) == found
    return found


FRAGMENTS = {
    HERMES: [
        "<tool_call>",
        "</tool_call>",
        '{"name": "f", "arguments": {"a": "<b>"}}',
        '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"a": "</tool_call>"}}</tool_call>',
        '<tool_call>{"name": "f", "arg</tool_call>',
        "<tool",
        "call>",
    ],
    LLAMA: [
        "<|python_tag|>",
        '{"name": "f", "parameters": {"a": {"b": "}"}}}',
        '{"type": "function", "name": "g", "parameters": {}}',
        '{"answer": 42}',
        '{"na',
        '{"name"',
        ";",
        "; ",
        "<|py",
        "}",
    ],
    MISTRAL: [
        "[TOOL_CALLS]",
        '[{"name": "f", "arguments": {"a": [1]}, "id": "abc123def"}, {"name": "g", "arguments": {}}]',
        'f[ARGS]{"a": 1}',
        'f[CALL_ID]abc123def[ARGS]{"a": "}"}',
        'f.g-h{"a": 1}',
        "[ARGS]",
        "[TOOL",
        "x" * 250,
    ],
}
COMMON = ["<think>", "</think>", "hm", " ", "\n\n", "text", "\\", '"', "{", "[", "]", "<", "é🙂", "\\\\", '\\"']


@pytest.mark.parametrize("call_format", [HERMES, LLAMA, MISTRAL, None])
@pytest.mark.parametrize("starts_in_reasoning", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_cut_makes_no_difference(
    call_format: ToolCallFormat | None, starts_in_reasoning: bool, data: st.DataObject
) -> None:
    fragments = COMMON + FRAGMENTS.get(call_format, [])
    text = "".join(data.draw(st.lists(st.sampled_from(fragments), max_size=10)))
    cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=8))})
    pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
    whole = parse([text], call_format, starts_in_reasoning=starts_in_reasoning)
    assert parse(pieces, call_format, starts_in_reasoning=starts_in_reasoning) == whole
    assert parse(list(text), call_format, starts_in_reasoning=starts_in_reasoning) == whole
    # Nothing is lost but white space, tags and what became a call.
    shown = "".join(entry[1] for entry in whole if entry[0] != "call")
    kept = re.sub(r"\s|</?think>", "", text)
    if all(entry[0] != "call" for entry in whole):
        assert re.sub(r"\s|</?think>", "", shown) == kept


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
@example(" \n")
def test_plain_text_passes_unchanged(text: str) -> None:
    if not text.lstrip().startswith("<think>"):
        assert "".join(entry[1] for entry in one(text, None)) == text
    assert "".join(entry[1] for entry in one(text, HERMES, reasoning=None)) == text


def test_text_is_shown_as_soon_as_it_can_be() -> None:
    parser = ReplyParser(THINK, HERMES)
    assert parser.push("Hel") == [TextDelta("Hel")]
    assert parser.push("lo <tool") == [TextDelta("lo")]
    assert parser.push("box>") == [TextDelta(" <toolbox>")]
    assert parser.push(" ") == []
    assert parser.finish() == [TextDelta(" ")]
    thinking = ReplyParser(THINK, HERMES)
    assert thinking.push("<think>") == []
    assert thinking.push("\nhm") == [ReasoningDelta("hm")]
    assert thinking.push("</think>\n\nyes") == [TextDelta("yes")]
    answer = ReplyParser(None, LLAMA)
    assert answer.push('{"ans') == [TextDelta('{"ans')]


def test_reasoning() -> None:
    assert one("<think>\na b\n</think>\n\nyes", None) == [("reasoning", "a b"), ("text", "yes")]
    assert one("\n<think>a</think>yes", None) == [("reasoning", "a"), ("text", "yes")]
    assert one("a\n</think>\nyes", None, starts_in_reasoning=True) == [("reasoning", "a"), ("text", "yes")]
    assert one("<think>a</think>yes", None, starts_in_reasoning=True) == [("reasoning", "a"), ("text", "yes")]
    assert one("<think>cut of", None) == [("reasoning", "cut of")]
    assert one("cut of", None, starts_in_reasoning=True) == [("reasoning", "cut of")]
    # A tag inside the answer is part of the answer.
    assert one("Write <think>x</think> first", None) == [("text", "Write <think>x</think> first")]
    assert one("<think></think>\nyes", None) == [("text", "yes")]
    assert one("[THINK]a[/THINK]b", None, reasoning=("[THINK]", "[/THINK]")) == [("reasoning", "a"), ("text", "b")]


def test_hermes_calls() -> None:
    call = '<tool_call>\n{"name": "f", "arguments": {"x": 1.0, "s": "ü"}}\n</tool_call>'
    arguments = '{"x": 1.0, "s": "ü"}'
    assert one(call, HERMES) == [("call", "f", arguments, "0")]
    assert one(f"Let me see.\n{call}\n{call}\nDone", HERMES) == [
        ("text", "Let me see."),
        ("call", "f", arguments, "0"),
        ("call", "f", arguments, "1"),
        ("text", "Done"),
    ]
    assert one(f"<think>hm</think>\n{call}", HERMES) == [("reasoning", "hm"), ("call", "f", arguments, "0")]
    # Forms that models write although they should not.
    assert one('<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>', HERMES)[0][2] == '{"a": 1}'
    assert one('<tool_call>{"name": "f"}</tool_call>', HERMES)[0][2] == "{}"
    assert one('<tool_call>{"name": "f", "arguments": {"a": "x\ny"}}</tool_call>', HERMES)[0][2] == '{"a": "x\\ny"}'
    assert one('<tool_call>{"name": "f", "arguments": {}}', HERMES) == [("call", "f", "{}", "0")]
    assert one('<tool_call>{"name": "f", "arguments": {"a": "</tool_call>"}}</tool_call>!', HERMES) == [
        ("call", "f", '{"a": "</tool_call>"}', "0"),
        ("text", "!"),
    ]
    assert len(one('<tool_call>[{"name": "f"}, {"function": {"name": "g"}}]</tool_call>', HERMES)) == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        "f()",
        "{}",
        "[]",
        "5",
        '{"name": ""}',
        '{"name": 5}',
        '{"name": "f", "arguments": [1]}',
        '{"name": "f", "arguments": {"a": NaN}}',
        '{"name": "f", "arguments": {"a": 1}',
        '{"name": "f", "arguments": {"a": "open}}\n',
        "[" * 5000,
        '{"name": "f", "arguments": {"a": ' + "9" * 5000 + "}}",
        '[{"name": "f"}, 5]',
        "<function=f></function>",
    ],
)
def test_malformed_calls_are_text(body: str) -> None:
    for call_format, text in (
        (HERMES, f"<tool_call>{body}</tool_call>"),
        (MISTRAL, f"[TOOL_CALLS]{body}"),
        (LLAMA, f"<|python_tag|>{body}"),
    ):
        if call_format is not HERMES and body == '{"name": "f", "arguments": {"a": 1}':
            body += "]"
        found = parse([f"a {text} b"], call_format)
        assert found == [("text", f"a {text} b")] == parse(list(f"a {text} b"), call_format)


def test_calls_after_a_malformed_one() -> None:
    good = '<tool_call>{"name": "f"}</tool_call>'
    assert one(f'<tool_call>{{"name": "f</tool_call>\n{good}'.replace("f<", "f\n<"), HERMES) == [
        ("text", '<tool_call>{"name": "f\n</tool_call>'),
        ("call", "f", "{}", "0"),
    ]


def test_llama_calls() -> None:
    call = '{"name": "f", "parameters": {"a": "}"}}'
    found = ("call", "f", '{"a": "}"}')
    assert one(call, LLAMA) == [(*found, "0")]
    assert one(f"\n{call}; {call}\n{call}", LLAMA) == [(*found, "0"), (*found, "1"), (*found, "2")]
    assert one(f"<|python_tag|>{call}", LLAMA) == [(*found, "0")]
    assert one(f"Sure: <|python_tag|>{call}", LLAMA) == [("text", "Sure:"), (*found, "0")]
    assert one(f"{call} and more", LLAMA) == [(*found, "0"), ("text", "and more")]
    assert one(f"{call}; and more", LLAMA) == [(*found, "0"), ("text", "; and more")]
    for text in (
        '{"answer": 42}',
        '{"name": "Ada", "age": 36}',
        f"Look: {call}",
        "<|python_tag|>print(1)",
        "{",
        '{"name',
        '{"name": "f", "parameters": {',
        '{"name\\u0041": 1}',
    ):
        assert one(text, LLAMA) == [("text", text)]


def test_mistral_calls() -> None:
    assert one('[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}, "id": "abc123def"}]', MISTRAL) == [
        ("call", "f", '{"a": 1}', "abc123def")
    ]
    assert one('ok[TOOL_CALLS] [{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]', MISTRAL) == [
        ("text", "ok"),
        ("call", "f", "{}", "0"),
        ("call", "g", "{}", "1"),
    ]
    assert one('[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[CALL_ID]abc123def[ARGS]{}', MISTRAL) == [
        ("call", "f", '{"a": 1}', "0"),
        ("call", "g", "{}", "abc123def"),
    ]
    assert one('[TOOL_CALLS]f{"a": 1}', MISTRAL) == [("call", "f", '{"a": 1}', "0")]
    assert one('[TOOL_CALLS]{"name": "f", "arguments": {}}', MISTRAL) == [("call", "f", "{}", "0")]
    for text in (
        "[TOOL_CALLS]",
        "[TOOL_CALLS] no call {",
        "[TOOL_CALLS][1",
        "[TOOL_CALLS]" + "x" * 300 + "{}",
        "[TOOL",
    ):
        assert one(text, MISTRAL) == [("text", text)]


def test_ids() -> None:
    for call_format, text, pattern in (
        (HERMES, '<tool_call>{"name": "f"}</tool_call>', r"call_[0-9a-f]{24}"),
        (MISTRAL, '[TOOL_CALLS][{"name": "f"}]', r"[a-zA-Z0-9]{9}"),
    ):
        ids = set()
        for _ in range(3):
            (event,) = ReplyParser(None, call_format).push(text)
            assert isinstance(event, ToolCallDelta)
            ids.add(event.id)
        assert len(ids) == 3
        assert all(re.fullmatch(pattern, str(call_id)) for call_id in ids)


@pytest.mark.parametrize(
    ("template", "control", "expected"),
    [
        (None, (), HERMES),
        ("", (), HERMES),
        ("...<tool_call>...", (), HERMES),
        ("<tool_call><function=name>", (), None),
        ("[AVAILABLE_TOOLS] [TOOL_CALLS]", (), MISTRAL),
        ("[INST]", ("[TOOL_CALLS]",), MISTRAL),
        ("<|start_header_id|> <|python_tag|>", (), LLAMA),
        ('<|start_header_id|> {"name": x, "parameters": y}', (), LLAMA),
        ("<|im_start|>", ("<tool_call>",), None),
    ],
)
def test_format_is_found_in_the_template(template: str | None, control: tuple[str, ...], expected: Any) -> None:
    assert tool_call_format(template, control) is expected
