"""Token ids back to text: all at once, or one by one without ever showing half a character.

Every token stands for some bytes, and the text is those bytes read as UTF-8. That makes streaming exact and linear:
an incremental UTF-8 decoder holds back at most the start of one character. Knows nothing of encoding or of prompts.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import tokenizers
from tokenizers import decoders

from proxy_inference_engine.errors import RequestError

_log = logging.getLogger(__name__)
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class TokenBytes(dict[int, bytes]):
    """The bytes of each token, looked up once. An id beyond the vocabulary (padding of the embedding) has none: it is
    kept in `unknown` too, as it must not count as the first token of a text.
    """

    def __init__(self, backend: tokenizers.Tokenizer, to_bytes: Callable[[str], bytes]) -> None:
        super().__init__()
        self._backend, self._to_bytes = backend, to_bytes
        self.unknown: set[int] = set()

    def __missing__(self, token_id: int) -> bytes:
        try:
            token = self._backend.id_to_token(token_id)
        except (TypeError, OverflowError) as error:
            raise RequestError(f"{token_id!r} is not a token id; ids are integers from 0.") from error
        if token is None:
            self.unknown.add(token_id)
        data = self[token_id] = b"" if token is None else self._to_bytes(token)
        return data


class Decoding:
    """How one tokenizer turns tokens into text: the bytes of a token at the start of a text, and of one further on.

    `strip` is how many spaces the start of a text loses. Decoders in which a token has no bytes of its own (language
    models do not use them) are left to the library: `whole` is then set, and streaming shows the text at the end.
    """

    def __init__(self, backend: tokenizers.Tokenizer, spec: Mapping[str, Any] | None) -> None:
        self._backend = backend
        self.whole = False
        self.strip = 0
        first, rest = _token_functions(spec) or (None, None)
        if first is None or rest is None:
            _log.warning("decoder %s is not streamed: replies appear as a whole", (spec or {}).get("type"))
            self.whole = True
            return
        self.strip = _num_stripped(spec)
        self.rest = TokenBytes(backend, rest)
        self.first = self.rest if first is rest else TokenBytes(backend, first)

    def decode(self, ids: Iterable[int], skipped: Collection[int], *, continuing: bool) -> str:
        """The text of `ids`; those in `skipped` are left out before anything else happens."""
        kept = [token_id for token_id in ids if token_id not in skipped]
        if self.whole:
            return str(self._backend.decode(kept, skip_special_tokens=False))
        pieces = [self.rest[token_id] for token_id in kept]
        if continuing:
            return b"".join(pieces).decode("utf-8", "replace")
        start = next((n for n, token_id in enumerate(kept) if token_id not in self.rest.unknown), len(kept))
        pieces[start : start + 1] = [self.first[token_id] for token_id in kept[start : start + 1]]
        return _strip(b"".join(pieces).decode("utf-8", "replace"), self.strip)[0]


class Detokenizer:
    """Streams the text of one reply: what `push` and `finish` return, joined, is `Tokenizer.decode` of all the ids."""

    def __init__(self, decoding: Decoding, skipped: Collection[int], *, continuing: bool = False) -> None:
        self._decoding, self._skipped = decoding, skipped
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = not continuing
        self._strip = 0 if continuing else decoding.strip
        self._held: list[int] = []  # only where the decoder cannot be streamed

    def push(self, token_id: int) -> str:
        """The characters that `token_id` completes; "" while a character is incomplete or for a skipped token."""
        if token_id in self._skipped:
            return ""
        if self._decoding.whole:
            self._held.append(token_id)
            return ""
        table = self._decoding.first if self._at_start else self._decoding.rest
        data = table[token_id]
        self._at_start = self._at_start and token_id in table.unknown
        return self._stripped(self._utf8.decode(data))

    def finish(self) -> str:
        """What is left at the end of the reply: bytes that are no whole character show as U+FFFD."""
        if self._decoding.whole:
            held, self._held = self._held, []
            return self._decoding.decode(held, (), continuing=False)
        return self._stripped(self._utf8.decode(b"", final=True))

    def _stripped(self, text: str) -> str:
        if self._strip and text:
            text, self._strip = _strip(text, self._strip)
        return text


def _strip(text: str, num_spaces: int) -> tuple[str, int]:
    """`text` without up to `num_spaces` leading spaces, and how many the text after it may still lose."""
    cut = 0
    while cut < num_spaces and text[cut : cut + 1] == " ":
        cut += 1
    return text[cut:], num_spaces - cut if cut == len(text) else 0


_Function = Callable[[str], bytes]


def _stages(spec: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """A decoder's steps in order, sequences opened up."""
    if spec is None:
        return []
    return [s for part in spec["decoders"] for s in _stages(part)] if spec["type"] == "Sequence" else [spec]


def _num_stripped(spec: Mapping[str, Any] | None) -> int:
    """Spaces that the start of the whole text loses; a Strip that no Fuse precedes works on each token instead."""
    stages = _stages(spec)
    return int(stages[-1]["start"]) if [stage["type"] for stage in stages[-2:]] == ["Fuse", "Strip"] else 0


def _token_functions(spec: Mapping[str, Any] | None) -> tuple[_Function, _Function] | None:
    """The bytes of a token as the first of a text and as a later one; None where tokens have no bytes of their own."""
    stages = _stages(spec)
    if spec is None:  # the library joins tokens by spaces
        return str.encode, lambda token: b" " + token.encode()
    types = [stage["type"] for stage in stages]
    if types == ["ByteLevel"]:
        return _byte_level_bytes, _byte_level_bytes
    if types[-2:] == ["Fuse", "Strip"] and stages[-1]["content"] == " " and stages[-1]["stop"] == 0:
        stages = stages[:-2]
    elif types[-1:] == ["Fuse"]:
        stages = stages[:-1]
    byte_fallback = [stage["type"] for stage in stages][-1:] == ["ByteFallback"]
    parts = [_per_token_decoder(stage) for stage in (stages[:-1] if byte_fallback else stages)]
    if any(part is None for part in parts):
        return None
    chain = decoders.Sequence(parts) if parts else decoders.Fuse()

    def with_bytes(text: str) -> bytes:
        match = _BYTE_TOKEN.fullmatch(text) if byte_fallback else None
        return bytes([int(match[1], 16)]) if match else text.encode()

    # These decoders look at one token and at whether it is the first, nothing else.
    num_anchor = len(chain.decode(["a"]))
    return (
        lambda token: with_bytes(chain.decode([token])),
        lambda token: with_bytes(chain.decode(["a", token])[num_anchor:]),
    )


def _per_token_decoder(stage: Mapping[str, Any]) -> Any:
    """The library's decoder for a step that treats each token by itself, else None."""
    match stage["type"]:
        case "Replace":
            pattern = stage["pattern"]
            return decoders.Replace(
                tokenizers.Regex(pattern["Regex"]) if "Regex" in pattern else pattern["String"], stage["content"]
            )
        case "Metaspace":
            return decoders.Metaspace(stage["replacement"], stage["prepend_scheme"], stage["split"])
        case "WordPiece":
            return decoders.WordPiece(stage["prefix"], stage["cleanup"])
        case "Strip" if stage["stop"] == 0:
            return decoders.Strip(stage["content"], stage["start"], 0)
        case _:
            return None


def _byte_alphabet() -> dict[str, int]:
    """The character by which byte-level tokenizers write each byte: itself if printable, else one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTES = _byte_alphabet()


def _byte_level_bytes(token: str) -> bytes:
    try:
        return bytes([_BYTES[char] for char in token])
    except KeyError:  # an added token that is not written in the alphabet stands for itself
        return token.encode()
