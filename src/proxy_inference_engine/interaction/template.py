"""A model's chat template: a conversation in, the text that the model was trained on out.

Knows the template language and what templates expect of a message; nothing of tokens or of a particular model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any

import jinja2

from proxy_inference_engine.errors import RequestError, TemplateError
from proxy_inference_engine.interaction.budget import Budget, TemplateLimitError, TemplateLimits, spending
from proxy_inference_engine.interaction.content import Role
from proxy_inference_engine.interaction.interaction import Interaction
from proxy_inference_engine.interaction.jsonable import jsonable
from proxy_inference_engine.interaction.literals import ControlStrings, Literals
from proxy_inference_engine.interaction.messages import MessageStyle, template_messages
from proxy_inference_engine.interaction.sandbox import FILE_NAME, ChatEnvironment
from proxy_inference_engine.interaction.tools import ToolLike, as_tools
from proxy_inference_engine.types import RenderedPrompt

ROLE_NAMES: Mapping[Role, str] = MappingProxyType(
    {Role.AGENT: "assistant", Role.SYSTEM: "system", Role.TOOL: "tool", Role.USER: "user"}
)
FALLBACK_TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages and messages[0].role == 'system' %}{{ messages[0].content + '\\n\\n' }}{% endif %}
{{- 'You can call these functions:\\n<tools>\\n' }}
{%- for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}
{{- '</tools>\\nTo call one, write its name and arguments as JSON:\\n<tool_call>\\n' }}
{{- '{"name": <name>, "arguments": <object>}\\n</tool_call><|im_end|>\\n' }}
{%- endif %}
{%- for message in (messages[1:] if tools and messages and messages[0].role == 'system' else messages) %}
{{- '<|im_start|>' + ('user' if message.role == 'tool' else message.role) + '\\n' }}
{%- if message.role == 'tool' %}{{ '<tool_response>\\n' + message.content + '\\n</tool_response>' }}
{%- else %}{{ message.content }}{% endif %}
{%- for call in message.tool_calls or [] %}
{{- '\\n' if message.content or not loop.first }}
{{- '<tool_call>\\n{"name": ' + call.function.name | tojson + ', "arguments": ' }}
{{- (call.function.arguments if call.function.arguments is string else call.function.arguments | tojson) }}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
_MAX_SOURCE_CHARS = 200_000  # real ones have up to 60,000; compiling takes seconds per 100,000
_PROBE_LIMITS = TemplateLimits(max_chars=1_000_000, max_chars_made=4_000_000, max_steps=50_000, max_seconds=1.0)
_RESERVED = ("messages", "tools", "add_generation_prompt", "interactions", "variables", "self")


class ChatTemplate:
    """A compiled chat template. Safe to share between threads.

    `source` is the template's text, several by name ("default"; "tool_use" is taken when there are tools), or None for
    plain ChatML. `special_tokens` are the variables that hold them ({"bos_token": "<s>"}). Whatever a caller's text has
    of `control_strings` is kept from being one (see `types.RenderedPrompt`). `role_names`: what the template calls the
    roles. Raises TemplateError for a template that is no valid Jinja.
    """

    def __init__(
        self,
        source: str | Mapping[str, str] | None,
        *,
        special_tokens: Mapping[str, str],
        control_strings: Collection[str] = (),
        role_names: Mapping[Role, str] = ROLE_NAMES,
        limits: TemplateLimits | None = None,
    ) -> None:
        if source is None or isinstance(source, str):
            source = {"default": FALLBACK_TEMPLATE if source is None else source}
        if not source:
            raise TemplateError("There is no chat template among the named ones.")
        self._limits = limits or TemplateLimits()
        self._special_tokens = dict(special_tokens)
        text = "".join(part for part in source.values() if isinstance(part, str))
        self._control_strings = ControlStrings(control_strings, reserved=text)
        if len(text) > _MAX_SOURCE_CHARS:
            raise TemplateError(f"Chat templates may have at most {_MAX_SOURCE_CHARS} characters in all.")
        environment = ChatEnvironment()
        self._templates = {name: self._compile(environment, part) for name, part in source.items()}
        self._default = "default" if "default" in source else next(iter(source))
        self._style = MessageStyle(
            role_names={**ROLE_NAMES, **role_names},
            short_call_ids="TOOL_CALLS" in text and "length" in text and "9" in text,
            thinking_field="message.thinking" in text,
        )
        if self._wants_parts():
            self._style = MessageStyle(
                self._style.role_names, True, self._style.short_call_ids, self._style.thinking_field
            )

    @property
    def supports_tools(self) -> bool:
        """Whether the template writes the tools it is given."""
        return "tool_use" in self._templates or "tools" in self._templates[self._default][1]

    def render(
        self,
        interactions: Sequence[Interaction],
        /,
        *,
        tools: Sequence[ToolLike] | None = None,
        add_generation_prompt: bool = True,
        variables: Mapping[str, Any] | None = None,
        **further: Any,
    ) -> RenderedPrompt:
        """The conversation as text. `variables` and `further` are handed to the template (`enable_thinking=False`).

        Raises TemplateError where the template refuses (with its own words), fails or runs over its limits, and for
        tools that it has no place for; RequestError for content that is no text, for malformed tools and for variables
        that cannot be set.
        """
        variables = _checked_variables({} if variables is None else variables) | _checked_variables(further)
        literals = Literals(self._control_strings)
        offered = as_tools(tools)
        if offered and not self.supports_tools:
            raise TemplateError("This model's chat template has no place for tools; send none.", param="tools")
        name = "tool_use" if offered and "tool_use" in self._templates else self._default
        text = self._run(
            self._templates[name][0],
            Budget(self._limits, literals),
            {
                **self._special_tokens,
                **{key: self._variable(key, value, literals) for key, value in variables.items()},
                "messages": template_messages(interactions, self._style, literals),
                "tools": literals.protect_tree(offered, "tools"),
                "add_generation_prompt": add_generation_prompt,
            },
        )
        return RenderedPrompt(text, literals.used_in(text))

    def _variable(self, name: str, value: Any, literals: Literals) -> Any:
        return value if callable(value) else literals.protect_tree(jsonable(value), name)

    def _compile(self, environment: ChatEnvironment, source: str) -> tuple[jinja2.Template, frozenset[str]]:
        if not isinstance(source, str) or len(source) > _MAX_SOURCE_CHARS:
            raise TemplateError(f"A chat template must be a str of at most {_MAX_SOURCE_CHARS} characters.")
        try:
            return environment.compile_source(source)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"The chat template is invalid at line {error.lineno}: {error.message}") from error
        except Exception as error:  # too many nested blocks, numbers too long, ...
            raise TemplateError(f"The chat template cannot be compiled: {error}") from error

    def _run(self, template: jinja2.Template, budget: Budget, variables: Mapping[str, Any]) -> str:
        try:
            with spending(budget):
                return template.render(variables)
        except TemplateLimitError as error:
            raise TemplateError(f"The chat template ran over its limits: {error}.") from error
        except jinja2.UndefinedError as error:
            raise TemplateError(f"The chat template failed{_place(error)}: {error.message}") from error
        except jinja2.TemplateError as error:
            message = error.message or type(error).__name__
            for char, literal in (budget.literals.used_in(message) if budget.literals else {}).items():
                message = message.replace(char, literal)
            raise TemplateError(message) from error
        except Exception as error:
            raise TemplateError(f"The chat template failed{_place(error)}: {type(error).__name__}: {error}") from error

    def _wants_parts(self) -> bool:
        """Whether a message's content must be a list of parts: a text of its own is then not to be found."""
        probe, literals = Interaction.simple(Role.USER, "Xprobe0X"), Literals(self._control_strings)

        def shows(style: MessageStyle) -> bool:
            messages = template_messages([probe], style, literals)
            variables = {**self._special_tokens, "messages": messages, "add_generation_prompt": True}
            try:
                return probe.text in self._run(self._templates[self._default][0], Budget(_PROBE_LIMITS), variables)
            except TemplateError:
                return False

        style = self._style
        parts = MessageStyle(style.role_names, True, style.short_call_ids, style.thinking_field)
        return not shows(style) and shows(parts)


def _checked_variables(variables: Any) -> dict[str, Any]:
    if not isinstance(variables, Mapping):
        raise RequestError(
            f"The template variables are a {type(variables).__name__}; they must be an object.",
            param="template_variables",
        )
    for name in variables:
        if not isinstance(name, str):
            raise RequestError(
                f"The name of a template variable is {name!r:.80}; it must be a str.", param="template_variables"
            )
        if name in _RESERVED:
            raise RequestError(
                f"{name!r} cannot be set as a template variable; reserved are {', '.join(_RESERVED)}.",
                param="template_variables",
            )
    return dict(variables)


def _place(error: BaseException) -> str:
    """Where in the template it happened."""
    line, trace = None, error.__traceback__
    while isinstance(trace, TracebackType):
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" at line {line}" if line is not None else ""
