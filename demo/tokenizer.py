"""Train the demo model's tokenizer: a byte-level BPE of 4,096 tokens, on text that the generator makes.

Content words, digits and marks are cut the same way wherever they stand (the space before them is a token of its
own), so that copying a value from a message into JSON is copying token ids. Only a short list of function words takes
its space along. Usage: python -m demo.tokenizer OUT_FOLDER
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from .datagen.chat import CONTROL, TEMPLATE, segments
from .datagen.mixture import conversation
from .datagen.words import CITIES, FIRST_NAMES, FUNCTION_WORDS, SURNAMES

VOCAB_SIZE = 4096
CONTEXT = 4096
MIN_COUNT = 40  # of a piece, in 40,000 conversations
WEIGHT = 0.75  # power of its count
_WORDS = "|".join(sorted(set(FUNCTION_WORDS), key=len, reverse=True))
PATTERN = (
    r"\n"
    rf"| ?(?i:{_WORDS})(?![A-Za-zÀ-ɏ])"
    r"|[A-Z]?[a-z]+"
    r"|[A-Z]"
    r"|[0-9]"
    r'|["{}\[\]:,](?: ?["{}\[\]:,])*'
    r"| {2,}"
    r"|[\s\S]"
)


def pieces(num_conversations: int) -> Counter[str]:
    """How often each piece that the pattern cuts occurs in the first conversations of the training stream."""
    cut, marks = re.compile(PATTERN), re.compile("|".join(map(re.escape, CONTROL)))
    counts: Counter[str] = Counter()
    for seed in range(num_conversations):
        text = "".join(part for part, _ in segments(conversation(seed)))
        counts.update(cut.findall(marks.sub("\n", text)))
    return counts


def train(num_conversations: int = 40_000) -> Tokenizer:
    """The tokenizer from the training stream.

    Names and cities of the word lists, and words that are rare, teach it nothing: a value is spelled from parts, so
    that one of the held-out side is cut as those of training are. Frequent pieces weigh less than their count.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [AddedToken(x, special=True, normalized=False) for x in CONTROL]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=control,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=14,
    )
    listed = (part.lower() for x in (*FIRST_NAMES, *SURNAMES, *CITIES) for part in re.findall("[A-Za-z]+", x))
    names = set(listed) - set(FUNCTION_WORDS)
    least = MIN_COUNT * num_conversations / 40_000
    counts = sorted(pieces(num_conversations).items())
    texts = (x for x, n in counts if n >= least and x.strip().lower() not in names for _ in range(int(n**WEIGHT)))
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json (with the chat template)."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT,
        "additional_special_tokens": list(CONTROL),
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    save(train(), Path(sys.argv[1]))
