"""The engine's inner loop: schedule, submit, read, advance. Everything here runs in the engine thread.

Knows ids, sequences and the device; no text template, no asyncio, no HTTP.
"""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.engine.batch import Batch, Row
from proxy_inference_engine.engine.runner import Runner, Step
from proxy_inference_engine.engine.scheduler import Scheduler
from proxy_inference_engine.errors import EngineError, InternalError

CLEAR_CACHE_STEPS = 256
"""MLX keeps freed buffers for reuse; they are given back every so many steps."""


class EngineCore:
    """Scheduler and runner, one step at a time.

    With `reads_at_once`, a step's tokens are read before the next one is submitted: for back ends that compute a
    forward pass when it is called, where waiting would only delay every token by a step.
    """

    def __init__(self, scheduler: Scheduler, runner: Runner, *, reads_at_once: bool = False) -> None:
        self.scheduler = scheduler
        self.runner = runner
        self._reads_at_once = reads_at_once
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
        if self._reads_at_once and submitted is not None:
            self._in_flight = None
            self._read(submitted)
        self._num_steps += 1
        if self._num_steps % CLEAR_CACHE_STEPS == 0:
            mx.clear_cache()

    def rest(self) -> bool:
        """Nothing is to be done: look after the memory, a little at a time; True when that is done."""
        return self.scheduler.rest()

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
        """Run the rows together. When that fails, each by itself: a row that fails ends its own request only."""
        try:
            step = self.runner.submit(batch, self.runner.forward(batch))
        except Exception as error:
            if len(batch.rows) == 1:
                self.scheduler.fail_unexpectedly(batch.rows[0].sequence, error, "the step failed")
                return None
            return self._submit_those_that_can(batch.rows, error)
        self.scheduler.submitted(batch)
        return step

    def _submit_those_that_can(self, rows: tuple[Row, ...], cause: Exception) -> Step | None:
        """Find the rows at fault, one by one, and go on without them.

        A second run of a row writes what the first did.
        """
        good: list[Row] = []
        for row in rows:
            alone = Batch((row,))
            try:
                logits = self.runner.forward(alone)
                if row.num_draws:
                    mx.eval(self.runner.sample(logits, alone.draws)[0])
                good.append(row)
            except Exception as error:
                self.scheduler.fail_unexpectedly(row.sequence, error, "the step failed")
        if len(good) == len(rows):  # no row fails alone: the batch itself is at fault
            for row in rows:
                self.scheduler.fail_unexpectedly(row.sequence, cause, "the step failed")
            return None
        return self._submit(Batch(tuple(good))) if good else None

    def _read(self, step: Step) -> None:
        try:
            drawn = self.runner.read(step)
        except Exception as error:
            for row in step.batch.rows:
                self.scheduler.fail_unexpectedly(row.sequence, error, "the device failed")
            return
        self.scheduler.advance(step.batch, drawn)
