"""Finds a short way from where an output stands to a whole one, for any grammar.

The grammar engine tells which tokens may follow, not how far the end is. So a walk tries the bytes that tend to
close what is open, follows what is forced, and then writes what it found in as few tokens as the vocabulary allows;
where such walks get stuck, a beam search over bytes takes over. Knows nothing of budgets or sampling.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proxy_inference_engine.structuring.matcher import Matcher
from proxy_inference_engine.structuring.vocabulary import Mask, Vocabulary, unpack

_OUTSIDE = b'}],"0123456789ntf[{-:. '
"""What to try where no free text is: ends first, then what opens the least."""
_INSIDE = b'"\\'
_PROBE = b"Q}"
"""Where both may follow, free text is being written."""
_ENDERS = (b'"', b"}", b"]", b'"}', b'"]', b'""', b"{}", b"0", b"null", b'": 0', b'": ""')
_BEAM = 24
_MAX_STEPS = 800
_MAX_FORKS = 1500
_NUM_FILLERS = 24


class Planner:
    """Plans for one vocabulary. Stateless but for tables made once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        ids = vocabulary.byte_ids
        self._outside = [ids[b] for b in _OUTSIDE if ids[b] >= 0]
        self._inside = [ids[b] for b in _INSIDE if ids[b] >= 0]
        self._probes = [ids[b] for b in _PROBE if ids[b] >= 0]
        letters = [i for i, b in enumerate(vocabulary.token_bytes) if b.isalpha() and b.isascii() and b.islower()]
        letters.sort(key=lambda i: -len(vocabulary.token_bytes[i]))
        step = max(1, len(letters) // (4 * _NUM_FILLERS))
        self._fillers = letters[:: step or 1][:_NUM_FILLERS] + [i for i in (ids[b] for b in b"aA0 ") if i >= 0]
        singles = (vocabulary.tokenize(text) for text in _ENDERS)
        self._enders = [tokens[0] for tokens in singles if len(tokens) == 1]
        self._special = [not b for b in vocabulary.token_bytes]
        self._byte_mask = np.array(sorted(i for i in ids if i >= 0), np.intp)

    def plan(self, matcher: Matcher, limit: int, num_steps: int = _MAX_STEPS) -> list[int] | None:
        """Tokens that make the output whole, at most `limit` of them; None where none were found in `num_steps`."""
        walked = self._walk(matcher.fork(), min(limit, num_steps))
        return walked if walked is not None and len(walked) <= limit else None

    def search(self, matcher: Matcher, limit: int) -> list[int] | None:
        """As `plan`, with more effort (up to a second)."""
        found = self.plan(matcher, limit)
        return found if found is not None else self._beam(matcher, limit)

    def improve(self, matcher: Matcher, plan: Sequence[int], limit: int, *, num_tries: int = 32) -> list[int]:
        """A plan no longer than `plan`: at each of its choices the other ways are tried, until it fits in `limit`."""
        best = list(plan)
        position = 0
        while position < len(best) and len(best) > limit and num_tries > 0:
            here = matcher.fork()
            here.advance_all(best[:position])
            better = None
            for token_id in self._choices(here):
                other = here.fork()
                if num_tries <= 0 or not other.advance(token_id):
                    continue
                num_tries -= 1
                rest = self._walk(other, len(best))
                if rest is None or position + 1 + len(rest) >= len(best):
                    continue
                whole = self._shorten(matcher, [*best[:position], token_id, *rest])
                if len(whole) < len(better or best):
                    better = whole
            best = better or best
            position = max(0, position - 1) if better else position + 1
        return best

    def spliced(self, matcher: Matcher, plan: list[int], taken: int, limit: int) -> list[int] | None:
        """The rest of `plan` after `taken`, where one token more or some less make it fit; None where they do not."""
        for skipped in range(1, min(len(plan), 3) + 1):
            rest = plan[skipped:]
            if len(rest) <= limit and matcher.accepts([taken, *rest], ends=True):
                return rest
        if len(plan) < limit:
            for token_id in self._enders:
                if matcher.accepts([taken, token_id, *plan], ends=True):
                    return [token_id, *plan]
        return None

    def _choices(self, matcher: Matcher) -> list[int]:
        if matcher.forced_tokens():
            return []
        allowed = unpack(matcher.mask())
        chosen = allowed if len(allowed) <= 24 else np.intersect1d(allowed, self._byte_mask)
        return [int(i) for i in chosen[:48] if not self._vocabulary.is_stop(int(i))]

    def _walk(self, matcher: Matcher, limit: int) -> list[int] | None:
        """Walk `matcher` to the end; None after too many steps."""
        start = matcher.fork()
        first = len(matcher.tokens())
        for _ in range(min(limit + 24, _MAX_STEPS)):
            if matcher.is_accepting:
                return self._shorten(start, matcher.tokens()[first:])
            if forced := matcher.forced_tokens():
                if matcher.advance_all(forced) < len(forced):
                    return None
                continue
            token_id = self._next(matcher)
            if token_id is None or not matcher.advance(token_id):
                return None
        return None

    def _next(self, matcher: Matcher) -> int | None:
        free = all(matcher.accepts([i]) for i in self._probes)
        order = (*self._inside[:1], *self._fillers) if free else self._outside
        for token_id in order:
            if matcher.accepts([token_id]):
                return token_id
        allowed = unpack(matcher.mask())
        single = np.intersect1d(allowed, self._byte_mask)
        for token_id in (*single, *allowed):
            if not self._vocabulary.is_stop(int(token_id)):
                return int(token_id)
        return None

    def _shorten(self, start: Matcher, tokens: list[int]) -> list[int]:
        """The same text in fewer tokens where that can be."""
        if len(tokens) < 2 or any(self._special[i] for i in tokens):
            return tokens
        text = self._vocabulary.decode(tokens)
        other = self._vocabulary.tokenize(text)
        return other if len(other) < len(tokens) and start.accepts(other, ends=True) else tokens

    def _beam(self, matcher: Matcher, limit: int) -> list[int] | None:
        first = len(matcher.tokens())
        front, num_forks = [matcher.fork()], 0
        while num_forks < _MAX_FORKS:
            num_forks += len(front)
            seen: dict[bytes, Matcher] = {}
            following: list[Matcher] = []
            for here in front:
                if here.is_accepting:
                    found = self._shorten(matcher, here.tokens()[first:])
                    return found if len(found) <= limit else None
                mask = here.mask()
                mark = mask.tobytes()
                # Two of one generation that allow the same are nearly always in the same state.
                if mark in seen:
                    continue
                seen[mark] = here
                following.extend(self._step(here, mask))
            if not following:
                return None
            front = following[:: -(-len(following) // _BEAM)]
        return None

    def _step(self, here: Matcher, mask: Mask) -> list[Matcher]:
        allowed = unpack(mask)
        single = np.intersect1d(allowed, self._byte_mask)
        chosen = single if len(single) <= 24 else np.concatenate([single[:2], single[:: len(single) // 16]])
        if not len(chosen):
            chosen = allowed[:8]
        steps: list[Matcher] = []
        for token_id in chosen:
            other = here.fork()
            if not self._vocabulary.is_stop(int(token_id)) and other.advance(int(token_id)):
                steps.append(other)
        return steps
