"""The engine's inner loop: schedule, submit, read, advance. Everything here runs in the engine thread.

Knows ids, sequences and the device; no text template, no asyncio, no HTTP.
"""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.engine.runner import Runner, Step
from proxy_inference_engine.engine.scheduler import Batch, Row, Scheduler
from proxy_inference_engine.errors import EngineError, InternalError

CLEAR_CACHE_STEPS = 256
"""MLX keeps freed buffers for reuse; they are given back every so many steps."""


class EngineCore:
    """Scheduler and runner, one step at a time."""

    def __init__(self, scheduler: Scheduler, runner: Runner) -> None:
        self.scheduler = scheduler
        self.runner = runner
        self._in_flight: Step | None = None
        self._num_steps = 0

    @property
    def has_work(self) -> bool:
        return self._in_flight is not None or self.scheduler.has_work

    def step(self) -> None:
        """Submit the next step to the device, then read the one before it and tell whom it concerns."""
        batch = self.scheduler.schedule()
        submitted = None if batch is None else self._submit(batch)
        previous, self._in_flight = self._in_flight, submitted
        if previous is not None:
            self._read(previous)
        self._num_steps += 1
        if self._num_steps % CLEAR_CACHE_STEPS == 0:
            mx.clear_cache()

    def stop(self, error: EngineError) -> None:
        """End every sequence with `error`, after the step in flight."""
        previous, self._in_flight = self._in_flight, None
        if previous is not None:
            self._read(previous)
        self.scheduler.fail_all(error)

    def abandon(self, cause: Exception) -> None:
        """End every sequence with InternalError and forget the step in flight."""
        self._in_flight = None
        error = InternalError(f"the engine failed: {cause}")
        error.__cause__ = cause
        self.scheduler.fail_all(error)

    def _submit(self, batch: Batch) -> Step | None:
        """Run the rows; a row that fails ends its own request only."""
        rows: list[Row] = []
        logits: list[mx.array] = []
        for row in batch.rows:
            try:
                logits.append(self.runner.forward_row(row))
                rows.append(row)
            except Exception as error:
                self.scheduler.fail_unexpectedly(row.sequence, error, "the forward pass failed")
        return self._submit_rows(rows, logits)

    def _submit_rows(self, rows: list[Row], logits: list[mx.array]) -> Step | None:
        if not rows:
            return None
        try:
            step = self.runner.submit(Batch(tuple(rows)), logits)
        except Exception as error:
            return self._submit_those_that_can(rows, logits, error)
        self.scheduler.submitted(step.batch)
        return step

    def _submit_those_that_can(self, rows: list[Row], logits: list[mx.array], cause: Exception) -> Step | None:
        """Sampling failed for the batch: find the rows at fault, one by one, and go on without them."""
        good: list[tuple[Row, mx.array]] = []
        for row, row_logits in zip(rows, logits, strict=True):
            try:
                if row.draws:
                    self.runner.sample(row_logits, [row.sequence])
                good.append((row, row_logits))
            except Exception as error:
                self.scheduler.fail_unexpectedly(row.sequence, error, "sampling failed")
        if len(good) == len(rows):  # no row fails alone: the batch itself is at fault
            for row in rows:
                self.scheduler.fail_unexpectedly(row.sequence, cause, "sampling failed")
            return None
        return self._submit_rows([row for row, _ in good], [row_logits for _, row_logits in good])

    def _read(self, step: Step) -> None:
        try:
            drawn = self.runner.read(step)
        except Exception as error:
            for row in step.batch.rows:
                self.scheduler.fail_unexpectedly(row.sequence, error, "the device failed")
            return
        self.scheduler.advance(step.batch, drawn)
