"""How many prompt tokens a step may compute, so that running requests wait no longer than they should for a token.

Learns from the steps' times: a step takes a base and so much a prompt token. Knows no requests.
"""

from __future__ import annotations

_SMOOTHING = 0.2
"""The weight of the newest step in the running means."""

_GRAIN = 16
"""Chunks are multiples of this, so that shapes repeat."""

_FIRST_DRAFT_COST = 0.2
"""Taken for the cost of a draft until one was measured."""


class StepBudget:
    """Prompt tokens a step.

    Args:
        max_tokens: the most, and what a step gets when nobody is waiting for a token.
        target_s: how long a step with running requests may take; None always gives `max_tokens`.
    """

    def __init__(self, max_tokens: int, target_s: float | None = None) -> None:
        self._max_tokens = max_tokens
        self._target_s = target_s
        self._base_s: float | None = None
        self._token_s: float | None = None
        self._draft_s: float | None = None

    @property
    def draft_cost(self) -> float:
        """What one draft adds to a step, as a share of a step without any."""
        if self._draft_s is None or not self._base_s:
            return _FIRST_DRAFT_COST
        return max(self._draft_s / self._base_s, 0.01)

    def num_tokens(self, num_decoding: int) -> int:
        """The prompt tokens of a step in which `num_decoding` requests wait for their next token."""
        if self._target_s is None or num_decoding == 0:
            return self._max_tokens
        least = min(_GRAIN, self._max_tokens)
        if self._token_s is None:
            return max(self._max_tokens // 4, least)
        left_s = self._target_s - (self._base_s or 0.0)
        fitting = int(left_s / self._token_s) // _GRAIN * _GRAIN if left_s > 0 else 0
        return max(least, min(fitting, self._max_tokens))

    def note(self, num_prompt_tokens: int, num_drafts: int, seconds: float) -> None:
        """A step took so long."""
        if num_prompt_tokens == 0:
            if num_drafts == 0:
                self._base_s = _mean(self._base_s, seconds)
            elif self._base_s is not None:
                self._draft_s = _mean(self._draft_s, max(seconds - self._base_s, 0.0) / num_drafts)
        elif num_prompt_tokens >= _GRAIN:
            self._token_s = _mean(self._token_s, max(seconds - (self._base_s or 0.0), 1e-9) / num_prompt_tokens)


def _mean(old: float | None, new: float) -> float:
    return new if old is None else old + _SMOOTHING * (new - old)
