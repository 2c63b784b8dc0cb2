"""What a model folder may hold, and what is said when it holds something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from proxy_inference_engine.errors import ConfigError, ModelLoadError, ModelNotFoundError, UnsupportedModelError
from proxy_inference_engine.tokenizer import Tokenizer
from tests.tokenizer.conftest import CHATML_TEMPLATE, MakeTokenizer, byte_level, chatml, gemma, llama_2, save


def test_special_tokens_as_text_and_as_objects(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(
        llama_2(),
        tokenizer_config__json={
            "bos_token": {"__type": "AddedToken", "content": "<s>", "lstrip": False},
            "eos_token": "</s>",
            "pad_token": None,
            "image_token": "<image>",
            "add_bos_token": True,
            "extra_special_tokens": {"audio_token": "<audio>"},
        },
        special_tokens_map__json={"bos_token": "other", "unk_token": {"content": "<unk>"}},
    )
    assert tokenizer.special_tokens == {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "image_token": "<image>",
        "audio_token": "<audio>",
    }
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<s>", "</s>")
    assert tokenizer.bos_token_id == tokenizer.token_id("<s>")
    assert tokenizer.eos_token_id == tokenizer.token_id("</s>")


def test_tokens_that_only_a_config_names(make_tokenizer: MakeTokenizer) -> None:
    backend = byte_level()
    size = backend.get_vocab_size()
    tokenizer = make_tokenizer(
        backend,
        tokenizer_config__json={
            "added_tokens_decoder": {
                str(size + 1): {"content": "<think>", "special": False},
                str(size): {"content": "<|im_end|>", "special": True},
                str(size + 50): {"content": "<|far|>", "special": True},
                "x": {"content": "<|bad|>"},
            },
            "eos_token": "<|im_end|>",
            "pad_token": "<|not there|>",
            "additional_special_tokens": ["the", {"content": "quick"}],
        },
    )
    assert tokenizer.token_id("<|im_end|>") == size
    assert tokenizer.token_id("<think>") == size + 1
    assert tokenizer.token_id("<|far|>") is tokenizer.token_id("<|not there|>") is tokenizer.token_id("<|bad|>") is None
    assert {"<|im_end|>", "<think>"} <= tokenizer.control_strings
    assert tokenizer.vocab_size == size + 2


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"tokenizer_config.json": {"chat_template": "a"}}, {"default": "a"}),
        (
            {
                "tokenizer_config.json": {
                    "chat_template": [{"name": "rag", "template": "r"}, {"name": "default", "template": "a"}]
                }
            },
            {"default": "a", "rag": "r"},
        ),
        ({"tokenizer_config.json": {"chat_template": {"default": "a"}}}, {"default": "a"}),
        ({"chat_template.json": {"chat_template": "a"}}, {"default": "a"}),
        ({"tokenizer_config.json": {"chat_template": "b"}, "chat_template.jinja": "a"}, {"default": "a"}),
        (
            {"chat_template.jinja": "a", "additional_chat_templates/tool_use.jinja": "t"},
            {"default": "a", "tool_use": "t"},
        ),
    ],
)
def test_forms_of_chat_templates(files: dict[str, Any], expected: dict[str, str], tmp_path: Path) -> None:
    tokenizer = Tokenizer(save(tmp_path / "m", chatml(), files))
    assert tokenizer.chat_templates == expected
    assert tokenizer.chat_template == expected.get("default")


def test_named_templates_without_a_default(make_tokenizer: MakeTokenizer) -> None:
    config = {"chat_template": [{"name": "rag", "template": "r"}]}
    assert make_tokenizer(chatml(), tokenizer_config__json=config).chat_template == "r"


def test_stop_tokens_are_the_union(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(
        chatml(),
        tokenizer_config__json={"eos_token": "<|endoftext|>", "chat_template": CHATML_TEMPLATE},
        generation_config__json={"eos_token_id": [5, 10**9, -1]},
        config__json={"eos_token_id": 6, "text_config": {"eos_token_id": 7}},
    )
    end = tokenizer.token_id("<|endoftext|>")
    assert tokenizer.stop_tokens == {5, 6, 7, end, tokenizer.token_id("<|im_end|>")}
    assert isinstance(tokenizer.stop_tokens, frozenset)
    assert tokenizer.stop_strings == ()


def test_stops_that_are_no_single_token(make_tokenizer: MakeTokenizer) -> None:
    tokenizer = make_tokenizer(llama_2(), tokenizer_config__json={"eos_token": "</s>"})
    assert tokenizer.control_tokens.family == "generic"
    assert tokenizer.stop_tokens == {tokenizer.eos_token_id}
    assert tokenizer.stop_strings == ("<|im_end|>",)  # what the fallback template ends a message with


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer_config.json", "{", "cannot be read as JSON"),
        ("tokenizer_config.json", "[]", "holds a list"),
        ("tokenizer_config.json", '{"chat_template": 5}', "chat_template is '5'"),
        ("tokenizer_config.json", '{"chat_template": [{"name": "x"}]}', "chat_template is"),
        ("special_tokens_map.json", "nonsense", "cannot be read as JSON"),
        ("generation_config.json", '{"eos_token_id": "2"}', "eos_token_id is '2'"),
        ("generation_config.json", '{"eos_token_id": [true]}', r"eos_token_id is \[True\]"),
        ("config.json", "[" * 100_000, "cannot be read as JSON"),
        ("tokenizer.json", "{}", "no valid tokenizer"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {}, "merges": ["a b"]}}', "no valid tokenizer"),
        ("tokenizer.json", "", "no valid tokenizer"),
    ],
)
def test_damaged_files(name: str, content: str, message: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "m", chatml(), {})
    (folder / name).write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        Tokenizer(folder)
    assert name in str(caught.value) or str(folder) in str(caught.value)


def test_binary_files(tmp_path: Path) -> None:
    for name in ("chat_template.jinja", "tokenizer_config.json", "tokenizer.json"):
        folder = save(tmp_path / name, chatml(), {})
        (folder / name).write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError, match=name):
            Tokenizer(folder)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no folder"):
        Tokenizer(tmp_path / "nowhere")
    with pytest.raises(ModelNotFoundError, match=r"no tokenizer\.json"):
        Tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(b"x")
    with pytest.raises(UnsupportedModelError, match=r"tokenizer\.model but no tokenizer\.json"):
        Tokenizer(tmp_path)
    assert issubclass(ConfigError, ModelLoadError)


def test_vocab_size_covers_every_id(make_tokenizer: MakeTokenizer) -> None:
    for backend in (chatml(), gemma()):
        tokenizer = make_tokenizer(backend)
        assert tokenizer.vocab_size == max(backend.get_vocab().values()) + 1


def test_dropout_in_the_file_is_ignored(tmp_path: Path) -> None:
    folder = save(tmp_path / "m", chatml(), {})
    spec = json.loads((folder / "tokenizer.json").read_text())
    spec["model"]["dropout"] = 0.5
    (folder / "tokenizer.json").write_text(json.dumps(spec))
    tokenizer = Tokenizer(folder)
    assert len({tuple(tokenizer.encode("The quick brown fox jumps")) for _ in range(10)}) == 1


def test_control_tokens_that_are_named_but_not_special(make_tokenizer: MakeTokenizer) -> None:
    backend = byte_level()
    backend.add_tokens([AddedToken("END", special=False), AddedToken("  ", special=False)])
    tokenizer = make_tokenizer(backend, tokenizer_config__json={"eos_token": "END"})
    assert tokenizer.control_strings == {"END"}
    assert tokenizer.eos_token_id not in tokenizer.encode("THE END")
    assert tokenizer.token_id("  ") in tokenizer.encode("a  b")
