"""Caches and masks of a stack of layers, some of which may look back over a window only.

`windows` holds one entry for each layer: its window, or None for full attention.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout, LayerCache
from proxy_inference_engine.cache.kv import KVCache, SlidingKVCache


def make_layer_caches(windows: Sequence[int | None]) -> list[LayerCache]:
    """A fresh cache for each layer."""
    return [make_layer_cache(window) for window in windows]


def make_layer_cache(window: int | None) -> LayerCache:
    """A fresh cache for a layer of that window."""
    return KVCache() if window is None else SlidingKVCache(window)


def kv_layouts(windows: Sequence[int | None], num_kv_heads: int, head_dim: int) -> list[KVLayout]:
    """The layout of each layer, all of them with as many heads of the same size."""
    return [KVLayout(num_kv_heads, head_dim, window) for window in windows]


def layer_masks(windows: Sequence[int | None], num_queries: int, caches: Sequence[LayerCache] | None) -> list[ops.Mask]:
    """The attention mask of each layer for `num_queries` new tokens; layers of one kind share one."""
    masks: dict[int | None, ops.Mask] = {}
    for index, window in enumerate(windows):
        if window not in masks:
            if caches is None:
                masks[window] = ops.causal_mask(num_queries, num_queries, window)
            else:
                masks[window] = caches[index].mask(num_queries)
    return [masks[window] for window in windows]
