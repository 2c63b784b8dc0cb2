"""Models that cannot be paged: caches of their own, also such that cannot go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, RequestError, models
from proxy_inference_engine.cache import KVCache, LayerCache
from proxy_inference_engine.engine.loading import LoadedModel, load_folder
from tests.engine.traffic import numbers


class OneWayCache(KVCache):
    """Like the state of a recurrent layer: nothing can be taken back."""

    def can_trim(self, num_tokens: int) -> bool:
        return num_tokens == 0

    def fork(self) -> LayerCache:
        twin = OneWayCache()
        twin.__dict__.update(super().fork().__dict__)
        return twin


def load(folder: Path) -> LoadedModel:
    """The tiny model, as if it could not be paged."""
    loaded = load_folder(folder, None)
    inner = loaded.model

    class Unpaged(type(inner)):  # type: ignore[misc]
        def kv_layout(self) -> None:
            return None

        def make_cache(self) -> list[LayerCache]:
            return [OneWayCache() for _ in range(self.config.num_layers)]

    inner.__class__ = Unpaged
    return loaded


async def ask(engine: InferenceEngine, ids: list[int]) -> tuple[list[int], int]:
    """The reply's tokens, and how many of the prompt were cached."""
    from proxy_inference_engine.engine.request import InferenceOptions

    options = InferenceOptions.from_keywords({"temperature": 0, "max_new_tokens": 12, "ignore_stop_tokens": True})
    end = await engine.submit(engine._request(ids, options, wants_text=False)).end()
    return list(end.token_ids), end.usage.num_cached_tokens


async def test_state_that_cannot_go_back_is_reused_at_the_ends_of_prompts(tiny_folder: Path) -> None:
    with InferenceEngine(lambda: load(tiny_folder)) as engine, InferenceEngine(tiny_folder) as paged:
        prompt, answer = numbers(1, 80), numbers(2, 10)
        said, cached = await ask(engine, prompt)
        assert (said, cached) == ((await ask(paged, prompt))[0], 0)
        # the next turn repeats what was said: everything is there but the token drawn last
        turn = [*prompt, *said, 1, 2, 3]
        again, cached = await ask(engine, turn)
        assert (again, cached) == ((await ask(paged, turn))[0], 91)
        # or it says something else in its place, as templates do that leave reasoning out: the prompt is there
        other = [*prompt, *answer, 4, 5]
        again, cached = await ask(engine, other)
        assert (again, cached) == ((await ask(paged, other))[0], 80)


@pytest.mark.parametrize("config", [{"kv_cache_bytes": 10**7}, {"kv_cache_dtype": "int8"}, {"draft_model": "demo"}])
def test_settings_of_the_pool_are_refused(tiny_folder: Path, config: dict) -> None:
    with pytest.raises(RequestError, match=f"{next(iter(config))} is not possible with a 'llama' model"):
        InferenceEngine(lambda: load(tiny_folder), **config)


def test_a_paged_model_says_how_its_keys_and_values_lie(tiny_folder: Path) -> None:
    assert models.load_model(tiny_folder).kv_layout() is not None
