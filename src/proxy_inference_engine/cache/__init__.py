"""Keys and values of tokens already computed, so that no token is computed twice."""

from proxy_inference_engine.cache.base import LayerCache
from proxy_inference_engine.cache.kv import KVCache, SlidingKVCache
from proxy_inference_engine.cache.prefix_pool import PrefixPool
from proxy_inference_engine.cache.prompt_cache import PromptCache

__all__ = ["KVCache", "LayerCache", "PrefixPool", "PromptCache", "SlidingKVCache"]
