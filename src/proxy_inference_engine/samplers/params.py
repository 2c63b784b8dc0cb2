"""How one request wants its tokens drawn. Knows no arrays, no random keys and no other request."""

from __future__ import annotations

from dataclasses import dataclass

from proxy_inference_engine.checks import MAX_INT, check_integer, check_number, check_token_ids

MAX_TEMPERATURE = 100.0

GREEDY_TEMPERATURE = 1e-5
"""Temperatures below this one are taken as 0: the division would leave float32's range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingParams:
    """Sampling parameters of one request; the filters compose, in the order of the fields.

    Raises RequestError naming the keyword, the value and the range.
    """

    temperature: float = 1.0
    """From 0 to 100. Logits are divided by it; 0 (and anything below 1e-5) takes the most likely token."""

    top_k: int = -1
    """Keep the k most likely tokens; -1 or 0: off."""

    top_p: float = 1.0
    """Keep the smallest set of tokens whose probability reaches it; above 0, at most 1 (off)."""

    min_p: float = 0.0
    """Keep tokens at least this share as likely as the most likely one; from 0 (off) to 1."""

    min_tokens_to_keep: int = 1
    """No filter leaves fewer tokens than this, where so many have a probability at all."""

    xtc_probability: float = 0.0
    """How often XTC applies; from 0 (off) to 1."""

    xtc_threshold: float = 0.1
    """XTC removes all but the least likely of the tokens that have this probability; above 0.5 it has no effect."""

    xtc_special_tokens: tuple[int, ...] = ()
    """XTC leaves a step alone where it would remove one of these (newline, end of sequence)."""

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, 0.0, MAX_TEMPERATURE)
        check_integer("top_k", self.top_k, -1, MAX_INT, note="; -1 and 0 turn it off")
        check_number("top_p", self.top_p, 0.0, 1.0, above_low=True)
        check_number("min_p", self.min_p, 0.0, 1.0)
        check_integer("min_tokens_to_keep", self.min_tokens_to_keep, 1, MAX_INT)
        check_number("xtc_probability", self.xtc_probability, 0.0, 1.0)
        check_number("xtc_threshold", self.xtc_threshold, 0.0, 1.0)
        check_token_ids("xtc_special_tokens", self.xtc_special_tokens)

    @property
    def is_greedy(self) -> bool:
        """Whether the most likely token is taken and nothing is drawn."""
        return self.temperature < GREEDY_TEMPERATURE

    @property
    def uses_top_k(self) -> bool:
        return self.top_k > 0

    @property
    def uses_top_p(self) -> bool:
        return self.top_p < 1.0

    @property
    def uses_min_p(self) -> bool:
        return self.min_p > 0.0

    @property
    def uses_xtc(self) -> bool:
        return self.xtc_probability > 0.0
