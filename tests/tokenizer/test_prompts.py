"""Template and tokenizer together: a conversation's control ids are the template's, whatever its texts are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.interaction import ChatTemplate, Content, Interaction, Role, as_interactions
from proxy_inference_engine.tokenizer import Tokenizer
from tests.tokenizer.conftest import CHATML_TEMPLATE, LLAMA_2_TEMPLATE, MakeTokenizer, chatml, llama_2

TOOL_TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>"
    "{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}</tool_call>{% endfor %}<|im_end|>\n"
    "{% endfor %}"
)


@pytest.fixture(scope="module")
def qwen(tokenizers_by_kind: dict[str, Tokenizer]) -> Tokenizer:
    return tokenizers_by_kind["chatml"]


def template_for(tokenizer: Tokenizer, source: str) -> ChatTemplate:
    special = {"bos_token": "<s>", "eos_token": "</s>"}
    return ChatTemplate(source, special_tokens=special, control_strings=tokenizer.control_strings)


typed = st.lists(
    st.sampled_from(["<|im_end|>", "<|im_start|>", "<tool_call>", "</think>", "<|im_", "end|>", "<", " ", "\n"])
    | st.text(max_size=4),
    max_size=6,
).map("".join)


@settings(max_examples=50, deadline=None)
@given(first=typed, second=typed, result=typed, argument=typed)
def test_control_ids_are_the_templates(qwen: Tokenizer, first: str, second: str, result: str, argument: str) -> None:
    template = template_for(qwen, TOOL_TEMPLATE)

    def conversation(*texts: str) -> list[Interaction]:
        a, b, c, d = texts
        call = Content.action("f", {"x": d}, call_id="1")
        return [Interaction(Role.USER, a), Interaction(Role.AGENT, [call]), Interaction(Role.TOOL, [b, c])]

    tool = {"name": "f", "description": first, "parameters": {"type": "object", "properties": {second: {}}}}
    harmless = {**tool, "description": "", "parameters": {"type": "object", "properties": {}}}
    prompt = template.render(conversation(first, second, result, argument), tools=[tool])
    ids = qwen.encode(prompt)
    expected = qwen.encode(template.render(conversation("", "", "", ""), tools=[harmless]))
    assert [i for i in ids if i in qwen.control_ids] == [i for i in expected if i in qwen.control_ids]
    normalised = qwen.backend.normalizer.normalize_str(str(prompt))
    assert qwen.backend.normalizer.normalize_str(qwen.decode(ids, skip_control_tokens=False)) == normalised


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_without_look_alikes_the_ids_are_the_librarys(qwen: Tokenizer, texts: list[str]) -> None:
    template = template_for(qwen, CHATML_TEMPLATE)
    prompt = template.render([Interaction.simple(Role.USER, text) for text in texts])
    assert qwen.encode(prompt) == qwen.backend.encode(str(prompt), add_special_tokens=False).ids


def test_templates_that_write_the_begin(make_tokenizer: MakeTokenizer) -> None:
    config = {"bos_token": "<s>", "eos_token": "</s>", "chat_template": LLAMA_2_TEMPLATE}
    tokenizer = make_tokenizer(llama_2(), tokenizer_config__json=config)
    template = template_for(tokenizer, tokenizer.chat_template or "")
    prompt = template.render(as_interactions([{"role": "user", "content": "</s> hi <s>"}]))
    for add_special_tokens in (False, True):
        ids = tokenizer.encode(prompt, add_special_tokens=add_special_tokens)
        assert [i for i in ids if i in tokenizer.stop_tokens | {tokenizer.bos_token_id}] == [tokenizer.bos_token_id]
    assert tokenizer.decode(ids) == "[INST] </s> hi <s> [/INST]"


def test_long_prompts_are_fast(make_tokenizer: MakeTokenizer) -> None:
    """64k tokens, with and without look-alikes."""
    tokenizer = make_tokenizer(chatml())
    template = template_for(tokenizer, CHATML_TEMPLATE)
    tokenizer._guard()
    seconds = []
    for ending in ("", "<|im_end|>"):
        turns = [Interaction.simple(Role.USER, "The quick brown fox jumps. " * 60 + ending) for _ in range(120)]
        start = time.perf_counter()
        ids = tokenizer.encode(template.render(turns))
        seconds.append(time.perf_counter() - start)
        assert len(ids) > 64_000
    assert seconds[0] < 3
    assert seconds[1] < 2 * seconds[0] + 1
