"""The matcher against its own definition, with the demo model's tokenizer."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from proxy_inference_engine.errors import InternalError, RequestError, SchemaError
from proxy_inference_engine.structuring.compiler import GrammarCache
from proxy_inference_engine.structuring.matcher import Matcher, fill_masks
from proxy_inference_engine.structuring.sources import grammar_from_choices, grammar_from_lark, grammar_from_regex
from proxy_inference_engine.structuring.vocabulary import Vocabulary, unpack
from tests.structuring.support import STOPS, backend, grammars, matcher, random_schema

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def walk(m: Matcher, rng: random.Random, steps: int) -> list[int]:
    taken = []
    for _ in range(steps):
        ids = [i for i in unpack(m.mask()) if i not in STOPS]
        if not ids:
            break
        taken.append(int(rng.choice(ids)))
        assert m.advance(taken[-1])
    return taken


def test_a_rejected_token_changes_nothing() -> None:
    m = matcher(PERSON)
    before = m.mask()
    assert not m.advance(700)
    assert not m.advance(-1)
    assert not m.advance(10**6)
    assert not m.advance(STOPS[0])
    assert (m.mask() == before).all()
    assert m.tokens() == []
    assert m.advance_all(m.vocabulary.tokenize(b'{"name": "Al", "age": 3}')) > 0
    assert m.text == '{"name": "Al", "age": 3}'
    assert m.is_finished
    assert sorted(unpack(m.mask())) == sorted(STOPS)


@pytest.mark.parametrize("seed", range(8))
def test_the_mask_is_what_advance_takes(seed: int) -> None:
    rng = random.Random(seed)
    m = matcher(random_schema(rng))
    for _ in range(12):
        allowed = set(unpack(m.mask()).tolist())
        taken = {i for i in range(m.vocabulary.vocab_size) if m.fork().advance(i)} if not m.forced_tokens() else None
        if taken is None:
            assert allowed == {m.forced_tokens()[0]}  # the model's own spelling alone
        else:
            assert allowed == taken
        assert any(i in allowed for i in STOPS) == m.is_accepting
        if not walk(m, rng, 1):
            break


@pytest.mark.parametrize("seed", range(8))
def test_rollback_and_fork_equal_replay(seed: int) -> None:
    rng = random.Random(seed)
    schema = random_schema(rng)
    m = matcher(schema)
    taken = walk(m, rng, 12)
    back = rng.randint(0, len(taken))
    fork = m.fork()
    fork.rollback(back)
    replay = matcher(schema)
    assert replay.advance_all(taken[: len(taken) - back]) == len(taken) - back
    assert (fork.mask() == replay.mask()).all()
    assert fork.tokens() == replay.tokens()
    assert m.tokens() == taken


def test_stop_tokens_end_and_roll_back() -> None:
    m = matcher(grammar_from_regex("[a-z]+"))
    assert m.advance_all(m.vocabulary.tokenize(b"abc")) > 0
    assert m.is_accepting
    assert not m.is_finished
    before, text = m.mask(), m.text
    assert m.advance(STOPS[0])
    assert m.is_finished
    assert not m.advance(STOPS[0])
    assert m.text == text
    m.rollback(1)
    assert not m.is_finished
    assert (m.mask() == before).all()
    with pytest.raises(RequestError, match="not possible"):
        m.rollback(10)


def test_forced_tokens_are_the_models_own() -> None:
    m = matcher(PERSON)
    while not m.is_finished:
        run = m.forced_tokens()
        assert len(run) <= len(m.forced_tokens(1)) or m.forced_tokens(1) == run[:1]
        if not run:
            run = m.vocabulary.tokenize(b'x"') if m.text.endswith('"name": "') else [int(unpack(m.mask())[0])]
        assert m.advance_all(run) == len(run)
    assert m.forced_tokens() == []


@pytest.mark.parametrize("seed", range(6))
def test_greedy_text_with_forced_runs_equals_without(seed: int) -> None:
    rng = random.Random(seed)
    schema = random_schema(rng)
    score = np.random.default_rng(seed).random(4128)
    outputs = []
    for use_runs in (True, False):
        m = matcher(schema)
        while not m.is_finished and len(m.tokens()) < 60:
            run = m.forced_tokens() if use_runs else []
            ids = unpack(m.mask())
            assert m.advance_all(run or [int(ids[np.argmax(score[ids])])])
        outputs.append(m.tokens()[:60])
    assert outputs[0] == outputs[1]


def test_control_tokens_in_a_grammar() -> None:
    m = matcher(grammar_from_lark('start: "hi" <tool_call> /[a-z]/ </tool_call>'))
    assert m.forced_tokens()[-1] == 5
    assert m.advance_all(m.forced_tokens()) == 2


def test_fill_masks_in_a_batch() -> None:
    a, b, ended = matcher(PERSON), matcher(grammar_from_regex("[a-c]+")), matcher(grammar_from_choices(["yes"]))
    ended.advance_all(ended.vocabulary.tokenize(b"yes"))
    masks = np.zeros((4, a.vocabulary.num_words), np.uint32)
    assert fill_masks([a, None, b, ended], masks) == {}
    assert (masks[0] == a.mask()).all()
    assert (masks[1] == 0xFFFFFFFF).all()
    assert (masks[2] == b.mask()).all()
    assert sorted(unpack(masks[3])) == sorted(STOPS)
    single = np.zeros((1, a.vocabulary.num_words), np.uint32)
    fill_masks([b], single)
    assert (single[0] == masks[2]).all()
    with pytest.raises(InternalError, match="C-contiguous"):
        a.fill(masks[:, ::2], 0)


def test_ids_beyond_the_tokenizer_are_never_allowed() -> None:
    m = matcher(grammar_from_regex("(?s:.*)"))
    assert unpack(m.mask()).max() < backend().get_vocab_size()


def test_a_vocabulary_without_stop_tokens() -> None:
    m = GrammarCache(Vocabulary.of(backend(), 4096, ())).compile(grammar_from_choices(["yes", "no"])).matcher()
    assert 0 not in unpack(m.mask())
    assert m.advance_all(m.vocabulary.tokenize(b"no")) > 0
    assert m.is_finished
    assert len(unpack(m.mask())) == 0


def test_the_cache_compiles_once_and_forgets_the_oldest() -> None:
    cache = GrammarCache(grammars().vocabulary, max_entries=2)
    first = grammar_from_choices(["a"])
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(cache.compile(first))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, results))) == 1
    for text in "bc":
        cache.compile(grammar_from_choices([text]))
    assert len(cache) == 2
    assert cache.compile(first) is not results[0]
    for _ in range(2):
        with pytest.raises(SchemaError, match="does not compile"):
            cache.compile(SimpleNamespace(text='{"grammars": [{"lark_grammar": "start: /[/"}]}', key="bad"))
