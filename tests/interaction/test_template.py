"""Chat templates: what they may do, what they are stopped from, and how they see a conversation."""

from __future__ import annotations

import json
import re
import time
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import RequestError, TemplateError
from proxy_inference_engine.interaction import ChatTemplate, Content, Interaction, Role, as_interactions
from proxy_inference_engine.interaction.budget import TemplateLimits
from proxy_inference_engine.interaction.tools import describe_function

CONTROL = frozenset(
    {"<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "<think>", "</think>", "[INST]"}
)
CHATML = (
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>\\n' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|im_start|>assistant\\n' }}\n"
    "{%- endif %}\n"
)


def render(source: str | None, prompt: Any, **kwargs: Any) -> str:
    template = ChatTemplate(source, special_tokens={"bos_token": "<s>", "eos_token": "</s>"}, control_strings=CONTROL)
    return str(template.render(as_interactions(prompt), **kwargs))


def test_chatml() -> None:
    expected = "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": " hi "}]
    assert render(CHATML, prompt) == expected
    assert render(CHATML, prompt, add_generation_prompt=False) == expected.removesuffix("<|im_start|>assistant\n")
    assert render(None, [prompt[0], {"role": "user", "content": "hi"}]) == expected


CONSTRUCTS = {
    "llama-2": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
        "{% set system = false %}{% endif %}"
        "{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate user/assistant/...') }}{% endif %}"
        "{% if loop.index0 == 0 and system != false %}"
        "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}"
        "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
        "<s>[INST] <<SYS>>\nbe kind\n<</SYS>>\n\nhi [/INST] hello </s><s>[INST] bye [/INST]",
    ),
    "llama-3": (
        "{{- bos_token }}{%- for m in messages %}\n"
        "{{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content|trim ~ '<|eot_id|>' }}\n"
        "{%- endfor %}{%- if add_generation_prompt %}\n"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
        "<s><|start_header_id|>system<|end_header_id|>\n\nbe kind<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nhello<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nbye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "gemma": (
        "{{ bos_token }}{%- if messages[0].role == 'system' -%}{%- set first = messages[0].content + '\\n\\n' -%}"
        "{%- set rest = messages[1:] -%}{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}"
        "{%- for message in rest -%}{%- set role = 'model' if message.role == 'assistant' else message.role -%}"
        "{{ '<start_of_turn>' + role + '\\n' + (first if loop.first else '') }}"
        "{%- if message.content is string -%}{{ message.content | trim }}{%- elif message.content is iterable -%}"
        "{%- for item in message.content -%}{%- if item.type == 'text' -%}{{ item.text | trim }}{%- endif -%}"
        "{%- endfor -%}{%- endif -%}{{ '<end_of_turn>\\n' }}{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}",
        "<s><start_of_turn>user\nbe kind\n\nhi<end_of_turn>\n<start_of_turn>model\nhello<end_of_turn>\n"
        "<start_of_turn>user\nbye<end_of_turn>\n<start_of_turn>model\n",
    ),
    "namespace": (
        "{%- set ns = namespace(last=-1, text='') %}{%- for message in messages[::-1] %}"
        "{%- set index = (messages|length - 1) - loop.index0 %}"
        "{%- if message.role == 'user' and ns.last < 0 %}{%- set ns.last = index %}{% endif %}"
        "{%- set ns.text = ns.text ~ message.role[0] %}{%- endfor %}"
        "{{- ns.last }}{{ ns.text }}{{ messages | map(attribute='role') | join(',') }}"
        "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
        "3uaussystem,user,assistant,user2",
    ),
    "controls and macros": (
        "{%- macro turn(m, big=false) -%}{%- if big -%}{{ m.content | upper }}{%- else -%}{{ m.content }}{%- endif -%}"
        "{%- endmacro -%}{%- for m in messages -%}{%- if m.role == 'system' -%}{% continue %}{%- endif -%}"
        "{%- if loop.index > 3 -%}{% break %}{%- endif -%}{% generation %}{{ turn(m, big=true) }}{% endgeneration %}"
        "{%- endfor -%}",
        "HIHELLO",
    ),
    "filters": (
        "{{ messages[1].content | replace('h', 'H') }}{{ [3, 1, 2] | sort | join('-') }}"
        "{{ {'b': 1, 'a': 2} | dictsort }}"
        "{{ '%s=%d' | format('x', 3) }}{{ '{}:{:>3}'.format('y', 4) }}{{ [1, 2, 3] | sum }}{{ 'a,b'.split(',') }}"
        "{{ {'x': [1, none, 'ü<']} | tojson }}{{ 'a\nb' | indent(2) }}"
        "{{ range(3) | list }}{{ undefined_name }}{{ 2 ** 5 }}",
        "Hi1-2-3[('a', 2), ('b', 1)]x=3y:  46['a', 'b']{\"x\": [1, null, \"ü<\"]}a\n  b[0, 1, 2]32",
    ),
}


@pytest.mark.parametrize("family", CONSTRUCTS)
def test_constructs_that_templates_use(family: str) -> None:
    source, expected = CONSTRUCTS[family]
    prompt = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "bye"},
    ]
    assert render(source, prompt) == expected


def test_a_refusal_has_the_templates_own_words() -> None:
    source = CONSTRUCTS["llama-2"][0]
    with pytest.raises(TemplateError, match=r"^roles must alternate user/assistant/\.\.\.$"):
        render(source, [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}])
    with pytest.raises(TemplateError, match=r"^not <\|im_end\|>$"):
        render("{{ raise_exception('not ' ~ messages[0].content) }}", "<|im_end|>")


def test_variables_and_functions() -> None:
    assert (
        render("{{ enable_thinking }}{{ bos_token }}{{ x.y }}", "a", enable_thinking=False, x={"y": [1]})
        == "False<s>[1]"
    )
    assert re.fullmatch(r"\d{4}", render("{{ strftime_now('%Y') }}", "a"))
    assert render("{{ strftime_now('%Y') }}", "a", strftime_now=lambda _: "1999") == "1999"
    with pytest.raises(RequestError, match="'messages'"):
        render(CHATML, "a", messages=[])
    assert render("{{ x }}{{ y }}", "a", variables={"x": 1}, y=2) == "12"


@pytest.mark.parametrize("name", ["messages", "tools", "add_generation_prompt", "interactions", "variables", "self", 1])
def test_variables_that_cannot_be_set(name: Any) -> None:
    with pytest.raises(RequestError, match=repr(name)) as caught:
        render(CHATML, "a", variables={name: 1})
    assert caught.value.param == "template_variables"
    with pytest.raises(RequestError, match="are a list"):
        render(CHATML, "a", variables=[name])
    template = ChatTemplate(CHATML, special_tokens={})
    for clash in ({"self": 1}, {"interactions": 1}):
        with pytest.raises(RequestError, match=next(iter(clash))):
            template.render(as_interactions("hi"), **clash)  # type: ignore[arg-type]


def test_keys_and_comparisons_that_templates_use() -> None:
    source = (
        "{% set d = {'a': 1, 2: 'b', none: 3, message_key: 4} %}{{ d['a'] }}{{ d.get(2) }}{{ d[none] }}{{ d[true] }}"
        "{{ dict([('x', 5)]).x }}{{ dict(d, y=6).y }}{{ [3, 1, 3] | unique | list }}{{ 'abc'[1:][::-1] }}"
        "{% for k, g in [{'r': 'u', 'n': 7}, {'r': 'u', 'n': 8}] | groupby('r') %}{{ k }}"
        "{{ g | map(attribute='n') | list }}"
        "{% endfor %}{{ [{'n': 2}, {'n': 1}] | sort(attribute='n') | map(attribute='n') | join }}{{ (range(3) | max) }}"
        "{{ 1 in [1] }}{{ {'a': [1]} | tojson(indent=1) }}{{ [1, 2] | tojson(separators=(',', ':')) }}"
    )
    expected = '1b356[3, 1]cbu[7, 8]122True{\n "a": [\n  1\n ]\n}[1,2]'
    assert render(source, "hi", message_key="k") == expected


def test_named_templates_are_limited_together() -> None:
    with pytest.raises(TemplateError, match="at most 200000 characters in all"):
        ChatTemplate({"default": "x" * 150_000, "tool_use": "x" * 150_000}, special_tokens={})


HOSTILE = {
    "range": "{% for i in range(10**12) %}x{% endfor %}",
    "nested ranges": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "nested constants": "{% for a in 'abcdefghijklmnopqrstuvwxyz' %}" * 8 + "{% endfor %}" * 8,
    "multiplied text": "{{ 'a' * 10**12 }}",
    "multiplied list": "{{ [1] * 10**9 }}",
    "doubling ~": "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "doubling +": "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "squaring": "{% set n = namespace(x=3) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "power": "{{ 10 ** (10 ** 6) }}",
    "percent": "{{ '%1000000000d' % 1 }}",
    "percent star": "{{ '%*d' % (10**9, 1) }}",
    "format method": "{{ '{:1000000000}'.format(1) }}",
    "format nested": "{{ '{:{w}}'.format(1, w=10**9) }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format map": "{{ '{a:1000000000}'.format_map({'a': 1}) }}",
    "ljust": "{{ 'a'.ljust(10**9) }}",
    "center": "{{ 'a' | center(1000000000) }}",
    "indent": "{{ 'a\n' | indent(1000000000) }}",
    "json indent": "{{ {'a': 1} | tojson(indent=1000000000) }}",
    "join": "{% set x = 'a' * 100000 %}{{ x | join(x) }}",
    "join method": "{% set x = 'a' * 9000 %}{{ x.join(x) }}",
    "replace": "{% set x = 'a' * 100000 %}{{ x | replace('a', x) }}",
    "replace method": "{% set x = 'a' * 100000 %}{{ x.replace('', x) }}",
    "kept slices": "{% set x = 'a' * 1000000 %}{% set n = namespace(l=[]) %}{% for i in range(9999) %}"
    "{% set n.l = n.l + [x[1:]] %}{% endfor %}",
    "kept copies": "{% set x = 'a' * 1000000 %}{% set n = namespace(l=[]) %}{% for i in range(9999) %}"
    "{% set n.l = n.l + [x.upper()] %}{% endfor %}",
    "output": "{% set x = 'a' * 1000000 %}{% for i in range(9999) %}{{ x }}{% endfor %}",
    "block": "{% set x = 'a' * 1000000 %}{% set y %}{% for i in range(9999) %}{{ x }}{% endfor %}{% endset %}",
    "macro tree": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "macro without end": "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
    "recursive loop": "{% for x in [[1]] recursive %}{{ loop([[1], [1]]) }}{% endfor %}",
    "slice filter": "{{ [1] | slice(10**12) | list }}",
    "round": "{{ 1.5 | round(1000000000, 'ceil') }}",
    "sum of lists": "{{ [[1], [2]] | sum(start=[]) }}",
    "translate": "{{ 'a'.translate({97: 'x' * 1000}) }}",
    "lipsum": "{{ lipsum(10**9) }}",
}
TREE = (
    "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}"
)
HOSTILE |= {
    f"shared {use}": f"{TREE}{{% endfor %}}{{{{ {use} }}}}"
    for use in (
        "n.l",
        "n.l | tojson",
        "n.l == n.m",
        "[n.l] is in [n.m]",
        "n.l is eq n.m",
        "[n.l, n.m] | sort",
        "[n.l, n.m] | unique | list",
        "'a' ~ n.l",
        "n.l | upper",
        "[n.l] | join",
        "[n.l].index(n.m)",
        "'%s' % n.l",
        "'{}'.format(n.l)",
        "{'a': n.l}.items()",
        "n.l | batch(2) | list | string",
    )
}
TREES = (
    "{% set n = namespace(l=(1,), m=(1,)) %}{% for i in range(33) %}"
    "{% set n.l = (n.l, n.l) %}{% set n.m = (n.m, n.m) %}{% endfor %}"
    "{% set a, b = namespace(x=n.l), namespace(x=n.m) %}"
)
HOSTILE |= {
    f"hashed {use}": f"{TREES}{{{{ {use} }}}}"
    for use in (
        "{}.get(n.l)",
        "{n.l: 1}",
        "{}[n.l]",
        "{}[n.l:]",
        "dict([(n.l, 1)])",
        "namespace([(n.l, 1)])",
        "n.l in {}",
        "[n.l] | unique | list",
        "[[n.l]] | map('unique') | list",
        "[a] | unique(attribute='x') | list",
        "[a, b] | groupby('x') | list",
        "[a, b] | sort(attribute='x')",
        "[a, b] | sort(false, true, 'x')",
        "[a, b] | max(attribute='x')",
        "[a] | selectattr('x', 'eq', b.x) | list",
        "{1: n.l}.items() == {1: n.m}.items()",
        "messages | map(attribute=n.l) | list",
        "messages | attr(n.l)",
        "{}.fromkeys([n.l])",
        "{}.keys().isdisjoint([n.l])",
        "{}.keys().mapping.get(n.l)",
    )
}
HOSTILE |= {
    "changed in a loop": TREES + "{% for x in [n.l, n.m] %}{{ loop.changed(x) }}{% endfor %}",
    "number as bytes": "{{ 5 .to_bytes(10**10, 'big') }}",
    "json indented by a text": "{{ range(9999) | list | tojson(indent='x' * 9999) }}",
    "json separated by a text": "{{ range(9999) | list | tojson(separators=('x' * 9999, '')) }}",
    "searched lists": "{% set l = range(99999) | list %}" + "{{ -1 in l }}" * 99,
}
FORBIDDEN = {
    "class": "{{ messages.__class__ }}",
    "subscript": "{{ messages['__class__'] }}",
    "attr filter": "{{ '' | attr('__class__') }}",
    "map attribute": "{{ [''] | map(attribute='__class__') | list }}",
    "function globals": "{{ raise_exception.__globals__ }}",
    "format": "{{ '{0.__class__}'.format(messages) }}",
    "namespace": "{{ namespace(__class__=1) }}",
    "namespace item": "{% set n = namespace() %}{% set n.__class__ = 1 %}",
    "change of a list": "{{ messages.append(1) }}",
    "change of a dict": "{{ messages[0].update({'a': 1}) }}",
    "include": "{% include 'secrets' %}",
    "import": "{% import 'secrets' as s %}",
}
OTHER_FAILURES = {
    "undefined": "{{ a.b.c }}",
    "division": "{{ 1 / 0 }}",
    "type": "{{ 1 + 'a' }}",
    "loop over none": "{% for x in none %}{% endfor %}",
    "invalid JSON": "{{ namespace() | tojson }}",
}
SMALL = TemplateLimits(max_chars=2_000_000, max_chars_made=8_000_000, max_steps=50_000, max_seconds=20)


@pytest.mark.parametrize("name", [*HOSTILE, *FORBIDDEN, *OTHER_FAILURES])
def test_templates_that_are_stopped(name: str) -> None:
    source = (HOSTILE | FORBIDDEN | OTHER_FAILURES)[name]
    start = time.monotonic()
    template = ChatTemplate(source, special_tokens={}, limits=SMALL)
    with pytest.raises(TemplateError) as caught:
        template.render(as_interactions("hi"))
    assert time.monotonic() - start < 15
    assert len(str(caught.value)) < 300


def test_time_limit() -> None:
    template = ChatTemplate(HOSTILE["macro tree"], special_tokens={}, limits=TemplateLimits(max_seconds=0.2))
    with pytest.raises(TemplateError, match=r"more than 0\.2 seconds"):
        template.render(as_interactions("hi"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{% if %}", "invalid at line 2"),
        ("{% for %}", "invalid at line 1"),
        ("{{ 'a' | nothing }}", "No filter named 'nothing'"),
        ("{{ 1" + "0" * 5000 + " }}", "cannot be compiled"),
        ("{% if a %}" * 500 + "{% endif %}" * 500, "cannot be compiled"),
        ("x" * 200_001, "at most 200000"),
    ],
)
def test_invalid_templates(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        ChatTemplate(source, special_tokens={})


def test_errors_say_where() -> None:
    with pytest.raises(TemplateError, match=r"failed at line 3: .*'b'|'a' is undefined"):
        render("x\ny\n{{ a.b.c }}", "hi")


# What callers type


def test_control_strings_become_literals() -> None:
    template = ChatTemplate(CHATML, special_tokens={}, control_strings=CONTROL)
    prompt = template.render(as_interactions("say <|im_end|> and <think> and <"))
    assert str(prompt).count("<|im_end|>") == 2
    assert prompt.text.count("<|im_end|>") == 1
    assert sorted(prompt.literals.values()) == ["<", "<think>", "<|im_end|>"]
    plain = template.render(as_interactions("hello"))
    assert plain.literals == {}


def test_reply_tags_stay_in_a_reply() -> None:
    source = (
        "{% for m in messages %}{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}"
        "{% else %}all:{{ m.content }}{% endif %}{% endfor %}"
    )
    content = "<think>hm</think>yes <|im_end|>"
    assert render(source, [{"role": "assistant", "content": content}]) == "yes <|im_end|>"
    assert render(source, [{"role": "user", "content": content}]) == f"all:{content}"
    template = ChatTemplate("{{ messages[0].content }}", special_tokens={}, control_strings=CONTROL)
    prompt = template.render(as_interactions([{"role": "assistant", "content": content}]))
    assert list(prompt.literals.values()) == ["<|im_end|>"]
    result = template.render(as_interactions([{"role": "assistant", "content": "<tool_response>x"}]))
    assert list(result.literals.values()) == ["<tool_response>"]


any_text = st.lists(
    st.sampled_from(sorted(CONTROL)) | st.text(max_size=4) | st.sampled_from(["<|im", "_end|>", "<", "[IN"]), max_size=6
).map("".join)


@settings(max_examples=60, deadline=None)
@given(first=any_text, second=any_text, name=any_text, key=any_text)
def test_no_caller_can_write_a_control_string(first: str, second: str, name: str, key: str) -> None:
    """In any field, and not by two fields that the template joins either."""
    source = (
        "{% for m in messages %}{{ m.name }}{{ m.content }}{{ m.reasoning_content }}{% for c in m.tool_calls or [] %}"
        "{{ c.function.name }}{{ c.function.arguments | tojson }}{{ c.function.arguments }}{{ c.id }}{% endfor %}"
        "{{ m.tool_call_id }}{% endfor %}{{ tools | tojson(indent=2) }}{{ tools }}{{ extra }}"
        "{{ docs | tojson(ensure_ascii=true) }}"
    )
    call = Content.action({"id": name or "x", "name": second or "x", "arguments": {key: [first]}})
    conversation = [
        Interaction(Role.USER, [first, second], name=name),
        Interaction(Role.AGENT, [call], reasoning=first),
        Interaction(Role.TOOL, second, tool_call_id=first),
    ]
    template = ChatTemplate(source, special_tokens={}, control_strings=CONTROL)
    tool = {"name": name or "x", "description": first, "parameters": {key: {"enum": [second]}}}
    prompt = template.render(conversation, tools=[tool], extra=[first, {key: second}], docs=[first])
    assert not any(control in prompt.text for control in CONTROL)
    assert not any(len(placeholder) != 1 for placeholder in prompt.literals)
    shown = str(prompt)
    assert shown.startswith(f"{name}{first}\n{second}" if name else f"{first}\n{second}") or not name
    # JSON stays JSON when the literals are put back.
    start = shown.index("\n  {\n")
    written, _ = json.JSONDecoder().raw_decode(shown[shown.rindex("[", 0, start + 1) :])
    assert written[0]["function"] == tool


def test_private_use_characters_cannot_be_forged() -> None:
    template = ChatTemplate("{{ messages[0].content }}", special_tokens={}, control_strings=CONTROL)
    typed = "\U00100000<|im_end|>\U00100001\U000f0000"
    prompt = template.render(as_interactions(typed))
    assert str(prompt) == typed
    assert prompt.text.count("\U00100000") == 1
    reserved = ChatTemplate("\U00100000{{ messages[0].content }}", special_tokens={}, control_strings=CONTROL)
    prompt = reserved.render(as_interactions("<|im_end|>"))
    assert str(prompt) == "\U00100000<|im_end|>"


def test_escapes_in_json_strings() -> None:
    template = ChatTemplate(
        "{{ extra | tojson }}{{ extra | tojson(ensure_ascii=True) }}", special_tokens={}, control_strings={'<|"|>'}
    )
    prompt = template.render(as_interactions("x"), extra='a<|"|>é')
    assert str(prompt) == '"a<|\\"|>é""a<|\\"|>\\u00e9"'


# Tools


def weather(
    city: str,
    days: int = 3,
    unit: Literal["c", "f"] = "c",
    tags: list[str] | None = None,
    extra: dict[str, float] | None = None,
    *args: int,
    **kwargs: Any,
) -> str:
    """Forecast for
    a city.

    More words.

    Args:
        city: Its name,
            in English.
        days (int): How many.

    Returns:
        text: the forecast.
    """
    return f"{city}{days}{unit}{tags}{extra}{args}{kwargs}"


class Unit(Enum):
    C = "c"
    F = "f"


def test_functions_as_tools() -> None:
    described = describe_function(weather)
    assert (described["name"], described["description"]) == ("weather", "Forecast for a city.")
    assert described["parameters"] == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Its name, in English."},
            "days": {"type": "integer", "description": "How many.", "default": 3},
            "unit": {"enum": ["c", "f"], "default": "c"},
            "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            "extra": {"anyOf": [{"type": "object", "additionalProperties": {"type": "number"}}, {"type": "null"}]},
        },
        "required": ["city"],
    }

    def bare(x, unit: Unit = Unit.C): ...

    assert describe_function(bare)["parameters"]["properties"] == {
        "x": {},
        "unit": {"enum": ["c", "f"], "default": "c"},
    }


def test_tools_in_templates() -> None:
    source = "{% for t in tools or [] %}{{ t.function.name }};{% endfor %}"
    bare = {"name": "f", "parameters": {"type": "object"}}
    full = {"type": "function", "function": {"name": "g", "strict": True}}
    assert render(source, "x", tools=[weather, bare, full]) == "weather;f;g;"
    assert render(source, "x", tools=[]) == render(source, "x") == ""
    named = ChatTemplate({"default": "plain", "tool_use": "{{ tools[0].function.name }}"}, special_tokens={})
    assert named.render([], tools=[bare]).text == "f"
    assert named.render([]).text == "plain"
    assert named.supports_tools
    without = ChatTemplate(CHATML, special_tokens={})
    assert not without.supports_tools
    with pytest.raises(TemplateError, match="no place for tools"):
        without.render(as_interactions("x"), tools=[bare])


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ("f", "tools is a str"),
        ([5], r"tools\[0\] is a int"),
        ([{"type": "web_search"}], r"tools\[0\].type is 'web_search'"),
        ([{"type": "function", "function": {}}], r"tools\[0\].function.name is None"),
        ([{"name": "f", "parameters": 5}], r"parameters is 5"),
        ([{"name": "f", "description": 5}], r"description is 5"),
        ([lambda x: x], "named function"),
        ([{"name": "f", "parameters": json.loads('{"a":' * 150 + "1" + "}" * 150)}], "100 levels deep"),
    ],
)
def test_bad_tools(tools: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        render(None, "x", tools=tools)
    assert caught.value.param == "tools"


# What templates see of a conversation


def test_tool_calls_and_results() -> None:
    source = (
        "{% for m in messages %}{{ m.role }}:{% for c in m.tool_calls or [] %}{{ c.id }} {{ c.function.name }} "
        "{{ c.function.arguments if c.function.arguments is string else c.function.arguments.a }};{% endfor %}"
        "{{ m.tool_call_id }} {{ m.name }} {{ m.content }}|{% endfor %}"
    )
    conversation = [
        Interaction(
            "agent", [Content.action("f", '{"a": 1}', call_id="c1"), Content.action("g", "oops", call_id="c2")]
        ),
        Interaction("tool", "42", tool_call_id="c1"),
    ]
    assert render(source, conversation) == "assistant:c1 f 1;c2 g oops;  |tool:c1 f 42|"
    strict = (
        source.replace("{{ c.id }}", "{{ c.id if c.id|length == 9 else raise_exception('length 9') }}") + "[TOOL_CALLS]"
    )
    shown = re.findall(r"[a-z0-9]{9}", render(strict, conversation))
    assert len(shown) == 4
    assert shown[1] == shown[3]


def test_reasoning_and_role_names() -> None:
    said = Interaction(Role.AGENT, "yes", reasoning="hm")
    assert render("{{ messages[0].reasoning_content }}{{ messages[0].reasoning }}", [said]) == "hmhm"
    assert (
        render(
            "{{ messages[0].thinking }}{{ message.thinking }}".replace(
                "{{ message.thinking }}", "{# message.thinking #}"
            ),
            [said],
        )
        == "hm"
    )
    template = ChatTemplate("{{ messages[0].role }}", special_tokens={}, role_names={Role.AGENT: "model"})
    assert template.render([said]).text == "model"


def test_content_as_parts_where_the_template_insists() -> None:
    source = (
        "{% for m in messages %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}"
        "{% endfor %}{% endfor %}"
    )
    assert render(source, "hi") == "hi"


def test_files_and_other_kinds() -> None:
    source = "{{ messages[0].content }}"
    for file in ("line one\nsecond", "data:,line%20one%0Asecond", "data:text/plain;base64,bGluZSBvbmUKc2Vjb25k"):
        assert render(source, [Interaction("user", ["read:", Content.file(file)])]) == "read:\nline one\nsecond"
    for part, kind in (
        (Content.image("http://x/y.png"), "image"),
        (Content.audio("x"), "audio"),
        (Content.file("http://x/y"), "a file that is not text"),
        (Content.file("data:application/pdf;base64,QQ=="), "a file that is not text"),
        (Content.file("data:text/plain;base64,%%"), "cannot be read"),
        (Content.action({"click": 1}), "an action without a name"),
    ):
        with pytest.raises(RequestError, match=rf"messages\[0\].content\[1\] is .*{kind}"):
            render(source, [Interaction("user", ["a", part])])
    with pytest.raises(RequestError, match="only agents"):
        render(source, [Interaction("user", [Content.action("f")])])


def test_fallback_template_with_tools() -> None:
    text = render(
        None,
        [
            {"role": "system", "content": "sys"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": "b"}'}}]},
            {"role": "tool", "tool_call_id": "1", "content": "42"},
        ],
        tools=[{"name": "f"}],
    )
    assert text.startswith("<|im_start|>system\nsys\n\nYou can call")
    assert text.count("<|im_start|>system") == 1
    assert '<tool_call>\n{"name": "f", "arguments": {"a": "b"}}\n</tool_call><|im_end|>\n' in text
    assert text.endswith("<tool_response>\n42\n</tool_response><|im_end|>\n<|im_start|>assistant\n")


def test_rendering_is_fast() -> None:
    turns = [{"role": "user" if i % 2 else "assistant", "content": "some words " * 100} for i in range(600)]
    template = ChatTemplate(
        CHATML, special_tokens={}, control_strings=[*CONTROL, *(f"<unused{i}>" for i in range(6000))]
    )
    conversation = as_interactions(turns)
    start = time.perf_counter()
    assert len(template.render(conversation).text) > 600_000
    assert time.perf_counter() - start < 3
