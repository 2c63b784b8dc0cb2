"""The bundled model: an ordinary folder that the engine loads, and that behaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo import evaluate
from proxy_inference_engine import InferenceEngine, demo_model_path

STOCK: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def demo() -> Iterator[InferenceEngine]:
    with InferenceEngine("demo") as running:
        yield running


def chat(engine: InferenceEngine, *texts: str, **keywords: Any) -> Any:
    """The reply to the last of the texts, each answered in turn."""
    conversation: list[Any] = []
    reply = None
    for text in texts:
        conversation.append({"role": "user", "content": text})
        reply = asyncio.run(engine.chat(conversation, temperature=0, max_new_tokens=120, **keywords))
        conversation.append(reply)
    return reply


def test_the_folder_is_an_ordinary_one_and_small() -> None:
    folder = demo_model_path()
    names = {x.name for x in folder.iterdir()}
    assert names >= {"config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"}
    assert names >= {"model.safetensors", "README.md"}
    assert (folder / "model.safetensors").stat().st_size <= 16_000_000
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "llama"
    assert config["quantization"] == {"group_size": 64, "bits": 8, "mode": "affine"} == config["quantization_config"]
    assert config["max_position_embeddings"] >= 2048


def test_it_says_what_it_is_and_stops(demo: InferenceEngine) -> None:
    reply = chat(demo, "Who are you?")
    assert "PIE" in reply.content[0].content
    assert reply.finish_reason == "stop"


def test_it_does_not_know(demo: InferenceEngine) -> None:
    assert "do not know" in chat(demo, "What is the capital of France?").content[0].content


def test_it_remembers(demo: InferenceEngine) -> None:
    reply = chat(demo, "My name is Ottilie.", "What can PIE do?", "What is my name?")
    assert "Ottilie" in reply.content[0].content
    assert reply.usage.num_cached_tokens > 0.8 * reply.usage.num_prompt_tokens


def test_it_calls_a_tool(demo: InferenceEngine) -> None:
    reply = chat(demo, "What's the weather in Torvald?", tools=[STOCK])
    assert reply.finish_reason == "tool_calls"
    assert "Torvald" in str(reply)


def test_a_sample_of_the_evaluation(demo: InferenceEngine) -> None:
    # Loose floors: three conversations a set tell a broken model or engine from a sound one, nothing finer.
    scores = evaluate.run(demo, 3, progress=lambda text: None, skip=("recall, 3,000 tokens",))
    stops = sum(s.right["stops"] for s in scores.values()) / sum(s.num for s in scores.values())
    right = sum(s.right["right"] for s in scores.values()) / sum(s.num for s in scores.values())
    assert stops >= 0.95
    assert right >= 0.7
