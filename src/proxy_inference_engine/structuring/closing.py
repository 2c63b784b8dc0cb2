"""Keeps an output inside its token budget: whatever is sampled, it can still be made whole.

A plan, the way to a whole output that is known, travels beside the matcher. Far from the end of the budget nothing is
done. Near it, only tokens after which a plan is known to fit are allowed; when just the plan itself fits, it is
followed. Knows nothing of logits or of what a request is.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from weakref import WeakKeyDictionary

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.planning import Planner
from proxy_inference_engine.structuring.vocabulary import Mask, Vocabulary, pack, unpack

_MAX_PLAN = 1024
"""Longest shortest output that is looked for."""
_ROOM = 24
"""With this many tokens to spare, free text is not vetted token by token."""
_MAX_VETTED = 96
_MAX_SPLICED = 8
_MAX_WALKS = 1
_WALK_STEPS = 24

_planners: WeakKeyDictionary[Vocabulary, Planner] = WeakKeyDictionary()
_lock = threading.Lock()


def planner_of(vocabulary: Vocabulary) -> Planner:
    """The planner of a vocabulary, made on first use."""
    with _lock:
        if vocabulary not in _planners:
            _planners[vocabulary] = Planner(vocabulary)
        return _planners[vocabulary]


class Closer:
    """The guard of one output with a budget. `matcher` stays the caller's: it is read and never moved."""

    def __init__(self, matcher: Matcher, budget: int) -> None:
        """`matcher` is at the start of its output, `budget` counts its tokens without a stop token.

        Raises RequestError (param="max_new_tokens") where no whole output fits; takes milliseconds, more only then.
        """
        self.matcher = matcher
        self.budget = budget
        self.was_closed = False
        """Whether tokens that the grammar allows were withheld because the budget was nearly spent."""
        self._planner = planner_of(matcher.vocabulary)
        self._plan = self._shortest(budget)
        self._at = len(matcher.tokens())
        self._growth = growth_of(matcher.grammar.text)
        self._found: dict[int, list[int]] = {}

    @property
    def min_tokens(self) -> int:
        """Tokens of the shortest whole output that is known."""
        return len(self.matcher.grammar.shortest or ())

    def _shortest(self, budget: int) -> list[int]:
        grammar, start = self.matcher.grammar, self.matcher.grammar.matcher()
        if grammar.shortest is None:
            found = self._planner.search(start, _MAX_PLAN)
            if found is None:
                raise RequestError(
                    f"no whole output of at most {_MAX_PLAN} tokens was found for this grammar: "
                    "its required parts are too long, or spell what the model keeps for control tokens",
                    param="max_new_tokens",
                )
            grammar.shortest = tuple(found)
        if len(grammar.shortest) > budget:
            grammar.shortest = tuple(self._planner.improve(start, grammar.shortest, budget))
        if len(grammar.shortest) > budget:
            raise RequestError(
                f"max_new_tokens={budget} is too small: the shortest output that satisfies the grammar takes "
                f"{len(grammar.shortest)} tokens; give at least {len(grammar.shortest)}",
                param="max_new_tokens",
            )
        return list(grammar.shortest)

    def limits(self, remaining: int, mask: Mask | None = None) -> Mask | None:
        """The tokens that may be sampled with `remaining` tokens left, this one included; None: all that are allowed.

        `mask` is the matcher's own for this step, where it is at hand. Call it at every step, after the matcher took
        the last token. A mask that is given back replaces the matcher's; its tokens are such that `advance` takes them.
        """
        matcher = self.matcher
        if matcher.is_finished:
            return None
        unseen = len(matcher.tokens()) - self._at
        if unseen < 0:
            self._plan, self._at = self._replanned(), len(matcher.tokens())
        elif remaining > len(self._plan) + (unseen + 1) * self._growth:
            return None
        elif unseen:
            self._follow(remaining)
        spare = remaining - len(self._plan)
        if spare > self._growth:
            return None
        allowed = matcher.mask() if mask is None else mask
        if remaining <= 0:
            self.was_closed |= matcher.is_accepting and not matcher.is_finished
            return allowed & matcher.vocabulary.stop_mask
        kept = self._vetted(allowed, remaining)
        if spare <= _ROOM and bool((allowed & ~kept).any()):
            self.was_closed = True
        return kept

    def forced_tokens(self, remaining: int) -> list[int]:
        """The matcher's forced tokens, where the output can still be made whole after them."""
        run = self.matcher.forced_tokens(remaining)
        if not run or remaining > len(self._plan) + (len(self.matcher.tokens()) - self._at + len(run)) * self._growth:
            return run
        if len(self.matcher.tokens()) != self._at:
            self._follow(remaining)
        if self._plan[: len(run)] == run:
            return run
        after = self.matcher.fork()
        fits = after.advance_all(run) == len(run) and self._planner.plan(after, remaining - len(run)) is not None
        return run if fits else []

    def _follow(self, remaining: int) -> None:
        """Bring the plan up to where the matcher stands."""
        tokens = self.matcher.tokens()
        taken, self._at = tokens[self._at :], len(tokens)
        plan, known = self._plan, self._found.get(taken[0]) if len(taken) == 1 else None
        self._found = {}
        if plan[: len(taken)] == taken:
            self._plan = plan[len(taken) :]
        elif known is not None:
            self._plan = known
        elif not self.matcher.accepts(plan, ends=True) or len(plan) > remaining:
            self._plan = self._replanned(max(remaining, 1))

    def _replanned(self, limit: int = _MAX_PLAN) -> list[int]:
        found = self._planner.plan(self.matcher, limit) or self._planner.search(self.matcher, _MAX_PLAN)
        if self.matcher.is_accepting or found is None:
            return []
        return self._planner.improve(self.matcher, found, limit, num_tries=12) if len(found) > limit else found

    def _vetted(self, allowed: Mask, remaining: int) -> Mask:
        """The tokens of `allowed` after which a plan of at most `remaining - 1` tokens is known."""
        matcher, plan, left = self.matcher, self._plan, remaining - 1
        vocabulary = matcher.vocabulary
        found: dict[int, list[int]] = {plan[0]: plan[1:]} if plan else {}
        kept = allowed & vocabulary.stop_mask
        unclear: list[int] = []
        candidates = unpack(allowed & ~vocabulary.stop_mask)
        if left >= len(plan) + _ROOM and len(candidates) > _MAX_VETTED:
            plain = allowed & vocabulary.plain_mask
            sample = unpack(plain)
            sample = sample[:: max(1, len(sample) // 24)]
            if len(sample) and all(matcher.accepts([int(i), *plan], ends=True) for i in sample):
                kept |= plain
                candidates = unpack(allowed & ~vocabulary.stop_mask & ~plain)
        for token_id in candidates[:_MAX_VETTED].tolist():
            if len(plan) <= left and matcher.accepts([token_id, *plan], ends=True):
                found.setdefault(token_id, plan)
            elif token_id not in found:
                unclear.append(token_id)
        walks = _MAX_WALKS
        for token_id in self._distinct(unclear):
            rest = self._planner.spliced(matcher, plan, token_id, left)
            if rest is None and walks:
                walks -= 1
                after = matcher.fork()
                rest = self._planner.plan(after, left, _WALK_STEPS) if after.advance(token_id) else None
            if rest is not None:
                found[token_id] = rest
        self._found = found
        return kept | pack(list(found), vocabulary.num_words)

    def _distinct(self, token_ids: list[int]) -> list[int]:
        """A few of them that differ in how they begin, the shortest first."""
        spelling = self.matcher.vocabulary.token_bytes
        chosen: dict[bytes, int] = {}
        for token_id in sorted(token_ids, key=lambda i: len(spelling[i])):
            chosen.setdefault(spelling[token_id][:2] if len(token_ids) <= 64 else spelling[token_id][:1], token_id)
        return list(chosen.values())[:_MAX_SPLICED]


_growths: dict[int, int] = {}


def growth_of(text: str) -> int:
    """How many tokens one more token may add to what is needed to end, at most, for the grammar `text`.

    Read off a schema's required parts; for other grammars the length of the longest rule stands in.
    """
    key = hash(text)
    if key not in _growths:
        if len(_growths) > 1024:
            _growths.clear()
        _growths[key] = max(_ROOM + 8, _largest(text))
    return _growths[key]


def _largest(text: str) -> int:
    try:
        grammars = json.loads(text)["grammars"]
        schemas = [g["json_schema"] for g in grammars if g.get("json_schema") is not None]
        if len(schemas) < len(grammars):
            return min(len(text), 512)
    except (ValueError, KeyError, TypeError):
        return min(len(text), 512)
    return max((_Sizes(schema).largest() for schema in schemas), default=0)


class _Sizes:
    """Bytes that the required parts of each part of a schema take, roughly and rather too many."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._known: dict[int, int] = {}
        self._largest = 0

    def largest(self) -> int:
        self._size(self._root)
        return min(self._largest // 2 + 16, 1 << 20)  # two bytes a token: keys and values are text

    def _size(self, part: Any) -> int:
        if not isinstance(part, dict):
            return 1
        if id(part) in self._known:
            return self._known[id(part)]
        self._known[id(part)] = 1  # what refers to itself ends without itself
        properties = part.get("properties", {})
        sizes = {k: self._size(v) + len(k) + 6 for k, v in properties.items()} if isinstance(properties, dict) else {}
        total = 2 + sum(sizes.get(k, 8 + len(k)) for k in part.get("required", ()) if isinstance(k, str))
        total += int(part.get("minLength", 0)) + 4 * len(str(part.get("pattern", ""))) + 40 * ("format" in part)
        total += max(
            (len(json.dumps(v)) for v in [*part.get("enum", ()), *([part["const"]] if "const" in part else [])]),
            default=0,
        )
        items = [self._size(v) for v in part.get("prefixItems", ()) or ()]
        rest = self._size(part.get("items"))
        total += sum(items) + max(0, int(part.get("minItems", 0)) - len(items)) * (rest + 2)
        for key in ("anyOf", "oneOf"):
            total += max((self._size(v) for v in part.get(key, ())), default=0)
        total += sum(self._size(v) for v in part.get("allOf", ()))
        for key in ("additionalProperties", "patternProperties", "$defs", "definitions", "not", "if", "then", "else"):
            value = part.get(key)
            nested = value.values() if key in ("patternProperties", "$defs", "definitions") and value else [value]
            self._largest = max(self._largest, *(self._size(v) for v in nested), 0)
        if isinstance(reference := part.get("$ref"), str):
            total += self._size(self._resolve(reference))
        self._known[id(part)] = total
        self._largest = max(self._largest, total)
        return total

    def _resolve(self, reference: str) -> Any:
        part: Any = self._root
        for step in reference.lstrip("#").strip("/").split("/"):
            part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, dict) and step else part
        return part
