"""Keys and values of tokens already computed, so that no token is computed twice."""

from __future__ import annotations

from proxy_inference_engine.cache.base import KVLayout, LayerCache
from proxy_inference_engine.cache.block_files import BlockFiles
from proxy_inference_engine.cache.kv import KVCache, SlidingKVCache
from proxy_inference_engine.cache.paged import PagedCache, Table
from proxy_inference_engine.cache.prefix_pool import PrefixPool
from proxy_inference_engine.cache.prompt_cache import PromptCache
from proxy_inference_engine.cache.stores import make_stores

__all__ = [
    "BlockFiles",
    "KVCache",
    "KVLayout",
    "LayerCache",
    "PagedCache",
    "PrefixPool",
    "PromptCache",
    "SlidingKVCache",
    "Table",
    "make_stores",
]
