"""Encoding in which only those control tokens are parsed that the engine's own side wrote.

The library parses a control token wherever its text appears, whoever typed it. So there is a second tokenizer in which
every control token has a secret name: text from outside cannot contain one, and what is trusted is renamed before it
is encoded. The whole prompt is still one text encoded in one call, so that nothing else changes: the same split into
words, the same normalising, the same spaces stripped beside control tokens. Knows nothing of templates or files.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

import tokenizers

from proxy_inference_engine.tokenizer.patterns import any_of


class GuardedEncoder:
    """The second tokenizer of `backend`, in which the strings `control` have secret names.

    Building it takes about as long as loading the tokenizer did; encoding is as fast.
    """

    def __init__(self, backend: tokenizers.Tokenizer, control: Collection[str]) -> None:
        nonce = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(20))
        self._names = {content: _secret_name(content, nonce, i) for i, content in enumerate(sorted(control))}
        spec = json.loads(backend.to_str())
        added: list[dict[str, Any]] = spec["added_tokens"]
        # Added tokens that are not control tokens take part in the search too, as they do in the library's.
        self._trusted = any_of([token["content"] for token in added])
        self._alone = frozenset(token["content"] for token in added if token["single_word"])
        old_ids = {self._names.get(token["content"], token["content"]): token["id"] for token in added}
        for token in added:
            token["content"] = self._names.get(token["content"], token["content"])
        _rename_in_model(spec["model"], self._names)
        spec["post_processor"] = None  # it names tokens by their text, and would add them a second time
        self._backend = tokenizers.Tokenizer.from_str(json.dumps(spec))
        self._backend.encode_special_tokens = backend.encode_special_tokens
        # The library numbers added tokens by itself; it comes to the same numbers unless the file left gaps.
        new_ids = {self._backend.token_to_id(name): old_id for name, old_id in old_ids.items()}
        self._old_ids = {new: old for new, old in new_ids.items() if new != old}

    def encode(self, text: str, literals: Mapping[str, str] | None) -> list[int]:
        """Token ids of `text`, trusted but for the placeholders in `literals`; with None for these, not at all."""
        if literals is not None:
            text = self._rename(text, literals)
        ids: list[int] = self._backend.encode(text, add_special_tokens=False).ids
        return [self._old_ids.get(token_id, token_id) for token_id in ids] if self._old_ids else ids

    def _rename(self, text: str, literals: Mapping[str, str]) -> str:
        """`text` with its control tokens under their secret names and the placeholders as the caller typed them."""

        def literal(text: str) -> str:
            return literals.get(text, text)

        def rename(match: re.Match[str]) -> str:
            if match[0] in self._alone:
                before = literal(text[match.start() - 1 : match.start()])
                after = literal(text[match.end() : match.end() + 1])
                if _is_word(before[-1:]) or _is_word(after[:1]):
                    return match[0]
            return self._names.get(match[0], match[0])

        renamed = self._trusted.sub(rename, text)
        return any_of(literals).sub(lambda match: literals[match[0]], renamed) if literals else renamed


def _is_word(char: str) -> bool:
    """Whether the library takes `char` for part of a word; "" is none."""
    return bool(char) and (char in "_\u200c\u200d" or unicodedata.category(char)[0] in "LMN")


def _secret_name(content: str, nonce: str, index: int) -> str:
    """A name no one can guess, of characters that no normaliser changes.

    Its first and last characters are of the kind (part of a word or not) that the original's are: that decides
    whether a neighbour with the `single_word` flag matches.
    """
    left, right = ("" if _is_word(content[0]) else "<"), ("" if _is_word(content[-1]) else ">")
    digits = f"{index:06d}".translate(str.maketrans("0123456789", "bcdfghjklm"))
    return f"{left}{nonce}{digits}{right}"


def _rename_in_model(model: dict[str, Any], names: Mapping[str, str]) -> None:
    """Give the control tokens that are also words of the model their secret names, so that no text spells them."""
    vocab = model.get("vocab")
    if isinstance(vocab, list):  # Unigram: [piece, score]
        for entry in vocab:
            entry[0] = names.get(entry[0], entry[0])
        return
    model["vocab"] = {names.get(word, word): token_id for word, token_id in (vocab or {}).items()}
    if (unknown := model.get("unk_token")) is not None:
        model["unk_token"] = names.get(unknown, unknown)
    if model.get("merges"):
        prefix = len(model.get("continuing_subword_prefix") or "")
        merges = [merge.split(" ", 1) if isinstance(merge, str) else merge for merge in model["merges"]]
        model["merges"] = [
            [left, right]
            for left, right in merges
            if left not in names and right not in names and left + right[prefix:] not in names
        ]
