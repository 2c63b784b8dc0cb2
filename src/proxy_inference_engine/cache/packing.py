"""How keys and values are packed in 8 or 4 bits: in groups along the head, as `mx.quantize` does. Knows no store."""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine.errors import NotSupportedError

_GROUP_SIZES = (64, 32)


def packed_widths(head_dim: int, bits: int) -> tuple[int, int]:
    """The words and the groups of one head's vector.

    Raises NotSupportedError unless `bits` is 8 or 4 and a group size divides `head_dim`.
    """
    if bits not in (8, 4):
        raise NotSupportedError(f"keys and values cannot be packed in {bits} bits: give 8 or 4")
    for group_size in _GROUP_SIZES:
        if head_dim % group_size == 0:
            return head_dim * bits // 32, head_dim // group_size
    raise NotSupportedError(
        f"keys and values of {head_dim} a head cannot be packed: it must be a multiple of {_GROUP_SIZES[-1]}"
    )


def pack(rows: mx.array, group_size: int, bits: int) -> list[mx.array]:
    """Codes (uint32), scales and offsets (float16) of `rows [..., D]`; not evaluated.

    A value is `code * scale + offset` of its group. Scales in float16 move it by less than a fifth of a code.
    """
    codes, scales, offsets = mx.quantize(rows.astype(mx.float32), group_size=group_size, bits=bits)
    largest = mx.finfo(mx.float16).max
    return [codes, *(mx.clip(array, -largest, largest).astype(mx.float16) for array in (scales, offsets))]


def unpack(codes: mx.array, scales: mx.array, offsets: mx.array, *, bits: int, dtype: mx.Dtype) -> mx.array:
    """What `pack` packed, `[..., D]` in `dtype`."""
    group_size = codes.shape[-1] * 32 // bits // scales.shape[-1]
    values = mx.dequantize(
        codes, scales.astype(mx.float32), offsets.astype(mx.float32), group_size=group_size, bits=bits
    )
    return values.astype(dtype)
