"""How an engine is set up. Frozen, checked when made; what one request asks is in `engine.request`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from proxy_inference_engine.checks import check_flag, check_integer, reject_unknown, shown
from proxy_inference_engine.errors import RequestError

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
    """Prompt tokens computed per step; None chooses by device. Smaller chunks disturb running requests less."""

    max_num_sequences: int = 16
    """Requests that run at the same time; more wait in the queue."""

    max_queue: int = 1024
    """Requests that may wait; more are refused with CapacityError."""

    prefix_cache_bytes: int | None = None
    """Device bytes kept for the next turns of finished conversations; None takes a sixteenth of the memory, 0 keeps
    none.
    """

    prompt_cache_dir: str | Path | None = None
    """Folder where conversations are saved when the engine closes, and looked for when one starts; None uses none."""

    def __post_init__(self) -> None:
        for name, low in (
            ("context_length", 1),
            ("prefill_chunk", 1),
            ("max_num_sequences", 1),
            ("max_queue", 0),
            ("prefix_cache_bytes", 0),
        ):
            value = getattr(self, name)
            if value is not None:
                check_integer(name, value, low, _MAX_SIZE)
        check_flag("offline", self.offline)
        directory = self.prompt_cache_dir
        if directory is not None and not isinstance(directory, str | Path):
            raise RequestError(
                f"prompt_cache_dir={shown(directory)} is not valid: give a folder", param="prompt_cache_dir"
            )

    @classmethod
    def from_keywords(cls, keywords: dict[str, Any]) -> EngineConfig:
        """Build from an `InferenceEngine`'s keywords. Raises RequestError for an unknown one."""
        reject_unknown(keywords, {field.name for field in fields(cls)}, "engine keyword")
        return cls(**keywords)
