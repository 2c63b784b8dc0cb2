"""What a user types is never a control token, and changes nothing else of how a prompt is encoded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.tokenizer import Tokenizer
from proxy_inference_engine.tokenizer.guarded import GuardedEncoder
from proxy_inference_engine.types import RenderedPrompt
from tests.tokenizer.conftest import CHATML_TEMPLATE, KINDS, MakeTokenizer, chatml, folding, gemma, llama_2

PLACEHOLDER = "\U0010abcd"
Kinds = dict[str, Tokenizer]


def pieces(tokenizer: Tokenizer) -> st.SearchStrategy[list[str]]:
    """Pieces of text: words, spaces, and whole or broken control strings."""
    control = sorted(tokenizer.control_strings)
    broken = [c[:n] for c in control for n in (1, 2, len(c) - 1)] + [c[n:] for c in control for n in (1, 2)]
    plain = ["the quick", " ", "  ", "\n", "\n\n", "a", "é", "🙂", "</b>", "<b>", ".", "1", "ALONEx", "<0x41>"]
    return st.lists(st.sampled_from(control + broken + plain) | st.text(max_size=5), max_size=12)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_trusted_text_is_encoded_as_the_library_does(kind: str, tokenizers_by_kind: Kinds, data: st.DataObject) -> None:
    tokenizer = tokenizers_by_kind[kind]
    text = "".join(data.draw(pieces(tokenizer)))
    expected = tokenizer.backend.encode(text, add_special_tokens=False).ids
    assert tokenizer.encode(text, parse_control_tokens=True) == expected
    assert tokenizer._guard().encode(text, {}) == expected
    # A placeholder that stands for nothing special leaves the same ids, wherever it is put.
    cut = data.draw(st.integers(0, len(text)))
    tail = text[cut:]
    if not any(control in text[:cut] + PLACEHOLDER + tail for control in tokenizer.control_strings):
        prompt = RenderedPrompt(text[:cut] + PLACEHOLDER, {PLACEHOLDER: tail})
        plain = tokenizer.encode(text)
        assert tokenizer.encode(prompt) == plain


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_user_text_never_gives_a_control_token(kind: str, tokenizers_by_kind: Kinds, data: st.DataObject) -> None:
    tokenizer = tokenizers_by_kind[kind]
    text = "".join(data.draw(pieces(tokenizer)))
    ids = tokenizer.encode(text)
    unknown = tokenizer.backend.encode("\U0010fffe", add_special_tokens=False).ids
    assert not (tokenizer.control_ids - set(unknown)) & set(ids)
    if kind in {"chatml", "gemma"}:  # these can write any text and change none of it but its Unicode form
        normalised = tokenizer.backend.normalizer.normalize_str(text) if tokenizer.backend.normalizer else text
        assert tokenizer.decode(ids).removeprefix(" ") == normalised.removeprefix(" ")
        assert tokenizer.decode(ids, skip_control_tokens=False) == tokenizer.decode(ids)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_only_the_templates_control_tokens_survive(kind: str, tokenizers_by_kind: Kinds, data: st.DataObject) -> None:
    tokenizer = tokenizers_by_kind[kind]
    control = sorted(tokenizer.control_strings - {"ALONE", "[UNK]", "<unk>"})
    typed = data.draw(st.sampled_from(control))
    mark = data.draw(st.sampled_from(control))
    before, after = data.draw(st.sampled_from([("", ""), ("the ", " fox"), ("a", "b"), ("<", ">"), ("\n", " ")]))
    prompt = RenderedPrompt(mark + before + PLACEHOLDER + after + mark, {PLACEHOLDER: typed})
    ids = tokenizer.encode(prompt)
    unknown = set(tokenizer.backend.encode("\U0010fffe", add_special_tokens=False).ids)
    found = [i for i in ids if i in tokenizer.control_ids - unknown]
    assert found == [tokenizer.token_id(mark)] * 2
    assert len(ids) > len(found)


def test_words_with_merges_that_spell_a_control_token(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["llama_2"]
    spelt = tokenizer.encode("<s> </s>")
    assert tokenizer.token_id("<s>") not in spelt
    assert tokenizer.decode(spelt) == "<s> </s>"


def test_added_tokens_that_are_ordinary_text_keep_their_own_ids(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["gemma"]
    assert tokenizer.control_strings == {"<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<x9>"}
    assert tokenizer.token_id("\n\n") in tokenizer.encode("a\n\nb")
    assert tokenizer.token_id("<b>") in tokenizer.encode("<b>the</b>")
    # ... also beside a look-alike
    ids = tokenizer.encode("<b>the\n\n<bos>")
    assert {tokenizer.token_id("<b>"), tokenizer.token_id("\n\n")} <= set(ids)
    assert tokenizer.token_id("<bos>") not in ids


@pytest.mark.parametrize("text", ["＜|im_end|＞", "<|IM_END|>", "<|im_end|>", "a<ſEP>"])
def test_look_alikes_that_only_normalising_makes_equal(text: str, tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["folding"]
    assert not tokenizer.control_ids & set(tokenizer.encode(text))
    # The chat template cannot know what the normaliser does: its text comes without literals.
    ids = tokenizer.encode(RenderedPrompt(f"<sep>{text[:-1]}"))
    assert [i for i in ids if i in tokenizer.control_ids] == [tokenizer.token_id("<sep>")]
    prompt = RenderedPrompt(f"<sep>{PLACEHOLDER}", {PLACEHOLDER: text})
    assert [i for i in tokenizer.encode(prompt) if i in tokenizer.control_ids] == [tokenizer.token_id("<sep>")]


@pytest.mark.parametrize("after", ["x", "_", "\u0301", "\u0897", "¼", "Ⓐ", ".", " ", "<|end|>", "\u200d", "🙂"])
def test_tokens_that_must_stand_alone(after: str, tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["stripping"]
    for text in (f"ALONE{after}", f"{after}ALONE", f"a ALONE{after}"):
        assert tokenizer._guard().encode(text, {}) == tokenizer.backend.encode(text, add_special_tokens=False).ids
        assert not tokenizer.control_ids & set(tokenizer.encode(text.replace("<|end|>", "")))


def test_secret_names_cannot_be_typed(tokenizers_by_kind: Kinds) -> None:
    backend = tokenizers_by_kind["chatml"].backend
    first, second = (GuardedEncoder(backend, {"<|im_end|>"}) for _ in range(2))
    assert first._names != second._names
    assert backend.token_to_id("<|im_end|>") not in second.encode(first._names["<|im_end|>"], {})


def test_guard_shares_the_model_unless_its_words_spell_control_tokens(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(chatml())
    assert tokenizer.encode("<|im_end|>")
    assert tokenizer._guard()._strict is None
    spelling = make_tokenizer(llama_2())
    assert spelling.token_id("</s>") not in spelling.encode("</s>")
    assert spelling._guard()._strict is not None


def test_gaps_in_the_ids_of_the_model(make_tokenizer: MakeTokenizer) -> None:
    vocab = {c: i * 3 for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    backend = Backend(models.BPE(vocab=vocab, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_tokens([AddedToken("<|b|>", special=True), AddedToken("<|a|>", special=True)])
    tokenizer = make_tokenizer(backend)
    ids = tokenizer.encode(RenderedPrompt(f"<|a|>{PLACEHOLDER}x", {PLACEHOLDER: "<|b|>"}))
    assert ids == [tokenizer.token_id("<|a|>"), *(tokenizer.token_id(c) for c in "<|b|>x")]


def test_begin_is_never_doubled(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(llama_2(), tokenizer_config__json={"bos_token": "<s>", "eos_token": "</s>"})
    bos = tokenizer.bos_token_id
    assert tokenizer.encode("the") == tokenizer.encode("the", add_special_tokens=True)[1:]
    for text in (RenderedPrompt("<s>the"), RenderedPrompt("the"), "the"):
        ids = tokenizer.encode(text, add_special_tokens=True)
        assert ids[0] == bos
        assert ids.count(bos) == 1
    typed = tokenizer.encode("<s>the", add_special_tokens=True)
    assert typed[0] == bos
    assert typed.count(bos) == 1
    assert tokenizer.decode(typed) == "<s>the"


@pytest.mark.parametrize(("bos", "eos"), [(True, False), (False, True), (False, False)])
def test_config_decides_on_begin_and_end(bos: bool, eos: bool, make_tokenizer: MakeTokenizer) -> None:
    config = {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": bos, "add_eos_token": eos}
    tokenizer = make_tokenizer(llama_2(), tokenizer_config__json=config)
    ids = tokenizer.encode("the", add_special_tokens=True)
    assert (ids[0] == tokenizer.bos_token_id, ids[-1] == tokenizer.eos_token_id) == (bos, eos)


def test_a_length_limit_or_padding_in_the_file_is_ignored(make_tokenizer: MakeTokenizer) -> None:
    backend = chatml()
    backend.enable_truncation(4)
    backend.enable_padding(length=8)
    tokenizer = make_tokenizer(backend)
    assert len(tokenizer.encode("a b c d e f g h i j")) > 8
    assert len(tokenizer.encode("a")) == 1


def test_bad_text(tokenizers_by_kind: Kinds) -> None:
    tokenizer = tokenizers_by_kind["chatml"]
    with pytest.raises(RequestError, match=r"\\ud800.* character 3"):
        tokenizer.encode("abc\ud800")
    with pytest.raises(RequestError, match="lone surrogate"):
        tokenizer.encode(RenderedPrompt(PLACEHOLDER, {PLACEHOLDER: "\udfff"}))
    with pytest.raises(RequestError, match="list"):
        tokenizer.encode([1, 2])  # type: ignore[arg-type]
    assert tokenizer.encode("") == []


def test_rendered_prompt_can_be_read_as_plain_text(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(chatml(), tokenizer_config__json={"chat_template": CHATML_TEMPLATE})
    prompt = RenderedPrompt("<|im_start|>user\nhi<|im_end|>")
    assert tokenizer.control_ids & set(tokenizer.encode(prompt))
    assert not tokenizer.control_ids & set(tokenizer.encode(prompt, parse_control_tokens=False))
    assert tokenizer.decode(tokenizer.encode(prompt, parse_control_tokens=False)) == prompt.text
    assert tokenizer.encode(prompt) == tokenizer.encode(prompt.text, parse_control_tokens=True)


def test_unused_backends_are_not_built(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(gemma())
    tokenizer.encode("the fox")
    tokenizer.encode(RenderedPrompt("<bos>the fox"))
    assert tokenizer._guarded is None
    assert make_tokenizer(folding())._normalizer_is_risky
