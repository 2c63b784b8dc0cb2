"""What a conversation's history costs: time to the first token of a second turn, with 4,000 tokens before it and none.

Timed from the caller's submission, so rendering and encoding the whole history count as well. The two kinds take turns.
The model must be as wide as real ones: attention over the history grows with the width, the rest of the work with its
square, so a narrow model makes the history look dearer than it is. On a CPU it is one layer of an 8B model, and the
processor time tells what the work is where other programs make the clock unreliable.

    python benchmarks/second_turn.py
    python benchmarks/second_turn.py --shape 8b --quantize 4     # GPU
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from pathlib import Path

from common import SHAPES, is_gpu, made_up_model, median, note, report, spread
from proxy_inference_engine import InferenceEngine, Interaction, Role
from proxy_inference_engine.types import End, PrefillProgress

TARGET_RATIO = 1.3


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1b" if is_gpu() else "8b-layer")
    parser.add_argument("--model", type=Path, help="a model folder instead of a random one")
    parser.add_argument("--quantize", type=int, metavar="BITS")
    parser.add_argument("--dtype", default="bfloat16", help="of the random model's files")
    parser.add_argument("--history", type=int, default=4000, help="tokens before the second turn")
    parser.add_argument("--message", type=int, default=64, help="characters of each new message")
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    if arguments.model is not None:
        asyncio.run(compare(arguments, arguments.model))
        return
    with made_up_model(arguments.shape, bits=arguments.quantize, dtype=arguments.dtype) as folder:
        asyncio.run(compare(arguments, folder))


async def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Build the history once, then second turns with and without it, in turns."""
    async with InferenceEngine(folder) as engine:
        note(f"computing a history of {arguments.history} tokens")
        history = await first_turn(engine, arguments.history)
        with_history: list[End] = []
        without: list[End] = []
        seconds: dict[str, list[float]] = {"with": [], "without": []}
        cpu_seconds: dict[str, list[float]] = {"with": [], "without": []}
        for repeat in range(-1, arguments.repeats):
            note(f"round {repeat + 1} of {arguments.repeats}")
            for kind, before, ends in (("with", history, with_history), ("without", [], without)):
                message = Interaction.simple(Role.USER, words(arguments.message, seed=f"{repeat} {kind}"))
                cpu_start = time.process_time()
                first_s, end = await ask(engine, [*before, message])
                if repeat >= 0:
                    seconds[kind].append(first_s)
                    cpu_seconds[kind].append(time.process_time() - cpu_start)
                    ends.append(end)
    ratios = [mine / theirs for mine, theirs in zip(seconds["with"], seconds["without"], strict=True)]
    ratio = median(ratios)
    cpu_ratio = median([mine / theirs for mine, theirs in zip(*cpu_seconds.values(), strict=True)])
    rows = [
        (
            f"{kind} history",
            f"{ends[-1].usage.num_prompt_tokens}",
            f"{ends[-1].usage.num_cached_tokens}",
            spread([value * 1e3 for value in seconds[kind]]),
            spread([value * 1e3 for value in cpu_seconds[kind]]),
        )
        for kind, ends in (("with", with_history), ("without", without))
    ]
    rows.append(("ratio", "", "", spread(ratios), f"{cpu_ratio}"))
    report(
        "second_turn",
        ("", "prompt tokens", "from cache", "first token ms", "processor ms"),
        rows,
        {
            "shape": str(arguments.model) if arguments.model else arguments.shape,
            "bits": arguments.quantize,
            "history_tokens": with_history[-1].usage.num_cached_tokens,
            "ttft_ms": {kind: median([value * 1e3 for value in values]) for kind, values in seconds.items()},
            "ratio": ratio,
            "cpu_ratio": cpu_ratio,
            "target_ratio": TARGET_RATIO,
            "meets_target": ratio <= TARGET_RATIO,
        },
    )


async def first_turn(engine: InferenceEngine, num_tokens: int) -> list[Interaction]:
    """A message and its reply, together about `num_tokens` long."""
    text = words(num_tokens * 8, seed="history")
    ids = engine.tokenizer.encode(text)
    message = Interaction.simple(Role.USER, engine.tokenizer.decode(ids[: num_tokens - 16]))
    reply = await engine.chat([message], temperature=0, max_new_tokens=16, ignore_stop_tokens=True)
    return [message, reply]


async def ask(engine: InferenceEngine, prompt: list[Interaction]) -> tuple[float, End]:
    """Seconds from here to the first token, and the reply's last event."""
    first = 0.0
    start = time.perf_counter()
    async for event in engine.stream(prompt, temperature=0, max_new_tokens=1, ignore_stop_tokens=True):
        if not isinstance(event, PrefillProgress):
            first = first or time.perf_counter()
        if isinstance(event, End):
            return first - start, event
    raise AssertionError("a stream ended without an End")


def words(num_characters: int, seed: str) -> str:
    """Made-up words, another text for every seed."""
    generator = random.Random(seed)
    letters = "etaoinshrdlu"
    text = ""
    while len(text) < num_characters:
        text += "".join(generator.choice(letters) for _ in range(generator.randint(2, 7))) + " "
    return text[:num_characters]


if __name__ == "__main__":
    main()
