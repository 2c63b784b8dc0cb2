"""Penalties as plain Python, one row at a time, in float64: what the device code must equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proxy_inference_engine.logits_processors import PenaltyParams

Row = NDArray[np.float64]


def repetition(tokens: list[int], logits: Row, penalty: float) -> Row:
    new = logits.copy()
    for token in set(tokens):
        new[token] = logits[token] / penalty if logits[token] > 0 else logits[token] * penalty
    return new


def presence_and_frequency(output: list[int], logits: Row, presence: float, frequency: float) -> Row:
    new = logits.copy()
    for token in set(output):
        new[token] -= output.count(token) * frequency + presence
    return new


def dry(tokens: list[int], logits: Row, params: PenaltyParams) -> Row:
    breakers = params.dry_sequence_breakers
    longest: dict[int, int] = {}
    for position in range(len(tokens) - 1):  # tokens[position + 1] followed the tokens up to here
        length = 0
        while (
            length < 50
            and length <= position
            and tokens[position - length] == tokens[-1 - length]
            and tokens[position - length] not in breakers
        ):
            length += 1
        follower = tokens[position + 1]
        if length >= params.dry_allowed_length and follower not in breakers:
            longest[follower] = max(longest.get(follower, 0), length)
    new = logits.copy()
    for token, length in longest.items():
        penalty = params.dry_multiplier * params.dry_base ** (length - params.dry_allowed_length)
        new[token] -= min(penalty, 1e6)
    return new


def process(prompt: list[int], output: list[int], logits: NDArray[np.float32], params: PenaltyParams) -> Row:
    """All of one row's penalties, in order."""
    tokens = prompt + output
    new = repetition(tokens[-params.context_size :], logits.astype(np.float64), params.repetition_penalty)
    new = presence_and_frequency(output, new, params.presence_penalty, params.frequency_penalty)
    if params.dry_multiplier > 0:
        new = dry(tokens[-params.dry_range :], new, params)
    for token, bias in params.logit_bias.items():
        new[token] += bias
    return new
