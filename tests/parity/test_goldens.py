"""Every family equals its reference: logits and greedy tokens of `make_goldens.py`, without torch.

Cached, uncached and chunked runs are all held against the same goldens.
"""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine.ops import backend
from tests.parity.reading import GOLDENS, build, read_golden, relative_error

TOLERANCE = 2e-5


@pytest.fixture(scope="module", params=GOLDENS, ids=lambda path: path.stem)
def golden(request):
    return read_golden(request.param)


@pytest.fixture(scope="module")
def model(golden):
    return build(golden.config, golden.weights)


def run_in_chunks(model, ids, size):
    """The logits of all positions, `size` new tokens a call."""
    cache = model.make_cache()
    return mx.concatenate(
        [model(ids[:, start : start + size], cache) for start in range(0, ids.shape[1], size)], axis=1
    )


def last_of(model, ids, cache):
    return model(ids, cache, logits_to_keep=1)[:, -1]


def test_goldens_are_there():
    assert len(GOLDENS) >= 30


def test_uncached_logits(golden, model):
    assert relative_error(model(golden.prompt)[0], golden.logits) <= TOLERANCE


def test_cached_logits(golden, model):
    assert relative_error(model(golden.prompt, model.make_cache())[0], golden.logits) <= TOLERANCE


@pytest.mark.parametrize("size", [3, 8])
def test_chunked_logits(golden, model, size):
    logits = run_in_chunks(model, golden.prompt, size)
    if golden.prompt.shape[1] > original_length(model):
        # Short and long sequences rotate differently: only the calls on the long side equal the whole run.
        num_short = original_length(model) // size * size
        logits, expected = logits[0, num_short:], golden.logits[num_short:]
    else:
        logits, expected = logits[0], golden.logits
    assert relative_error(logits, expected) <= TOLERANCE


def test_greedy_tokens(golden, model):
    """The last tokens of a conversation are those of the reference, one call a token."""
    cache = model.make_cache()
    ids, tokens = golden.prompt, []
    while len(tokens) < len(golden.tokens):
        tokens.append(int(mx.argmax(last_of(model, ids, cache), axis=-1).item()))
        ids = mx.array([tokens[-1:]])
    assert tokens == golden.tokens


def test_a_batch_is_its_rows(golden, model):
    other = (golden.prompt + 7) % golden.config.get("vocab_size", 61)
    both = model(mx.concatenate([golden.prompt, other]), model.make_cache())
    assert relative_error(both[0], golden.logits) <= TOLERANCE
    assert relative_error(both[1], np.array(model(other)[0])) <= TOLERANCE


def test_logits_to_keep(golden, model):
    kept = model(golden.prompt, logits_to_keep=3)
    assert kept.shape == (1, 3, golden.logits.shape[1])
    assert relative_error(kept[0], golden.logits[-3:]) <= TOLERANCE
    assert model(golden.prompt, model.make_cache(), logits_to_keep=0).shape == (1, 0, golden.logits.shape[1])


def test_trimmed_and_forked_caches_give_a_fresh_run(golden, model):
    cache = model.make_cache()
    half = golden.prompt.shape[1] // 2
    model(golden.prompt[:, :half], cache)
    twin = [layer.fork() for layer in cache]
    model((golden.prompt[:, half:] + 1) % 61, cache)
    wrong = golden.prompt.shape[1] - half
    if all(layer.can_trim(wrong) for layer in cache):
        for layer in cache:
            layer.trim(wrong)
        assert relative_error(last_of(model, golden.prompt[:, half:], cache)[0], golden.logits[-1]) <= TOLERANCE
    assert relative_error(last_of(model, golden.prompt[:, half:], twin)[0], golden.logits[-1]) <= TOLERANCE


def test_restored_caches_give_a_fresh_run(golden, model):
    cache = model.make_cache()
    half = golden.prompt.shape[1] // 2
    model(golden.prompt[:, :half], cache)
    twin = model.make_cache()
    for layer, other in zip(cache, twin, strict=True):
        other.restore(layer.state(), half)
    assert relative_error(last_of(model, golden.prompt[:, half:], twin)[0], golden.logits[-1]) <= TOLERANCE


@pytest.mark.parametrize("name", ["mlx", "blas"])
def test_either_backend_alone(golden, model, monkeypatch, name):
    monkeypatch.setenv(backend.ENV_NAME, name)
    monkeypatch.setattr(backend, "MIN_PRODUCTS", 1)
    assert relative_error(model(golden.prompt, model.make_cache())[0], golden.logits) <= TOLERANCE


def test_bfloat16_runs(golden):
    model = build(golden.config, golden.weights, mx.bfloat16)
    logits = last_of(model, golden.prompt[:, :6], model.make_cache())
    assert logits.dtype == mx.bfloat16
    assert relative_error(logits[0], np.array(build(golden.config, golden.weights)(golden.prompt[:, :6])[0, -1])) < 0.3


def original_length(model):
    return getattr(model.config.rope, "original_length", 10**9) if model.config.model_type == "phi3" else 10**9
