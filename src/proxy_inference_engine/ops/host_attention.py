"""Attention on the CPU straight from a pool of keys and values in host memory, through NumPy's BLAS.

A sequence's keys lie in a few runs of consecutive slots. Each run is multiplied where it lies, into its part of the
scores; then comes one softmax, and the products with the runs of values. Nothing is gathered. Rows of one query each
(decoding) share one softmax, because at their size NumPy's calls cost as much as the arithmetic.

Products are formed as BLAS likes them best here: keys `[T, D]` times a few queries `[D, G]` took a half to a quarter of
the time of the same product transposed. Knows no block table and no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from proxy_inference_engine.ops.threads import blas_threads
from proxy_inference_engine.ops.unpack import Float32

DECODE_SCORES = 1 << 18
"""Scores of decoding rows held at a time: they are passed over several times, in the second-level cache."""

_CHUNK_SCORES = 1 << 20
"""Scores of a chunk held at a time, 4 MiB of them."""

_MAX_QUERIES = 256
"""Queries of a chunk taken together: more would multiply more of the masked half of the scores."""

_MASKED = np.finfo(np.float32).min

Runs = Sequence[tuple[int, int]]
"""Slots `(start, stop)`, to be read one after the other."""

Read = tuple[int, int, Runs]
"""The keys `[start, stop)` of those that are seen, and where they lie."""


class Slots(Protocol):
    """Keys or values `[K, num_slots, D]`, in any storage."""

    def read(self, heads: slice, runs: Runs) -> Float32:
        """Those heads and slots in float32, `[k, T, D]`: a view where that is possible."""
        ...

    def score(self, runs: Runs, queries: Float32, out: Float32) -> None:
        """The products of these T slots with `queries [K, D, G]`, into `out [K, T, G]`."""
        ...

    def weigh(self, runs: Runs, weights: Float32, out: Float32) -> None:
        """The sum of these T slots under `weights [K, G, T]`, into `out [K, G, D]`."""
        ...


def decode(
    queries: Float32,
    keys: Slots,
    values: Slots,
    rows: npt.NDArray[np.intp],
    lengths: Sequence[int],
    reads: Sequence[Sequence[Read]],
    *,
    logit_cap: float | None,
    out: Float32,
) -> None:
    """Attention of one query a row, for the given rows of `queries [N, K, G, D]` (scaled), into those of `out`.

    Row `rows[i]` sees `lengths[i]` keys, which are read as `reads[i]` says.
    """
    _, num_kv_heads, group, head_dim = queries.shape
    num_rows, longest = len(lengths), max(lengths)
    columns = np.ascontiguousarray(queries[rows].swapaxes(2, 3))  # [R, K, D, G]
    scores = np.empty((num_rows, num_kv_heads, group, longest), dtype=np.float32)
    products = np.empty((num_rows, num_kv_heads, group, head_dim), dtype=np.float32)
    score, weigh = keys.score, values.weigh
    with blas_threads():
        for column, by_key, own in zip(columns, scores.swapaxes(2, 3), reads, strict=True):
            for start, stop, runs in own:
                score(runs, column, by_key[:, start:stop])
        _hide_padding(scores, lengths)
        if logit_cap is not None:
            _cap(scores, logit_cap)
            _hide_padding(scores, lengths)
        totals = _exponentials(scores)
        for weights, product, own in zip(scores, products, reads, strict=True):
            start, stop, runs = own[0]
            weigh(runs, weights[:, :, start:stop], product)
            for start, stop, runs in own[1:]:
                part = np.empty_like(product)
                weigh(runs, weights[:, :, start:stop], part)
                product += part
    np.divide(products, totals, out=products)
    out[rows] = products


def score_dense(keys: Float32, queries: Float32, out: Float32) -> None:
    """`keys [K, T, D]` times `queries [K, D, G]` into `out [K, T, G]`, whose T lies closest in memory."""
    if queries.shape[-1] == 1:
        np.matmul(keys, queries, out=out)
    else:
        out[:] = np.matmul(keys, queries)  # BLAS writes the transposed result far more slowly than this copies it


def chunk(
    queries: Float32,
    keys: Slots,
    values: Slots,
    reads: Sequence[Read],
    *,
    window: int | None,
    logit_cap: float | None,
    out: Float32,
) -> None:
    """Causal attention of consecutive tokens, `queries [L, K, G, D]` (scaled), into `out`, of the same shape.

    The tokens are the last L of the keys that `reads` says. With a `window` the query at p sees the keys from
    `p - window + 1` to p.
    """
    num_queries, num_kv_heads, group, head_dim = queries.shape
    num_keys = reads[-1][1]
    by_head = np.ascontiguousarray(queries.transpose(1, 0, 2, 3)).reshape(num_kv_heads, num_queries * group, head_dim)
    is_small = num_kv_heads * group * num_queries * num_keys <= _CHUNK_SCORES
    heads_at_once = num_kv_heads if is_small else 1
    block = min(num_queries, _MAX_QUERIES, max(1, _CHUNK_SCORES // (heads_at_once * group * num_keys)))
    if window is not None:
        # A block reads a window before each of its queries: a long block would read much that most of them do not see.
        block = min(block, max(64, window // 2))
    with blas_threads():
        for head in range(0, num_kv_heads, heads_at_once):
            heads = slice(head, head + heads_at_once)
            held_keys = [(start, stop, keys.read(heads, runs)) for start, stop, runs in reads]
            held_values = [(start, stop, values.read(heads, runs)) for start, stop, runs in reads]
            for begin in range(0, num_queries, block):
                rows = slice(begin, min(begin + block, num_queries))
                packed = slice(rows.start * group, rows.stop * group)
                product = _attend_block(
                    by_head[heads, packed], held_keys, held_values, rows, num_queries, group, window, logit_cap
                )
                out[rows, heads] = product.reshape(-1, rows.stop - rows.start, group, head_dim).swapaxes(0, 1)


def _attend_block(
    queries: Float32,
    keys: Sequence[tuple[int, int, Float32]],
    values: Sequence[tuple[int, int, Float32]],
    rows: slice,
    num_queries: int,
    group: int,
    window: int | None,
    logit_cap: float | None,
) -> Float32:
    """`queries [k, R * G, D]`, the rows `rows` of `num_queries`, on the keys and values of those heads."""
    num_heads, num_packed, head_dim = queries.shape
    num_rows, num_keys = rows.stop - rows.start, keys[-1][1]
    first_position = num_keys - num_queries + rows.start
    high = first_position + num_rows
    low = 0 if window is None else max(0, first_position - window + 1)
    scores = np.empty((num_heads, num_packed, high - low), dtype=np.float32)
    for start, stop, held in keys:
        begin, end = max(start, low), min(stop, high)
        if begin < end:
            part = held[:, begin - start : end - start].swapaxes(1, 2)
            np.matmul(queries, part, out=scores[:, :, begin - low : end - low])
    if logit_cap is not None:
        _cap(scores, logit_cap)
    by_row = scores.reshape(num_heads, num_rows, group, high - low)
    later = ~np.tri(num_rows, dtype=np.bool_)
    np.copyto(by_row[..., -num_rows:], _MASKED, where=later[:, None])
    num_hidden = 0 if window is None else high - window - low  # keys that the last query no longer sees
    if num_hidden > 0:
        hidden = np.arange(num_hidden) < np.arange(num_hidden - num_rows + 1, num_hidden + 1)[:, None]
        np.copyto(by_row[..., :num_hidden], _MASKED, where=hidden[:, None])
    totals = _exponentials(scores)
    product = np.zeros((num_heads, num_packed, head_dim), dtype=np.float32)
    is_first = True
    for start, stop, held in values:
        begin, end = max(start, low), min(stop, high)
        if begin < end:
            part = held[:, begin - start : end - start]
            weights = scores[:, :, begin - low : end - low]
            if is_first:
                np.matmul(weights, part, out=product)
            else:
                product += np.matmul(weights, part)
            is_first = False
    product /= totals
    return product


def _hide_padding(scores: Float32, lengths: Sequence[int]) -> None:
    longest = scores.shape[-1]
    for row, length in enumerate(lengths):
        if length < longest:
            scores[row, ..., length:] = _MASKED


def _cap(scores: Float32, logit_cap: float) -> None:
    np.multiply(scores, np.float32(1 / logit_cap), out=scores)
    np.tanh(scores, out=scores)
    np.multiply(scores, np.float32(logit_cap), out=scores)


def _exponentials(scores: Float32) -> Float32:
    """Exponentiate in place, relative to the largest of the last axis; return the sums, `[..., 1]`."""
    np.subtract(scores, scores.max(axis=-1, keepdims=True), out=scores)
    np.exp(scores, out=scores)
    totals: Float32 = scores.sum(axis=-1, keepdims=True)
    return totals
