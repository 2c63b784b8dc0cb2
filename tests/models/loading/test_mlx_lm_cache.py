"""The adapters around mlx-lm's caches and models, on stand-ins of the same form, so that mlx-lm need not be there."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import NotSupportedError
from proxy_inference_engine.models.mlx_lm import MlxLmConfig, MlxLmModel
from proxy_inference_engine.models.mlx_lm_cache import MlxLmLayerCache


class Inner:
    """A cache as mlx-lm has them: writes its buffer in place and counts by itself."""

    def __init__(self) -> None:
        self.keys: mx.array | None = None
        self.offset = 0

    def update(self, values: mx.array) -> None:
        if self.keys is None:
            self.keys = mx.zeros((1, 16))
        self.keys[:, self.offset : self.offset + values.shape[1]] = values
        self.offset += values.shape[1]

    @property
    def state(self) -> tuple[mx.array | None, int]:
        return self.keys, self.offset

    @classmethod
    def from_state(cls, state: Any) -> Inner:
        inner = cls()
        inner.keys, inner.offset = state
        return inner

    def is_trimmable(self) -> bool:
        return True

    def trim(self, num_tokens: int) -> int:
        self.offset -= num_tokens
        return num_tokens


class Sums:
    """A model as mlx-lm has them: its logits are the sum of all tokens so far, twice."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, ids: mx.array, cache: list[Inner] | None = None) -> mx.array:
        self.lengths.append(ids.shape[1])
        before = mx.zeros((1, 1))
        if cache is not None:
            if cache[0].keys is not None:
                before = cache[0].keys[:, : cache[0].offset].sum(axis=1, keepdims=True)
            for inner in cache:
                inner.update(ids.astype(mx.float32))
        sums = mx.cumsum(ids.astype(mx.float32), axis=1) + before
        return mx.stack([sums, sums], axis=-1)


def make() -> tuple[MlxLmModel, list[Any]]:
    model = MlxLmModel(Sums(), MlxLmConfig("sums", 2, 2, 100))
    return model, [MlxLmLayerCache(Inner()), MlxLmLayerCache(Inner())]


IDS = mx.array([[1, 2, 3, 4]])


def test_tokens_are_counted_and_logits_kept() -> None:
    model, cache = make()
    assert model(IDS, cache, logits_to_keep=1)[0, :, 0].tolist() == [10]
    assert model.inner.lengths == [3, 1]
    assert [layer.num_tokens for layer in cache] == [4, 4]
    assert model(mx.array([[5, 6]]), cache)[0, :, 0].tolist() == [15, 21]
    assert (cache[0].offset, cache[0].mask(3)) == (6, None)
    assert model(IDS)[0, :, 0].tolist() == [1, 3, 6, 10]
    assert model(IDS, logits_to_keep=2)[0, :, 0].tolist() == [6, 10]
    assert model(IDS, make()[1], logits_to_keep=mx.array([0, 0]))[:, -1, 0].tolist() == [10, 10]
    assert model(IDS, make()[1], logits_to_keep=0).shape == (1, 0, 2)
    assert model.kv_layout() is None


def test_forks_states_and_trims_are_independent() -> None:
    model, cache = make()
    model(IDS, cache)
    twin = [layer.fork() for layer in cache]
    states = [layer.state() for layer in cache]
    cache[0].trim(2)
    cache[1].trim(2)
    assert model(mx.array([[7]]), cache)[0, 0, 0].item() == 10
    assert model(mx.array([[7]]), twin)[0, 0, 0].item() == 17
    _, fresh = make()
    for layer, state in zip(fresh, states, strict=True):
        layer.restore(state, 4)
    assert model(mx.array([[7]]), fresh)[0, 0, 0].item() == 17
    assert cache[0].nbytes == 64


def test_what_cannot_be_is_refused() -> None:
    model, cache = make()
    model(IDS, cache)
    assert not cache[0].can_trim(5)
    assert not cache[0].can_trim(-1)
    with pytest.raises(ValueError, match="the last 5 of 4 tokens"):
        cache[0].trim(5)
    with pytest.raises(NotSupportedError):
        cache[0].attend(IDS, IDS, IDS, scale=1.0)
    with pytest.raises(TypeError, match="make_cache"):
        model(IDS, [Inner()])  # type: ignore[list-item]
    state = cache[0].state()
    for wrong in ({"7": IDS}, {}, {"0": state["0"]}):
        with pytest.raises(ValueError):
            make()[1][0].restore(wrong, 4)
    cache[0].restore({}, 0)
    assert (cache[0].num_tokens, cache[0].buffers(), cache[0].state()) == (0, [], {})
