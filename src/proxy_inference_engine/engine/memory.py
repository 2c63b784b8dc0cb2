"""How much memory there is: for defaults, not for accounting."""

from __future__ import annotations

import os
from pathlib import Path

import mlx.core as mx

_FALLBACK_BYTES = 8 * 2**30


def is_gpu() -> bool:
    """Whether MLX computes on a GPU (Metal or CUDA)."""
    return mx.default_device().type == mx.DeviceType.gpu


def device_memory_bytes() -> int:
    """Memory that models and caches can use: the GPU's, or what this process may have of the machine's."""
    if is_gpu():
        info = mx.device_info()
        size = info.get("memory_size") or info.get("total_memory")
        return int(size) if size else _FALLBACK_BYTES
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = _FALLBACK_BYTES
    try:  # a container's limit, where there is one
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        total = min(total, int(limit))
    except (OSError, ValueError):
        pass
    return total
