"""Long prompts encoded piece by piece: the same ids as at once, for every kind of tokenizer; bounded memory."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy_inference_engine.tokenizer import Tokenizer, pieces
from proxy_inference_engine.tokenizer.pieces import PieceEncoder
from proxy_inference_engine.types import RenderedPrompt

Text = st.text(alphabet="ab <|im_start|>\n\t[INST]é中▁.0", max_size=30)


@pytest.fixture(autouse=True)
def look_up_short_texts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MIN_CHARS", 0)


def whole(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.backend.encode(text, add_special_tokens=False).ids)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pieces_give_the_ids_of_the_whole(tokenizers_by_kind: dict[str, Tokenizer], data: st.DataObject) -> None:
    for tokenizer in tokenizers_by_kind.values():
        part = st.one_of(Text, st.sampled_from(sorted(tokenizer.control_strings) or ["x"]))
        parts = data.draw(st.lists(part, max_size=12))
        encoder = PieceEncoder(tokenizer.backend)
        for count in (len(parts), len(parts), max(0, len(parts) - 2)):
            text = "".join(parts[:count])
            assert encoder.encode(text) == whole(tokenizer, text)


def test_most_kinds_are_cut(tokenizers_by_kind: dict[str, Tokenizer]) -> None:
    exact = {kind for kind, tokenizer in tokenizers_by_kind.items() if PieceEncoder(tokenizer.backend).is_exact}
    assert "chatml" in exact
    assert len(exact) >= 3


def test_the_next_turn_encodes_the_new_text_only(tokenizers_by_kind: dict[str, Tokenizer]) -> None:
    tokenizer = tokenizers_by_kind["chatml"]
    history = "".join(f"<|im_start|>user\nmessage number {i}, and what it says<|im_end|>\n" for i in range(2000))
    start = time.perf_counter()
    first = tokenizer.encode(RenderedPrompt(history))
    fresh_s, start = time.perf_counter() - start, time.perf_counter()
    second = tokenizer.encode(RenderedPrompt(history + "<|im_start|>user\nnew<|im_end|>\n"))
    assert time.perf_counter() - start < fresh_s
    assert second[: len(first)] == first
    assert second == whole(tokenizer, history + "<|im_start|>user\nnew<|im_end|>\n")


def test_memory_is_bounded(tokenizers_by_kind: dict[str, Tokenizer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_CHARS", 500)
    encoder = PieceEncoder(tokenizers_by_kind["chatml"].backend)
    for i in range(100):
        encoder.encode(f"<|im_start|>user {i}<|im_end|>")
    assert sum(map(len, encoder._known)) <= 500
    assert encoder._num_chars == sum(map(len, encoder._known))
    assert encoder.encode("x" * 2000) == whole(tokenizers_by_kind["chatml"], "x" * 2000)
