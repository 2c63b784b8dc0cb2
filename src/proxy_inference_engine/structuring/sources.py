"""What an output may be bound to, compiled to one kind of value: a `Grammar`.

JSON Schema (and what has one: pydantic models, dataclasses, TypedDicts, the parameters of a function), regular
expressions, Lark grammars, lists of choices, any JSON. A schema is first rewritten into an equal one that the grammar
engine takes (see `structuring.schema`); what cannot be is refused, naming the keyword, or checked on the finished
output where the caller chose that: never a looser grammar in silence. Knows nothing of tokens or models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from proxy_inference_engine.checks import check_integer, shown
from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema import Mode, compile_schema, load_schema

Whitespace = Literal["fixed", "compact", "flexible"]
MAX_TEXT = 1_000_000
"""Longest regex, grammar or list of choices in characters."""


@dataclass(frozen=True)
class Grammar:
    """One compiled source.

    `text` is what `llguidance.LLMatcher` takes. `tier` "exact": every output that ends is valid. Tier "checked": the
    grammar is looser than the source, and `check` gives the error message of a finished output that does not validate,
    else None; `notes` says what it checks, as "keyword at path". `key` is a hash of the content, for caches.
    `warnings` name keywords that look like misspellings and formats that are read as annotations. `decode` turns a
    finished output into its value: the instance for a pydantic model or dataclass, the arguments for a function.
    """

    text: str
    kind: Literal["json_schema", "regex", "lark", "choices", "json"]
    tier: Literal["exact", "checked"]
    key: str
    decode: Callable[[str], Any]
    check: Callable[[str], str | None] | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def grammar_from_schema(
    schema: Any, *, whitespace: Whitespace = "fixed", mode: Mode = "exact", max_whitespace: int = 8
) -> Grammar:
    """The grammar of a JSON Schema (a dict, a bool, its JSON text), pydantic model, dataclass, TypedDict or callable.

    Drafts 4 to 2020-12. Keys come in the schema's order, then further ones. `whitespace` "fixed" puts ", " and ": "
    between parts, "compact" nothing, "flexible" up to `max_whitespace` blanks, tabs or line ends.
    Formats that the grammar engine knows are binding; all others are annotations, as the drafts have it by default, and
    are named in `warnings`. Raises SchemaError: in mode "exact" for any keyword that cannot be bound exactly, in both
    modes for schemas that are invalid, too large, too slow to compile or that point outside themselves.
    """
    check_integer("max_whitespace", max_whitespace, 0, 64)
    if mode not in ("exact", "checked"):
        raise SchemaError(f"mode={shown(mode)} is not known: give 'exact' or 'checked'", param="mode")
    loaded = load_schema(schema)
    compiled = compile_schema(loaded.schema, mode=mode, options=_options(whitespace, max_whitespace))
    return Grammar(
        text=compiled.text,
        kind="json_schema",
        tier="exact" if compiled.check is None else "checked",
        key=_key(compiled.text, json.dumps(loaded.schema, sort_keys=False) if compiled.check else ""),
        decode=loaded.decode,
        check=compiled.check,
        notes=compiled.notes,
        warnings=compiled.warnings,
    )


def any_json(*, whitespace: Whitespace = "fixed", max_whitespace: int = 8) -> Grammar:
    """The grammar of any JSON value."""
    check_integer("max_whitespace", max_whitespace, 0, 64)
    text = compile_schema({}, mode="exact", options=_options(whitespace, max_whitespace)).text
    return Grammar(text=text, kind="json", tier="exact", key=_key(text), decode=json.loads)


def grammar_from_regex(pattern: str) -> Grammar:
    """The grammar of all texts that `pattern` matches as a whole (Rust's syntax, without look-around)."""
    _check_text("regex", pattern)
    text = _engine().grammar_from_regex(pattern)
    _validate(text, "regex", "look-around and back references are not supported: write the pattern without them")
    return Grammar(text=text, kind="regex", tier="exact", key=_key(text), decode=str)


def grammar_from_lark(grammar: str) -> Grammar:
    """The grammar written in Lark's notation, as llguidance reads it. The start rule is `start`."""
    _check_text("grammar", grammar)
    text = _engine().grammar_from_lark(grammar)
    _validate(text, "grammar", "see the llguidance syntax of Lark grammars, whose start rule is `start`")
    return Grammar(text=text, kind="lark", tier="exact", key=_key(text), decode=str)


def grammar_from_choices(choices: Sequence[str]) -> Grammar:
    """The grammar of exactly these texts. Raises SchemaError unless they are distinct, non-empty strings."""
    if isinstance(choices, str) or not isinstance(choices, Sequence) or not choices:
        raise SchemaError(f"choices={shown(choices)} is not valid: give a list of strings", param="choices")
    for choice in choices:
        if not isinstance(choice, str) or not choice:
            raise SchemaError(f"choice {shown(choice)} is not valid: give strings that are not empty", param="choices")
        _check_unicode("choices", choice)
    if sum(map(len, choices)) > MAX_TEXT:
        raise SchemaError(f"choices are longer than {MAX_TEXT} characters together: give fewer", param="choices")
    quoted = (json.dumps(choice, ensure_ascii=False).replace("\x7f", "\\u007f") for choice in dict.fromkeys(choices))
    text = _engine().grammar_from_lark("start: " + "\n  | ".join(quoted))
    _validate(text, "choices", "give fewer or shorter choices")
    return Grammar(text=text, kind="choices", tier="exact", key=_key(text), decode=str)


def _options(whitespace: str, max_whitespace: int) -> dict[str, Any]:
    if whitespace == "fixed":
        return {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
    if whitespace == "compact":
        return {"item_separator": ",", "key_separator": ":", "whitespace_flexible": False}
    if whitespace == "flexible":
        pattern = rf"[\x20\x0A\x0D\x09]{{1,{max_whitespace}}}"
        return {"whitespace_flexible": max_whitespace > 0, "whitespace_pattern": pattern if max_whitespace else None}
    raise SchemaError(
        f"whitespace={shown(whitespace)} is not known: give 'fixed', 'compact' or 'flexible'", param="whitespace"
    )


def _engine() -> Any:
    from llguidance import LLMatcher  # a native library: loaded when first needed

    return LLMatcher


def _validate(text: str, param: str, way_out: str) -> None:
    error = _engine().validate_grammar(text)
    if error and not error.startswith("WARNING"):
        raise SchemaError(f"the {param} does not compile: {_one_line(error)}; {way_out}", param=param)


def _check_text(param: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise SchemaError(f"{param}={shown(value)} is not valid: give a string that is not empty", param=param)
    if len(value) > MAX_TEXT:
        raise SchemaError(f"the {param} has {len(value)} characters, the limit is {MAX_TEXT}", param=param)
    _check_unicode(param, value)


def _check_unicode(param: str, value: str) -> None:
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise SchemaError(f"{param}={shown(value)} holds half of a surrogate pair: give valid Unicode", param=param)


def _one_line(message: str) -> str:
    return " ".join(message.split())[:300]


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
