"""Families are told apart by what their templates write and what their vocabularies hold."""

from __future__ import annotations

import pytest

from proxy_inference_engine.tokenizer.control_tokens import (
    ControlTokens,
    RoleTags,
    detect_control_tokens,
    is_control_string,
    is_reply_tag,
)


def detect(template: str | None, vocabulary: set[str] = frozenset()) -> ControlTokens:  # type: ignore[assignment]
    return detect_control_tokens(template, vocabulary.__contains__, bos="<s>", eos="</s>")


CHATML = "{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}"


@pytest.mark.parametrize(
    ("template", "vocabulary", "family", "user", "agent", "end", "stops"),
    [
        (
            CHATML,
            set(),
            "chatml",
            ("<|im_start|>user\n", "<|im_end|>\n"),
            ("<|im_start|>assistant\n", "<|im_end|>\n"),
            "<|im_end|>",
            ("<|im_end|>", "</s>"),
        ),
        (
            "<|im_start|>user<|im_sep|>",
            set(),
            "phi-4",
            ("<|im_start|>user<|im_sep|>", "<|im_end|>"),
            ("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
            "<|im_end|>",
            ("<|im_end|>", "</s>"),
        ),
        (
            "{{ '[INST] <<SYS>>' }}",
            set(),
            "llama-2",
            ("[INST] ", " [/INST]"),
            (" ", " </s>"),
            "</s>",
            ("</s>",),
        ),
        (
            "<|start_header_id|>",
            set(),
            "llama-3",
            ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
            ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
            "<|eot_id|>",
            ("<|eot_id|>", "<|eom_id|>", "</s>"),
        ),
        ("{{ '[INST]' + x + '[/INST]' }}", set(), "mistral", ("[INST]", "[/INST]"), ("", "</s>"), "</s>", ("</s>",)),
        (
            "<start_of_turn>",
            set(),
            "gemma",
            ("<start_of_turn>user\n", "<end_of_turn>\n"),
            ("<start_of_turn>model\n", "<end_of_turn>\n"),
            "<end_of_turn>",
            ("<end_of_turn>", "</s>"),
        ),
        (
            "{{ '<|user|>' }}<|end|>",
            set(),
            "phi-3",
            ("<|user|>\n", "<|end|>\n"),
            ("<|assistant|>\n", "<|end|>\n"),
            "<|end|>",
            ("<|end|>", "</s>"),
        ),
        (
            "{{ '<|' + message['role'] + '|>' }}",
            {"<|user|>", "<|end|>"},
            "phi-3",
            ("<|user|>\n", "<|end|>\n"),
            ("<|assistant|>\n", "<|end|>\n"),
            "<|end|>",
            ("<|end|>", "</s>"),
        ),
        (
            "<｜User｜><｜Assistant｜>",
            set(),
            "deepseek",
            ("<｜User｜>", ""),
            ("<｜Assistant｜>", "</s>"),
            "</s>",
            ("</s>",),
        ),
        (
            "<|start|><|channel|><|message|>",
            set(),
            "harmony",
            ("<|start|>user<|message|>", "<|end|>"),
            ("<|start|>assistant<|message|>", "<|end|>"),
            "<|end|>",
            ("<|return|>", "<|call|>", "</s>"),
        ),
        ("<|user|>", set(), "role-tags", ("<|user|>\n", "</s>\n"), ("<|assistant|>\n", "</s>\n"), "</s>", ("</s>",)),
        (
            None,
            {"<|im_start|>"},
            "chatml",
            ("<|im_start|>user\n", "<|im_end|>\n"),
            ("<|im_start|>assistant\n", "<|im_end|>\n"),
            "<|im_end|>",
            ("<|im_end|>", "</s>"),
        ),
        (
            None,
            set(),
            "generic",
            ("<|im_start|>user\n", "<|im_end|>\n"),
            ("<|im_start|>assistant\n", "<|im_end|>\n"),
            "<|im_end|>",
            ("<|im_end|>", "</s>"),
        ),
    ],
)
def test_families(
    template: str | None,
    vocabulary: set[str],
    family: str,
    user: tuple[str, str],
    agent: tuple[str, str],
    end: str,
    stops: tuple[str, ...],
) -> None:
    tokens = detect(template, vocabulary)
    assert tokens.family == family
    assert tokens.roles["user"] == RoleTags(*user)
    assert tokens.roles["agent"] == RoleTags(*agent)
    assert (tokens.begin, tokens.end_of_message, tokens.end_of_sequence) == ("<s>", end, "</s>")
    assert tokens.stops == stops


def test_template_goes_before_vocabulary() -> None:
    assert detect(CHATML, {"<|start_header_id|>", "[INST]", "<start_of_turn>"}).family == "chatml"
    unknown = detect("{{ messages }}")
    assert (unknown.family, dict(unknown.roles), unknown.stops) == ("generic", {}, ("</s>",))


def test_reasoning_and_tool_tags() -> None:
    qwen = detect(CHATML + "</think> <tool_call> <tool_response>")
    assert qwen.reasoning == ("<think>", "</think>")
    assert qwen.tool_call == ("<tool_call>", "</tool_call>")
    assert qwen.tool_result == ("<tool_response>", "</tool_response>")
    magistral = detect("[INST]", {"[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[THINK]", "[/THINK]"})
    assert magistral.reasoning == ("[THINK]", "[/THINK]")
    assert magistral.tool_call == ("[TOOL_CALLS]", "")
    assert magistral.tool_result == ("[TOOL_RESULTS]", "[/TOOL_RESULTS]")
    assert detect("<|start_header_id|> <|python_tag|>").tool_call == ("<|python_tag|>", "")
    assert detect("<|channel|><|message|>").reasoning == ("<|channel|>analysis<|message|>", "<|end|>")
    plain = detect(CHATML)
    assert plain.reasoning is plain.tool_call is plain.tool_result is None


@pytest.mark.parametrize(
    "content",
    ["<|im_end|>", "<think>", "</tool_call>", "[INST]", "<｜User｜>", "<unused12>", '<|"|>', "<turn|>", "<fim_prefix>"],
)
def test_markup_is_control(content: str) -> None:
    assert is_control_string(content, special=False)


@pytest.mark.parametrize(
    "content", ["\n\n", "   ", "▁▁", "<b>", "</table>", "<h1>", "<0x0A>", "hello", "[x]", "...", "$$", "<", "->"]
)
def test_ordinary_added_tokens_are_not(content: str) -> None:
    assert not is_control_string(content, special=False)
    assert is_control_string("hello", special=True)
    assert not is_control_string(" \n", special=True)


def test_reply_tags() -> None:
    kept = ["<think>", "</think>", "[THINK]", "<tool_call>", "[TOOL_CALLS]", "[ARGS]", "<|python_tag|>"]
    kept += ["<｜tool▁calls▁begin｜>", "<｜tool▁sep｜>", "<|tool_call|>", "<start_function_call>", "<|START_THINKING|>"]
    assert all(is_reply_tag(content, "chatml") for content in kept)
    skipped = [
        "<|im_end|>",
        "<tool_response>",
        "[TOOL_RESULTS]",
        "<|tool|>",
        "<｜tool▁outputs▁begin｜>",
        "<|end|>",
        "[INST]",
    ]
    assert not any(is_reply_tag(content, "chatml") for content in skipped)
    assert is_reply_tag("<|end|>", "harmony")
