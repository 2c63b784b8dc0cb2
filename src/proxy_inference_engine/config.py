"""How an engine is set up. Frozen, checked when made; what one request asks is in `engine.request`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from proxy_inference_engine.checks import check_flag, check_integer, check_number, reject_unknown, shown
from proxy_inference_engine.errors import RequestError

KV_CACHE_DTYPES = ("float32", "float16", "bfloat16", "int8", "int4")

_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineConfig:
    """Settings of an `InferenceEngine`, given as its keywords.

    Raises RequestError naming the keyword, its value and the range.
    """

    revision: str | None = None
    """Branch, tag or commit of a hub model."""

    offline: bool = False
    """Use only what is already on this machine; never ask the hub."""

    dtype: str | None = None
    """Compute type: `float32`, `float16` or `bfloat16`; None takes the checkpoint's own, and float32 on a CPU."""

    context_length: int | None = None
    """The most tokens, prompt and reply together, of a request; None takes what the model was made for."""

    prefill_chunk: int | None = None
    """The most prompt tokens computed per step; None chooses by device."""

    target_latency_ms: float | None = 100.0
    """While requests wait for their next token, a step computes only so many tokens of other prompts as fit this time;
    None always computes whole chunks.
    """

    max_num_sequences: int = 16
    """Requests that run at the same time; more wait in the queue."""

    max_queue: int = 1024
    """Requests that may wait; more are refused with CapacityError."""

    kv_cache_bytes: int | None = None
    """Device bytes of the pool of keys and values, taken once; None takes what the weights leave, with a margin."""

    kv_cache_dtype: str | None = None
    """How keys and values are held: `float32`, `float16`, `bfloat16`, or `int8` or `int4` to hold two or four times as
    many; None takes the compute type.
    """

    block_size: int = 32
    """Tokens in a block of the pool, 8 to 256: what is shared, written to disk and given back as one."""

    prefix_cache_bytes: int | None = None
    """Device bytes that finished conversations may hold for their next turns; None lets them have what is free in the
    pool, 0 keeps none.
    """

    prompt_cache_dir: str | Path | None = None
    """Folder for keys and values that memory has no room for, and for all at the end, found again after a restart; None
    uses none.
    """

    prompt_cache_dir_bytes: int = 16 * 2**30
    """The most bytes in that folder; what was unused for longest goes first."""

    speculation: bool = True
    """Guess tokens ahead from what was said before, where that pays; replies stay the same."""

    draft_model: str | Path | None = None
    """A smaller model with the same tokenizer, as a folder, hub id or `demo`, that guesses instead."""

    def __post_init__(self) -> None:
        for name, low in (
            ("context_length", 1),
            ("prefill_chunk", 1),
            ("max_num_sequences", 1),
            ("max_queue", 0),
            ("prefix_cache_bytes", 0),
            ("kv_cache_bytes", 1),
            ("prompt_cache_dir_bytes", 0),
        ):
            value = getattr(self, name)
            if value is not None:
                check_integer(name, value, low, _MAX_SIZE)
        check_integer("block_size", self.block_size, 8, 256)
        if self.target_latency_ms is not None:
            check_number("target_latency_ms", self.target_latency_ms, 0.0, 1e9)
        for name in ("offline", "speculation"):
            check_flag(name, getattr(self, name))
        for name in ("prompt_cache_dir", "draft_model"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str | Path):
                raise RequestError(f"{name}={shown(value)} is not valid: give a folder", param=name)
        if self.kv_cache_dtype is not None and self.kv_cache_dtype not in KV_CACHE_DTYPES:
            raise RequestError(
                f"kv_cache_dtype={shown(self.kv_cache_dtype)} is not valid: it is one of {', '.join(KV_CACHE_DTYPES)}",
                param="kv_cache_dtype",
            )

    @classmethod
    def from_keywords(cls, keywords: dict[str, Any]) -> EngineConfig:
        """Build from an `InferenceEngine`'s keywords. Raises RequestError for an unknown one."""
        reject_unknown(keywords, {field.name for field in fields(cls)}, "engine keyword")
        return cls(**keywords)
