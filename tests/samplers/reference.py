"""Sampling as plain NumPy, one row at a time, in float64: what the device code must equal. Written from the papers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proxy_inference_engine.samplers import SamplingParams

Row = NDArray[np.float64]

NEARLY = 1.0 - 1e-6
"""A probability that misses a threshold by less than this has reached it: rounding must not decide."""


def softmax(logits: Row) -> Row:
    w = np.exp(logits - logits.max())
    return w / w.sum()


def at_least(probs: Row, kept: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """`kept`, and the `count` most likely tokens with all that are as likely as the last of them."""
    ranked = np.sort(probs)[::-1]
    return kept | (probs >= ranked[min(count, len(ranked)) - 1])


def top_k(probs: Row, k: int, count: int = 1) -> Row:
    return renormalise(probs, at_least(probs, np.zeros(len(probs), bool), max(k, count)))


def top_p(probs: Row, p: float, count: int = 1) -> Row:
    kept = np.zeros(len(probs), bool)
    for value in np.unique(probs)[::-1]:
        if probs[probs > value].sum() < p * NEARLY:
            kept |= probs == value
    return renormalise(probs, at_least(probs, kept, count))


def min_p(probs: Row, p: float, count: int = 1) -> Row:
    return renormalise(probs, at_least(probs, probs >= p * probs.max() * NEARLY, count))


def xtc(probs: Row, threshold: float, special: tuple[int, ...] = (), count: int = 1) -> Row:
    """XTC when its coin says that it applies."""
    likely = probs[(probs >= threshold * NEARLY) & (probs > 0)]
    if len(likely) < 2:
        return probs
    removed = probs > likely.min()
    if any(removed[token] for token in special if token < len(probs)) or ((probs > 0) & ~removed).sum() < count:
        return probs
    return renormalise(probs, ~removed)


def renormalise(probs: Row, kept: NDArray[np.bool_]) -> Row:
    probs = np.where(kept, probs, 0.0)
    return probs / probs.sum()


def distribution(logits: Row, params: SamplingParams) -> Row:
    """What one row is drawn from, XTC's coin averaged over."""
    logits = logits.astype(np.float64)
    if params.temperature == 0:
        return np.eye(len(logits))[logits.argmax()]
    probs = softmax(logits / params.temperature)
    count = params.min_tokens_to_keep
    if params.top_k > 0:
        probs = top_k(probs, params.top_k, count)
    if params.top_p < 1:
        probs = top_p(probs, params.top_p, count)
    if params.min_p > 0:
        probs = min_p(probs, params.min_p, count)
    chance = params.xtc_probability
    if chance > 0:
        cut = xtc(probs, params.xtc_threshold, params.xtc_special_tokens, count)
        probs = (1 - chance) * probs + chance * cut
    return probs
