"""From conversations to batches of token ids for training, made by worker processes. It does not know the model.

A batch is one flat run of tokens: for each (length, rows) of `LAYOUT`, rows of that length with one conversation
each, padded at the end. So every step has the same shapes and the same share of short and long conversations, and
attention is plain causal attention inside each row.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import re
from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .datagen.chat import CONTROL, Conversation, segments
from .datagen.mixture import conversation

# Cuts no finer than the tokenizer's own pattern does, but much faster: a word is looked up with the space before it.
COARSE = r"""\n| {2,}| ?[A-Za-zÀ-ɏ]+|[0-9]|["{}\[\]:,](?: ?["{}\[\]:,])*|[\s\S]"""
REPLY_WEIGHT, CONTEXT_WEIGHT = 20, 1


# (length, rows): about the lengths that the mixture has
LAYOUT = (
    (128, 78),
    (192, 58),
    (256, 49),
    (320, 34),
    (384, 25),
    (512, 29),
    (640, 13),
    (1024, 12),
    (1536, 7),
    (2048, 7),
    (3072, 6),
    (4096, 1),
)
TINY_LAYOUT = ((128, 4), (256, 2), (512, 1))  # to try the script out
Layout = tuple[tuple[int, int], ...]


class Batch(NamedTuple):
    """Flat arrays of all rows: token ids, and how much predicting the NEXT token counts (0 at the end of a row)."""

    tokens: np.ndarray
    weights: np.ndarray


class Encoder:
    """The tokenizer with a memory of every word it has cut: same ids as `tokenizers`, several times as fast."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        control = "|".join(re.escape(x) for x in sorted(CONTROL, key=len, reverse=True))
        self.cut = re.compile(f"{control}|{COARSE}").findall
        self.known: dict[str, tuple[int, ...]] = {}

    def __call__(self, text: str) -> list[int]:
        out: list[int] = []
        known = self.known
        for piece in self.cut(text):
            ids = known.get(piece)
            if ids is None:
                ids = tuple(self.tokenizer.encode(piece).ids)
                if len(known) < 300_000:
                    known[piece] = ids
            out += ids
        return out


def encode(encoder: Encoder, c: Conversation, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(token ids, weights of predicting the next token) of a conversation, cut at `length`."""
    ids: list[int] = []
    weights: list[int] = []
    for text, ours in segments(c):
        piece = encoder(text)
        ids += piece
        weights += [REPLY_WEIGHT if ours else CONTEXT_WEIGHT] * len(piece)
    weights = [*weights[1:length], 0]
    return np.array(ids[:length], np.uint16), np.array(weights, np.uint8)


class Packer:
    """Makes batches from the conversations of seeds first, first + step, first + 2 step, ..."""

    def __init__(self, folder: Path, layout: Layout, first: int, step: int) -> None:
        self.encoder = Encoder(folder)
        self.layout, self.seed, self.step = layout, first, step
        self.waiting: list[deque[tuple[np.ndarray, np.ndarray]]] = [deque(maxlen=300) for _ in layout]

    def _more(self) -> None:
        piece = encode(self.encoder, conversation(self.seed), self.layout[-1][0])
        self.seed += self.step
        place = next(i for i, (length, _) in enumerate(self.layout) if len(piece[0]) <= length)
        self.waiting[place].append(piece)

    def _take(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """A conversation for a row; a shorter one where the right length is late."""
        tries = 0
        while True:
            for queue in self.waiting[place::-1]:
                if queue and (tries >= 40 or queue is self.waiting[place]):
                    return queue.popleft()
            self._more()
            tries += 1

    def batch(self) -> Batch:
        total = sum(length * rows for length, rows in self.layout)
        tokens, weights = np.zeros(total, np.uint16), np.zeros(total, np.uint8)
        for _ in range(sum(rows for _, rows in self.layout)):
            self._more()
        end = total
        for place in reversed(range(len(self.layout))):
            length, rows = self.layout[place]
            for _ in range(rows):
                end -= length
                ids, w = self._take(place)
                tokens[end : end + len(ids)], weights[end : end + len(ids)] = ids, w
        return Batch(tokens, weights)


def _work(folder: Path, layout: Layout, first: int, step: int, queue: mp.Queue) -> None:
    packer = Packer(folder, layout, first, step)
    while True:
        queue.put(packer.batch())


def start_workers(folder: Path, *, layout: Layout, workers: int, seed: int) -> tuple[mp.Queue, list]:
    """Worker processes that fill a queue with batches; end them with terminate()."""
    context = mp.get_context("fork")
    queue = context.Queue(maxsize=64)
    processes = [
        context.Process(target=_work, args=(folder, layout, seed + i, workers, queue), daemon=True)
        for i in range(workers)
    ]
    for process in processes:
        process.start()
    return queue, processes


def describe(batch: Batch) -> str:
    return json.dumps(
        {
            "tokens": len(batch.tokens),
            "replies": round(float((batch.weights == REPLY_WEIGHT).mean()), 3),
            "used": round(float((batch.weights > 0).mean()), 3),
        }
    )
