"""Masks on logits against NumPy."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine.errors import InternalError
from proxy_inference_engine.structuring.masks import apply_mask


@pytest.mark.parametrize("vocab_size", [1, 31, 32, 33, 4099])
@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16, mx.float16])
def test_allowed_logits_keep_their_bits(vocab_size: int, dtype: mx.Dtype) -> None:
    rng = np.random.default_rng(vocab_size)
    masks = rng.integers(0, 2**32, (3, (vocab_size + 31) // 32), dtype=np.uint32)
    logits = mx.array(rng.normal(size=(3, vocab_size)).astype(np.float32)).astype(dtype)
    result = apply_mask(logits, mx.array(masks))
    assert result.dtype == dtype
    bits = np.unpackbits(masks.view(np.uint8), axis=1, bitorder="little")[:, :vocab_size]
    expected = np.where(bits, np.array(logits.astype(mx.float32)), -np.inf)
    assert (np.array(result.astype(mx.float32)) == expected).all()


def test_masks_that_do_not_fit() -> None:
    with pytest.raises(InternalError, match="do not fit"):
        apply_mask(mx.zeros((2, 64)), mx.zeros((2, 3), mx.uint32))
    with pytest.raises(InternalError, match="do not fit"):
        apply_mask(mx.zeros((2, 64)), mx.zeros((2, 2), mx.int32))
