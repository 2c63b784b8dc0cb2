"""Whatever is sampled, an output with a budget is whole and valid within it."""

from __future__ import annotations

import json
import random

import jsonschema
import numpy as np
import pytest

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.structuring.closing import Closer
from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.sources import any_json, grammar_from_lark, grammar_from_regex
from proxy_inference_engine.structuring.vocabulary import unpack
from tests.structuring.support import matcher, random_schema


def run(m: Matcher, budget: int, rng: random.Random, *, forced: bool) -> Closer:
    """Sample uniformly over what is allowed, the worst model there is."""
    closer = Closer(m, budget)
    while len(m.tokens()) < budget and not m.is_finished:
        left = budget - len(m.tokens())
        if forced and (tokens := closer.forced_tokens(left)):
            assert m.advance_all(tokens) == len(tokens)
            continue
        mask = m.mask()
        narrowed = closer.limits(left, mask)
        ids = unpack(mask if narrowed is None else narrowed)
        assert len(ids), m.text
        assert m.advance(int(rng.choice(ids)))
    assert m.is_accepting, m.text
    assert len(m.tokens()) <= budget
    return closer


@pytest.mark.parametrize("seed", range(14))
def test_random_schemas_end_validly_in_every_budget(seed: int) -> None:
    rng = random.Random(seed)
    schema = random_schema(rng)
    shortest = Closer(matcher(schema), 300).min_tokens
    for budget in {shortest, shortest + rng.randint(1, 12), max(64, shortest), max(128, shortest)}:
        m = matcher(schema)
        run(m, budget, rng, forced=bool(seed % 2))
        jsonschema.Draft202012Validator(schema).validate(json.loads(m.text))


@pytest.mark.parametrize("budget", [3, 16, 48])
def test_other_grammars_end_too(budget: int) -> None:
    rng = random.Random(budget)
    for grammar in (
        any_json(),
        grammar_from_regex("(a|bc)*x"),
        grammar_from_regex("[a-z ]{2,}[.!]"),
        grammar_from_lark('start: "(" start* ")"'),
    ):
        run(matcher(grammar), budget, rng, forced=False)


def test_a_budget_below_the_shortest_output_is_refused() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 8}},
        "required": ["name"],
        "additionalProperties": False,
    }
    shortest = Closer(matcher(schema), 100).min_tokens
    with pytest.raises(RequestError, match=rf"max_new_tokens=2 is too small.*{shortest}") as caught:
        Closer(matcher(schema), 2)
    assert caught.value.param == "max_new_tokens"


def test_nothing_is_done_far_from_the_end() -> None:
    m = matcher({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})
    closer = Closer(m, 5000)
    assert m.advance_all(m.vocabulary.tokenize(b'{"text": "some words')) > 0
    assert closer.limits(4900) is None
    assert not closer.was_closed


def test_it_tells_whether_it_steered() -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    assert run(matcher(schema), 40, random.Random(1), forced=False).was_closed
    m = matcher(schema)
    closer = Closer(m, 400)
    for token_id in m.vocabulary.tokenize(b'{"text": "short"}'):
        assert closer.limits(400 - len(m.tokens())) is None or np.any(closer.limits(400 - len(m.tokens())))
        m.advance(token_id)
    assert m.is_accepting
    assert not closer.was_closed
