"""A short name for the exact weights in a folder, so that saved prompt caches are never used with others.

Hashing gigabytes at every start would take longer than loading them: the name covers the config, every file's name,
size and header, and samples spread over its data, which any training step changes.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import mlx.core as mx

_NUM_SAMPLES = 64
_SAMPLE_BYTES = 4096


def fingerprint(folder: Path, dtype: str | None) -> str:
    """32 hexadecimal digits for the weights in `folder`, computed as `dtype` on this kind of device."""
    digest = hashlib.blake2b(digest_size=16)
    device = mx.default_device().type
    digest.update(f"{dtype}:{device}:{version('mlx')}".encode())
    for path in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        if not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            for index in range(_NUM_SAMPLES):
                file.seek(size * index // _NUM_SAMPLES)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
