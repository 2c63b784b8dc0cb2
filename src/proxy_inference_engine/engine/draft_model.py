"""A smaller model that guesses what a larger one will draw.

It keeps keys and values of its own for every sequence, and draws its guesses with the sequence's own parameters and
random keys: where both models agree on the probabilities they then draw the same token, sampled or not.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
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


@dataclass(slots=True, eq=False)
class _Shadow:
    """A sequence as the draft model has it."""

    own: Sequence
    """The tokens of the sequence, then drafts, and what of them is computed here."""

    num_verified: int
    """How many of these tokens are the sequence's; those behind were guessed."""


class DraftModel:
    """A `Drafter` over a model of its own.

    Prompts are caught up with at most `chunk` tokens a step; until a sequence is caught up it gets no drafts, and none
    when the model's own context is full. A sequence has room for all its tokens or none: when there is too little, the
    youngest make room, and are drafted for again when there is enough.
    """

    def __init__(self, memory: PagedMemory, vocab_size: int, *, chunk: int, context_length: int) -> None:
        self._memory = memory
        self._context_length = context_length
        self._runner = Runner(memory, vocab_size)
        self._chunk = chunk
        self._shadows: dict[Sequence, _Shadow] = {}

    def propose(self, asked: Items[tuple[Sequence, int]]) -> list[tuple[int, ...]]:
        """See `Drafter`: one forward pass over all sequences for each token."""
        limits = {sequence: min(len(sequence.token_ids) + count, self._context_length) for sequence, count in asked}
        oldest_first = sorted(limits, key=lambda sequence: sequence.age)
        shadows = {sequence: own for sequence in oldest_first if (own := self._follow(sequence)) is not None}
        stops = {own: limits[sequence] for sequence, own in shadows.items()}
        budget = self._chunk
        ready: list[Sequence] = []
        for own in sorted(stops, key=_num_missing):  # a long prompt does not keep those from drafting that are ready
            missing = _num_missing(own)
            if missing > budget:
                self._catch_up(own, budget)
                break
            budget -= missing
            ready.append(own)
        while ready:
            self._draw(ready)
            ready = [
                own
                for own in ready
                if len(own.token_ids) < stops[own] and self._memory.reserve(own, len(own.token_ids))
            ]
        return [
            tuple(shadows[sequence].token_ids[len(sequence.token_ids) :]) if sequence in shadows else ()
            for sequence, _ in asked
        ]

    def drop(self, sequence: Sequence) -> None:
        """See `Drafter`."""
        if (shadow := self._shadows.pop(sequence, None)) is not None:
            self._memory.close(shadow.own, keep=True)

    def _follow(self, sequence: Sequence) -> Sequence | None:
        """The state of `sequence` here, with its tokens as they are now and room for them; None when there is none."""
        if len(sequence.token_ids) >= self._context_length:
            self.drop(sequence)
            return None
        shadow = self._shadows.get(sequence)
        if shadow is None:
            # Logprobs are the caller's, who sees no drafts.
            own = Sequence(replace(sequence.request, logprobs=None), _ignore, None)
            own.token_ids = list(sequence.token_ids)
            shadow = self._shadows[sequence] = _Shadow(own, len(own.token_ids))
            own.num_submitted = self._memory.open(own)
        else:
            self._correct(shadow, sequence.token_ids)
        shadow.own.num_drawn = sequence.num_drawn
        shadow.own.history = None
        return shadow.own if self._make_room(sequence, shadow.own) else None

    def _correct(self, shadow: _Shadow, token_ids: list[int]) -> None:
        """Forget what was computed of guesses from the first that was wrong; `token_ids` are as they are now."""
        own = shadow.own
        num_computed = min(own.num_submitted, len(token_ids) - 1)  # one is computed, to draw what follows it
        num_right = min(shadow.num_verified, num_computed)
        # From there onward: a guess that is right by chance proves nothing about those before it.
        while num_right < num_computed and own.token_ids[num_right] == token_ids[num_right]:
            num_right += 1
        if num_right < own.num_submitted:
            self._memory.truncate(own, num_right)
            own.num_submitted = num_right
        own.token_ids[shadow.num_verified :] = token_ids[shadow.num_verified :]
        shadow.num_verified = len(token_ids)

    def _make_room(self, sequence: Sequence, own: Sequence) -> bool:
        """Reserve room for all tokens of `sequence`, dropping younger ones; False when it is dropped itself."""
        num_tokens = len(own.token_ids)
        capacity = self._memory.capacity_tokens
        fits = capacity is None or num_tokens <= capacity
        while not fits or not self._memory.reserve(own, num_tokens):
            victim = max(self._shadows, key=lambda other: other.age) if fits else sequence
            if victim.age <= sequence.age:
                self.drop(sequence)
                return False
            self.drop(victim)
        return True

    def _catch_up(self, own: Sequence, num_tokens: int) -> None:
        start = own.num_submitted
        if num_tokens > 0:
            self._run(Batch((Row(own, tuple(own.token_ids[start : start + num_tokens]), num_draws=0),)))

    def _draw(self, ready: list[Sequence]) -> None:
        batch = Batch(tuple(Row(own, tuple(own.token_ids[own.num_submitted :]), num_draws=1) for own in ready))
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


def _num_missing(own: Sequence) -> int:
    return len(own.token_ids) - own.num_submitted


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
