"""What one request asks, frozen and checked before any work starts.

`InferenceOptions` are the keywords a caller gives, over the model's own defaults; `GenerationRequest` is what the
scheduler sees: token ids and numbers, no text templates and no conversation.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from numbers import Integral
from typing import Any

from proxy_inference_engine.checks import (
    MAX_INT,
    check_flag,
    check_integer,
    check_number,
    check_token_ids,
    reject_unknown,
    shown,
)
from proxy_inference_engine.engine.structure import KEYWORDS as STRUCTURE_KEYWORDS
from proxy_inference_engine.engine.structure import Structure, grammar_of
from proxy_inference_engine.errors import ContextLengthError, NotSupportedError, RequestError
from proxy_inference_engine.logits_processors import PenaltyParams
from proxy_inference_engine.samplers import SamplingParams
from proxy_inference_engine.structuring import Grammar

DEFAULT_TEMPERATURE = 1.0
DEFAULT_MIN_P = 0.02
MAX_STOP_STRINGS = 64
MAX_STOP_LENGTH = 1024
MAX_TOP_LOGPROBS = 100
_MAX_SEED = 2**64 - 1
_MAX_PRIORITY = 1_000_000
_MAX_TIMEOUT_S = 1e9
_MAX_SALT_LENGTH = 256

_ALIASES = {"temp": "temperature", "max_tokens": "max_new_tokens", "max_completion_tokens": "max_new_tokens"}
_SAMPLING = tuple(f.name for f in fields(SamplingParams))
_PENALTIES = tuple(f.name for f in fields(PenaltyParams))


@dataclass(frozen=True, kw_only=True, slots=True)
class InferenceOptions:
    """The inference keywords of one call, checked, with the model's defaults filled in."""

    max_new_tokens: int | None = None
    """None: until the model stops or the context is full. 0: nothing is generated."""

    sampling: SamplingParams = field(default_factory=SamplingParams)
    penalties: PenaltyParams = field(default_factory=PenaltyParams)

    seed: int | None = None
    """The same seed gives the same tokens, whatever else runs; None draws a new one."""

    stop: tuple[str, ...] = ()
    """Texts that end the reply; they are not part of it."""

    logprobs: int | None = None
    """None: not reported. n: each token's log probability and the n best alternatives."""

    priority: int = 0
    """Requests of a lower number are served first; those of one priority in the order they came."""

    timeout_s: float | None = None
    """The request ends with DeadlineError after so many seconds; None gives it all the time it needs."""

    cache_salt: str = ""
    """Computed prefixes are shared only between requests of the same salt, such as one for each tenant."""

    ignore_stop_tokens: bool = False
    """Go on after the model ends its message, until `max_new_tokens`; for measuring."""

    grammar: Grammar | None = None
    """What the reply is bound to: from `json_schema`, `regex`, `grammar`, `choices` or `structured`."""

    tools: tuple[Any, ...] | None = None
    """Tools offered to the model: OpenAI-style dicts or Python functions."""

    template_variables: Mapping[str, Any] = field(default_factory=dict)
    """Further variables of the chat template, such as `enable_thinking`."""

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> InferenceOptions:
        """Check `keywords` over a model's `defaults` (its generation_config.json).

        Raises RequestError naming the keyword, the value and the range, and NotSupportedError for those this
        version does not have yet.
        """
        given: dict[str, Any] = {}
        for name, value in keywords.items():
            canonical = _ALIASES.get(name, name)
            if canonical in given:
                raise RequestError(f"{name!r} and another name of {canonical!r} are both given", param=name)
            given[canonical] = value
        known = {f.name for f in fields(cls)} - {"sampling", "penalties"}
        known |= {*_SAMPLING, *_PENALTIES, *_ALIASES, *STRUCTURE_KEYWORDS, "tool_choice", "enable_thinking"}
        reject_unknown(given, known, "inference keyword")
        grammar = grammar_of(given)
        if grammar is not None and given.get("stop"):
            raise RequestError("stop would cut a bound output short: leave it out, the grammar ends it", param="stop")
        for name in STRUCTURE_KEYWORDS:
            given.pop(name, None)
        tools = _check_tools(given.pop("tools", None), given.pop("tool_choice", None))
        variables = _check_variables(given.pop("template_variables", None))
        if (thinking := given.pop("enable_thinking", None)) is not None:
            variables["enable_thinking"] = check_flag("enable_thinking", thinking)
        model_defaults = _sampling_defaults(defaults or {})
        sampling = {n: _from_json(given.pop(n)) for n in _SAMPLING if given.get(n) is not None}
        penalties = {n: _from_json(given.pop(n)) for n in _PENALTIES if given.get(n) is not None}
        for name in (*_SAMPLING, *_PENALTIES):
            given.pop(name, None)  # None means the default
        return cls(
            max_new_tokens=_check_max_new_tokens(given.pop("max_new_tokens", None)),
            sampling=SamplingParams(**{**{k: v for k, v in model_defaults.items() if k in _SAMPLING}, **sampling}),
            penalties=PenaltyParams(**{**{k: v for k, v in model_defaults.items() if k in _PENALTIES}, **penalties}),
            seed=_check_seed(given.pop("seed", None)),
            stop=_check_stop(given.pop("stop", None)),
            logprobs=_check_logprobs(given.pop("logprobs", None)),
            priority=_check_priority(given.pop("priority", None)),
            timeout_s=_check_timeout(given.pop("timeout_s", None)),
            cache_salt=_check_salt(given.pop("cache_salt", None)),
            ignore_stop_tokens=check_flag("ignore_stop_tokens", given.pop("ignore_stop_tokens", None) or False),
            grammar=grammar,
            tools=tools,
            template_variables=variables,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationRequest:
    """One request as the scheduler runs it."""

    prompt_ids: tuple[int, ...]
    max_new_tokens: int
    """Resolved: never more than the context has room for."""

    sampling: SamplingParams
    penalties: PenaltyParams
    seed: int
    stop: tuple[str, ...] = ()
    stop_token_ids: frozenset[int] = frozenset()
    message_ends: tuple[str, ...] = ()
    """Texts that end a message in the model's template and are not single tokens: they stop too, unreported."""

    logprobs: int | None = None
    priority: int = 0
    timeout_s: float | None = None
    cache_salt: bytes = b""
    structure: Structure | None = None
    """What the reply is bound to, compiled."""

    wants_text: bool = True
    request_id: str = field(default_factory=lambda: _new_request_id())

    def __post_init__(self) -> None:
        if not self.prompt_ids:
            raise RequestError("the prompt is empty: give at least one token", param="prompt_ids")
        check_integer("max_new_tokens", self.max_new_tokens, 0, MAX_INT)

    def again(self, seed: int) -> GenerationRequest:
        """The same request with another seed, and an id of its own."""
        return replace(self, seed=seed, request_id=_new_request_id())

    @classmethod
    def build(
        cls,
        prompt_ids: Sequence[int],
        options: InferenceOptions,
        *,
        vocab_size: int,
        context_length: int,
        stop_token_ids: frozenset[int],
        structure: Structure | None = None,
        wants_text: bool = True,
    ) -> GenerationRequest:
        """Check the prompt against the model and resolve what `options` left open.

        Raises RequestError for an empty prompt, ids outside the vocabulary or a bias on such an id, and
        ContextLengthError for a prompt that leaves no room in the context.
        """
        ids = check_prompt_ids(prompt_ids, vocab_size=vocab_size, context_length=context_length)
        options.penalties.check_vocab(vocab_size)
        check_token_ids("xtc_special_tokens", options.sampling.xtc_special_tokens, vocab_size)
        room = context_length - len(ids)
        asked = options.max_new_tokens
        max_new_tokens = room if asked is None else min(asked, room)
        if structure is not None:
            structure.check_budget(max_new_tokens)
        return cls(
            prompt_ids=ids,
            max_new_tokens=max_new_tokens,
            sampling=options.sampling,
            penalties=options.penalties,
            seed=secrets.randbits(63) if options.seed is None else options.seed,
            stop=options.stop,
            stop_token_ids=frozenset() if options.ignore_stop_tokens else stop_token_ids,
            logprobs=options.logprobs,
            priority=options.priority,
            timeout_s=options.timeout_s,
            cache_salt=options.cache_salt.encode(),
            structure=structure,
            wants_text=wants_text,
        )


def _new_request_id() -> str:
    return f"req-{secrets.token_hex(8)}"


def check_prompt_length(num_tokens: int, context_length: int) -> None:
    """Raise RequestError for an empty prompt, ContextLengthError for one that leaves no room for a reply."""
    if num_tokens == 0:
        raise RequestError("the prompt is empty: give at least one token", param="prompt")
    if num_tokens >= context_length:
        raise ContextLengthError(
            f"the prompt has {num_tokens} tokens, and the context of {context_length} must hold it and at least one "
            "new token: shorten the conversation",
            param="prompt",
        )


def check_prompt_ids(prompt_ids: Sequence[int], *, vocab_size: int, context_length: int) -> tuple[int, ...]:
    """The prompt as a tuple. Raises RequestError (ContextLengthError when it is too long), before any work."""
    check_prompt_length(len(prompt_ids), context_length)
    ids = tuple(prompt_ids)
    if set(map(type, ids)) == {int} and min(ids) >= 0 and max(ids) < vocab_size:
        return ids  # looked at in C: a long prompt must not hold up the event loop
    for position, token_id in enumerate(ids):
        if isinstance(token_id, bool) or not isinstance(token_id, int) or not 0 <= token_id < vocab_size:
            raise RequestError(
                f"prompt_ids[{position}] is {shown(token_id)}, not a token id from 0 to {vocab_size - 1}",
                param="prompt_ids",
            )
    return ids


def _sampling_defaults(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model's generation_config.json as keywords; ours where it says nothing."""
    if model.get("do_sample") is False:  # whatever else it says: so it is for those who made it
        return {**_chosen(model), "temperature": 0.0}
    if not any(model.get(name) is not None for name in ("temperature", "top_p", "top_k", "min_p", "do_sample")):
        return {"temperature": DEFAULT_TEMPERATURE, "min_p": DEFAULT_MIN_P, **_chosen(model)}
    return {"temperature": DEFAULT_TEMPERATURE, "min_p": 0.0, **_chosen(model)}


def _chosen(model: Mapping[str, Any]) -> dict[str, Any]:
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    return {name: model[name] for name in names if model.get(name) is not None}


def _check_max_new_tokens(value: Any) -> int | None:
    if value is None or (isinstance(value, Integral) and value == -1):
        return None
    check_integer("max_new_tokens", value, 0, MAX_INT, note=" (or -1 or None for no limit)")
    return int(value)


def _from_json(value: Any) -> Any:
    """Lists of token ids as tuples, and text keys of a bias map as integers: JSON knows no others."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping):
        return {int(k) if isinstance(k, str) and k.isdecimal() else k: v for k, v in value.items()}
    return value


def _check_variables(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise RequestError(
            f"template_variables must map names to values, not {shown(value)}", param="template_variables"
        )
    return dict(value)


def _check_seed(value: Any) -> int | None:
    if value is not None:
        check_integer("seed", value, 0, _MAX_SEED)
    return None if value is None else int(value)


def _check_priority(value: Any) -> int:
    if value is None:
        return 0
    check_integer("priority", value, -_MAX_PRIORITY, _MAX_PRIORITY, note="; lower is served first")
    return int(value)


def _check_timeout(value: Any) -> float | None:
    if value is None:
        return None
    check_number("timeout_s", value, 0.0, _MAX_TIMEOUT_S, above_low=True)
    return float(value)


def _check_salt(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_SALT_LENGTH:
        raise RequestError(
            f"cache_salt={shown(value)} is not valid: give a text of at most {_MAX_SALT_LENGTH} characters",
            param="cache_salt",
        )
    return value


def _check_stop(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = (value,) if isinstance(value, str) else value
    if not isinstance(stops, Sequence) or len(stops) > MAX_STOP_STRINGS:
        raise RequestError(
            f"stop must be a text or a list of at most {MAX_STOP_STRINGS}, not {shown(value)}", param="stop"
        )
    for stop in stops:
        if not isinstance(stop, str) or not 0 < len(stop) <= MAX_STOP_LENGTH:
            raise RequestError(
                f"each stop must be a text of 1 to {MAX_STOP_LENGTH} characters, not {shown(stop)}", param="stop"
            )
    return tuple(stops)


def _check_logprobs(value: Any) -> int | None:
    if value is None or value is False:
        return None
    if value is True:
        return 0
    check_integer("logprobs", value, 0, MAX_TOP_LOGPROBS)
    return int(value)


def _check_tools(tools: Any, choice: Any) -> tuple[Any, ...] | None:
    if choice not in (None, "auto", "none"):
        raise NotSupportedError(
            f"tool_choice={shown(choice)} is not in this version yet: 'auto' and 'none' are; "
            "forced calls come with a later one"
        )
    if tools is not None and (isinstance(tools, str | Mapping) or not isinstance(tools, Sequence)):
        raise RequestError(f"tools must be a list of tools, not {type(tools).__name__}", param="tools")
    return None if not tools or choice == "none" else tuple(tools)
