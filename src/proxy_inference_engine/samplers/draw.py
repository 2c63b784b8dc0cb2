"""Draw one token for each row from its weights, with the row's own random key.

Gumbel-max in two levels: first a block of tokens by the blocks' sums, then a token of that block. Both levels add
Gumbel noise to log weights and take the largest, which draws exactly in proportion to the weights; two levels need
1,300 random numbers for 152,000 tokens instead of 152,000. Unlike inverting a running sum, a rounding error somewhere
in a row moves no border between other tokens. Knows no parameters.

Sources: Gumbel, 1954; Maddison, Tarlow and Minka, "A* Sampling", arXiv:1411.0030 (max-stability, the second level).
"""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.samplers.weights import BLOCK, blocks, exp, relative

_LEAST_NOISE = -30.0
"""Gumbel noise this small has probability 0; MLX's may be -inf, which would let a removed token win a tie."""

_COIN_STREAM = (0x5851F42D, 0x4C957F2D)
"""Turns a row's key into that of its coin, so that coin and token are independent."""


def draw(w: mx.array, keys: mx.array) -> mx.array:
    """Token ids `[B]` uint32, drawn in proportion to `w [B, V]` (float32, >= 0) with `keys [B, 2]`.

    Weights below 1e-7 of the row's largest are drawn a little too rarely: the noise has float32 resolution. A row of
    NaN or without any weight gives some id in range and disturbs no other row.
    """
    parts = blocks(w)
    num_blocks = parts.shape[1]
    noise = gumbel(keys, num_blocks + BLOCK)
    block = mx.argmax(mx.log(mx.sum(parts, axis=-1)) + noise[:, :num_blocks], axis=-1)
    inside = mx.take_along_axis(parts, block[:, None, None], axis=1)[:, 0]
    token = mx.argmax(mx.log(inside) + noise[:, num_blocks:], axis=-1)
    return mx.minimum(block * BLOCK + token, w.shape[-1] - 1)


def categorical(logprobs: mx.array, keys: mx.array) -> mx.array:
    """Token ids `[B]` uint32, drawn from `logprobs [B, V]` (of any scale; -inf is never drawn) with `keys [B, 2]`."""
    return draw(exp(relative(logprobs)), keys)


def coin(keys: mx.array) -> mx.array:
    """One number `[B, 1]` in [0, 1) for each row's key, independent of what `draw` makes of it."""
    other = mx.bitwise_xor(keys, mx.array(_COIN_STREAM, dtype=mx.uint32))
    return mx.vmap(lambda key: mx.random.uniform(shape=(1,), key=key))(other)


def gumbel(keys: mx.array, size: int) -> mx.array:
    """Gumbel noise `[B, size]`, each row by its own of `keys [B, 2]`."""
    return mx.maximum(mx.vmap(lambda key: mx.random.gumbel((size,), key=key))(keys), _LEAST_NOISE)
