"""What `serving.py` gives to its contenders: their processes, model folders, made-up requests, and figures of replies.

A contender is a process that holds one model and serves lists of requests; both get the same lists.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import SHAPES, made_up_model
from proxy_inference_engine import demo_model
from serving_worker import Reply, Request

SHAPES["0.6b"] = dict(zip(SHAPES["1b"], (1024, 3072, 28, 16, 8, 128, 151936), strict=True))
SHAPES["thin"] = dict(zip(SHAPES["1b"], (64, 64, 1, 1, 1, 64, 512), strict=True))
"""One layer, 64 wide: next to nothing to compute."""

BUNDLED = "demo"
MAX_BATCH = 32


class Contender:
    """One engine in a process of its own. `load` it before anything else."""

    def __init__(self, name: str, python: str, script: str, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name(script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def call(self, command: str, **arguments: Any) -> Any:
        """Have it do something and wait for the answer. Ends this program when the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} ended with status {self._process.wait()} at {command!r}; see above")
        return json.loads(answer)

    def run(
        self, requests: Sequence[Request], settings: Mapping[str, Any] | None = None, *, text: bool = True
    ) -> dict[str, Any]:
        """Serve `requests`: `replies` in their order, and what else the worker tells."""
        return dict(self.call("run", requests=list(requests), settings=dict(settings or {}), text=text))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def model_folder(shape: str, *, bits: int | None, dtype: str, context_length: int) -> Iterator[Path]:
    """A model that both load, in a folder that is removed afterwards. Each of its tokens is a text of its own.

    A streaming detokenizer holds back half a character, and a token that is held back cannot be timed: so every id of
    the made-up tokenizer is a word. The bundled model keeps its weights and gets such a tokenizer.
    """
    tokenizer_shape = "thin" if shape == BUNDLED else shape
    with made_up_model(tokenizer_shape, bits=bits, dtype=dtype, context_length=context_length) as folder:
        vocab_size = json.loads((folder / "config.json").read_text())["vocab_size"]
        if shape == BUNDLED:
            bundled = Path(demo_model.__file__).parent
            for name in ("config.json", "generation_config.json", "model.safetensors"):
                shutil.copyfile(bundled / name, folder / name)
            (folder / "model.safetensors.index.json").unlink(missing_ok=True)
            vocab_size = json.loads((folder / "config.json").read_text())["vocab_size"]
        _write_words(folder / "tokenizer.json", vocab_size)
        yield folder


def _write_words(path: Path, vocab_size: int) -> None:
    """Turn the byte tokenizer of `path` into one of `vocab_size` words, its control tokens among them."""
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    control = {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
    tokenizer["model"]["vocab"] = {control.get(index, f"Ġw{index}"): index for index in range(vocab_size)}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Made-up prompts: another list for every seed, the same for the same."""

    vocab_size: int

    def ids(self, num_tokens: int, seed: object) -> list[int]:
        """`num_tokens` random ids."""
        generator = random.Random(repr(seed))
        # The first ids are control tokens of some models.
        return [generator.randrange(min(300, self.vocab_size // 2), self.vocab_size) for _ in range(num_tokens)]

    def batch(
        self, lengths: Sequence[int], num_new: int, seed: object, samplings: Sequence[dict[str, float]] = ({},)
    ) -> list[Request]:
        """Requests of these prompt lengths that all arrive at once; sampling parameters are dealt out in turn."""
        return [
            Request(
                at_s=0.0,
                prompt_ids=self.ids(length, (seed, row)),
                num_shared=0,
                num_new=num_new,
                sampling=samplings[row % len(samplings)],
            )
            for row, length in enumerate(lengths)
        ]

    def trace(self, size: TraceSize, seed: object, requests_per_s: float | None) -> list[Request]:
        """Poisson arrivals (all at once where no rate is given), each with one of the system prompts."""
        generator = random.Random(repr(("trace", seed)))
        systems = [self.ids(size.num_system, (seed, "system", index)) for index in range(size.num_systems)]
        at_s, requests = 0.0, []
        for row in range(size.num_requests):
            own = generator.randint(*size.num_own)
            requests.append(
                Request(
                    at_s=at_s,
                    prompt_ids=generator.choice(systems) + self.ids(own, (seed, "own", row)),
                    num_shared=size.num_system,
                    num_new=generator.randint(*size.num_new),
                    sampling={},
                )
            )
            gap = generator.expovariate(1.0)
            at_s += 0.0 if requests_per_s is None else gap / requests_per_s
        return requests


@dataclass(frozen=True, slots=True)
class TraceSize:
    """How large a trace is; ranges include both ends."""

    num_requests: int
    num_systems: int
    num_system: int
    """Tokens of each system prompt."""
    num_own: tuple[int, int]
    num_new: tuple[int, int]


def total_s(replies: Sequence[Reply]) -> float:
    """From the start of the run to the last token of all."""
    return max(reply["times_s"][-1] for reply in replies)


def num_tokens(replies: Sequence[Reply]) -> int:
    return sum(len(reply["token_ids"]) for reply in replies)


def decode_tokens_per_s(replies: Sequence[Reply]) -> float:
    """Tokens of all rows a second, from when the last row has its first token to when the first row ends.

    Where no such time is (an engine that runs its rows one after the other): from the first token of all to the last.
    """
    start, stop = max(reply["times_s"][0] for reply in replies), min(reply["times_s"][-1] for reply in replies)
    # A step may give a row several tokens, which come together.
    weights = [len(reply["token_ids"]) / len(reply["times_s"]) for reply in replies]
    num_inside = sum(
        weight * sum(start < time <= stop for time in reply["times_s"])
        for weight, reply in zip(weights, replies, strict=True)
    )
    if num_inside >= 2 * len(replies):
        return num_inside / (stop - start)
    return (num_tokens(replies) - 1) / (total_s(replies) - min(reply["times_s"][0] for reply in replies))


def step_ms(replies: Sequence[Reply]) -> float:
    """Milliseconds a step of the row that began last: while it runs, so do the others, but for its last steps."""
    last = max(replies, key=lambda reply: reply["times_s"][0])
    return (last["times_s"][-1] - last["times_s"][0]) / (len(last["token_ids"]) - 1) * 1e3


def first_token_ms(requests: Sequence[Request], replies: Sequence[Reply]) -> list[float]:
    """Each request's time from its arrival to its first token."""
    pairs = zip(requests, replies, strict=True)
    return [(reply["times_s"][0] - request["at_s"]) * 1e3 for request, reply in pairs]


def gaps_ms(replies: Sequence[Reply]) -> list[float]:
    """All times between neighbouring tokens of a request."""
    return [
        (later - sooner) * 1e3
        for reply in replies
        for sooner, later in zip(reply["times_s"], reply["times_s"][1:], strict=False)
    ]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the sorted `values` do not exceed, interpolated."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=1000, method="inclusive")[round(percent * 10) - 1]


def same_rows(mine: Sequence[Reply], theirs: Sequence[Reply]) -> tuple[int, int]:
    """How many rows have the same tokens, of how many."""
    return sum(a["token_ids"] == b["token_ids"] for a, b in zip(mine, theirs, strict=True)), len(mine)
