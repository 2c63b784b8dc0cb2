"""The demo model's tokenizer, and a generator of random schemas."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import tokenizers

import proxy_inference_engine
from proxy_inference_engine.structuring.compiler import GrammarCache
from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.sources import Grammar, grammar_from_schema
from proxy_inference_engine.structuring.vocabulary import Vocabulary

DEMO = Path(proxy_inference_engine.__file__).parent / "demo_model"
STOPS = (0, 2)


@cache
def backend() -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_file(str(DEMO / "tokenizer.json"))


@cache
def grammars(vocab_size: int = 4099) -> GrammarCache:
    return GrammarCache(Vocabulary.of(backend(), vocab_size, STOPS))


def matcher(source: Any) -> Matcher:
    """A fresh matcher of a Grammar, or of a schema."""
    grammar = source if isinstance(source, Grammar) else grammar_from_schema(source)
    return grammars().compile(grammar).matcher()


def random_schema(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    kinds = ["string", "integer", "boolean", "enum", "null"] + (
        ["object", "object", "array", "anyOf"] if depth < 3 else []
    )
    kind = rng.choice(kinds) if depth else "object"
    if kind == "object":
        names = rng.sample(["name", "age", "city", "tags", "x", "long_property_name"], rng.randint(0, 4))
        properties = {name: random_schema(rng, depth + 1) for name in names}
        required = [name for name in names if rng.random() < 0.6]
        extra = rng.choice([False, False, True])
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": extra}
    if kind == "array":
        low = rng.randint(0, 2)
        bounds = {"minItems": low} | ({"maxItems": low + rng.randint(0, 3)} if rng.random() < 0.5 else {})
        return {"type": "array", "items": random_schema(rng, depth + 1), **bounds}
    if kind == "anyOf":
        return {"anyOf": [random_schema(rng, depth + 1) for _ in range(2)]}
    if kind == "enum":
        return {"enum": rng.sample(["red", "green", "a much longer value", 1, None], 3)}
    if kind == "string" and rng.random() < 0.5:
        return rng.choice(
            [{"type": "string", "minLength": 3, "maxLength": 9}, {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,}$"}]
        )
    return {"type": kind}
