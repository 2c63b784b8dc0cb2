"""The held-out evaluation of the bundled demo model, through PIE's own engine, greedily and without structuring.

    python -m demo.evaluate              a small sample (the one that `make test` uses), prints a table
    python -m demo.evaluate --full       the whole evaluation; writes demo/RESULTS.md

Two kinds of phrasings: "held out" are frames of the generator that training never saw (names and values are unseen
too); "unusual" were written by hand for the evaluation alone, in words of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proxy_inference_engine import InferenceEngine

from . import grading
from .datagen.chat import Conversation, prompt_and_reply

RESULTS = Path(__file__).parent / "RESULTS.md"
LONG = {"recall, 3,000 tokens": 4}  # these cost more: so many times fewer
MAX_NEW_TOKENS = 320
# name, set, part of the grade, bar of the issue
BARS = (
    ("extraction, exact match", "extraction", "right", 0.95),
    ("tool choice", "tool call", "choice", 0.97),
    ("tool choice where none fits", "no tool fits", "choice", 0.97),
    ("tool arguments", "tool call", "arguments", 0.95),
    ("recall at 1,500 tokens", "recall, 1,500 tokens", "right", 0.95),
    ("stops by itself", "", "stops", 0.99),
)


@dataclass
class Score:
    """Counts of one set: how many replies were graded, and how many were right in each respect."""

    num: int = 0
    right: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)

    def share(self, part: str) -> float:
        return self.right.get(part, 0) / max(1, self.num)


async def reply_to(engine: InferenceEngine, c: Conversation) -> tuple[str, bool]:
    """(the model's reply with its control tokens, whether it stopped by itself) to the prompt of a conversation."""
    prompt, _ = prompt_and_reply(c)
    ids = engine.tokenizer.encode(prompt, parse_control_tokens=True)
    out, reason = await engine.generate(ids, max_new_tokens=MAX_NEW_TOKENS, temperature=0.0)
    return engine.tokenizer.decode([int(x) for x in out], skip_control_tokens=False), reason == "stop"


async def replies_to(engine: InferenceEngine, conversations: Sequence[Conversation]) -> list[tuple[str, bool]]:
    """As `reply_to`, many at once."""
    return await asyncio.gather(*(reply_to(engine, c) for c in conversations))


def run(
    engine: InferenceEngine,
    num: int,
    *,
    unusual: bool = False,
    skip: Sequence[str] = (),
    progress: Callable[[str], None] = print,
) -> dict[str, Score]:
    """Grade `num` conversations of each set (fewer of the long ones)."""

    def count(text: str) -> int:
        return len(engine.tokenizer.encode(text, parse_control_tokens=True))

    scores: dict[str, Score] = {}
    for name, make in grading.sets(count).items():
        if name in skip:
            continue
        began, score = time.time(), Score()
        examples = list(grading.examples(name, make, max(1, num // LONG.get(name, 1)), unusual=unusual))
        replies = asyncio.run(replies_to(engine, examples))
        for c, (reply, stops) in zip(examples, replies, strict=True):
            grades = {**grading.grade(c, reply), "stops": stops}
            score.num += 1
            for part, good in grades.items():
                score.right[part] = score.right.get(part, 0) + bool(good)
            if not grades["right"]:
                score.failures.append(
                    {"set": name, "prompt": prompt_and_reply(c)[0], "want": prompt_and_reply(c)[1], "got": reply}
                )
        scores[name] = score
        shares = ", ".join(f"{part} {score.share(part):.1%}" for part in score.right)
        progress(f"{name}: {shares} ({score.num} conversations, {time.time() - began:.0f} s)")
    return scores


def bars(scores: dict[str, Score]) -> list[tuple[str, float, float]]:
    """(what, measured, bar) of the figures that the model is held to."""
    out = []
    for what, name, part, bar in BARS:
        some = [scores[name]] if name else list(scores.values())
        out.append((what, sum(s.right.get(part, 0) for s in some) / max(1, sum(s.num for s in some)), bar))
    return out


def table(kinds: dict[str, dict[str, Score]]) -> str:
    """The results as Markdown."""
    names = list(next(iter(kinds.values())))
    lines = ["| figure | bar | " + " | ".join(kinds) + " |", "| --- | --- |" + " --- |" * len(kinds)]
    columns = [bars(scores) for scores in kinds.values()]
    for i, (what, _, bar) in enumerate(columns[0]):
        lines.append(f"| {what} | {bar:.0%} | " + " | ".join(f"{column[i][1]:.1%}" for column in columns) + " |")
    lines += [
        "",
        "| set | conversations | " + " | ".join(f"right, {kind}" for kind in kinds) + " |",
        "| --- | --- |" + " --- |" * len(kinds),
    ]
    for name in names:
        num = next(iter(kinds.values()))[name].num
        lines.append(
            f"| {name} | {num} | "
            + " | ".join(f"{scores[name].share('right'):.1%}" for scores in kinds.values())
            + " |"
        )
    return "\n".join(lines)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    p.add_argument(
        "--full", action="store_true", help="the whole evaluation, with the unusual phrasings; writes RESULTS.md"
    )
    p.add_argument("--num", type=int, help="conversations a set (6, or 200 with --full)")
    p.add_argument("--model", default="demo", help="a model folder instead of the bundled one")
    p.add_argument("--failures", type=Path, help="write the wrong replies to this JSON file")
    args = p.parse_args()
    num = args.num or (200 if args.full else 6)
    began = time.time()
    log = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    with InferenceEngine(args.model) as engine:
        kinds = {"held out": run(engine, num, progress=log)}
        if args.full:
            kinds["unusual phrasings"] = run(engine, num, unusual=True, progress=log)
    text = table(kinds)
    print(text)
    if args.failures:
        failures = {kind: [x for s in scores.values() for x in s.failures] for kind, scores in kinds.items()}
        args.failures.write_text(json.dumps(failures, ensure_ascii=False, indent=1))
    if args.full:
        minutes = (time.time() - began) / 60
        note = (
            f"Written by `python -m demo.evaluate --full --num {num}` in {minutes:.0f} minutes: greedy decoding, "
            "PIE's engine, the weights as shipped (8 bits)."
        )
        RESULTS.write_text(f"# Results of the demo model\n\n{note}\n\n{text}\n\nWhat the sets are: `demo/README.md`.\n")


if __name__ == "__main__":
    main()
