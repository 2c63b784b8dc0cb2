"""What this folder asks of a model: nothing but its empty layer caches."""

from __future__ import annotations

from typing import Protocol

from proxy_inference_engine.cache.base import LayerCache


class MakesCache(Protocol):
    """A model, as far as a cache is concerned."""

    def make_cache(self) -> list[LayerCache]:
        """Fresh layer caches, one per layer."""
        ...
