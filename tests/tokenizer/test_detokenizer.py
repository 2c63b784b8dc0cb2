"""Streamed pieces, joined, are the whole decode, and no piece ends within a character."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.tokenizer import Tokenizer
from tests.tokenizer.conftest import KINDS, MakeTokenizer, chatml, llama_2

Kinds = dict[str, Tokenizer]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_pieces_join_to_the_whole(kind: str, tokenizers_by_kind: Kinds, data: st.DataObject) -> None:
    """Random ids: control tokens, broken bytes and ids beyond the vocabulary among them."""
    tokenizer = tokenizers_by_kind[kind]
    control = st.sampled_from(sorted(tokenizer.control_ids))
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size + 2) | control, max_size=30))
    skip, continuing = data.draw(st.booleans()), data.draw(st.booleans())
    stream = tokenizer.detokenizer(skip_control_tokens=skip, continuing=continuing)
    streamed = "".join([stream.push(token_id) for token_id in ids]) + stream.finish()
    assert streamed == tokenizer.decode(ids, skip_control_tokens=skip, continuing=continuing)
    if not skip and not continuing and (kind in {"chatml", "folding", "unigram", "word_piece"} or "�" not in streamed):
        assert streamed == tokenizer.backend.decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("kind", ["chatml", "llama_2", "gemma", "stripping"])
@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=20))
def test_no_half_characters(kind: str, text: str, tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind[kind]
    stream = tokenizer.detokenizer()
    ids = tokenizer.encode(text.replace("�", ""))
    pieces = [stream.push(token_id) for token_id in ids]
    assert not any("�" in piece for piece in pieces)
    assert stream.finish() == ""
    assert "".join(pieces) == tokenizer.backend.decode(ids, skip_special_tokens=False)


def test_broken_bytes_lose_nothing_else(tokenizers_by_kind: Kinds) -> None:
    """A reply cut off within a character keeps the characters before it."""
    tokenizer = tokenizers_by_kind["llama_2"]
    ids = tokenizer.encode("a🙂🙂")[:-1]
    assert tokenizer.decode(ids) == "a🙂�"
    stream = tokenizer.detokenizer()
    assert "".join(stream.push(i) for i in ids) == "a🙂"
    assert stream.finish() == "�"
    assert stream.finish() == ""


def test_leading_space_depends_on_what_came_before(tokenizers_by_kind: Kinds) -> None:
    for kind in ("llama_2", "unigram"):
        tokenizer = tokenizers_by_kind[kind]
        ids = tokenizer.encode("the fox")
        assert tokenizer.decode(ids) == "the fox"
        assert tokenizer.decode(ids, continuing=True) == " the fox"
        assert tokenizer.decode([tokenizer.token_id("<s>") or 0, *ids]) == "the fox"


def test_reply_tags_are_kept_and_other_control_tokens_are_not(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["chatml"]
    text = "<think>a</think><tool_call>{}</tool_call><tool_response>b</tool_response><|im_end|>"
    ids = tokenizer.encode(text, parse_control_tokens=True)
    assert tokenizer.decode(ids) == "<think>a</think><tool_call>{}</tool_call>b"
    assert tokenizer.decode(ids, skip_control_tokens=False) == text


def test_ids_that_are_none(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["chatml"]
    for bad in (-1, 2**40, "a", None):
        with pytest.raises(RequestError, match="not a token id"):
            tokenizer.decode([bad])  # type: ignore[list-item]
        with pytest.raises(RequestError, match="not a token id"):
            tokenizer.detokenizer().push(bad)  # type: ignore[arg-type]
    assert tokenizer.decode([tokenizer.vocab_size + 100]) == ""


@pytest.mark.parametrize("decoder", [decoders.BPEDecoder(), decoders.CTC(), decoders.Strip("a", 0, 1)])
def test_unusual_decoders_show_the_text_at_the_end(decoder: object, make_tokenizer: MakeTokenizer) -> None:
    backend = chatml()
    backend.decoder = decoder
    tokenizer = make_tokenizer(backend)
    ids = tokenizer.encode("banana split")
    stream = tokenizer.detokenizer()
    assert "".join(stream.push(i) for i in ids) == ""
    assert stream.finish() == tokenizer.decode(ids) == tokenizer.backend.decode(ids)


@pytest.mark.parametrize(
    "decoder",
    [
        None,
        decoders.Fuse(),
        decoders.ByteFallback(),
        decoders.Metaspace(prepend_scheme="never"),
        decoders.Sequence([decoders.Strip(" ", 1, 0), decoders.Replace("a", "b")]),
        decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 3, 0)]),
        decoders.Sequence([decoders.Sequence([decoders.Metaspace(), decoders.ByteFallback()]), decoders.Fuse()]),
    ],
)
def test_other_decoders_equal_the_library(decoder: object, make_tokenizer: MakeTokenizer) -> None:
    backend = llama_2()
    if decoder is None:
        backend.decoder = None
    else:
        backend.decoder = decoder
    tokenizer = make_tokenizer(backend)
    for text in ("   the quick a", "é banana", "  "):
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == tokenizer.backend.decode(ids)
        stream = tokenizer.detokenizer()
        assert "".join(stream.push(i) for i in ids) + stream.finish() == tokenizer.decode(ids)


def test_streaming_is_linear(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["chatml"]
    ids = tokenizer.encode("The quick brown fox 🙂 " * 2000)

    def seconds(num_ids: int) -> float:
        best = float("inf")
        for _ in range(3):
            stream = tokenizer.detokenizer()
            start = time.perf_counter()
            for token_id in ids[:num_ids]:
                stream.push(token_id)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(20_000) < 40 * seconds(2_000)
