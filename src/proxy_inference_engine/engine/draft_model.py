"""A smaller model that guesses what a larger one will draw.

It keeps keys and values of its own for every sequence, and draws its guesses with the sequence's own parameters and
random keys: where both models agree on the probabilities they then draw the same token, sampled or not.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from functools import partial
from pathlib import Path

from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine.batch import Batch, Row
from proxy_inference_engine.engine.kv_setup import make_draft_memory
from proxy_inference_engine.engine.paged_memory import PagedMemory
from proxy_inference_engine.engine.runner import Runner
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.tokenizer import Tokenizer


class DraftModel:
    """A `Drafter` over a model of its own.

    Prompts are caught up with at most `chunk` tokens a step; until a sequence is caught up it gets no drafts, and none
    when the memory or the model's own context is full.
    """

    def __init__(self, memory: PagedMemory, vocab_size: int, *, chunk: int, context_length: int) -> None:
        self._memory = memory
        self._context_length = context_length
        self._runner = Runner(memory, vocab_size)
        self._chunk = chunk
        self._shadows: dict[Sequence, Sequence] = {}

    def propose(self, asked: Items[tuple[Sequence, int]]) -> list[tuple[int, ...]]:
        """See `Drafter`: one forward pass over all sequences for each token."""
        counts = {self._shadow(sequence): count for sequence, count in asked}
        starts = {shadow: len(shadow.token_ids) for shadow in counts}
        budget = self._chunk
        ready: list[Sequence] = []
        for shadow in counts:
            missing = len(shadow.token_ids) - shadow.num_submitted
            if len(shadow.token_ids) + counts[shadow] > self._context_length:
                continue
            if missing > budget:
                self._catch_up(shadow, budget)
                budget = 0
            elif self._memory.reserve(shadow, len(shadow.token_ids)):
                budget -= missing
                ready.append(shadow)
        while ready:
            self._draw(ready)
            ready = [
                shadow
                for shadow in ready
                if len(shadow.token_ids) - starts[shadow] < counts[shadow]
                and self._memory.reserve(shadow, len(shadow.token_ids))
            ]
        return [tuple(shadow.token_ids[starts[shadow] :]) for shadow in counts]

    def drop(self, sequence: Sequence) -> None:
        """See `Drafter`."""
        if (shadow := self._shadows.pop(sequence, None)) is not None:
            self._memory.close(shadow, keep=True)

    def _shadow(self, sequence: Sequence) -> Sequence:
        """The state of `sequence` here: its tokens as they are now, and what of them is computed."""
        shadow = self._shadows.get(sequence)
        if shadow is None:
            # Logprobs are the caller's, who sees no drafts.
            shadow = Sequence(replace(sequence.request, logprobs=None), _ignore, None)
            shadow.num_submitted = self._memory.open(shadow)
            self._shadows[sequence] = shadow
        num_right = min(shadow.num_submitted, len(sequence.token_ids) - 1)
        while num_right and shadow.token_ids[num_right - 1] != sequence.token_ids[num_right - 1]:
            num_right -= 1  # only drafts at the end were wrong
        if num_right < shadow.num_submitted:
            self._memory.truncate(shadow, num_right)
            shadow.num_submitted = num_right
        shadow.token_ids = list(sequence.token_ids)
        shadow.num_drawn = sequence.num_drawn
        shadow.history = None
        return shadow

    def _catch_up(self, shadow: Sequence, num_tokens: int) -> None:
        start = shadow.num_submitted
        if num_tokens > 0 and self._memory.reserve(shadow, start + num_tokens):
            row = Row(shadow, tuple(shadow.token_ids[start : start + num_tokens]), num_draws=0)
            self._run(Batch((row,)))

    def _draw(self, shadows: list[Sequence]) -> None:
        rows = (Row(shadow, tuple(shadow.token_ids[shadow.num_submitted :]), num_draws=1) for shadow in shadows)
        batch = Batch(tuple(rows))
        for row, drawn in zip(batch.rows, self._run(batch), strict=True):
            row.sequence.token_ids.append(drawn)
            row.sequence.num_drawn += 1

    def _run(self, batch: Batch) -> list[int]:
        step = self._runner.submit(batch, self._runner.forward(batch))
        for row in batch.rows:
            self._memory.submitted(row.sequence, row.num_new)
            row.sequence.num_submitted += row.num_new
            self._memory.record(row.sequence)
        return [drawn.token_id for drawn in self._runner.read(step)]


def _ignore(event: object) -> None:
    """Nobody listens to a guess."""


def open_draft_model(config: EngineConfig, tokenizer: Tokenizer, *, context_length: int, chunk: int) -> DraftModel:
    """Load `config.draft_model`. Raises RequestError when it cannot guess for a model with `tokenizer`."""
    from proxy_inference_engine import models
    from proxy_inference_engine.models.hub import resolve_model

    assert config.draft_model is not None
    folder: Path = resolve_model(config.draft_model, revision=None, offline=config.offline)
    other = Tokenizer.from_folder(folder)
    refuse = partial(RequestError, param="draft_model")
    if other.vocabulary != tokenizer.vocabulary:
        raise refuse(
            f"draft_model={str(config.draft_model)!r} has {len(other.vocabulary)} tokens that are not the model's own "
            f"{len(tokenizer.vocabulary)}: a draft model needs the same tokenizer"
        )
    model = models.load_model(folder, dtype=config.dtype)
    own_length = model.config.context_length
    memory = make_draft_memory(model, config, context_length=min(context_length, own_length))
    if memory is None:
        raise refuse(f"draft_model={str(config.draft_model)!r}: a {model.config.model_type!r} model cannot draft")
    return DraftModel(memory, model.config.vocab_size, chunk=chunk, context_length=own_length)
