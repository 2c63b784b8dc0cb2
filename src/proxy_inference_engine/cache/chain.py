"""Names for the content of blocks: a hash chain over token ids.

The key of a block covers its own tokens and, through its parent's key, everything before them and what the root mixed
in. Equal keys therefore mean equal keys and values. Knows no pool and no model.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b

KEY_SIZE = 16
"""Bytes of a key."""

_FIRST_CHUNK_BLOCKS = 4
_MAX_CHUNK_BLOCKS = 64


def root_key(*parts: bytes) -> bytes:
    """The parent of a sequence's first block. Every part counts, and so do the borders between them."""
    digest = blake2b(digest_size=KEY_SIZE)
    for part in parts:
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return digest.digest()


def chain_key(parent: bytes, token_ids: Sequence[int]) -> bytes:
    """The key of one block, full or partial, that follows the block with the key `parent`."""
    return blake2b(parent + _packed(token_ids), digest_size=KEY_SIZE).digest()


def chain_keys(root: bytes, token_ids: Sequence[int], block_size: int) -> list[bytes]:
    """One key for each FULL block of `token_ids`; a partial last block has none."""
    return list(iter_chain_keys(root, token_ids, block_size))


def iter_chain_keys(
    parent: bytes, token_ids: Sequence[int], block_size: int, start: int = 0, stop: int | None = None
) -> Iterator[bytes]:
    """The keys of the full blocks within tokens `start` to `stop` (default: all), hashed only as they are asked for.

    `parent` is the key of the block that ends at `start`.
    """
    end = len(token_ids) if stop is None else min(stop, len(token_ids))
    end -= (end - start) % block_size
    num_bytes = 4 * block_size
    num_blocks = _FIRST_CHUNK_BLOCKS
    while start < end:  # packed in chunks: quick on a hit, and little is lost on an early miss
        chunk_end = min(start + num_blocks * block_size, end)
        data = _packed(token_ids[start:chunk_end])
        for offset in range(0, len(data), num_bytes):
            parent = blake2b(parent + data[offset : offset + num_bytes], digest_size=KEY_SIZE).digest()
            yield parent
        start = chunk_end
        num_blocks = min(2 * num_blocks, _MAX_CHUNK_BLOCKS)


def _packed(token_ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(token_ids)}i", *token_ids)
