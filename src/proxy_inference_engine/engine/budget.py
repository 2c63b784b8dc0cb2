"""How many prompt tokens a step may compute, so that running requests wait no longer than they should for a token.

Learns from the steps' times: a step takes a base, which depends on how many requests decode in it, and so much a prompt
token and a draft. One slow step must not decide anything for long, so samples are capped. Knows no requests.
"""

from __future__ import annotations

from dataclasses import dataclass

_SMOOTHING = 0.2
"""The weight of the newest step in the running means."""

_MOST_GROWTH = 3.0
"""A step that took longer than so many times the mean counts as that: it was waiting for something else."""

_GRAIN = 16
"""Chunks are multiples of this, so that shapes repeat."""

_FIRST_DRAFT_COST = 0.2
"""Taken for the cost of a draft until some were measured."""

_LEAST_DRAFT_COST = 0.01

_FORGETTING = 1 / 512
"""How much of the way back to `_FIRST_DRAFT_COST` a step without drafts takes a cost: what was too dear is tried again
after a few hundred steps, whatever made it so."""


@dataclass(slots=True)
class _Steps:
    """What is known of steps in which so many requests decode."""

    base_s: float | None = None
    draft_cost: float = _FIRST_DRAFT_COST
    is_warm: bool = False
    """Whether drafts were measured before: the first ones also pay for what is made on first use."""


class StepBudget:
    """Prompt tokens a step.

    Args:
        max_tokens: the most, and what a step gets when nobody is waiting for a token.
        target_s: how long a step with running requests may take; None always gives `max_tokens`.
    """

    def __init__(self, max_tokens: int, target_s: float | None = None) -> None:
        self._max_tokens = max_tokens
        self._target_s = target_s
        self._token_s: float | None = None
        self._steps: dict[int, _Steps] = {}
        self._num_decoding = 1

    @property
    def draft_cost(self) -> float:
        """What one draft adds to a step like the last one, as a share of a step without any: at most 1."""
        steps = self._steps.get(self._num_decoding)
        return _FIRST_DRAFT_COST if steps is None else max(steps.draft_cost, _LEAST_DRAFT_COST)

    def num_tokens(self, num_decoding: int) -> int:
        """The prompt tokens of a step in which `num_decoding` requests wait for their next token."""
        if self._target_s is None or num_decoding == 0:
            return self._max_tokens
        least = min(_GRAIN, self._max_tokens)
        if self._token_s is None:
            return max(self._max_tokens // 4, least)
        left_s = self._target_s - self._base_s(num_decoding)
        fitting = int(left_s / self._token_s) // _GRAIN * _GRAIN if left_s > 0 else 0
        return max(least, min(fitting, self._max_tokens))

    def note(self, num_prompt_tokens: int, num_drafts: int, seconds: float, num_decoding: int = 1) -> None:
        """A step took so long, in which `num_decoding` requests went on with their replies."""
        if num_decoding:
            self._num_decoding = num_decoding
        if num_prompt_tokens >= _GRAIN:
            taken_s = max(seconds - self._base_s(num_decoding), 1e-9)
            self._token_s = _mean(self._token_s, taken_s / num_prompt_tokens)
        if not num_decoding:
            return
        steps = self._steps.setdefault(num_decoding, _Steps())
        if num_drafts == 0:
            steps.draft_cost += _FORGETTING * (_FIRST_DRAFT_COST - steps.draft_cost)
            if num_prompt_tokens == 0:
                steps.base_s = _mean(steps.base_s, seconds)
        elif num_prompt_tokens == 0 and steps.base_s is not None:
            self._note_drafts(steps, num_drafts, seconds)

    def _note_drafts(self, steps: _Steps, num_drafts: int, seconds: float) -> None:
        assert steps.base_s is not None
        if not steps.is_warm:
            steps.is_warm = True
            return
        # Capped, as a draft that costs a whole step is not tried whatever it costs.
        cost = min(max(seconds - steps.base_s, 0.0) / num_drafts / max(steps.base_s, 1e-9), 1.0)
        steps.draft_cost += _SMOOTHING * (cost - steps.draft_cost)
        if seconds < steps.base_s:  # where every step has drafts, nothing else corrects a base that is too long
            steps.base_s = _mean(steps.base_s, seconds)

    def _base_s(self, num_decoding: int) -> float:
        """Of a step with `num_decoding` requests, or else of the most similar one that was measured."""
        measured = [(abs(number - num_decoding), s.base_s) for number, s in self._steps.items() if s.base_s is not None]
        return min(measured)[1] if measured else 0.0


def _mean(old: float | None, new: float) -> float:
    return new if old is None else old + _SMOOTHING * (min(new, _MOST_GROWTH * old) - old)
