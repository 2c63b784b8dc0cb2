"""How one request wants its logits changed before sampling. Knows no arrays and no other request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy_inference_engine.checks import (
    check_biases,
    check_integer,
    check_number,
    check_token_ids,
)
from proxy_inference_engine.errors import RequestError

MAX_HISTORY = 32_768
"""The most history tokens any penalty looks at; presence and frequency count over the newest outputs up to this."""

MAX_MATCH = 50
"""DRY follows a repetition back this far. Longer ones are penalised as much: the sum would leave float32 otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PenaltyParams:
    """Penalties and biases of one request, applied in the order of the fields.

    The newest `context_size` or `dry_range` tokens of prompt and output count for repetition penalty and DRY, the
    output alone for presence and frequency. Raises RequestError naming the keyword, the value and the range.
    """

    repetition_penalty: float = 1.0
    """Above 0, at most 100. Positive logits of tokens seen are divided by it, negative ones multiplied; 1: off."""

    context_size: int = 60
    """How many of the newest tokens the repetition penalty looks at; from 1 to 32,768."""

    presence_penalty: float = 0.0
    """From -2 to 2. Subtracted from the logits of tokens in the output so far; 0: off."""

    frequency_penalty: float = 0.0
    """From -2 to 2. Subtracted for every time a token is in the output so far; 0: off."""

    dry_multiplier: float = 0.0
    """From 0 (off) to 100. The penalty of a token that would extend a repetition of `dry_allowed_length` tokens."""

    dry_base: float = 1.75
    """From 1 to 10. The penalty grows by this factor with every further token of the repetition."""

    dry_allowed_length: int = 2
    """From 1 to 50. Shorter repetitions may go on."""

    dry_range: int = 1024
    """How many of the newest tokens DRY looks at; from 1 to 32,768."""

    dry_sequence_breakers: tuple[int, ...] = ()
    """Token ids that no repetition reaches across, and that are never penalised (newline, colon, quote ...)."""

    logit_bias: Mapping[int, float] = field(default_factory=dict, hash=False)
    """Token id to what is added to its logit, from -100 to 100."""

    def __post_init__(self) -> None:
        check_number("repetition_penalty", self.repetition_penalty, 0.0, 100.0, above_low=True)
        check_integer("context_size", self.context_size, 1, MAX_HISTORY)
        check_number("presence_penalty", self.presence_penalty, -2.0, 2.0)
        check_number("frequency_penalty", self.frequency_penalty, -2.0, 2.0)
        check_number("dry_multiplier", self.dry_multiplier, 0.0, 100.0)
        check_number("dry_base", self.dry_base, 1.0, 10.0)
        check_integer("dry_allowed_length", self.dry_allowed_length, 1, MAX_MATCH)
        check_integer("dry_range", self.dry_range, 1, MAX_HISTORY)
        check_token_ids("dry_sequence_breakers", self.dry_sequence_breakers)
        check_biases("logit_bias", self.logit_bias, 100.0)
        # A copy: what the caller changes later must not reach a running batch.
        object.__setattr__(self, "logit_bias", dict(self.logit_bias))

    def check_vocab(self, vocab_size: int) -> None:
        """Raise RequestError unless every token id is below `vocab_size`. To be called when a request comes in."""
        for name, ids in (("logit_bias", self.logit_bias), ("dry_sequence_breakers", self.dry_sequence_breakers)):
            for token_id in ids:
                if token_id >= vocab_size:
                    raise RequestError(
                        f"{name}: {token_id} is not a token id; the vocabulary has 0 to {vocab_size - 1}", param=name
                    )

    @property
    def uses_repetition(self) -> bool:
        return self.repetition_penalty != 1.0

    @property
    def uses_counts(self) -> bool:
        return self.presence_penalty != 0.0 or self.frequency_penalty != 0.0

    @property
    def uses_dry(self) -> bool:
        return self.dry_multiplier > 0.0

    @property
    def is_noop(self) -> bool:
        """Whether the logits stay as they are."""
        return not (self.uses_repetition or self.uses_counts or self.uses_dry or self.logit_bias)

    @property
    def history_size(self) -> int:
        """How many of the newest tokens (prompt and output) are needed, as far as there are so many; 0: none."""
        return max(
            self.context_size if self.uses_repetition else 0,
            MAX_HISTORY if self.uses_counts else 0,
            self.dry_range if self.uses_dry else 0,
        )
