"""From conversations to rows of token ids for training, made by worker processes. It does not know the model.

A row holds whole conversations side by side: `tokens` (uint16), `weights` (uint8: how much predicting the NEXT token
counts) and `starts` (uint16: where the conversation of this token begins; attention does not look before it).
"""

from __future__ import annotations

import json
import multiprocessing as mp
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .datagen.chat import CONTROL, Conversation, segments
from .datagen.mixture import conversation

# Cuts no finer than the tokenizer's own pattern does, but much faster: a word is looked up with the space before it.
COARSE = r"""\n| {2,}| ?[A-Za-z]+|[0-9]|["{}\[\]:,](?: ?["{}\[\]:,])*|[\s\S]"""
REPLY_WEIGHT, CONTEXT_WEIGHT = 20, 1


class Rows(NamedTuple):
    """Rows of packed conversations, each array [num_rows, row_length]."""

    tokens: np.ndarray
    weights: np.ndarray
    starts: np.ndarray


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
    weights = [*weights[1:], 0]
    return np.array(ids[:length], np.uint16), np.array(weights[:length], np.uint8)


class Packer:
    """Makes rows from the conversations of seeds first, first + step, first + 2 step, ... by first fit."""

    def __init__(self, folder: Path, length: int, first: int, step: int, *, held_out: bool = False) -> None:
        self.encoder = Encoder(folder)
        self.length, self.seed, self.step, self.held_out = length, first, step, held_out
        self.waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def _row(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n = self.length
        tokens, weights, starts = np.zeros(n, np.uint16), np.zeros(n, np.uint8), np.arange(n, dtype=np.uint16)
        at = 0
        while True:
            while len(self.waiting) < 24:
                self.waiting.append(encode(self.encoder, conversation(self.seed, held_out=self.held_out), n))
                self.seed += self.step
            for i, (ids, w) in enumerate(self.waiting):
                if at + len(ids) <= n:
                    break
            else:
                return tokens, weights, starts
            end = at + len(ids)
            tokens[at:end], weights[at:end], starts[at:end] = ids, w, at
            at = end
            del self.waiting[i]

    def rows(self, count: int) -> Rows:
        return Rows(*(np.stack(x) for x in zip(*(self._row() for _ in range(count)), strict=True)))


def _work(folder: Path, length: int, first: int, step: int, count: int, queue: mp.Queue) -> None:
    packer = Packer(folder, length, first, step)
    while True:
        queue.put(packer.rows(count))


def start_workers(folder: Path, *, length: int, count: int, workers: int, seed: int, depth: int = 64) -> tuple[mp.Queue, list]:
    """Worker processes that fill a queue with `Rows` of `count` rows; end them with terminate()."""
    context = mp.get_context("fork")
    queue = context.Queue(maxsize=depth)
    processes = [
        context.Process(target=_work, args=(folder, length, seed + i, workers, count, queue), daemon=True) for i in range(workers)
    ]
    for process in processes:
        process.start()
    return queue, processes


def describe(rows: Rows) -> str:
    return json.dumps({"rows": len(rows.tokens), "reply_share": round(float((rows.weights == REPLY_WEIGHT).mean()), 3), "used": round(float((rows.weights > 0).mean()), 3)})
