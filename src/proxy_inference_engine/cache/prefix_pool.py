"""Finished conversations kept for their next turn, within a byte budget.

A running sequence owns its `PromptCache`; when it ends, the cache comes here. The next prompt takes the entry that
shares the longest prefix. Only entries that nobody uses are ever in the pool, so eviction (least recently used first)
cannot touch one in use. Lives in the engine thread.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from proxy_inference_engine.cache.prompt_cache import PromptCache, shared_prefix_length
from proxy_inference_engine.cache.protocols import MakesCache

# An entry that would lose more than this share of its tokens is forked rather than cut: both branches stay.
_MAX_LOST_SHARE = 0.25
_MAX_LOST_TOKENS = 64
# Shorter matches are not worth a copy of the entry: computing them anew costs less than it.
_MIN_FORK_TOKENS = 32


class PrefixPool:
    """Idle prompt caches, found by their tokens.

    Args:
        model: makes layer caches for prompts that match nothing.
        budget_bytes: the most device bytes that idle entries may hold; 0 keeps none.
        directory: where prompts saved in earlier runs are looked for; None looks nowhere.
        fingerprint: names the model and its quantisation in saved files.
    """

    def __init__(
        self,
        model: MakesCache,
        *,
        budget_bytes: int,
        directory: Path | None = None,
        fingerprint: str = "unnamed",
    ) -> None:
        self._model = model
        self._budget_bytes = budget_bytes
        self._directory = directory
        self._fingerprint = fingerprint
        self._entries: OrderedDict[int, PromptCache] = OrderedDict()
        self._nbytes: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Device bytes of all idle entries; buffers that forks share are counted for each."""
        return sum(self._nbytes.values())

    def acquire(self, prompt_ids: list[int]) -> PromptCache:
        """A cache for `prompt_ids`, holding the longest prefix that can be reused, ready for `cache(prompt_ids)`."""
        best_key, best_shared = None, 0
        for key, entry in self._entries.items():
            shared = min(shared_prefix_length(entry.computed_ids, prompt_ids), len(prompt_ids) - 1)
            if shared > best_shared and entry.can_keep(shared):
                best_key, best_shared = key, shared
        cache = self._take(best_key, best_shared) if best_key is not None else self._fresh()
        if self._directory is not None:
            cache.load_cached_prompt(prompt_ids)
        return cache

    def release(self, cache: PromptCache) -> None:
        """Take back a cache that its sequence is done with."""
        cache.settle()
        nbytes = cache.nbytes
        if not cache.computed_ids or nbytes > self._budget_bytes:
            return
        key = id(cache)
        self._entries[key], self._nbytes[key] = cache, nbytes
        while self.nbytes > self._budget_bytes:
            oldest, _ = self._entries.popitem(last=False)
            del self._nbytes[oldest]

    def save(self, directory: Path) -> list[Path]:
        """Write every entry to `directory`; return the files."""
        paths = [entry.save(directory) for entry in self._entries.values()]
        return [path for path in paths if path is not None]

    def clear(self) -> None:
        """Drop every entry."""
        self._entries.clear()
        self._nbytes.clear()

    def _take(self, key: int, num_shared: int) -> PromptCache:
        entry = self._entries[key]
        num_lost = len(entry.computed_ids) - num_shared
        if num_lost <= max(_MAX_LOST_TOKENS, _MAX_LOST_SHARE * len(entry.computed_ids)):
            del self._nbytes[key]
            return self._entries.pop(key)
        if num_shared < _MIN_FORK_TOKENS:
            return self._fresh()
        self._entries.move_to_end(key)
        return entry.fork()

    def _fresh(self) -> PromptCache:
        return PromptCache(self._model, directory=self._directory, fingerprint=self._fingerprint)
