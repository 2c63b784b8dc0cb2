"""Small tokenizers of the kinds that models use, trained on a few sentences, saved as model folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

from proxy_inference_engine.tokenizer import Tokenizer

TEXTS = [
    "The quick brown fox jumps over the lazy dog. Then it sleeps, and it dreams of im_start and im_end.",
    "Ein Vogel singt: übermäßig schön! Et ça coûte 3,50 €.",
    "def f(x):\n    return x <| y |> z  # start_of_turn, end_of_turn, tool_call\n",
    'numbers 0123456789 and {"name": "f", "arguments": {"x": [1, 2]}} user assistant system tool think INST',
]

CHATML = [
    AddedToken("<|endoftext|>", special=True, normalized=False),
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<|im_end|>", special=True, normalized=False),
    AddedToken("<tool_call>", special=False, normalized=False),
    AddedToken("</tool_call>", special=False, normalized=False),
    AddedToken("<tool_response>", special=False, normalized=False),
    AddedToken("</tool_response>", special=False, normalized=False),
    AddedToken("<think>", special=False, normalized=False),
    AddedToken("</think>", special=False, normalized=False),
]
CHATML_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_2_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% elif m.role == 'system' %}<<SYS>>\n{{ m.content }}\n<</SYS>>\n\n"
    "{% else %} {{ m.content }} {{ eos_token }}{% endif %}{% endfor %}"
)


def byte_level() -> Backend:
    """As GPT-2, Llama 3 and Qwen: bytes written in a printable alphabet, words split by an expression."""
    backend = Backend(models.BPE(ignore_merges=True))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(TEXTS, trainer)
    return backend


def chatml() -> Backend:
    backend = byte_level()
    backend.add_tokens(CHATML)
    return backend


def byte_fallback(*, metaspace: bool, special: list[AddedToken], drop_space: bool = True) -> Backend:
    """As Llama 2, Mistral and Gemma: spaces written as ▁, unknown characters as bytes, no split into words.

    `metaspace`: with the pre-tokenizer of newer conversions (scheme "first"), else with the older normaliser. The
    control tokens are also words of the model, with merges that spell them, as in converted SentencePiece models.
    """
    spelt = [token.content for token in special]
    vocab = {f"<0x{byte:02X}>": byte for byte in range(256)}
    merges: list[tuple[str, str]] = []
    words = {"▁the", "▁quick", "▁b", "▁of", "<s>", "▁im", "_start", "_end", "user", *spelt}
    for piece in sorted({c for t in TEXTS for c in t.replace(" ", "▁")} | {c for w in words for c in w}):
        vocab.setdefault(piece, len(vocab))
    for word in sorted(words):
        for end in range(2, len(word) + 1):
            if word[:end] not in vocab:
                vocab[word[:end]] = len(vocab)
                merges.append((word[: end - 1], word[end - 1]))
    unk = special[0].content
    backend = Backend(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token=unk))
    steps: list[Any] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if metaspace:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    if drop_space:
        steps.append(decoders.Strip(" ", 1, 0))
    backend.decoder = decoders.Sequence(steps)
    backend.add_tokens(special)
    return backend


def llama_2() -> Backend:
    special = [AddedToken(c, special=True, normalized=False) for c in ("<unk>", "<s>", "</s>")]
    backend = byte_fallback(metaspace=False, special=special)
    bos = backend.token_to_id("<s>")
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    return backend


def gemma() -> Backend:
    """Gemma also has added tokens that are ordinary text: line ends, runs of spaces, HTML."""
    contents = ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"]
    special = [AddedToken(c, special=True, normalized=False) for c in contents]
    backend = byte_fallback(metaspace=True, special=special, drop_space=False)
    backend.add_tokens([AddedToken(c, special=False, normalized=False) for c in ("\n\n", "▁▁", "<b>", "</b>", "<x9>")])
    return backend


def stripping() -> Backend:
    """As Phi-3: control tokens that swallow the spaces beside them, and one that must stand alone."""
    backend = byte_fallback(
        metaspace=True,
        special=[
            AddedToken("<unk>", special=True, normalized=False),
            AddedToken("<|user|>", special=True, normalized=False, rstrip=True),
            AddedToken("<|end|>", special=True, normalized=False, rstrip=True),
            AddedToken("<|left|>", special=True, normalized=False, lstrip=True),
            AddedToken("<|both|>", special=True, normalized=False, lstrip=True, rstrip=True),
        ],
    )
    backend.add_tokens([AddedToken("ALONE", special=True, normalized=False, single_word=True)])
    return backend


def folding() -> Backend:
    """As BERT and T5: a normaliser that turns other characters into those of a control token."""
    backend = byte_level()
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    backend.add_tokens([AddedToken("<|im_end|>", special=True, normalized=True), AddedToken("<sep>", special=True)])
    return backend


def unigram() -> Backend:
    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("<s>", 0.0), ("▁the", -2.0)]
    pieces += [(c, -6.0) for c in sorted({c for t in TEXTS for c in t.replace(" ", "▁")} - {"<unk>"})]
    backend = Backend(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    backend.decoder = decoders.Metaspace(prepend_scheme="always")
    backend.add_tokens([AddedToken(c, special=True, normalized=False) for c in ("<unk>", "</s>", "<s>")])
    return backend


def word_piece() -> Backend:
    words = ["[UNK]", "[SEP]", "the", "fox", "##es", "##s", ".", ",", "do", "n't", "'", "s", "[", "]", "sep", "##ep"]
    backend = Backend(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    backend.add_tokens([AddedToken(c, special=True, normalized=False) for c in ("[UNK]", "[SEP]")])
    return backend


KINDS: dict[str, Callable[[], Backend]] = {
    f.__name__: f for f in (chatml, llama_2, gemma, stripping, folding, unigram, word_piece)
}
MakeTokenizer = Callable[..., Tokenizer]


def save(folder: Path, backend: Backend, files: dict[str, Any]) -> Path:
    """A model folder; a file that is no str is written as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tokenizers_by_kind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    """One tokenizer of each kind in KINDS, without config files."""
    root = tmp_path_factory.mktemp("kinds")
    return {name: Tokenizer(save(root / name, make(), {})) for name, make in KINDS.items()}


@pytest.fixture
def make_tokenizer(tmp_path: Path) -> MakeTokenizer:
    def make(backend: Backend, **files: Any) -> Tokenizer:
        """Files by name, with "__" for the dot."""
        return Tokenizer.from_folder(
            save(tmp_path / "model", backend, {name.replace("__", "."): content for name, content in files.items()})
        )

    return make
