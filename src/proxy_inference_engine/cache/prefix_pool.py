"""Finished conversations kept for their next turn, within a byte budget.

A running sequence owns its `PromptCache`; when it ends, the cache comes here. The next prompt takes the entry that
shares the longest prefix. Only entries that nobody uses are ever in the pool, so eviction (least recently used first)
cannot touch one in use. Lives in the engine thread.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path

from proxy_inference_engine.cache.disk import SavedPrompts
from proxy_inference_engine.cache.prompt_cache import PromptCache
from proxy_inference_engine.cache.protocols import MakesCache
from proxy_inference_engine.cache.shared_prefix import shared_prefix_length

logger = logging.getLogger(__name__)

# An entry that would lose more than this share of its tokens is forked rather than cut: both branches stay.
_MAX_LOST_SHARE = 0.25
_MAX_LOST_TOKENS = 64
# Shorter matches are not worth a copy of the entry: computing them anew costs less than it.
_MIN_FORK_TOKENS = 32
# A file is read and checked as a whole: it must save this many tokens, and this share of its own.
_MIN_FILE_TOKENS = 32
_MIN_FILE_SHARE = 0.25
_MAX_FILE_BYTES = 16 * 2**30


class PrefixPool:
    """Idle prompt caches, found by their tokens.

    Args:
        model: makes layer caches for prompts that match nothing.
        budget_bytes: the most device bytes that idle entries may hold; 0 keeps none.
        directory: where prompts saved in earlier runs are looked for; None looks nowhere.
        fingerprint: names the model and its quantisation in saved files.
        max_file_bytes: the most bytes of saved prompts in `directory`; those used least recently go first.
        min_file_tokens: a saved prompt is loaded only when it saves so many tokens more than idle entries do.
        min_file_share: and when these are at least this share of the saved prompt's own tokens, 0 to 1.
    """

    def __init__(
        self,
        model: MakesCache,
        *,
        budget_bytes: int,
        directory: Path | None = None,
        fingerprint: str = "unnamed",
        max_file_bytes: int = _MAX_FILE_BYTES,
        min_file_tokens: int = _MIN_FILE_TOKENS,
        min_file_share: float = _MIN_FILE_SHARE,
    ) -> None:
        self._model = model
        self._budget_bytes = budget_bytes
        self._saved = None if directory is None else SavedPrompts(directory, fingerprint, max_bytes=max_file_bytes)
        self._fingerprint = fingerprint
        self._min_file_tokens = min_file_tokens
        self._min_file_share = min_file_share
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
        if self._saved is not None:
            cache.load_cached_prompt(prompt_ids, min_gain=self._min_file_tokens, min_share=self._min_file_share)
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

    def save(self, directory: Path | None = None) -> list[Path]:
        """Write every entry to `directory`, or to its own; return the files.

        Where that fails, the rest is left, with one warning. Without any directory nothing is written.
        """
        if directory is None:
            if self._saved is None:
                return []
            directory = self._saved.directory
        paths = []
        for entry in self._entries.values():
            try:
                path = entry.save(directory)
            except (OSError, RuntimeError) as error:  # MLX raises RuntimeError when a write fails
                logger.warning("prompt caches were not saved to %s: %s", directory, error)
                break
            if path is not None:
                paths.append(path)
        return [path for path in paths if path.exists()]

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
        return PromptCache(self._model, fingerprint=self._fingerprint, saved=self._saved)
