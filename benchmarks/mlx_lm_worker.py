"""Runs mlx-lm for `single_stream.py`, in an environment of its own: one JSON command per line in, one answer out.

Needs only mlx-lm; imports nothing of PIE.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.generate import stream_generate
from mlx_lm.utils import load


class Worker:
    """One loaded model."""

    model: Any
    tokenizer: Any

    def load(self, folder: str, dtype: str | None) -> dict[str, Any]:
        """Load a folder; `dtype` is what its floating-point tensors are turned into, None leaves them."""
        start = time.perf_counter()
        self.model, self.tokenizer = load(folder)
        if dtype is not None:
            self.model.set_dtype(getattr(mx, dtype))
            mx.eval(self.model.parameters())
        # Nothing may end a run early.
        self.tokenizer.eos_token_ids = set()
        kinds = {str(v.dtype) for _, v in tree_flatten(self.model.parameters()) if mx.issubdtype(v.dtype, mx.floating)}
        return {"load_s": time.perf_counter() - start, "dtypes": sorted(kinds), "mlx_lm": version("mlx-lm")}

    def run(self, prompt_ids: list[int], num_new: int) -> dict[str, float]:
        """Seconds to the first token and in all, through mlx-lm's own stream of text, greedy."""
        start = time.perf_counter()
        first = 0.0
        for response in stream_generate(self.model, self.tokenizer, prompt_ids, max_tokens=num_new):
            first = first or time.perf_counter()
            num_generated = response.generation_tokens
        end = time.perf_counter()
        assert num_generated == num_new, f"{num_generated} tokens of {num_new}"
        return {"first_s": first - start, "total_s": end - start, "peak_bytes": mx.get_peak_memory()}


def main() -> None:
    """Serve commands until stdin ends. Whatever mlx-lm prints goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    worker = Worker()
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
