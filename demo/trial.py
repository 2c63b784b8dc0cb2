"""A quick look at a fresh model: which replies are right token by token, before and after quantisation.

The model sees the right reply and must prefer each of its tokens, the end mark too; that is what greedy generation
needs to give the very same reply. It generates nothing; `demo.evaluate` does, with the engine.
"""

from __future__ import annotations

import json
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from . import grading
from .datagen.chat import CONTROL, prompt_and_reply
from .model import Llama, Shape, quantised
from .packing import Encoder

END = CONTROL.index("<|im_end|>")


def _make(job: tuple[str, int, str, str]) -> list[tuple[str, str, list[int], list[int]]]:
    name, n, kind, folder = job
    encoder = Encoder(Path(folder))
    sets = grading.sets(lambda text: len(encoder(text)))
    out = []
    for c in grading.examples(name, sets[name], n, held_out=kind != "training", unusual=kind == "unusual"):
        prompt, reply = prompt_and_reply(c)
        out.append((name, kind, encoder(prompt), [*encoder(reply), END]))
    return out


@torch.no_grad()
def _score(model: Llama, batch: list[tuple[list[int], list[int]]], device: str) -> list[Tensor]:
    """The preferred tokens at the places of each reply."""
    longest = -(-max(len(p) + len(r) for p, r in batch) // 64) * 64
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, (p, r) in enumerate(batch):
        tokens[i, : len(p) + len(r)] = torch.tensor(p + r)
    hidden = model(tokens.to(device))
    out = []
    for i, (p, r) in enumerate(batch):
        out.append(F.linear(hidden[i, len(p) - 1 : len(p) + len(r) - 1], model.embed).argmax(-1).cpu())
    return out


def start_making(folder: Path, n: int, processes: int) -> Any:
    """Begin to make the held-out conversations (n a set) in other processes; pass the result to `trial`."""
    names = list(grading.sets(len))
    long = {"recall, 1,500 tokens": n // 2, "recall, 3,000 tokens": n // 4}
    jobs = [
        (name, long.get(name, n) // (2 if kind == "training" else 1), kind, str(folder))
        for name in names
        for kind in ("held out", "unusual", "training")
    ]
    pool = get_context("fork").Pool(processes)
    return pool, pool.map_async(_make, jobs, chunksize=1)  # the pool must outlive its work


def trial(shape: Shape, weights: dict[str, Tensor], folder: Path, out: Path, making: Any, device: str) -> None:
    """Score held-out sets (and a smaller sample of the training kind), print shares, write failures to trial.json."""
    began = time.time()
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pool, result = making
    made = [x for part in result.get(timeout=120) for x in part]
    pool.terminate()
    made.sort(key=lambda x: len(x[2]) + len(x[3]))
    print(f"made {len(made)} trial conversations, {time.time() - began:.0f} s", flush=True)
    torch.set_float32_matmul_precision("highest")
    report: dict[str, Any] = {}
    failures = []
    for label, w in (("float16", weights), ("8 bits", quantised(weights))):
        model = Llama(shape).to(device)
        model.from_checkpoint(w)
        at = 0
        while at < len(made):
            size = max(1, 150_000 // (len(made[min(at + 64, len(made) - 1)][2]) + 400))
            part = made[at : at + size]
            at += size
            for (name, kind, prompt, reply), got in zip(
                part, _score(model, [(p, r) for _, _, p, r in part], device), strict=True
            ):
                right = got.tolist() == reply
                key = f"{name} ({kind})"
                entry = report.setdefault(key, {}).setdefault(label, [0, 0, 0])
                entry[0] += right
                entry[1] += 1
                entry[2] += got[-1].item() == END
                if not right and label == "8 bits":
                    failures.append(
                        {
                            "set": key,
                            "prompt": tokenizer.decode(prompt, skip_special_tokens=False),
                            "want": tokenizer.decode(reply, skip_special_tokens=False),
                            "got": tokenizer.decode(got.tolist(), skip_special_tokens=False),
                        }
                    )
    for key in sorted(report):
        print(
            f"{key:45s}",
            "  ".join(
                f"{label}: {100 * a / b:6.2f} % right, {100 * e / b:6.2f} % end ({b})"
                for label, (a, b, e) in report[key].items()
            ),
            flush=True,
        )
    kept: dict[str, int] = {}
    sample = []
    for x in failures:
        kept[x["set"]] = kept.get(x["set"], 0) + 1
        if kept[x["set"]] <= 40:
            sample.append(x)
    (out / "trial.json").write_text(json.dumps({"report": report, "failures": sample}, ensure_ascii=False))
