"""A made-up tokenizer for made-up models: one token per byte, then whole words up to any vocabulary."""

from __future__ import annotations

import json
from pathlib import Path

_END = "<|im_end|>"
_CONTROL = ("<|endoftext|>", "<|im_start|>", _END)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_byte_tokenizer(folder: Path, vocab_size: int) -> None:
    """Write its files into `folder`. Every id below `vocab_size` (at least 259) is text or a ChatML token."""
    import tokenizers

    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *_CONTROL]
    tokens += [f"Ġw{number}" for number in range(vocab_size - len(tokens))]
    backend = tokenizers.Tokenizer(tokenizers.models.BPE({token: index for index, token in enumerate(tokens)}, []))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    backend.add_special_tokens(list(_CONTROL))
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": _END, "chat_template": _TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
