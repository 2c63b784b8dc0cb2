"""Which strings steer a model, and which of them are its stops, role tags, reasoning and tool tags.

Everything is read from the chat template's text and the vocabulary, never from a file's or a model's name. Knows
nothing of token ids, encoding or Jinja.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Tags = tuple[str, str]
"""What opens and what closes a part of a message; the closing tag may be empty."""


@dataclass(frozen=True, slots=True)
class RoleTags:
    """What a template writes before (`start`) and after (`end`) a message of one role."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTokens:
    """The strings with which one family of chat templates marks up a conversation.

    `roles` has the keys "system", "user", "agent" and "tool", as far as the family has them. `stops` are the strings
    that end a reply. A string need not be a single token (`[/INST]` is several in Llama 2). None: the family has none.
    """

    family: str
    begin: str | None = None
    end_of_message: str | None = None
    end_of_sequence: str | None = None
    roles: Mapping[str, RoleTags] = field(default_factory=lambda: MappingProxyType({}))
    reasoning: Tags | None = None
    tool_call: Tags | None = None
    tool_result: Tags | None = None
    stops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Family:
    """How one family is recognised (all of `marks` present) and what it writes; `{role}` is the role's own name."""

    name: str
    marks: tuple[str, ...]
    start: str = ""
    end: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Tags] = field(default_factory=dict)
    end_of_message: str | None = None
    stops: tuple[str, ...] = ()


_PLAIN = {"system": "system", "user": "user", "agent": "assistant", "tool": "tool"}
_LLAMA = {**_PLAIN, "tool": "ipython"}
_EOS = "{eos}"

# The first family whose marks are all there is taken: the more specific comes first.
_FAMILIES = (
    _Family(
        "harmony",
        ("<|channel|>", "<|message|>"),
        "<|start|>{role}<|message|>",
        "<|end|>",
        _PLAIN,
        end_of_message="<|end|>",
        stops=("<|return|>", "<|call|>"),  # "<|end|>" only ends one channel: the reply goes on
    ),
    _Family(
        "llama-3",
        ("<|start_header_id|>",),
        "<|start_header_id|>{role}<|end_header_id|>\n\n",
        "<|eot_id|>",
        _LLAMA,
        end_of_message="<|eot_id|>",
        stops=("<|eot_id|>", "<|eom_id|>"),
    ),
    _Family(
        "llama-4",
        ("<|header_start|>",),
        "<|header_start|>{role}<|header_end|>\n\n",
        "<|eot|>",
        _LLAMA,
        end_of_message="<|eot|>",
        stops=("<|eot|>", "<|eom|>"),
    ),
    _Family(
        "gemma",
        ("<start_of_turn>",),
        "<start_of_turn>{role}\n",
        "<end_of_turn>\n",
        {"user": "user", "agent": "model"},
        end_of_message="<end_of_turn>",
        stops=("<end_of_turn>",),
    ),
    _Family(
        "gemma-4",
        ("<|turn>", "<turn|>"),
        "<|turn>{role}\n",
        "<turn|>\n",
        {"system": "system", "user": "user", "agent": "model"},
        end_of_message="<turn|>",
        stops=("<turn|>",),
    ),
    _Family(
        "deepseek",
        ("<｜User｜>", "<｜Assistant｜>"),
        roles={"system": ("", ""), "user": ("<｜User｜>", ""), "agent": ("<｜Assistant｜>", _EOS)},
        end_of_message=_EOS,
    ),
    _Family(
        "phi-4",
        ("<|im_start|>", "<|im_sep|>"),
        "<|im_start|>{role}<|im_sep|>",
        "<|im_end|>",
        _PLAIN,
        end_of_message="<|im_end|>",
        stops=("<|im_end|>",),
    ),
    _Family(
        "chatml",
        ("<|im_start|>",),
        "<|im_start|>{role}\n",
        "<|im_end|>\n",
        _PLAIN,
        end_of_message="<|im_end|>",
        stops=("<|im_end|>",),
    ),
    _Family(
        "llama-2",
        ("[INST]", "<<SYS>>"),
        roles={
            "system": ("<<SYS>>\n", "\n<</SYS>>\n\n"),
            "user": ("[INST] ", " [/INST]"),
            "agent": (" ", " " + _EOS),
        },
        end_of_message=_EOS,
    ),
    _Family(
        "mistral",
        ("[INST]",),
        roles={
            "system": ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
            "user": ("[INST]", "[/INST]"),
            "agent": ("", _EOS),
            "tool": ("[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
        },
        end_of_message=_EOS,
    ),
    _Family(
        "phi-3",
        ("<|end|>", "<|user|>"),
        "<|{role}|>\n",
        "<|end|>\n",
        _PLAIN,
        end_of_message="<|end|>",
        stops=("<|end|>",),
    ),
    _Family("role-tags", ("<|user|>",), "<|{role}|>\n", _EOS + "\n", _PLAIN, end_of_message=_EOS),
)

# What the engine writes for a model without a template of its own (see interaction.template).
_GENERIC = _Family(
    "generic",
    (),
    "<|im_start|>{role}\n",
    "<|im_end|>\n",
    _PLAIN,
    end_of_message="<|im_end|>",
    stops=("<|im_end|>",),
)

_REASONING: tuple[Tags, ...] = (
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
)
_TOOL_CALLS: tuple[Tags, ...] = (
    ("<tool_call>", "</tool_call>"),
    ("[TOOL_CALLS]", ""),
    ("<|python_tag|>", ""),
    ("<|tool_call|>", "<|/tool_call|>"),
    ("<|tool_call>", "<tool_call|>"),
    ("<start_function_call>", "<end_function_call>"),
    ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
)
_TOOL_RESULTS: tuple[Tags, ...] = (
    ("<tool_response>", "</tool_response>"),
    ("[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    ("<|tool_response|>", "<|/tool_response|>"),
    ("<|tool_response>", "<tool_response|>"),
    ("<start_function_response>", "<end_function_response>"),
    ("<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"),
)


def detect_control_tokens(
    template: str | None, vocabulary: Callable[[str], bool], *, bos: str | None, eos: str | None
) -> ControlTokens:
    """Name the family of `template` and its strings. `vocabulary(s)`: is `s` a single token of the model?"""
    text = template or ""
    family = _first_family(lambda mark: mark in text) or _first_family(vocabulary)
    if family is None:
        # An unknown template writes its own marks; without a template ours is used, and it writes ChatML.
        family = _GENERIC if template is None else _Family("generic", ())

    def fill(string: str | None) -> str | None:
        return string.replace(_EOS, eos or "") or None if string is not None else None

    def pick(pairs: Collection[Tags]) -> Tags | None:
        """The pair that the template writes, else the one in the vocabulary."""
        for pair in pairs:
            if any(tag in text for tag in pair if tag):
                return pair
        return next((pair for pair in pairs if all(vocabulary(tag) for tag in pair if tag)), None)

    tags = {role: (family.start.format(role=name), family.end) for role, name in family.names.items()}
    tags |= family.roles
    stops = [stop for stop in (*family.stops, eos) if stop]
    harmony = family.name == "harmony"
    return ControlTokens(
        family=family.name,
        begin=bos,
        end_of_message=fill(family.end_of_message),
        end_of_sequence=eos,
        roles=MappingProxyType({r: RoleTags(fill(s) or "", fill(e) or "") for r, (s, e) in tags.items()}),
        reasoning=("<|channel|>analysis<|message|>", "<|end|>") if harmony else pick(_REASONING),
        tool_call=("<|channel|>commentary to=", "<|call|>") if harmony else pick(_TOOL_CALLS),
        tool_result=pick(_TOOL_RESULTS),
        stops=tuple(dict.fromkeys(stops)),
    )


def _first_family(present: Callable[[str], bool]) -> _Family | None:
    return next((family for family in _FAMILIES if all(present(mark) for mark in family.marks)), None)


# Shapes that only markup has. A token that was added but is not special may also be ordinary text that the model was
# trained on (runs of spaces or line ends, HTML elements): that must keep its own token when a user types it.
_MARKUP = re.compile(r"<\|[^\s<>]*>|<[^\s<>]*\|>|<｜[^<>]*｜>|<[/\w][\w\-.:▁/]*>|\[/?[A-Z][A-Z_]+\]|\|\|\|\w+\|\|\|")
_HTML = re.compile(
    r"</?(?:a|b|i|u|s|p|q|br|hr|em|h[1-6]|li|ol|ul|dl|dt|dd|td|th|tr|col|del|div|img|ins|kbd|nav|pre|sub|sup|var|abbr|"
    r"body|code|cite|form|head|html|link|main|mark|math|meta|samp|span|time|aside|audio|input|label|small|style|"
    r"table|tbody|tfoot|thead|title|video|button|center|figure|footer|header|option|script|select|strike|strong|"
    r"article|caption|details|section|summary|blockquote|figcaption)/?>"
)
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")  # how SentencePiece vocabularies spell a byte
# Reasoning and tool-call tags belong to a reply: whoever reads the reply parses them. The results of tools do not.
_REPLY = re.compile(
    r"think|reasoning|tool[_▁]?call|function[_▁]?call|tool▁sep|python_tag|\[ARGS\]|\[CALL_ID\]", re.IGNORECASE
)
_HARMONY_REPLY = frozenset({"<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>"})


def is_control_string(content: str, *, special: bool) -> bool:
    """Whether an added token with this `content` steers the model, rather than being a piece of ordinary text."""
    if not content.strip() or _BYTE.fullmatch(content):
        return False
    return special or (bool(_MARKUP.fullmatch(content)) and not _HTML.fullmatch(content))


def is_reply_tag(content: str, family: str) -> bool:
    """Whether decoding keeps this control token, because the reader of a reply needs it."""
    return bool(_REPLY.search(content)) or (family == "harmony" and content in _HARMONY_REPLY)
