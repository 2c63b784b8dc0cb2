"""Train the demo model on one GPU (or, at a tiny size, on a CPU to try the script out).

Data is made while training by worker processes; the run lasts --minutes by the clock, with a warm-up and a linear
decay at its end. Weights go to OUT in float16 parts of under 16 MB. Usage: python -m demo.train --out OUT
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .model import Llama, Shape, after, before, rows_of
from .packing import LAYOUT, TINY_LAYOUT, Batch, Layout, describe, start_workers
from .parts import load_parts
from .trial import start_making, trial

FOLDER = Path(__file__).parents[1] / "src/proxy_inference_engine/demo_model"
PART_BYTES = 15_000_000


def save_parts(weights: dict[str, Tensor], out: Path) -> None:
    """float16 weights in files part0.bin, part1.bin, ... beside parts.json (names and shapes in order)."""
    flat = torch.cat([w.half().flatten().cpu() for w in weights.values()]).numpy().tobytes()
    index = {name: list(w.shape) for name, w in weights.items()}
    for i in range(0, len(flat), PART_BYTES):
        (out / f"part{i // PART_BYTES}.bin").write_bytes(flat[i : i + PART_BYTES])
    (out / "parts.json").write_text(json.dumps(index))


def orthogonalised(g: Tensor) -> Tensor:
    """Newton-Schulz iteration towards the nearest orthogonal matrices, for a stack [N, rows, columns].

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16() if g.is_cuda else g
    flip = x.shape[-2] > x.shape[-1]
    if flip:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        y = x @ x.mT
        x = a * x + (b * y + c * y @ y) @ x
    return x.mT if flip else x


class Muon:
    """Momentum with orthogonalised updates for the matrices inside the layers."""

    def __init__(self, params: list[Tensor], decay: float) -> None:
        self.groups: dict[tuple[int, ...], list[Tensor]] = {}
        for p in params:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.momenta = {k: torch.zeros(len(v), *k, device=v[0].device) for k, v in self.groups.items()}
        self.decay = decay

    @torch.no_grad()
    def step(self, lr: float, momentum: float) -> None:
        for shape, params in self.groups.items():
            g = torch.stack([p.grad for p in params])
            m = self.momenta[shape]
            m.lerp_(g, 1 - momentum)
            update = orthogonalised(g.lerp(m, momentum).flatten(0, 1)).view_as(g)
            scale = max(1.0, shape[-2] / shape[-1]) ** 0.5
            torch._foreach_mul_(params, 1 - lr * self.decay)
            torch._foreach_add_(params, list(update.float().unbind(0)), alpha=-lr * scale)


class Feed:
    """Batches from the workers; when they are late, an old batch is used once more."""

    def __init__(self, queue: Any, keep: int = 2000) -> None:
        self.pool: list[Batch] = []
        self.fresh: deque[Batch] = deque()
        self.made = self.reused = 0
        self.queue, self.keep = queue, keep
        threading.Thread(target=self._pull, daemon=True).start()

    def _pull(self) -> None:
        while True:
            batch = self.queue.get()
            self.fresh.append(batch)
            self.made += 1
            while len(self.fresh) > 3000:
                time.sleep(0.1)

    def next(self) -> Batch:
        while not self.fresh and len(self.pool) < 20:
            time.sleep(0.02)
        if not self.fresh:
            self.reused += 1
            return random.choice(self.pool)
        batch = self.fresh.popleft()
        if len(self.pool) < self.keep:
            self.pool.append(batch)
        else:
            self.pool[random.randrange(self.keep)] = batch
        return batch


class Loss:
    """The training loss on flat batches of one layout, compiled in three pieces; float32 weights, bfloat16 work."""

    def __init__(self, model: Llama, layout: Layout, device: str) -> None:
        self.model, self.dtype = model, torch.bfloat16 if device == "cuda" else torch.float32
        self.attend = rows_of(layout)
        self.cos, self.sin = (
            torch.cat([t[:length].repeat(rows, 1) for length, rows in layout])[:, None] for t in (model.cos, model.sin)
        )
        wrap = (lambda f: torch.compile(f, dynamic=False)) if device == "cuda" else (lambda f: f)
        self.before, self.after, self.head = wrap(before), wrap(after), wrap(self._head)

    @staticmethod
    def _head(x: Tensor, norm: Tensor, embed: Tensor, tokens: Tensor, weights: Tensor, eps: float) -> Tensor:
        h = F.rms_norm(x, (x.shape[-1],), norm.to(x.dtype), eps)
        logits = F.linear(h, embed.to(x.dtype))[:-1].float()
        each = F.cross_entropy(logits, tokens[1:], reduction="none")
        w = weights[:-1].float()
        return (each * w).sum() / w.sum()

    def __call__(self, tokens: Tensor, weights: Tensor) -> Tensor:
        m, s = self.model, self.model.s
        x = F.embedding(tokens, m.embed).to(self.dtype)
        for layer in m.layers:
            q, k, v = self.before(x, layer.norm1, layer.qkv, self.cos, self.sin, s)
            x = self.after(x, self.attend(q, k, v), layer.out, layer.norm2, layer.gate_up, layer.down, s)
        return self.head(x, m.norm, m.embed, tokens, weights, s.norm_eps)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--minutes", type=float, default=18.0)
    p.add_argument("--workers", type=int, default=15)
    p.add_argument("--seed", type=int, default=1_000_000)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--decay-share", type=float, default=0.6)
    p.add_argument("--resume", type=Path)
    p.add_argument("--layers", type=int, default=Shape.num_layers)
    p.add_argument("--tiny", action="store_true", help="a toy size, for trying the script on a CPU")
    p.add_argument("--trial", type=int, default=400, help="held-out conversations a set at the end")
    args = p.parse_args()
    begin = time.time()
    layout = TINY_LAYOUT if args.tiny else LAYOUT
    batch_tokens = sum(length * rows for length, rows in layout)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    making = start_making(FOLDER, args.trial, max(1, args.workers - 1))
    queue, processes = start_workers(FOLDER, layout=layout, workers=args.workers, seed=args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    feed = Feed(queue)
    shape = Shape(width=128, hidden=192, num_heads=2, num_layers=2) if args.tiny else Shape(num_layers=args.layers)
    model = Llama(shape).to(device)
    if args.resume:
        model.from_checkpoint({k: torch.from_numpy(w.astype(np.float32)) for k, w in load_parts(args.resume).items()})
    print(
        "parameters",
        sum(x.numel() for x in model.parameters()),
        "device",
        torch.cuda.get_device_name() if device == "cuda" else "cpu",
        torch.__version__,
        flush=True,
    )
    matrices = [x for x in model.layers.parameters() if x.ndim == 3]
    rest = [x for x in model.parameters() if x.ndim < 3]
    muon = Muon(matrices, decay=0.03)
    adam = torch.optim.AdamW(rest, lr=1.0, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0, fused=device == "cuda")

    loss_of = Loss(model, layout, device)

    def batch() -> tuple[Tensor, Tensor]:
        made = feed.next()
        tokens, weights = torch.from_numpy(made.tokens.astype(np.int64)), torch.from_numpy(made.weights)
        if device == "cuda":
            return tokens.pin_memory().to(device, non_blocking=True), weights.pin_memory().to(device, non_blocking=True)
        return tokens, weights

    first = feed.next()
    print("first batch", describe(first), f"{time.time() - begin:.0f} s", flush=True)
    loss_of(*batch()).backward()
    model.zero_grad(set_to_none=True)
    print(f"compiled after {time.time() - begin:.0f} s", flush=True)
    start, limit, step, saved = time.time(), args.minutes * 60 - (time.time() - begin), 0, time.time()
    total, every = torch.zeros((), device=device), 100 if device == "cuda" else 5
    while (elapsed := time.time() - start) < limit:
        progress = elapsed / limit
        rate = min(1.0, (step + 1) / 60) * min(1.0, (1 - progress) / args.decay_share)
        loss = loss_of(*batch())
        loss.backward()
        muon.step(args.lr * rate, 0.85 + 0.1 * min(1.0, step / 300))
        for group in adam.param_groups:
            group["lr"] = 0.15 * args.lr * rate
        adam.step()
        model.zero_grad(set_to_none=True)
        total += loss.detach()
        step += 1
        if step % every == 0:
            mean = total.item() / every
            total.zero_()
            seconds = time.time() - start
            print(
                f"step {step} loss {mean:.4f} rate {rate:.3f} {step * batch_tokens / seconds / 1e6:.2f} Mtok/s "
                f"made {feed.made} reused {feed.reused} {seconds:.0f} s",
                flush=True,
            )
            if not mean < (10 if step < 400 else 3.5):
                raise SystemExit("the loss is lost: stop here")
        if time.time() - saved > 100:
            saved = time.time()
            save_parts(model.to_checkpoint(), args.out)
    for process in processes:
        process.terminate()
    weights = model.to_checkpoint()
    save_parts(weights, args.out)
    (args.out / "training.json").write_text(
        json.dumps(
            {
                "steps": step,
                "tokens": step * batch_tokens,
                "seconds": round(time.time() - begin),
                "batches_made": feed.made,
                "batches_reused": feed.reused,
                "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
                "torch": torch.__version__,
                "lr": args.lr,
                "resumed": bool(args.resume),
            }
        )
    )
    print(f"trained, {time.time() - begin:.0f} s", flush=True)
    trial(shape, {k: v.half().float() for k, v in weights.items()}, FOLDER, args.out, making, device)
    print(f"done, {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
