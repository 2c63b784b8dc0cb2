"""A model's tokenizer: text to token ids and back, with what a user typed kept apart from the template's own marks.

Built on the `tokenizers` library. Knows nothing of conversations or Jinja (see `interaction`), nor of MLX.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tokenizers

from proxy_inference_engine.errors import ConfigError, RequestError
from proxy_inference_engine.tokenizer.control_tokens import (
    ControlTokens,
    detect_control_tokens,
    is_control_string,
    is_reply_tag,
)
from proxy_inference_engine.tokenizer.detokenizer import Decoding, Detokenizer
from proxy_inference_engine.tokenizer.files import DeclaredToken, TokenizerFiles, read_tokenizer_files
from proxy_inference_engine.tokenizer.guarded import GuardedEncoder
from proxy_inference_engine.tokenizer.pieces import PieceEncoder
from proxy_inference_engine.types import RenderedPrompt

_log = logging.getLogger(__name__)


class Tokenizer:
    """The tokenizer of a model folder.

    Control tokens are the added tokens that steer the model (turns, roles, reasoning, tools), special or not; added
    tokens that are ordinary text, such as runs of spaces, are none. Decoding leaves control tokens out, except the
    reasoning and tool-call tags that the reader of a reply needs; `decode` and `detokenizer` follow the same rule.
    Safe to share between threads.
    """

    def __init__(self, path: str | Path) -> None:
        """Load from a folder. Raises ModelNotFoundError, UnsupportedModelError or ConfigError."""
        files = read_tokenizer_files(Path(path))
        self._setup(_load_backend(files.vocabulary), files)

    @classmethod
    def from_folder(cls, path: str | Path) -> Tokenizer:
        """The same as `Tokenizer(path)`."""
        return cls(path)

    def _setup(self, backend: tokenizers.Tokenizer, files: TokenizerFiles) -> None:
        # A file may ask for a length limit or padding, which would silently cut or stretch prompts.
        backend.no_truncation()
        backend.no_padding()
        if getattr(backend.model, "dropout", None):
            backend.model.dropout = None
        _add_declared(backend, files.declared)
        self._backend = backend
        self._special = dict(files.special_tokens)
        self.chat_templates: Mapping[str, str] = dict(files.templates)
        self.control_tokens: ControlTokens = detect_control_tokens(
            self.chat_template, self._is_token, bos=self.bos_token, eos=self.eos_token
        )
        added = backend.get_added_tokens_decoder()
        self.vocab_size: int = max(backend.get_vocab_size(with_added_tokens=True), *(i + 1 for i in added), 0)
        named = set(self._special.values()) | {d.content for d in files.declared if d.flags.get("special")}
        control = {
            token_id: token
            for token_id, token in added.items()
            if is_control_string(token.content, special=token.special or token.content in named)
        }
        self.control_strings: frozenset[str] = frozenset(token.content for token in control.values())
        self.control_ids: frozenset[int] = frozenset(control)
        self._skipped: frozenset[int] = frozenset(
            token_id
            for token_id, token in control.items()
            if not is_reply_tag(token.content, self.control_tokens.family)
        )
        self.stop_tokens: frozenset[int] = self._find_stop_tokens(files.eos_token_ids)
        self.stop_strings: tuple[str, ...] = tuple(s for s in self.control_tokens.stops if not self._is_token(s))
        spec = _spec(backend)
        self._decoding = Decoding(backend, spec["decoder"])
        self._normalizer_is_risky = _is_risky(spec["normalizer"]) and any(t.normalized for t in control.values())
        self._prefix, self._suffix = _surroundings(backend)
        if files.adds_bos is not None:  # tokenizer_config.json's word goes before tokenizer.json's
            self._prefix = [self.bos_token_id] if files.adds_bos and self.bos_token_id is not None else []
            self._suffix = [self.eos_token_id] if files.adds_eos and self.eos_token_id is not None else []
        self._pieces = PieceEncoder(backend)
        self._guarded: GuardedEncoder | None = None
        self._lock = threading.Lock()

    # What the model's files say

    @property
    def backend(self) -> tokenizers.Tokenizer:
        """The library's own tokenizer, for the grammar engine. It parses control tokens whoever wrote them."""
        return self._backend

    @property
    def special_tokens(self) -> Mapping[str, str]:
        """Named tokens as chat templates use them: {"bos_token": "<s>", ...}."""
        return dict(self._special)

    @property
    def chat_template(self) -> str | None:
        """The model's main chat template; `chat_templates` has all of them by name. None: it has none."""
        templates = self.chat_templates
        return templates.get("default") or next(iter(templates.values()), None)

    @property
    def bos_token(self) -> str | None:
        return self._special.get("bos_token")

    @property
    def eos_token(self) -> str | None:
        return self._special.get("eos_token")

    @property
    def bos_token_id(self) -> int | None:
        return self.token_id(self.bos_token) if self.bos_token else None

    @property
    def eos_token_id(self) -> int | None:
        return self.token_id(self.eos_token) if self.eos_token else None

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Every token, added ones too, and its id."""
        return self._backend.get_vocab(with_added_tokens=True)

    def token_id(self, token: str) -> int | None:
        """The id of one whole token, None where the vocabulary has no such token."""
        token_id: int | None = self._backend.token_to_id(token)
        return token_id

    # Text to ids

    def encode(
        self,
        text: str | RenderedPrompt,
        *,
        add_special_tokens: bool = False,
        parse_control_tokens: bool | None = None,
    ) -> list[int]:
        """Token ids of `text`.

        A str is what a user typed: text that looks like a control token is encoded as plain text, unless
        `parse_control_tokens` is True. In a RenderedPrompt the template's control tokens are parsed and the `literals`
        are plain text; with `parse_control_tokens=False` all of it is plain. `add_special_tokens` puts the tokenizer's
        own begin and end around the text, but no second begin before a text that has one. Raises RequestError for
        text that is no valid Unicode (lone surrogates).
        """
        ids = self._encode(text, parse_control_tokens)
        if add_special_tokens:
            begins = bool(self._prefix) and ids[: len(self._prefix)] == self._prefix
            ids = [*([] if begins else self._prefix), *ids, *self._suffix]
        return ids

    def _encode(self, text: str | RenderedPrompt, parse: bool | None) -> list[int]:
        if isinstance(text, RenderedPrompt) and parse is not False:
            plain, literals, parse = text.text, text.literals, True
        elif isinstance(text, str | RenderedPrompt):
            plain, literals = str(text), {}
        else:
            raise RequestError(f"Text to encode is a {type(text).__name__}; it must be a str.", param="prompt")
        try:
            if parse and not literals and not (self._normalizer_is_risky and isinstance(text, RenderedPrompt)):
                return self._pieces.encode(plain)
            if parse:  # the library would also parse what a caller typed, or what the normaliser makes of it
                return self._guard().encode(plain, literals)
            ids = list(self._backend.encode(plain, add_special_tokens=False).ids)
            return ids if self.control_ids.isdisjoint(ids) else self._guard().encode(plain, None)
        except (TypeError, UnicodeEncodeError) as error:
            raise _not_unicode(str(text)) or error from error

    def _guard(self) -> GuardedEncoder:
        with self._lock:
            if self._guarded is None:
                self._guarded = GuardedEncoder(self._backend, self.control_strings)
            return self._guarded

    # Ids to text

    def decode(self, ids: Iterable[int], *, skip_control_tokens: bool = True, continuing: bool = False) -> str:
        """The text of `ids`; bytes that are no UTF-8 show as U+FFFD.

        Control tokens are left out, except reasoning and tool-call tags; `skip_control_tokens=False` keeps them all.
        `continuing`: the ids go on from other text, so a space that they start with counts. Raises RequestError for
        what is no token id. A run of byte tokens that is invalid UTF-8 keeps its valid characters, where the
        library would replace every byte of it.
        """
        return self._decoding.decode(ids, self._skipped if skip_control_tokens else (), continuing=continuing)

    def detokenizer(self, *, skip_control_tokens: bool = True, continuing: bool = False) -> Detokenizer:
        """A fresh streaming decoder for one reply; same rules as `decode`."""
        return Detokenizer(self._decoding, self._skipped if skip_control_tokens else frozenset(), continuing=continuing)

    def _is_token(self, string: str) -> bool:
        return self._backend.token_to_id(string) is not None

    def _find_stop_tokens(self, eos_token_ids: Iterable[int]) -> frozenset[int]:
        stops = [self.token_id(string) for string in self.control_tokens.stops]
        ids = {*eos_token_ids, *(token_id for token_id in stops if token_id is not None)}
        return frozenset(token_id for token_id in ids if 0 <= token_id < self.vocab_size)


def _not_unicode(text: str) -> RequestError | None:
    """The error for text with a lone surrogate, which the library takes for no text at all."""
    for position, char in enumerate(text):
        if "\ud800" <= char <= "\udfff":
            return RequestError(
                f"The text has the lone surrogate {char!r} at character {position}: send valid Unicode.", param="prompt"
            )
    return None


def _load_backend(path: Path) -> tokenizers.Tokenizer:
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except BaseException as error:  # the library's panics are no Exceptions
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ConfigError(f"{path} is no valid tokenizer: {error}. Download the file again.") from error
        raise


def _add_declared(backend: tokenizers.Tokenizer, declared: Iterable[DeclaredToken]) -> None:
    """Add the tokens that only config files name, as far as the vocabulary has an id for them."""
    known = {token.content for token in backend.get_added_tokens_decoder().values()}
    missing: list[tokenizers.AddedToken] = []
    next_id = backend.get_vocab_size(with_added_tokens=True)
    for token in declared:
        if token.content in known:
            continue
        is_word = backend.token_to_id(token.content) is not None
        if is_word or token.token_id == next_id:
            missing.append(tokenizers.AddedToken(token.content, **token.flags))
            known.add(token.content)
            next_id += not is_word
        else:
            _log.debug("token %r is not in the vocabulary and has no id of its own", token.content)
    if missing:
        backend.add_tokens(missing)


def _spec(backend: tokenizers.Tokenizer) -> dict[str, Any]:
    """The settings of the decoder and the normaliser, without the vocabulary (which may be tens of megabytes)."""
    empty = tokenizers.Tokenizer(tokenizers.models.BPE())
    if backend.decoder is not None:
        empty.decoder = backend.decoder
    if backend.normalizer is not None:
        empty.normalizer = backend.normalizer
    return dict(json.loads(empty.to_str()))


def _is_risky(normalizer: Mapping[str, Any] | None) -> bool:
    """Whether it can turn other text into a control token (NFKC, lower case, ...): spaces alone cannot."""
    if normalizer is None:
        return False
    if normalizer["type"] == "Sequence":
        return any(_is_risky(part) for part in normalizer["normalizers"])
    if normalizer["type"] == "Replace":
        return bool(normalizer["pattern"].get("String") != " ")
    return bool(normalizer["type"] != "Prepend")


def _surroundings(backend: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer itself puts before and after a text."""
    bare = backend.encode("a", add_special_tokens=False).ids
    full = backend.encode("a", add_special_tokens=True).ids
    for start in range(len(full) - len(bare) + 1):
        if bare and full[start : start + len(bare)] == bare:
            return full[:start], full[start + len(bare) :]
    return [], []
