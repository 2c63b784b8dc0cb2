"""Which memory of keys and values a model gets, and how large: decided once, when an engine opens."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.cache import BlockFiles, KVLayout, PagedCache, PrefixPool, make_stores
from proxy_inference_engine.config import EngineConfig
from proxy_inference_engine.engine.kv_memory import KVMemory
from proxy_inference_engine.engine.memory import device_memory_bytes, is_gpu
from proxy_inference_engine.engine.paged_memory import PagedMemory
from proxy_inference_engine.engine.private_memory import PrivateMemory
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.ops.backend import computes_at_once

logger = logging.getLogger(__name__)

_DTYPES = {"float32": mx.float32, "float16": mx.float16, "bfloat16": mx.bfloat16}
_BITS = {"int8": 8, "int4": 4}

_GPU_SHARE, _CPU_SHARE = 0.9, 0.5
"""Of the memory, what weights and pool together may take: the rest is for activations, and on a CPU for others."""

_MAX_POOL_USES = 4
"""The pool is never larger than so many times what the running sequences can use: more would never be filled."""

_DRAFT_SHARE = 4
"""A draft model's pool takes at most one part in so many of what is left."""

_PREFIX_POOL_SHARE = 16
"""Idle private caches may hold one part in so many of the memory."""


def private_pool(model: Model, config: EngineConfig, fingerprint: str, directory: Path | None) -> PrefixPool:
    """Idle caches of their own, for models that cannot be paged and for `generate_step`."""
    budget = config.prefix_cache_bytes
    return PrefixPool(
        model,
        budget_bytes=device_memory_bytes() // _PREFIX_POOL_SHARE if budget is None else budget,
        directory=directory,
        fingerprint=fingerprint,
        max_file_bytes=config.prompt_cache_dir_bytes,
    )


def make_memory(
    model: Model, pool: PrefixPool, config: EngineConfig, *, fingerprint: str, context_length: int, files: Path | None
) -> KVMemory:
    """The memory for `model`. Raises RequestError when the config asks for what the model cannot have."""
    layouts = model.kv_layout()
    if layouts is None:
        for name in ("kv_cache_bytes", "kv_cache_dtype", "draft_model"):
            if getattr(config, name) is not None:
                raise RequestError(
                    f"{name} is not possible with a {model.config.model_type!r} model: its keys and values cannot be "
                    "paged; leave it out",
                    param=name,
                )
        return PrivateMemory(model, pool)
    kind, size = config.kv_cache_dtype or "own", config.block_size
    bits, dtype = _BITS.get(kind), _DTYPES.get(kind, model.dtype)
    num_blocks = _num_blocks(layouts, config, dtype, bits, context_length)
    store = None
    if files is not None:
        store = BlockFiles(files, f"{fingerprint}-{kind}-{size}", max_bytes=config.prompt_cache_dir_bytes)
    try:
        cache = PagedCache(
            layouts,
            num_blocks=num_blocks,
            block_size=size,
            dtype=dtype,
            bits=bits,
            root=fingerprint.encode(),
            files=store,
        )
    except (OSError, MemoryError, RuntimeError) as error:  # RuntimeError is MLX's
        raise RequestError(
            f"kv_cache_bytes={config.kv_cache_bytes}: a pool of {num_blocks} blocks of keys and values cannot be taken "
            f"from this machine's memory ({error}): give less",
            param="kv_cache_bytes",
        ) from error
    logger.info("%d blocks of %d tokens for keys and values, %d bytes a block", num_blocks, size, cache.bytes_per_block)
    return PagedMemory(
        model, cache, is_eager=computes_at_once(model.dtype), max_idle_bytes=config.prefix_cache_bytes, files=store
    )


def make_draft_memory(model: Model, config: EngineConfig, *, context_length: int) -> PagedMemory | None:
    """The memory for a model that guesses for another; None when it cannot be paged."""
    layouts = model.kv_layout()
    if layouts is None:
        return None
    own = replace(config, kv_cache_bytes=None, kv_cache_dtype=None, draft_model=None)
    per_sequence = -(-context_length // own.block_size) + 1
    num_blocks = min(
        _num_blocks(layouts, own, model.dtype, None, context_length) // _DRAFT_SHARE,
        own.max_num_sequences * per_sequence,
    )
    cache = PagedCache(layouts, num_blocks=max(num_blocks, 2), block_size=own.block_size, dtype=model.dtype)
    return PagedMemory(model, cache, is_eager=computes_at_once(model.dtype))


def _num_blocks(
    layouts: list[KVLayout], config: EngineConfig, dtype: mx.Dtype, bits: int | None, context_length: int
) -> int:
    size = config.block_size
    probe = make_stores(layouts, num_blocks=1, block_size=size, dtype=dtype, bits=bits)
    block_bytes = sum(store.bytes_per_block for store in probe)
    if config.kv_cache_bytes is not None:
        num_blocks = config.kv_cache_bytes // block_bytes
        if num_blocks < 2:
            raise RequestError(
                f"kv_cache_bytes={config.kv_cache_bytes} holds fewer than 2 blocks of {size} tokens, {block_bytes} "
                "bytes each: give more",
                param="kv_cache_bytes",
            )
        return num_blocks
    per_sequence = -(-context_length // size) + 1
    share = _GPU_SHARE if is_gpu() else _CPU_SHARE
    left = int(device_memory_bytes() * share) - mx.get_active_memory()
    useful = _MAX_POOL_USES * config.max_num_sequences * per_sequence
    num_blocks = min(left // block_bytes, useful)
    if num_blocks < 2:
        raise RequestError(
            f"beside the weights {max(left, 0)} bytes are left for keys and values, less than 2 blocks of "
            f"{block_bytes}: set kv_cache_bytes, or take a smaller or quantised model",
            param="kv_cache_bytes",
        )
    return num_blocks
