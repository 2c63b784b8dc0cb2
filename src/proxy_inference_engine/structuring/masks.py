"""Puts packed token masks on logits, with operations that every back end of MLX has.

One bit a token goes to the device; a table of the eight additions that each byte stands for unfolds it there. Knows
nothing of grammars.
"""

from __future__ import annotations

import mlx.core as mx
import numpy as np

from proxy_inference_engine.errors import InternalError

_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
_BIAS = np.where(_BITS, 0.0, -np.inf).astype(np.float32)


def apply_mask(logits: mx.array, masks: mx.array) -> mx.array:
    """`logits` [B, V] with -inf wherever `masks` (uint32 [B, ceil(V / 32)], bit `t % 32` of word `t // 32`) has a 0.

    Apply it last, after every processor. Allowed logits keep their values bit for bit, and the type stays.
    """
    num_rows, size = logits.shape
    if masks.dtype != mx.uint32 or masks.shape != (num_rows, (size + 31) // 32):
        raise InternalError(
            f"masks of shape {masks.shape} and type {masks.dtype} do not fit logits [{num_rows}, {size}]: "
            f"they must be uint32 [{num_rows}, {(size + 31) // 32}]"
        )
    table = mx.array(_BIAS).astype(logits.dtype)
    bias = table[masks.view(mx.uint8)].reshape(num_rows, -1)
    return logits + bias[:, :size]
