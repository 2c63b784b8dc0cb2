"""Both CPU back ends give the same numbers, on random shapes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine import ops
from proxy_inference_engine.errors import ConfigError
from proxy_inference_engine.ops import backend

pytestmark = pytest.mark.skipif(not backend.on_cpu(), reason="compares the CPU back ends")

SCHEMES = [
    *[("affine", group, bits) for group in (32, 64, 128) for bits in (2, 3, 4, 5, 6, 8)],
    ("mxfp4", 32, 4),
    ("mxfp8", 32, 8),
    ("nvfp4", 16, 4),
]


def random_array(rng, *shape, scale=1.0):
    return mx.array((rng.standard_normal(shape) * scale).astype(np.float32))


def on_both(call):
    """The largest difference between the back ends, relative to the largest value."""
    results = []
    for name in ("mlx", "blas"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(backend.ENV_NAME, name)
            patch.setattr(backend, "MIN_PRODUCTS", 1)
            results.append(np.array(call()))
    plain, blas = results
    assert plain.shape == blas.shape
    assert plain.dtype == blas.dtype == np.float32
    return np.abs(plain - blas).max() / np.abs(plain).max()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from([(1,), (7,), (2, 3), (1, 1, 5)]),
    st.integers(1, 70),
    st.integers(1, 70),
    st.booleans(),
)
def test_linear(seed, leading, num_in, num_out, has_bias):
    rng = np.random.default_rng(seed)
    x, weight = random_array(rng, *leading, num_in), random_array(rng, num_out, num_in)
    bias = random_array(rng, num_out) if has_bias else None
    assert on_both(lambda: ops.linear(x, weight, bias)) <= 1e-5


def test_linear_of_a_transposed_view():
    rng = np.random.default_rng(0)
    x, weight = random_array(rng, 6, 2, 8).transpose(1, 0, 2), random_array(rng, 8, 5).T
    assert on_both(lambda: ops.linear(x, weight)) <= 1e-5


@pytest.mark.parametrize(("mode", "group_size", "bits"), SCHEMES)
@pytest.mark.parametrize("num_rows", [1, 2, 9])
def test_quantized_linear(mode, group_size, bits, num_rows):
    rng = np.random.default_rng(bits)
    packed = mx.quantize(random_array(rng, 37, 256), group_size=group_size, bits=bits, mode=mode)
    x, bias = random_array(rng, *((1, num_rows) if num_rows < 9 else (num_rows, 1)), 256), random_array(rng, 37)
    weight, scales, biases = packed if len(packed) == 3 else (*packed, None)

    def call():
        return ops.quantized_linear(x, weight, scales, biases, bias, group_size=group_size, bits=bits, mode=mode)

    assert on_both(call) <= 1e-5


def test_quantized_linear_shared_over_cores_and_blocks():
    rng = np.random.default_rng(3)
    weight, scales, biases = mx.quantize(random_array(rng, 1301, 1024), group_size=64, bits=4)
    for num_rows in (1, 3):
        x = random_array(rng, num_rows, 1024)
        assert on_both(lambda: ops.quantized_linear(x, weight, scales, biases, group_size=64, bits=4)) <= 1e-5  # noqa: B023


def test_quantized_linear_in_another_thread():
    rng = np.random.default_rng(5)
    packed = mx.quantize(random_array(rng, 1024, 1024), group_size=64, bits=4)
    x = random_array(rng, 1, 1024)
    mx.eval(x, *packed)

    def call():
        return np.array(ops.quantized_linear(x, *packed, group_size=64, bits=4))

    here = call()
    with ThreadPoolExecutor(1) as pool:
        assert np.array_equal(pool.submit(call).result(), here)


def test_quantized_linear_with_half_precision_scales():
    rng = np.random.default_rng(4)
    packed = mx.quantize(random_array(rng, 24, 64).astype(mx.bfloat16), group_size=32, bits=4)
    x = random_array(rng, 5, 64)
    assert on_both(lambda: ops.quantized_linear(x, *packed, group_size=32, bits=4)) <= 1e-5


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 6))
def test_expert_linear(seed, num_rows, num_experts):
    rng = np.random.default_rng(seed)
    slots, shared = rng.integers(1, 4), rng.random() < 0.5
    x, weight = random_array(rng, num_rows, 1 if shared else slots, 64), random_array(rng, num_experts, 24, 64)
    experts = mx.array(rng.integers(0, num_experts, (num_rows, slots)))
    assert on_both(lambda: ops.expert_linear(x, weight, experts)) <= 1e-5
    packed = mx.quantize(weight, group_size=32, bits=4)
    assert on_both(lambda: ops.quantized_expert_linear(x, *packed, experts, group_size=32, bits=4)) <= 1e-5


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 2),
    num_kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    num_queries=st.integers(1, 12),
    num_earlier=st.integers(0, 12),
    head_dim=st.sampled_from([8, 16, 20]),
    window=st.sampled_from([None, 1, 3, 8]),
    logit_cap=st.sampled_from([None, 5.0]),
)
def test_attention(seed, batch, num_kv_heads, group, num_queries, num_earlier, head_dim, window, logit_cap):
    rng = np.random.default_rng(seed)
    num_keys = num_queries + num_earlier
    q = random_array(rng, batch, num_kv_heads * group, num_queries, head_dim)
    k, v = (random_array(rng, batch, num_kv_heads, num_keys, head_dim) for _ in range(2))
    mask = ops.causal_mask(num_queries, num_keys, window)

    def call():
        return ops.attention(q, k, v, scale=0.4, mask=mask, logit_cap=logit_cap)

    assert on_both(call) <= 1e-5
    expected = plain_attention(np.array(q), np.array(k), np.array(v), 0.4, window, logit_cap)
    assert np.abs(np.array(call()) - expected).max() <= 1e-5 * np.abs(expected).max()


def test_attention_in_blocks(monkeypatch):
    from proxy_inference_engine.ops import blas_attention

    monkeypatch.setattr(blas_attention, "_BLOCK_SCORES", 100)
    rng = np.random.default_rng(1)
    q, k, v = random_array(rng, 2, 4, 33, 8), random_array(rng, 2, 2, 50, 8), random_array(rng, 2, 2, 50, 8)
    for window in (None, 7):
        mask = ops.causal_mask(33, 50, window)
        assert on_both(lambda: ops.attention(q, k, v, scale=1.0, mask=mask)) <= 1e-5  # noqa: B023


def test_attention_with_a_mask_for_each_row():
    rng = np.random.default_rng(2)
    q, k, v = random_array(rng, 2, 4, 3, 8), random_array(rng, 2, 2, 5, 8), random_array(rng, 2, 2, 5, 8)
    mask = mx.array(rng.random((2, 1, 3, 5)) < 0.6) | (mx.arange(5) == 0)
    for cap in (None, 3.0):
        assert on_both(lambda: ops.attention(q, k, v, scale=1.0, mask=mask, logit_cap=cap)) <= 1e-5  # noqa: B023


def plain_attention(q, k, v, scale, window, logit_cap):
    """The definition, in float64."""
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, axis=1).astype(np.float64), np.repeat(v, group, axis=1).astype(np.float64)
    scores = q.astype(np.float64) @ k.swapaxes(-1, -2) * scale
    if logit_cap:
        scores = np.tanh(scores / logit_cap) * logit_cap
    num_queries, num_keys = scores.shape[-2:]
    for query in range(num_queries):
        position = num_keys - num_queries + query
        for key in range(num_keys):
            if key > position or (window and key <= position - window):
                scores[..., query, key] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ v


def test_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv(backend.ENV_NAME, "fast")
    with pytest.raises(ConfigError, match="'fast'"):
        ops.linear(mx.ones((64, 64)), mx.ones((64, 64)))


def test_small_work_stays_lazy():
    assert not backend.use_blas(backend.MIN_PRODUCTS - 1, mx.ones((2,)))
    assert not backend.use_blas(backend.MIN_PRODUCTS, mx.ones((2,), dtype=mx.bfloat16))
    assert ops.linear(mx.ones((0, 4)), mx.ones((3, 4))).shape == (0, 3)
