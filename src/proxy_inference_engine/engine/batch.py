"""What one step does: rows of tokens to compute, draws to make, and what was drawn.

Host values only, passed from the scheduler to the runner and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proxy_inference_engine.engine.sequence import Sequence
    from proxy_inference_engine.types import TokenLogprob


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One sequence's share of a step."""

    sequence: Sequence

    token_ids: tuple[int, ...] | None
    """The tokens to compute, known on the host; None to compute the token drawn last, which may still be on its way."""

    num_draws: int
    """After how many of the last of these tokens one is drawn: 0 for the earlier chunks of a prompt, else 1, and one
    more for each draft."""

    is_prompt: bool = False
    """Whether these are tokens of a prompt (or of a preempted sequence, computed again)."""

    @property
    def num_new(self) -> int:
        """How many tokens are computed."""
        return 1 if self.token_ids is None else len(self.token_ids)

    @property
    def drafts(self) -> tuple[int, ...]:
        """The guessed tokens among `token_ids`: those that follow the first draw."""
        return () if self.num_draws < 2 or self.token_ids is None else self.token_ids[-(self.num_draws - 1) :]


class Draw(NamedTuple):
    """One token to draw: the `offset`-th of its sequence in this step, if the drafts before it hold."""

    sequence: Sequence
    offset: int
    drafts: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """The rows of one step."""

    rows: tuple[Row, ...]

    @cached_property
    def draws(self) -> tuple[Draw, ...]:
        """Every token that is drawn, in the order of the logits' rows."""
        return tuple(
            Draw(row.sequence, offset, row.drafts[:offset]) for row in self.rows for offset in range(row.num_draws)
        )

    @cached_property
    def num_prompt_tokens(self) -> int:
        """How many tokens of prompts are computed."""
        return sum(row.num_new for row in self.rows if row.is_prompt)

    @cached_property
    def num_drafts(self) -> int:
        """How many guessed tokens are computed."""
        return sum(max(row.num_draws - 1, 0) for row in self.rows)

    @cached_property
    def num_decoding(self) -> int:
        """How many rows go on with a reply."""
        return sum(not row.is_prompt for row in self.rows)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was read back for one draw."""

    token_id: int
    logprob: TokenLogprob | None = None
    is_usable: bool = True
    """False when the model gave no logits to draw from (NaN)."""
