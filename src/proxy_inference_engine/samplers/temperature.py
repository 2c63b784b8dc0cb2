"""Temperature: sharpen or flatten the distribution. It applies before every filter."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from proxy_inference_engine.checks import check_number
from proxy_inference_engine.samplers.params import GREEDY_TEMPERATURE, MAX_TEMPERATURE
from proxy_inference_engine.samplers.weights import relative


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divide log probabilities by `temperature`. 1 changes nothing; for 0 use `greedy`.

    Raises RequestError unless 1e-5 <= temperature <= 100. Source: Ackley, Hinton and Sejnowski, "A Learning Algorithm
    for Boltzmann Machines", Cognitive Science 9, 1985.
    """

    temperature: float

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, GREEDY_TEMPERATURE, MAX_TEMPERATURE)

    def __call__(self, logprobs: mx.array, keys: mx.array | None = None) -> mx.array:
        """`logprobs [B, V]` divided by the temperature, float32, up to a constant for each row."""
        return relative(logprobs) * (1.0 / self.temperature)
