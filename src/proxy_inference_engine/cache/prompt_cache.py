"""The computed tokens of one conversation, and what every layer holds for them.

Tokens and layer caches move together: `computed_ids` never names a token that a layer does not hold, and a layer that
ran ahead (a step was cancelled before its token was recorded) is trimmed back before it is used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import mlx.core as mx

from proxy_inference_engine.cache import disk
from proxy_inference_engine.cache.base import LayerCache
from proxy_inference_engine.cache.protocols import MakesCache
from proxy_inference_engine.cache.shared_prefix import shared_prefix_length


class PromptCache:
    """Layer caches of one sequence and the tokens they hold.

        cache = PromptCache(model)
        remaining = cache(prompt_ids)                 # what is shared with earlier turns is kept
        logits = model(mx.array([remaining]), cache.cache)
        cache.update(remaining)

    Args:
        model: makes the layer caches; may be given later with `bind`.
        directory: where `save` writes and `load_cached_prompt` looks.
        fingerprint: names the model and its quantisation; files of another fingerprint are never loaded.
        saved: the files of `directory` and `fingerprint` as another cache knows them; None looks for itself.
    """

    def __init__(
        self,
        model: MakesCache | None = None,
        *,
        directory: str | Path | None = None,
        fingerprint: str = "unnamed",
        saved: disk.SavedPrompts | None = None,
    ) -> None:
        self._model = model
        if saved is None and directory is not None:
            saved = disk.SavedPrompts(Path(directory), fingerprint)
        self._saved = saved
        self._fingerprint = fingerprint
        self.cache: list[LayerCache] = [] if model is None else model.make_cache()
        self._computed_ids: list[int] = []

    def bind(self, model: MakesCache) -> None:
        """Use `model`'s layer caches from now on; what was held is dropped."""
        self._model = model
        self.reset()

    @property
    def computed_ids(self) -> list[int]:
        """The token ids whose keys and values every layer holds, from position 0."""
        return self._computed_ids

    @property
    def nbytes(self) -> int:
        """Device bytes of all layers."""
        return sum(layer.nbytes for layer in self.cache)

    @overload
    def __call__(self, prompt_ids: mx.array) -> mx.array: ...
    @overload
    def __call__(self, prompt_ids: Sequence[int]) -> list[int]: ...

    def __call__(self, prompt_ids: Sequence[int] | mx.array) -> list[int] | mx.array:
        """Keep the longest shared prefix; return the ids still to compute, at least one.

        Afterwards every layer holds exactly `computed_ids`, a proper prefix of `prompt_ids`. Given an array `[n]`, an
        array is returned. Raises ValueError for an empty prompt.
        """
        ids = _as_list(prompt_ids)
        if not ids:
            raise ValueError("the prompt is empty: there is nothing to compute")
        self.keep(min(shared_prefix_length(self._computed_ids, ids), len(ids) - 1))
        remaining = ids[len(self._computed_ids) :]
        return mx.array(remaining, dtype=mx.int32) if isinstance(prompt_ids, mx.array) else remaining

    def can_keep(self, num_tokens: int) -> bool:
        """Whether the first `num_tokens` can be kept exactly when the rest is forgotten."""
        return num_tokens <= len(self._computed_ids) and all(
            layer.can_trim(layer.num_tokens - num_tokens) for layer in self.cache
        )

    def keep(self, num_tokens: int) -> None:
        """Forget all but the first `num_tokens`; where a layer cannot, forget everything."""
        if not self.can_keep(num_tokens):
            self.reset()
            return
        for layer in self.cache:
            layer.trim(layer.num_tokens - num_tokens)
        del self._computed_ids[num_tokens:]

    def update(self, token_ids: Sequence[int] | mx.array) -> None:
        """Record that `token_ids` went through the model.

        Raises ValueError if a layer does not hold them, or if there are no layers: give the cache a model first.
        """
        ids = _as_list(token_ids)
        if ids and not self.cache:
            raise ValueError(
                f"{len(ids)} tokens are claimed, but there are no layers that could hold them: make the cache with "
                "PromptCache(model), or call bind(model)"
            )
        total = len(self._computed_ids) + len(ids)
        for index, layer in enumerate(self.cache):
            if layer.num_tokens < total:
                raise ValueError(f"layer {index} holds {layer.num_tokens} tokens, not the {total} now claimed")
        self._computed_ids.extend(ids)

    def settle(self) -> None:
        """Drop what layers hold beyond `computed_ids`, such as a step that was submitted and then cancelled."""
        self.keep(len(self._computed_ids))

    def reset(self) -> None:
        """Forget everything."""
        self._computed_ids = []
        self.cache = [] if self._model is None else self._model.make_cache()

    def fork(self) -> PromptCache:
        """A copy that goes its own way. Nothing is copied until one of the two is written."""
        twin = PromptCache(fingerprint=self._fingerprint, saved=self._saved)
        twin._model = self._model
        twin.cache = [layer.fork() for layer in self.cache]
        twin._computed_ids = list(self._computed_ids)
        return twin

    def buffers(self) -> list[mx.array]:
        """Every layer's arrays, to evaluate."""
        return [buffer for layer in self.cache for buffer in layer.buffers()]

    def save(self, directory: str | Path | None = None) -> Path | None:
        """Write the tokens and layers to a file in `directory`; return its path, or None when nothing is held.

        The write is crash-safe (temporary name, then rename) and the file's name carries its checksum. Files of the
        same fingerprint that hold the same tokens, or only the first of them, are removed. Raises OSError when
        `directory` cannot be written.
        """
        saved = self._saved
        if directory is not None and (saved is None or saved.directory != Path(directory)):
            saved = disk.SavedPrompts(Path(directory), self._fingerprint)
        if saved is None:
            raise ValueError("no directory to save to: give one here or to PromptCache(directory=...)")
        self.settle()
        if not self._computed_ids:
            return None
        return saved.save(self._computed_ids, [layer.state() for layer in self.cache])

    def load_cached_prompt(
        self, prompt_ids: Sequence[int] | mx.array, *, min_gain: int = 1, min_share: float = 0.0
    ) -> int:
        """Take over the saved prompt that shares the longest prefix with `prompt_ids`.

        A file is read only when it shares at least `min_gain` tokens more than what is held, and when these are at
        least `min_share` of its own tokens. Returns how many tokens are shared afterwards. What is held already stays
        when it shares as much. Files that are damaged or belong to another model are ignored, the damaged with one
        warning each.
        """
        ids = _as_list(prompt_ids)
        best = shared_prefix_length(self._computed_ids, ids)
        if self._saved is None or self._model is None:
            return best
        for entry in self._saved.find(ids):
            gain = entry.num_shared - best
            if gain < max(min_gain, 1):
                break
            if gain < min_share * entry.num_tokens:
                continue
            loaded = self._saved.load(entry)
            if loaded is None:
                continue
            layers = self._model.make_cache()
            if len(layers) != len(loaded.layers):
                continue
            try:
                for layer, state in zip(layers, loaded.layers, strict=True):
                    layer.restore(state, len(loaded.token_ids))
            except ValueError as error:
                self._saved.refuse(entry, str(error))
                continue
            num_kept = min(entry.num_shared, len(ids) - 1)
            if not all(layer.can_trim(layer.num_tokens - num_kept) for layer in layers):
                continue  # a sliding window has left the shared part behind
            self.cache, self._computed_ids = layers, loaded.token_ids
            return entry.num_shared
        return best


def _as_list(ids: Sequence[int] | mx.array) -> list[int]:
    if isinstance(ids, mx.array):
        flat: list[int] = ids.reshape(-1).tolist()  # type: ignore[assignment]
        return flat
    return list(ids)
