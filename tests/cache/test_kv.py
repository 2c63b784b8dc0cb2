"""Layer caches: what is returned equals the whole history, whatever the chunks, trims and forks."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine import ops
from proxy_inference_engine.cache import KVCache, SlidingKVCache


def tokens(start: int, count: int) -> mx.array:
    """Keys whose value is their position, `[1, 1, count, 2]`."""
    return mx.broadcast_to(mx.arange(start, start + count, dtype=mx.float32)[None, None, :, None], (1, 1, count, 2))


def positions(keys: mx.array) -> list[int]:
    return [int(value) for value in np.array(keys)[0, 0, :, 0]]


Operations = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40)),
        st.tuples(st.just("append"), st.integers(200, 400)),
        st.tuples(st.just("trim"), st.integers(0, 30)),
        st.tuples(st.just("fork"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(Operations, st.sampled_from([None, 1, 2, 7, 16, 100]))
def test_returned_positions_are_those_the_queries_see(operations: list[tuple[str, int]], window: int | None) -> None:
    cache = KVCache() if window is None else SlidingKVCache(window)
    others: list[tuple[KVCache | SlidingKVCache, int]] = []
    length = 0
    for name, count in operations:
        if name == "append":
            expected = cache.num_keys(count)
            keys, values = cache.update(tokens(length, count), -tokens(length, count))
            length += count
            assert keys.shape[2] == expected
            first = 0 if window is None else max(0, length - count - window + 1)
            assert positions(keys) == list(range(first, length))
            assert positions(-values) == positions(keys)
        elif name == "trim" and cache.can_trim(count):
            cache.trim(count)
            length -= count
        elif name == "fork":
            others.append((cache, length))
            cache = cache.fork()
        assert cache.num_tokens == length
    for other, held in others:  # what a fork wrote never shows in the other
        assert other.num_tokens == held
        other_keys, _ = other.update(tokens(held, 1), tokens(held, 1))
        assert positions(other_keys)[-3:] == list(range(max(0, held + 1 - min(3, other_keys.shape[2])), held + 1))


@pytest.mark.parametrize("logit_cap", [None, 2.0])
@pytest.mark.parametrize("window", [None, 1, 5, 40])
def test_attending_in_pieces_is_attending_at_once(window: int | None, logit_cap: float | None) -> None:
    q, k, v = (mx.random.normal((2, heads, 30, 8), key=mx.random.key(heads)) for heads in (4, 2, 2))
    expected = ops.attention(q, k, v, scale=0.4, mask=ops.causal_mask(30, 30, window), logit_cap=logit_cap)
    cache = KVCache() if window is None else SlidingKVCache(window)
    for start, stop in ((0, 11), (11, 12), (12, 13), (13, 30)):
        assert cache.offset == start
        pieces = (array[:, :, start:stop] for array in (q, k, v))
        out = cache.attend(*pieces, scale=0.4, mask=cache.mask(stop - start), logit_cap=logit_cap)
        assert mx.allclose(out, expected[:, :, start:stop], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [KVCache, lambda: SlidingKVCache(8)])
def test_state_restores_into_a_fresh_cache(make) -> None:
    cache = make()
    cache.update(tokens(0, 50), tokens(0, 50))
    cache.update(tokens(50, 600), tokens(50, 600))
    twin = make()
    twin.restore(cache.state(), cache.num_tokens)
    assert twin.num_tokens == 650
    assert positions(twin.update(tokens(650, 1), tokens(650, 1))[0]) == positions(
        cache.update(tokens(650, 1), tokens(650, 1))[0]
    )


def test_sliding_cache_stays_bounded() -> None:
    cache = SlidingKVCache(16)
    for start in range(0, 4000, 10):
        cache.update(tokens(start, 10), tokens(start, 10))
    assert cache.nbytes <= 2 * 512 * 2 * 4


def test_refusals_name_the_numbers() -> None:
    cache = KVCache()
    cache.update(tokens(0, 3), tokens(0, 3))
    with pytest.raises(ValueError, match="cannot forget 4 of 3 tokens"):
        cache.trim(4)
    sliding = SlidingKVCache(4, slack=0)
    for start in range(0, 600, 100):
        sliding.update(tokens(start, 100), tokens(start, 100))
    with pytest.raises(ValueError, match="the window of 4 is held from token"):
        sliding.trim(590)
    with pytest.raises(ValueError, match="expected keys and values"):
        KVCache().restore({"keys": tokens(0, 1)}, 1)
    with pytest.raises(ValueError, match="keys hold 2 positions, expected 3"):
        KVCache().restore({"keys": tokens(0, 2), "values": tokens(0, 2)}, 3)


def test_a_fork_copies_nothing_until_written() -> None:
    cache = KVCache()
    cache.update(mx.ones((1, 4, 20_000, 64)), mx.ones((1, 4, 20_000, 64)))
    mx.eval(cache.buffers())
    before = mx.get_active_memory()
    twin = cache.fork()
    mx.eval(twin.buffers())
    assert mx.get_active_memory() - before < 1_000_000


def test_appending_writes_in_place() -> None:
    cache = KVCache()
    cache.update(mx.ones((1, 4, 20_000, 64)), mx.ones((1, 4, 20_000, 64)))
    mx.eval(cache.buffers())
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    for _ in range(5):
        cache.update(mx.ones((1, 4, 1, 64)), mx.ones((1, 4, 1, 64)))
        mx.eval(cache.buffers())
    assert mx.get_peak_memory() - before < 1_000_000
