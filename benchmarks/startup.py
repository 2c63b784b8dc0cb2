"""How long it takes to begin, and what a loaded model holds.

Import and `pie --help` are whole processes, timed from outside, interpreter included; beside them `import transformers`
where there is one. Loading runs in a process of its own on a random model: time, and peak memory (MLX's and the
process's) against the weights as they are held, which on a CPU is float32 whatever the files say. Start-up is judged by
the lowest of its times: the others tell how busy the machine was.

    python benchmarks/startup.py --reference-python /path/to/env-with-transformers/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import SHAPES, is_gpu, made_up_model, median, note, report, spread

TARGET_START_S = 0.3
TARGET_PEAK_RATIO = 1.15

_LOAD = """
import json, sys, time
import mlx.core as mx
from proxy_inference_engine.cli.bench import rss_peak_bytes as rss
from proxy_inference_engine import InferenceEngine
mx.eval(mx.zeros(1))
before = rss()
start = time.perf_counter()
engine = InferenceEngine(sys.argv[1])
load_s = time.perf_counter() - start
held = mx.get_active_memory()
peaks = {"mlx_peak_bytes": mx.get_peak_memory(), "rss_peak_bytes": rss() - before}
engine.close()
print(json.dumps({"load_s": load_s, "held_bytes": held, **peaks}))
"""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference-python", default=sys.executable, help="the Python that has transformers")
    parser.add_argument("--shape", choices=SHAPES, default="3b" if is_gpu() else "wide")
    parser.add_argument("--model", type=Path, help="a model folder instead of random ones")
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    pie = [sys.executable, "-m", "proxy_inference_engine"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import proxy_inference_engine": [sys.executable, "-c", "import proxy_inference_engine"],
        "the same, and InferenceEngine": [sys.executable, "-c", "from proxy_inference_engine import InferenceEngine"],
        "pie --help": [*pie, "--help"],
        "import transformers": [arguments.reference_python, "-c", "import transformers"],
    }
    starts = {name: seconds for name, command in commands.items() if (seconds := timed(command, arguments.repeats))}
    loads = dict(load_all(arguments))
    rows = [(name, spread(seconds), "", "", "") for name, seconds in starts.items()]
    rows += [
        (
            f"load {name}",
            f"{figures['load_s']:.3g}",
            f"{figures['file_bytes'] / 1e6:,.0f} / {figures['held_bytes'] / 1e6:,.0f}",
            f"{figures['mlx_peak_ratio']}",
            f"{figures['rss_peak_ratio']}",
        )
        for name, figures in loads.items()
    ]
    quick = ("import proxy_inference_engine", "pie --help")
    report(
        "startup",
        ("", "seconds", "MB in files / held", "MLX peak / held", "process peak / held"),
        rows,
        {
            "start_s": {name: median(seconds) for name, seconds in starts.items()},
            "start_lowest_s": {name: float(f"{min(seconds):.4g}") for name, seconds in starts.items()},
            "loads": loads,
            "target_start_s": TARGET_START_S,
            "target_peak_ratio": TARGET_PEAK_RATIO,
            "meets_target": all(min(starts[name]) < TARGET_START_S for name in quick)
            and all(figures["mlx_peak_ratio"] <= TARGET_PEAK_RATIO for figures in loads.values()),
        },
    )


def timed(command: list[str], repeats: int) -> list[float]:
    """Wall-clock seconds of each run after a first one; empty when the command fails."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        seconds.append(time.perf_counter() - start)
        if done.returncode:
            note(f"left out, as it failed: {' '.join(command)}")
            return []
    return seconds[1:]


def load_all(arguments: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """Load figures of the given model, or of random ones in three forms."""
    if arguments.model is not None:
        return [(str(arguments.model), load(arguments.model))]
    found = []
    for dtype, bits in (("bfloat16", None), ("float32", None), ("bfloat16", 4)):
        with made_up_model(arguments.shape, bits=bits, dtype=dtype) as folder:
            found.append((f"{arguments.shape} {dtype}{f' {bits} bits' if bits else ''}", load(folder)))
    return found


def load(folder: Path) -> dict[str, Any]:
    """Load `folder` in a fresh process."""
    note(f"loading {folder}")
    done = subprocess.run([sys.executable, "-c", _LOAD, str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    figures["file_bytes"] = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    for kind in ("mlx", "rss"):
        figures[f"{kind}_peak_ratio"] = float(f"{figures[f'{kind}_peak_bytes'] / figures['held_bytes']:.4g}")
    return dict(figures)


if __name__ == "__main__":
    main()
