"""One stream of text: PIE against mlx-lm on the same random model, device and prompts, taking turns in one run.

Both load the same folder and stream text from the same token ids, greedily, stop tokens off. Each is timed where its
caller stands: from the call to the first token, and from there to the last.

    python benchmarks/single_stream.py --mlx-lm-python /path/to/env/bin/python
    python benchmarks/single_stream.py --shape 8b --quantize 4 --prompt-lengths 512,4096 --new-tokens 256   # GPU
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import SHAPES, is_gpu, made_up_model, median, note, report, spread
from proxy_inference_engine import InferenceEngine
from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.types import End, PrefillProgress

TARGET_RATIO = 1.0


class MlxLm:
    """mlx-lm in a process of its own."""

    def __init__(self, python: str, folder: Path, dtype: str | None) -> None:
        self.name = f"mlx-lm {dtype or 'as stored'}"
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("mlx_lm_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = self._do("load", folder=str(folder), dtype=dtype)

    def run(self, prompt_ids: list[int], num_new: int) -> dict[str, float]:
        return self._do("run", prompt_ids=prompt_ids, num_new=num_new)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _do(self, command: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} ended with status {self._process.wait()} at {command!r}; see above")
        return dict(json.loads(answer))


class Pie:
    """PIE's engine, prefix cache off."""

    name = "pie"

    def __init__(self, folder: Path) -> None:
        start = time.perf_counter()
        self._engine = InferenceEngine(folder, prefix_cache_bytes=0)
        self.about = {"load_s": time.perf_counter() - start}

    def run(self, prompt_ids: list[int], num_new: int) -> dict[str, float]:
        request = GenerationRequest.build(
            prompt_ids,
            InferenceOptions.from_keywords({"temperature": 0.0, "max_new_tokens": num_new, "ignore_stop_tokens": True}),
            vocab_size=self._engine.model.config.vocab_size,
            context_length=self._engine.context_length,
            stop_token_ids=frozenset(),
        )
        first = 0.0
        start = time.perf_counter()
        for event in self._engine.submit(request):
            if not isinstance(event, PrefillProgress):
                first = first or time.perf_counter()
            if isinstance(event, End):
                assert len(event.token_ids) == num_new
        return {"first_s": first - start, "total_s": time.perf_counter() - start}

    def close(self) -> None:
        self._engine.close()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1b" if is_gpu() else "30m")
    parser.add_argument("--model", type=Path, help="a model folder instead of a random one")
    parser.add_argument("--quantize", type=int, metavar="BITS")
    parser.add_argument("--dtype", default="bfloat16", help="of the random model's files")
    parser.add_argument("--mlx-lm-python", default=sys.executable, help="the Python that has mlx-lm")
    parser.add_argument(
        "--mlx-lm-dtypes",
        default="stored" if is_gpu() else "float32",
        help="comma-separated: stored, float32, bfloat16, float16. On a CPU float32 is mlx-lm's fastest",
    )
    parser.add_argument("--prompt-lengths", default="512,2048" if is_gpu() else "32,256")
    parser.add_argument("--new-tokens", type=int, default=256 if is_gpu() else 48)
    parser.add_argument("--repeats", type=int, default=5 if is_gpu() else 3)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    if arguments.model is not None:
        compare(arguments, arguments.model)
        return
    with made_up_model(arguments.shape, bits=arguments.quantize, dtype=arguments.dtype) as folder:
        compare(arguments, folder)


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Load every contender, take turns, report."""
    pie = Pie(folder)
    dtypes = [None if name == "stored" else name for name in arguments.mlx_lm_dtypes.split(",")]
    peers = [MlxLm(arguments.mlx_lm_python, folder, dtype) for dtype in dtypes]
    contenders = [pie, *peers]
    vocab_size = json.loads((folder / "config.json").read_text())["vocab_size"]
    lengths = [int(part) for part in arguments.prompt_lengths.split(",")]
    rows, results = [], []
    try:
        for length in lengths:
            times = take_turns(contenders, length, arguments, vocab_size)
            length_rows, figures = evaluate(length, arguments.new_tokens, times)
            rows += length_rows
            results.append(figures)
    finally:
        for contender in contenders:
            contender.close()
    columns = ("", "prompt", "prefill tokens/s", "decode tokens/s", "first token ms")
    shape = str(arguments.model) if arguments.model else arguments.shape
    report(
        "single_stream",
        columns,
        rows,
        {
            "shape": shape,
            "bits": arguments.quantize,
            "stored_dtype": None if arguments.model else arguments.dtype,
            "new_tokens": arguments.new_tokens,
            "repeats": arguments.repeats,
            "peers": {peer.name: peer.about for peer in peers},
            "target_ratio": TARGET_RATIO,
            "results": results,
        },
    )


def take_turns(
    contenders: list[Pie | MlxLm], length: int, arguments: argparse.Namespace, vocab_size: int
) -> dict[str, list[dict[str, float]]]:
    """Every contender answers every prompt, one after the other; a first round only warms up."""
    generator = random.Random(length)
    times: dict[str, list[dict[str, float]]] = {contender.name: [] for contender in contenders}
    for repeat in range(-1, arguments.repeats):
        note(f"prompt of {length} tokens: round {repeat + 1} of {arguments.repeats}")
        prompt = [generator.randrange(vocab_size) for _ in range(length)]
        # The order alternates, so that none always runs on a machine that another has just heated.
        for contender in contenders if repeat % 2 else reversed(contenders):
            figures = contender.run(prompt, arguments.new_tokens if repeat >= 0 else 4)
            if repeat >= 0:
                times[contender.name].append(figures)
    return times


def evaluate(
    length: int, num_new: int, times: dict[str, list[dict[str, float]]]
) -> tuple[list[tuple[str, ...]], dict[str, Any]]:
    """Rates of each contender, and PIE's against the best of the others (median of the rounds' ratios)."""
    rates = {
        name: {
            "prefill": [length / run["first_s"] for run in runs],
            "decode": [(num_new - 1) / (run["total_s"] - run["first_s"]) for run in runs],
            "ttft_ms": [run["first_s"] * 1e3 for run in runs],
        }
        for name, runs in times.items()
    }
    rows = [
        (name, f"{length}", spread(rate["prefill"]), spread(rate["decode"]), spread(rate["ttft_ms"]))
        for name, rate in rates.items()
    ]
    figures: dict[str, Any] = {"prompt_tokens": length}
    for kind in ("prefill", "decode"):
        peers = {name: rate[kind] for name, rate in rates.items() if name != "pie"}
        best = max(peers, key=lambda name: median(peers[name]))
        ratios = [mine / theirs for mine, theirs in zip(rates["pie"][kind], peers[best], strict=True)]
        figures[f"{kind}_ratio"] = median(ratios)
        figures[f"{kind}_ratio_range"] = [float(f"{min(ratios):.4g}"), float(f"{max(ratios):.4g}")]
        figures[f"{kind}_tokens_per_s"] = {name: median(rate[kind]) for name, rate in rates.items()}
    figures["ttft_ms"] = {name: median(rate["ttft_ms"]) for name, rate in rates.items()}
    figures["meets_target"] = min(figures["prefill_ratio"], figures["decode_ratio"]) >= TARGET_RATIO
    rows.append(("ratio to the best", f"{length}", f"{figures['prefill_ratio']}", f"{figures['decode_ratio']}", ""))
    return rows, figures


if __name__ == "__main__":
    main()
