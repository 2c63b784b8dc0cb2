"""One step over rows of several sequences gives each of them the logits that it has alone, in every family.

The layer cache is a fake, as plain as can be: what is tested here is the models' side of the interface.
"""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout
from proxy_inference_engine.models.layers.attend import attend
from proxy_inference_engine.models.layers.kept import keep_states
from proxy_inference_engine.models.layers.rope import DefaultRope, LinearRope, Llama3Rope, LongRope, Rope, YarnRope
from tests.parity.reading import GOLDENS, build, read_golden, relative_error

TOLERANCE = 1e-4
PAGED = [path for path in GOLDENS if "longrope" not in path.stem]
LONGROPE = [path for path in GOLDENS if "longrope" in path.stem]

# The tokens that each of three sequences computes at each step: a prompt whole or in chunks, one token, or none.
STEPS = [(5, 0, 30), (1, 9, 1), (1, 13, 0), (4, 1, 0), (1, 1, 0)]


class Rows:
    """Whose the rows of a step are, and at which positions."""

    def __init__(self, num_before: list[int], num_new: tuple[int, ...]) -> None:
        self.owners = [s for s, count in enumerate(num_new) for _ in range(count)]
        self.positions = [num_before[s] + i for s, count in enumerate(num_new) for i in range(count)]


class FakeRaggedLayer:
    """Keys and values of three sequences, by position, attended to row by row in double precision."""

    def __init__(self, layout: KVLayout) -> None:
        self.layout = layout
        self.rows = Rows([0, 0, 0], (0, 0, 0))
        self.keys: list[list[np.ndarray]] = [[], [], []]
        self.values: list[list[np.ndarray]] = [[], [], []]

    @property
    def offset(self) -> mx.array:
        return mx.array(self.rows.positions, dtype=mx.int32)

    def mask(self, num_new: int) -> None:
        assert num_new == 1

    def attend(self, q, k, v, *, scale, mask=None, logit_cap=None):
        assert mask is None
        assert k.shape == v.shape == (len(self.rows.owners), self.layout.num_kv_heads, 1, self.layout.head_dim)
        queries, new_keys, new_values = (np.array(array, dtype=np.float64)[:, :, 0] for array in (q, k, v))
        for owner, key, value in zip(self.rows.owners, new_keys, new_values, strict=True):
            self.keys[owner].append(key)
            self.values[owner].append(value)
        out = []
        for owner, position, query in zip(self.rows.owners, self.rows.positions, queries, strict=True):
            first = 0 if self.layout.window is None else max(0, position + 1 - self.layout.window)
            seen = slice(first, position + 1)
            keys, values = (np.stack(held[owner][seen], axis=1) for held in (self.keys, self.values))  # [K, T, D]
            grouped = query.reshape(self.layout.num_kv_heads, -1, self.layout.head_dim)
            scores = scale * grouped @ keys.swapaxes(1, 2)
            if logit_cap is not None:
                scores = logit_cap * np.tanh(scores / logit_cap)
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            out.append((weights @ values / weights.sum(axis=-1, keepdims=True)).reshape(query.shape))
        return mx.array(np.stack(out)[:, :, None].astype(np.float32))


@pytest.fixture(scope="module", params=PAGED, ids=lambda path: path.stem)
def model(request):
    golden = read_golden(request.param)
    return build(golden.config, golden.weights)


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(4)
    return [rng.integers(0, 61, sum(step[s] for step in STEPS)).tolist() for s in range(3)]


def steps(model, sequences):
    """The rows and ids of each step, with the layer caches told of them."""
    layers = [FakeRaggedLayer(layout) for layout in model.kv_layout()]
    num_before = [0, 0, 0]
    for num_new in STEPS:
        rows = Rows(num_before, num_new)
        for layer in layers:
            layer.rows = rows
        ids = [sequences[s][p] for s, p in zip(rows.owners, rows.positions, strict=True)]
        yield rows, mx.array(ids, dtype=mx.int32)[:, None], layers
        num_before = [before + new for before, new in zip(num_before, num_new, strict=True)]


def test_rows_of_three_sequences_are_each_alone(model, sequences):
    alone = [np.array(model(mx.array([ids]))[0]) for ids in sequences]
    seen = 0
    for rows, ids, layers in steps(model, sequences):
        logits = model(ids, layers)
        expected = np.stack([alone[s][p] for s, p in zip(rows.owners, rows.positions, strict=True)])
        assert logits.shape == (len(rows.owners), 1, expected.shape[1])
        assert relative_error(logits[:, 0], expected) <= TOLERANCE
        seen += len(rows.owners)
    assert seen == sum(len(ids) for ids in sequences)


def test_only_the_rows_asked_for_have_logits(model, sequences):
    alone = [np.array(model(mx.array([ids]))[0]) for ids in sequences]
    for rows, ids, layers in steps(model, sequences):
        kept = [i for i, owner in enumerate(rows.owners) if owner not in rows.owners[i + 1 :]]  # each one's last
        logits = model(ids, layers, logits_to_keep=mx.array(kept, dtype=mx.int32))
        expected = np.stack([alone[rows.owners[i]][rows.positions[i]] for i in kept])
        assert logits.shape == (len(kept), 1, expected.shape[1])
        assert relative_error(logits[:, 0], expected) <= TOLERANCE


def test_the_layout_is_that_of_the_plain_caches(model):
    cache = model.make_cache()
    model(mx.array([[1, 2, 3]]), cache)
    layouts = model.kv_layout()
    assert len(layouts) == len(cache) == model.config.num_layers
    for layout, layer in zip(layouts, cache, strict=True):
        assert layer.state()["keys"].shape == (1, layout.num_kv_heads, 3, layout.head_dim)
        assert getattr(layer, "window", None) == layout.window
        assert layer.offset == 3


@pytest.mark.parametrize("path", LONGROPE, ids=lambda path: path.stem)
def test_longrope_cannot_be_paged(path):
    golden = read_golden(path)
    model = build(golden.config, golden.weights)
    assert model.kv_layout() is None
    rows = model(mx.concatenate([golden.prompt, golden.prompt + 1]), model.make_cache(), logits_to_keep=mx.array([0]))
    assert relative_error(rows[0], golden.logits) <= TOLERANCE


@pytest.mark.parametrize("dtype", [mx.float32, mx.bfloat16])
@pytest.mark.parametrize(("num_dims", "head_dim"), [(16, 16), (12, 16), (128, 128)])
@pytest.mark.parametrize(
    "kind",
    [
        DefaultRope(1e4),
        LinearRope(1e4, factor=4.0),
        Llama3Rope(5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_length=8192),
        YarnRope(1e6, factor=4.0, original_length=4096, factor_of_attention=1.138),
    ],
    ids=lambda kind: type(kind).__name__,
)
def test_a_position_for_each_row_rotates_as_that_position_alone(kind, num_dims, head_dim, dtype):
    rope = Rope(kind, num_dims)
    positions = [0, 1, 7, 7, 4095, 100_000, 3]
    x = mx.random.normal((len(positions), 3, 1, head_dim), key=mx.random.key(0)).astype(dtype)
    rotated = rope(x, mx.array(positions, dtype=mx.int32))
    alone = mx.concatenate([rope(x[i : i + 1], position) for i, position in enumerate(positions)])
    assert rotated.dtype == dtype
    assert mx.array_equal(rotated, alone)


def test_longrope_takes_one_position_only():
    rope = Rope(LongRope(1e4, 4, 1.0, (1.0,) * 4, (2.0,) * 4), 8)
    x = mx.ones((2, 1, 1, 8))
    assert not mx.array_equal(rope(x, 3), rope(x, 4))
    with pytest.raises(AssertionError, match="longrope"):
        rope(x, mx.array([3, 4]))


def test_the_output_head_sees_what_is_kept():
    x = mx.arange(24).reshape(2, 4, 3)
    assert mx.array_equal(keep_states(x, None), x)
    assert mx.array_equal(keep_states(x, 3), x[:, 1:])
    assert mx.array_equal(keep_states(x, 9), x)
    assert keep_states(x, 0).shape == (2, 0, 3)
    assert mx.array_equal(keep_states(x, mx.array([1, 1, 0])), mx.stack([x[1], x[1], x[0]]))


def test_without_a_cache_attention_is_that_of_the_new_tokens():
    q, k, v = (mx.random.normal((1, 2, 5, 8), key=mx.random.key(seed)) for seed in range(3))
    expected = ops.attention(q, k, v, scale=0.3, mask="causal", logit_cap=4.0)
    assert mx.array_equal(attend(None, q, k, v, scale=0.3, mask="causal", logit_cap=4.0), expected)
