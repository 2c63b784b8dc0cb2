"""Conversations: `Interaction` and `Content`, chat templates, and the parts of a reply.

`ChatTemplate` loads when it is first used: Jinja is not needed to hold a conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy_inference_engine.interaction.content import Content, Role, Type
from proxy_inference_engine.interaction.conversation import PromptLike, as_interactions, as_openai
from proxy_inference_engine.interaction.interaction import Interaction
from proxy_inference_engine.interaction.reply import ReplyParser
from proxy_inference_engine.interaction.tool_calls import ToolCallFormat, tool_call_format

if TYPE_CHECKING:
    from proxy_inference_engine.interaction.template import ChatTemplate

__all__ = [
    "ChatTemplate",
    "Content",
    "Interaction",
    "PromptLike",
    "ReplyParser",
    "Role",
    "ToolCallFormat",
    "Type",
    "as_interactions",
    "as_openai",
    "tool_call_format",
]


def __getattr__(name: str) -> Any:
    if name == "ChatTemplate":
        from proxy_inference_engine.interaction.template import ChatTemplate

        return ChatTemplate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
