"""The generator: the same on every run, held-out values apart, and text exactly as the chat template writes it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from demo.datagen.chat import CONTROL, TEMPLATE, Conversation, prompt_and_reply, segments
from demo.datagen.mixture import conversation
from demo.datagen.source import Source, is_held_out
from demo.packing import TINY_LAYOUT, Encoder, Packer

from demo import grading
from proxy_inference_engine import demo_model_path
from proxy_inference_engine.interaction import ChatTemplate, as_interactions
from proxy_inference_engine.tokenizer import Tokenizer

ROOT = Path(__file__).parents[2]


def digest(num: int) -> str:
    return hashlib.sha256(repr([prompt_and_reply(conversation(i)) for i in range(num)]).encode()).hexdigest()


def test_a_seed_gives_the_same_conversation_in_any_process() -> None:
    code = "from tests.demo.test_data import digest; print(digest(60))"
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert out.stdout.decode().strip() == digest(60)


@pytest.mark.parametrize("held_out", [False, True])
def test_values_keep_to_their_side_of_the_split(held_out: bool) -> None:
    for seed in range(200):
        source = Source(seed, held_out=held_out)
        for value in (source.pseudo(), source.title(), source.code()):
            assert is_held_out(value) == held_out


def test_frames_keep_to_their_side_of_the_split() -> None:
    choices = ("[Tell|Show|Give] me {x}[.|, please|, now| again]", "[Where|What|Who] is {x}[?|| then?]")
    train = {Source(seed).frame(choices).lower() for seed in range(300)}
    held_out = {Source(seed, held_out=True).frame(choices).lower() for seed in range(300)}
    assert not train & held_out


def as_messages(c: Conversation) -> list[dict[str, Any]]:
    """The conversation in the shape of the chat APIs, without its last reply."""
    out: list[dict[str, Any]] = [{"role": "system", "content": c.system}] if c.system is not None else []
    for i, m in enumerate(c.messages[:-1]):
        message = {k: v for k, v in m.items() if v}
        message.setdefault("content", "")
        if m.get("tool_calls"):
            message["tool_calls"] = [
                {
                    "id": f"call_{i}_{j}",
                    "type": "function",
                    "function": {"name": x["name"], "arguments": x["arguments"]},
                }
                for j, x in enumerate(m["tool_calls"])
            ]
        if m["role"] == "tool":
            message["tool_call_id"] = f"call_{i}"
        out.append(message)
    return out


def test_the_generator_writes_what_the_template_writes() -> None:
    jinja2 = pytest.importorskip("jinja2.sandbox")
    environment = jinja2.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = environment.from_string(TEMPLATE)
    for seed in range(150):
        c = conversation(seed)
        text = template.render(
            messages=as_messages(c), tools=c.tools or None, enable_thinking=c.think, add_generation_prompt=True
        )
        assert text == prompt_and_reply(c)[0]


def test_the_engine_renders_the_same_text() -> None:
    config = json.loads((demo_model_path() / "tokenizer_config.json").read_text())
    assert config["chat_template"] == TEMPLATE
    template = ChatTemplate(TEMPLATE, special_tokens={"eos_token": "<|im_end|>"}, control_strings=CONTROL)
    for seed in range(80):
        c = conversation(seed)
        interactions = as_interactions(as_messages(c))
        prompt = template.render(interactions, tools=c.tools or None, enable_thinking=c.think)
        assert prompt.text == prompt_and_reply(c)[0]


def test_the_next_turn_extends_the_prompt_and_its_reply_token_by_token() -> None:
    encoder = Encoder(demo_model_path())
    for seed in range(60):
        parts = segments(conversation(seed))
        text, ids = "", []
        for part, _ in parts:
            text += part
            ids += encoder(part)
            assert encoder(text) == ids


def test_the_fast_encoder_and_the_engine_cut_text_alike() -> None:
    encoder, tokenizer = Encoder(demo_model_path()), Tokenizer.from_folder(demo_model_path())
    for seed in range(60):
        text = "".join(prompt_and_reply(conversation(seed)))
        assert encoder(text) == tokenizer.encode(text, parse_control_tokens=True)


def test_packing_keeps_rows_apart() -> None:
    batch = Packer(demo_model_path(), TINY_LAYOUT, 0, 1).batch()
    assert len(batch.tokens) == sum(length * rows for length, rows in TINY_LAYOUT)
    at = 0
    for length, rows in TINY_LAYOUT:
        for _ in range(rows):
            at += length
            assert batch.weights[at - 1] == 0
    assert (batch.weights > 0).mean() > 0.5


def test_the_right_reply_gets_full_marks() -> None:
    count = len
    for name, make in grading.sets(count).items():
        for c in grading.examples(name, make, 3):
            grades = grading.grade(c, prompt_and_reply(c)[1])
            assert all(grades.values()), (name, grades)
            assert not grading.grade(c, "something else")["right"]
