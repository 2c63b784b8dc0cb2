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
import threading
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import tokenizers

from proxy_inference_engine.patterns import any_of


class GuardedEncoder:
    """The second tokenizer of `backend`, in which the strings `control` have secret names.

    It shares the model with the first, so it costs next to nothing. Where the model's own words can spell a control
    token, a text that does so is encoded by a third tokenizer without these words; that one is built when it is first
    needed, which takes about as long as loading the tokenizer did. Safe to share between threads.
    """

    def __init__(self, backend: tokenizers.Tokenizer, control: Collection[str]) -> None:
        nonce = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(20))
        self._names = {content: _secret_name(content, nonce, i) for i, content in enumerate(sorted(control))}
        self._source = backend
        added = backend.get_added_tokens_decoder()
        # Added tokens that are not control tokens take part in the search too, as they do in the library's.
        self._trusted = any_of([token.content for token in added.values()])
        self._alone = frozenset(token.content for token in added.values() if token.single_word)
        self._backend, self._old_ids = _with_shared_model(backend, self._names)
        spelt = (backend.model.token_to_id(content) for content in control)
        self._spelt = frozenset(token_id for token_id in spelt if token_id is not None)
        # The library may number a renamed token like a word of the model where the model's own ids have gaps.
        self._is_ambiguous = any(backend.model.id_to_token(new_id) is not None for new_id in self._old_ids)
        self._strict: tuple[tokenizers.Tokenizer, dict[int, int]] | None = None
        self._lock = threading.Lock()

    def encode(self, text: str, literals: Mapping[str, str] | None) -> list[int]:
        """Token ids of `text`, trusted but for the placeholders in `literals`; with None for these, not at all."""
        if literals is not None:
            text = self._rename(text, literals)
        ids: list[int] = self._backend.encode(text, add_special_tokens=False).ids
        old_ids = self._old_ids
        if self._is_ambiguous or not self._spelt.isdisjoint(ids):
            backend, old_ids = self._without_spelt_words()
            ids = backend.encode(text, add_special_tokens=False).ids
        return [old_ids.get(token_id, token_id) for token_id in ids]

    def _without_spelt_words(self) -> tuple[tokenizers.Tokenizer, dict[int, int]]:
        with self._lock:
            if self._strict is None:
                self._strict = _with_renamed_model(self._source, self._names)
            return self._strict

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


def _with_shared_model(
    backend: tokenizers.Tokenizer, names: Mapping[str, str]
) -> tuple[tokenizers.Tokenizer, dict[int, int]]:
    """A tokenizer with the same model and renamed control tokens, and the original ids of its added tokens."""
    twin = tokenizers.Tokenizer(backend.model)
    if backend.normalizer is not None:
        twin.normalizer = backend.normalizer
    if backend.pre_tokenizer is not None:
        twin.pre_tokenizer = backend.pre_tokenizer
    twin.encode_special_tokens = backend.encode_special_tokens
    added = {names.get(token.content, token.content): (old_id, token) for old_id, token in _added_tokens(backend)}
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    twin.add_tokens(  # at once: the library builds its search anew at every call
        [
            tokenizers.AddedToken(name, **{flag: getattr(token, flag) for flag in flags})
            for name, (_, token) in added.items()
        ]
    )
    return twin, _changed_ids(twin, {name: old_id for name, (old_id, _) in added.items()})


def _with_renamed_model(
    backend: tokenizers.Tokenizer, names: Mapping[str, str]
) -> tuple[tokenizers.Tokenizer, dict[int, int]]:
    """The same with a model of its own, in which the control tokens are no words."""
    spec = json.loads(backend.to_str())
    old_ids = {names.get(token["content"], token["content"]): token["id"] for token in spec["added_tokens"]}
    for token in spec["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    _rename_in_model(spec["model"], names)
    spec["post_processor"] = None  # it names tokens by their text
    twin = tokenizers.Tokenizer.from_str(json.dumps(spec))
    twin.encode_special_tokens = backend.encode_special_tokens
    return twin, _changed_ids(twin, old_ids)


def _added_tokens(backend: tokenizers.Tokenizer) -> list[tuple[int, tokenizers.AddedToken]]:
    return sorted(backend.get_added_tokens_decoder().items())


def _changed_ids(twin: tokenizers.Tokenizer, old_ids: Mapping[str, int]) -> dict[int, int]:
    """The original id for each id that the library, which numbers added tokens by itself, gave another token."""
    new_ids = {twin.token_to_id(name): old_id for name, old_id in old_ids.items()}
    return {new: old for new, old in new_ids.items() if new is not None and new != old}


@lru_cache(maxsize=1024)
def _is_word(char: str) -> bool:
    """Whether the library takes `char` for part of a word; "" is none. Python knows another version of Unicode."""
    probe = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))  # noqa: S106
    probe.add_tokens([tokenizers.AddedToken("a", single_word=True, normalized=False)])
    return probe.token_to_id("a") not in probe.encode("a" + char, add_special_tokens=False).ids


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
