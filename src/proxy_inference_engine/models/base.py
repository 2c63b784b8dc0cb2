"""What the engine asks of a model, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import mlx.core as mx

from proxy_inference_engine.cache.base import KVLayout, LayerCache


class ModelConfig(Protocol):
    """The part of a family's config that code outside the family reads."""

    @property
    def model_type(self) -> str: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def num_layers(self) -> int: ...
    @property
    def context_length(self) -> int:
        """The most tokens, prompt and reply together, that the model was made for."""
        ...


class Model(Protocol):
    """A decoder-only language model."""

    @property
    def config(self) -> ModelConfig: ...

    def __call__(
        self,
        input_ids: mx.array,
        cache: Sequence[LayerCache] | None = None,
        *,
        logits_to_keep: int | mx.array | None = None,
    ) -> mx.array:
        """Logits `[B, L, V]` for `input_ids [B, L]`, which follow the tokens in `cache`, one entry per layer.

        Without a cache the ids start at position 0. With an int as `logits_to_keep`, only the last so many positions
        go through the output head: `[B, logits_to_keep, V]`; with an int array `[M]`, only the rows of these indices:
        `[M, L, V]`.
        """
        ...

    def make_cache(self) -> list[LayerCache]:
        """Fresh layer caches, one per layer."""
        ...

    @property
    def dtype(self) -> mx.Dtype:
        """What it computes in, keys and values included."""
        ...

    def kv_layout(self) -> list[KVLayout] | None:
        """The shape of each layer's keys and values; None when they cannot be paged.

        A model that gives one also takes ragged layer caches: rows `input_ids [N, 1]` of several sequences.
        """
        ...
