"""What a restart costs: time to the first token of a long prompt that an earlier run saved, and of one never seen.

An engine computes prompts of the same length and closes, which writes them to a folder. New engines on the same folder
then answer known and unknown ones in turns.

    python benchmarks/restart.py
    python benchmarks/restart.py --shape 8b --quantize 4     # GPU
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from common import SHAPES, is_gpu, made_up_model, median, note, report, spread
from proxy_inference_engine import InferenceEngine
from proxy_inference_engine.engine.request import InferenceOptions
from proxy_inference_engine.types import End

TARGET_RATIO = 5.0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1b" if is_gpu() else "30m")
    parser.add_argument("--quantize", type=int, metavar="BITS")
    parser.add_argument("--dtype", default="bfloat16", help="of the random model's files")
    parser.add_argument("--prompt", type=int, default=10_000, help="tokens of the prompt")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    with (
        tempfile.TemporaryDirectory(prefix="pie-bench-") as files,
        made_up_model(
            arguments.shape, bits=arguments.quantize, dtype=arguments.dtype, context_length=arguments.prompt + 64
        ) as folder,
    ):
        asyncio.run(compare(arguments, folder, Path(files)))


async def compare(arguments: argparse.Namespace, folder: Path, files: Path) -> None:
    """Save prompts, restart, and ask for them and for others in turns."""
    rng = random.Random(0)
    known = [[rng.randrange(250) for _ in range(arguments.prompt)] for _ in range(arguments.repeats)]
    note(f"computing and saving {len(known)} prompts of {arguments.prompt} tokens")
    async with InferenceEngine(folder, prompt_cache_dir=files) as engine:
        saved = [await first_token(engine, ids) for ids in known]
    size = sum(path.stat().st_size for path in files.rglob("*.safetensors"))
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    ends: dict[str, End] = {}
    for repeat, ids in enumerate(known):
        note(f"round {repeat + 1} of {arguments.repeats}")
        async with InferenceEngine(folder, prompt_cache_dir=files) as engine:
            unknown = [rng.randrange(250) for _ in range(arguments.prompt)]
            await first_token(engine, unknown[:64])  # warms up
            for kind, prompt in (("known", ids), ("unknown", unknown)):
                end = await first_token(engine, prompt)
                seconds[kind].append(end.timing.ttft_ms / 1e3)
                ends[kind] = end
    ratios = [fresh / loaded for fresh, loaded in zip(seconds["unknown"], seconds["known"], strict=True)]
    rows = [
        (kind, f"{ends[kind].usage.num_cached_tokens}", spread([value * 1e3 for value in seconds[kind]]))
        for kind in seconds
    ]
    rows.append(("times sooner", "", spread(ratios)))
    report(
        "restart",
        ("prompt", "from cache", "first token ms"),
        rows,
        {
            "shape": arguments.shape,
            "bits": arguments.quantize,
            "prompt_tokens": arguments.prompt,
            "saved_bytes": size,
            "ttft_ms": {kind: median([value * 1e3 for value in values]) for kind, values in seconds.items()},
            "first_run_ttft_ms": median([end.timing.ttft_ms for end in saved]),
            "ratio": median(ratios),
            "target_ratio": TARGET_RATIO,
            "meets_target": median(ratios) >= TARGET_RATIO,
        },
    )


async def first_token(engine: InferenceEngine, ids: list[int]) -> End:
    """The end of a request for one token."""
    options = InferenceOptions.from_keywords({"temperature": 0, "max_new_tokens": 1, "ignore_stop_tokens": True})
    return await engine.submit(engine._request(ids, options, wants_text=False)).end()


if __name__ == "__main__":
    main()
