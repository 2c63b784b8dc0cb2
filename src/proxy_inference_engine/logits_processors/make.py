"""Penalties as plain callables `(history [n], logits [B, V]) -> logits [B, V]`, each usable on its own.

`history` holds the tokens so far, prompt and output, the same for every row. The engine uses `BatchProcessor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import mlx.core as mx

from proxy_inference_engine.checks import MAX_INT, check_integer
from proxy_inference_engine.logits_processors.batch import BatchProcessor
from proxy_inference_engine.logits_processors.params import PenaltyParams

LogitsProcessor = Callable[[mx.array, mx.array], mx.array]
"""`(history [n] integers, logits [B, V]) -> new logits [B, V]` float32; neither input is changed."""


def repetition_penalty_logits_processor(penalty: float, context_size: int = 60) -> LogitsProcessor:
    """Divide positive logits of the newest `context_size` tokens by `penalty`, multiply negative ones.

    Raises RequestError unless 0 < penalty <= 100 and 1 <= context_size <= 32,768.
    """
    return _processor(PenaltyParams(repetition_penalty=penalty, context_size=context_size))


def presence_penalty_logits_processor(penalty: float, num_prompt_tokens: int = 0) -> LogitsProcessor:
    """Subtract `penalty` from the logits of tokens in `history[num_prompt_tokens:]`.

    Raises RequestError unless -2 <= penalty <= 2.
    """
    return _processor(PenaltyParams(presence_penalty=penalty), num_prompt_tokens)


def frequency_penalty_logits_processor(penalty: float, num_prompt_tokens: int = 0) -> LogitsProcessor:
    """Subtract `penalty` from a token's logit for each time it is in `history[num_prompt_tokens:]`.

    Raises RequestError unless -2 <= penalty <= 2.
    """
    return _processor(PenaltyParams(frequency_penalty=penalty), num_prompt_tokens)


def dry_logits_processor(
    multiplier: float,
    base: float = 1.75,
    allowed_length: int = 2,
    range: int = 1024,  # noqa: A002  the name it has in every implementation
    sequence_breakers: Sequence[int] = (),
) -> LogitsProcessor:
    """Penalise tokens that would go on with a repetition (`DRY`). Raises RequestError as `PenaltyParams` does."""
    return _processor(
        PenaltyParams(
            dry_multiplier=multiplier,
            dry_base=base,
            dry_allowed_length=allowed_length,
            dry_range=range,
            dry_sequence_breakers=tuple(sequence_breakers),
        )
    )


def logit_bias_logits_processor(logit_bias: Mapping[int, float]) -> LogitsProcessor:
    """Add `logit_bias[token_id]` to the logits of its tokens.

    Raises RequestError unless the values are from -100 to 100, and when called unless the ids are in the vocabulary.
    """
    return _processor(PenaltyParams(logit_bias=dict(logit_bias)))


def make_logits_processors(
    repetition_penalty: float = 1.0,
    context_size: int = 60,
    presence_penalty: float = 0.0,
    frequency_penalty: float = 0.0,
    logit_bias: Mapping[int, float] | None = None,
    dry_multiplier: float = 0.0,
    dry_base: float = 1.75,
    dry_allowed_length: int = 2,
    dry_range: int = 1024,
    dry_sequence_breakers: Sequence[int] = (),
    num_prompt_tokens: int = 0,
) -> list[LogitsProcessor]:
    """The processors that these keywords ask for, in the order to apply them; none for what is off.

    Presence and frequency count `history[num_prompt_tokens:]`. Raises RequestError naming the keyword, the value and
    the range (`PenaltyParams`).
    """
    wanted = PenaltyParams(
        repetition_penalty=repetition_penalty,
        context_size=context_size,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
        logit_bias=dict(logit_bias or {}),
        dry_multiplier=dry_multiplier,
        dry_base=dry_base,
        dry_allowed_length=dry_allowed_length,
        dry_range=dry_range,
        dry_sequence_breakers=tuple(dry_sequence_breakers),
    )
    processors = []
    if wanted.uses_repetition:
        processors.append(repetition_penalty_logits_processor(repetition_penalty, context_size))
    if presence_penalty:
        processors.append(presence_penalty_logits_processor(presence_penalty, num_prompt_tokens))
    if frequency_penalty:
        processors.append(frequency_penalty_logits_processor(frequency_penalty, num_prompt_tokens))
    if wanted.uses_dry:
        processors.append(
            dry_logits_processor(dry_multiplier, dry_base, dry_allowed_length, dry_range, wanted.dry_sequence_breakers)
        )
    if wanted.logit_bias:
        processors.append(logit_bias_logits_processor(wanted.logit_bias))
    return processors


def _processor(params: PenaltyParams, num_prompt_tokens: int = 0) -> LogitsProcessor:
    check_integer("num_prompt_tokens", num_prompt_tokens, 0, MAX_INT)
    made: dict[tuple[int, int], BatchProcessor] = {}

    def process(history: mx.array, logits: mx.array) -> mx.array:
        num_rows, vocab_size = logits.shape
        batch = made.get((num_rows, vocab_size))
        if batch is None:
            made.clear()
            batch = made[num_rows, vocab_size] = BatchProcessor([params] * num_rows, vocab_size)
        tokens = mx.array(history, dtype=mx.int32)
        num_output = min(max(tokens.size - num_prompt_tokens, 0), params.history_size)
        newest = tokens[max(tokens.size - params.history_size, 0) :]
        return batch(
            mx.broadcast_to(newest, (num_rows, newest.size)), mx.full((num_rows,), num_output, dtype=mx.int32), logits
        )

    return process
