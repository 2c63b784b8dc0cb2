"""The structuring engine in a loop of its own, with random logits."""

from __future__ import annotations

import json

import jsonschema
import mlx.core as mx
import numpy as np
import pydantic
import pytest

from proxy_inference_engine.errors import InternalError, RequestError
from proxy_inference_engine.structuring.partial import partial_value
from proxy_inference_engine.structuring.structuring_engine import Segment, StructuringEngine
from proxy_inference_engine.tokenizer.tokenizer import Tokenizer
from tests.structuring.support import DEMO

SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "note": {"type": "string", "maxLength": 12}},
    "required": ["city", "note"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"days": {"type": "integer", "minimum": 1, "maximum": 9}},
            "required": ["days"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(DEMO)


def greedy(logprobs: mx.array) -> mx.array:
    return mx.argmax(logprobs, axis=-1)


def loop(engine: StructuringEngine, seed: int = 0, steps: int = 80) -> list[int]:
    """Fixed random scores: the output depends on the structure alone."""
    scores = mx.array(np.random.default_rng(seed).normal(size=(1, engine.vocabulary.vocab_size)).astype(np.float32))
    ids: list[int] = []
    while len(ids) < steps and not engine.has_reached_accept_state:
        ids += engine.sample(engine.process_logits(ids, scores), greedy)
    return ids


@pytest.mark.parametrize("seed", range(4))
def test_output_satisfies_its_schema(tokenizer: Tokenizer, seed: int) -> None:
    engine = StructuringEngine(tokenizer)
    engine.configure(schema=SCHEMA, max_new_tokens=48)
    ids = loop(engine, seed)
    assert len(ids) <= 48
    value = engine.get_structured_output()
    jsonschema.validate(value, SCHEMA)
    assert json.loads(tokenizer.decode(ids)) == value == engine.get_live_structured_output()
    assert engine.get_labeled_output() == [Segment("data", tokenizer.decode(ids))]


def test_runs_and_single_tokens_give_the_same_text(tokenizer: Tokenizer) -> None:
    outputs = []
    for multi in (True, False):
        engine = StructuringEngine(tokenizer, multi_token_sampling=multi)
        engine.configure(SCHEMA)
        outputs.append(loop(engine, 3))
        engine.reset()
        assert engine.get_structured_output() is None
        assert loop(engine, 3) == outputs[-1]
    assert outputs[0] == outputs[1]


def test_pydantic_model_and_types(tokenizer: Tokenizer) -> None:
    class Point(pydantic.BaseModel):
        x: bool
        y: bool

    engine = StructuringEngine(tokenizer)
    engine.configure(Point)
    loop(engine)
    assert isinstance(engine.get_structured_output(), Point)
    assert isinstance(engine.get_structured_output(Point), Point)
    assert isinstance(engine.get_structured_output(dict), dict)


def test_regex_and_grammar(tokenizer: Tokenizer) -> None:
    engine = StructuringEngine(tokenizer)
    engine.configure(regex="[a-c]{3}-[0-9]")
    loop(engine)
    assert len(engine.get_structured_output()) == 5
    engine.configure(grammar='start: "yes" | "no"')
    loop(engine)
    assert engine.get_structured_output() in ("yes", "no")


def test_text_that_turns_into_a_tool_call(tokenizer: Tokenizer) -> None:
    engine = StructuringEngine(tokenizer)
    engine.configure(tools=[TOOL], delimiters=("<tool_call>", "</tool_call>"))
    scores = mx.zeros((1, engine.vocabulary.vocab_size))
    for token_id in tokenizer.encode("<think>hm</think>Sure: <tool_call>", parse_control_tokens=True):
        assert mx.array_equal(engine.process_logits([], scores), scores)
        engine.advance(token_id)
    assert not engine.has_reached_accept_state
    loop(engine)
    call = engine.get_structured_output()
    assert call["name"] == "weather"
    assert 1 <= call["arguments"]["days"] <= 9
    assert engine.sample(engine.process_logits([], scores), greedy) == [6]  # the closing mark, as its own token
    engine.advance(tokenizer.encode("!")[0])
    labels = [(segment.label, segment.text) for segment in engine.get_labeled_output()]
    assert [label for label, _ in labels] == ["reasoning", "text", "tool_call", "text"]
    assert labels[0][1] == "hm"
    assert labels[1][1] == "Sure: "


def test_control_tokens_in_free_text(tokenizer: Tokenizer) -> None:
    engine = StructuringEngine(tokenizer, whitelist_control_tokens=())
    engine.configure(SCHEMA, delimiters=("<tool_call>", "</tool_call>"))
    logits = np.array(engine.process_logits([], mx.zeros(engine.vocabulary.vocab_size)))
    assert np.isneginf(logits[[1, 7, 8]]).all()  # turns and tool results
    assert (logits[[2, 3, 4, 5, 6, 500]] == 0).all()


def test_misuse(tokenizer: Tokenizer) -> None:
    engine = StructuringEngine(tokenizer)
    with pytest.raises(RequestError, match="0 structures"):
        engine.configure()
    with pytest.raises(RequestError, match="too small"):
        engine.configure(SCHEMA, max_new_tokens=2)
    with pytest.raises(RequestError, match="tools is empty"):
        engine.configure(tools=[])
    engine.configure(SCHEMA)
    with pytest.raises(InternalError, match="not allowed"):
        engine.advance(700)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ('{"a', {}),
        ('{"a": "b', {"a": "b"}),
        ('{"a": [1, tr', {"a": [1]}),
        ('{"a": 1, "b": {"c": "\\u00', {"a": 1, "b": {"c": ""}}),
        ('{"a": -', {}),
    ],
)
def test_partial_values(text: str, value: object) -> None:
    assert partial_value(text) == value
