"""Stores of keys and values: a row sees what it would see of its own sequence alone, whoever shares the step."""

from __future__ import annotations

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine import ops
from proxy_inference_engine.cache.base import KVLayout
from proxy_inference_engine.cache.device_store import DeviceStore
from proxy_inference_engine.cache.host_slots import make_slots
from proxy_inference_engine.cache.host_store import HostStore
from proxy_inference_engine.cache.packing import pack, unpack
from proxy_inference_engine.cache.ragged import RaggedPlan, RaggedRow
from proxy_inference_engine.cache.stores import LayerStore, make_stores, ragged_layers
from proxy_inference_engine.errors import NotSupportedError
from proxy_inference_engine.ops import backend

KINDS = ["host", "device"]
FORMATS = [(mx.float32, None), (mx.bfloat16, None), (mx.float16, None), (mx.float32, 8), (mx.float32, 4)]


def make_store(kind, layout, *, num_blocks=64, block_size=4, dtype=mx.float32, bits=None) -> LayerStore:
    if kind == "device":
        return DeviceStore(layout, num_blocks=num_blocks, block_size=block_size, dtype=dtype, bits=bits)
    sides = (make_slots(layout, num_blocks * block_size, dtype=dtype, bits=bits) for _ in range(2))
    return HostStore(layout, *sides, num_blocks=num_blocks, block_size=block_size)


class Sequences:
    """Random queries, keys and values of some sequences, on blocks in random order."""

    def __init__(self, rng, layout, group, lengths, *, num_blocks=64, block_size=4, order=None):
        blocks = list(map(int, rng.permutation(num_blocks))) if order is None else list(order)
        self.layout, self.block_size, self.lengths = layout, block_size, lengths
        self.tables, self.sides = [], []
        for length in lengths:
            self.tables.append([blocks.pop(0) for _ in range(-(-length // block_size))])
            shape = (length, layout.head_dim)
            heads = (layout.num_kv_heads * group, layout.num_kv_heads, layout.num_kv_heads)
            self.sides.append([rng.standard_normal((count, *shape)).astype(np.float32) for count in heads])
        self.done = [0] * len(lengths)

    def step(self, store, counts, *, dtype=mx.float32, **options):
        """Compute the next `counts[i]` tokens of sequence i; the outputs, [H, L, D] for each."""
        parts = [(index, self.done[index], count) for index, count in counts.items()]
        plan = RaggedPlan([RaggedRow(self.tables[i], before, count) for i, before, count in parts], self.block_size)
        rows = [
            np.concatenate([self.sides[i][side][:, before : before + count] for i, before, count in parts], axis=1)
            for side in range(3)
        ]
        (layer,) = ragged_layers([store], [self.layout], plan)
        positions = [place for _, before, count in parts for place in range(before, before + count)]
        assert layer.offset.dtype == mx.int32
        assert layer.offset.tolist() == positions
        out = layer.attend(
            *(mx.array(array.swapaxes(0, 1)[:, :, None]).astype(dtype) for array in rows),
            scale=0.3,
            mask=layer.mask(1),
            **options,
        )
        assert out.dtype == dtype
        assert out.shape == (plan.num_tokens, rows[0].shape[0], 1, self.layout.head_dim)
        found, at = {}, 0
        values = np.array(out.astype(mx.float32))[:, :, 0].swapaxes(0, 1)
        for index, _, count in parts:
            found[index] = values[:, at : at + count]
            self.done[index] += count
            at += count
        return found

    def run(self, store, steps, **options):
        """All outputs of each sequence, [H, length, D], computed in these steps and a last one."""
        found = [[] for _ in self.lengths]
        rest = [{i: length} for i, length in enumerate(self.lengths)]
        for counts in [*steps, *rest]:
            left = {i: min(count, self.lengths[i] - self.done[i]) for i, count in counts.items()}
            left = {i: count for i, count in left.items() if count}
            if left:
                for index, out in self.step(store, left, **options).items():
                    found[index].append(out)
        return [np.concatenate(parts, axis=1) for parts in found]

    def expected(self, logit_cap=None):
        """The same by plain attention over each whole sequence."""
        return [
            np.array(
                ops.attention(
                    *(mx.array(side[None]) for side in sides),
                    scale=0.3,
                    mask=ops.causal_mask(length, length, self.layout.window),
                    logit_cap=logit_cap,
                )
            )[0]
            for sides, length in zip(self.sides, self.lengths, strict=True)
        ]


def largest_difference(found, expected):
    return max(np.abs(one - other).max() for one, other in zip(found, expected, strict=True))


Steps = st.lists(st.dictionaries(st.integers(0, 3), st.sampled_from([1, 1, 1, 2, 5, 20]), min_size=1), max_size=25)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    kind=st.sampled_from(KINDS),
    steps=Steps,
    num_kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    block_size=st.sampled_from([1, 4, 16]),
    window=st.sampled_from([None, 1, 3, 8, 30]),
    logit_cap=st.sampled_from([None, 4.0]),
    in_order=st.booleans(),
)
def test_any_steps_equal_whole_sequences_alone(
    seed, kind, steps, num_kv_heads, group, block_size, window, logit_cap, in_order
):
    rng = np.random.default_rng(seed)
    layout = KVLayout(num_kv_heads, 8, window)
    pool = {"num_blocks": 160 // block_size, "block_size": block_size}
    order = range(pool["num_blocks"]) if in_order else None
    sequences = Sequences(rng, layout, group, [33, 2, 17, 60], order=order, **pool)
    found = sequences.run(make_store(kind, layout, **pool), steps, logit_cap=logit_cap)
    assert largest_difference(found, sequences.expected(logit_cap)) <= 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "bits"), FORMATS)
@pytest.mark.parametrize("head_dim", [32, 128])
@pytest.mark.parametrize("window", [None, 7])
def test_what_is_attended_to_is_what_the_format_holds(kind, dtype, bits, head_dim, window):
    layout = KVLayout(2, head_dim, window)
    sequences = Sequences(np.random.default_rng(1), layout, 2, [50, 20])
    steps = [{0: 30, 1: 1}, {0: 3, 1: 1}, {0: 1, 1: 1}, {1: 9}, {0: 1, 1: 1}, {0: 1, 1: 1}]
    found = sequences.run(make_store(kind, layout, dtype=dtype, bits=bits), steps)
    for side in sequences.sides:
        side[1:] = [held_as(array, dtype, bits) for array in side[1:]]
    assert largest_difference(found, sequences.expected()) <= 1e-5


def held_as(array, dtype, bits):
    """What remains of float32 values in a format; also checks that little is lost."""
    values = mx.array(array)
    if bits is None:
        held, limit = values.astype(dtype).astype(mx.float32), 0.02
    else:
        group_size = 64 if array.shape[-1] % 64 == 0 else 32
        held = unpack(*pack(values, group_size, bits), bits=bits, dtype=mx.float32)
        # MLX moves a group's scale so that zero is exact: the far end may be off by a whole code.
        limit = 1.1 * (array.max() - array.min()) / (2**bits - 1) + 0.003
    held = np.array(held)
    assert np.abs(held - array).max() <= limit
    return held


@pytest.mark.parametrize("bits", [8, 4])
def test_both_stores_pack_alike(bits):
    layout = KVLayout(2, 64, None)
    blocks = []
    for kind in KINDS:
        store = make_store(kind, layout, bits=bits)
        sequences = Sequences(np.random.default_rng(2), layout, 1, [4])
        sequences.run(store, [])
        blocks.append(store.read_block(sequences.tables[0][0]))
    assert blocks[0].keys() == blocks[1].keys()
    assert all(np.array_equal(blocks[0][name], blocks[1][name]) for name in blocks[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "bits", "ideal"), [(mx.bfloat16, None, 2), (mx.float32, 8, 4), (mx.float32, 4, 8)])
def test_memory_is_as_small_as_promised(kind, dtype, bits, ideal):
    layout = KVLayout(2, 64, None)
    plain = make_store(kind, layout, block_size=16).bytes_per_block
    assert plain == 2 * 2 * 16 * 64 * 4
    packed = make_store(kind, layout, block_size=16, dtype=dtype, bits=bits).bytes_per_block
    assert plain / packed >= ideal * 0.88  # a scale and an offset of 16 bits for every 64 values


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_16_bit_activations(kind, dtype):
    layout = KVLayout(2, 32, 8)
    sequences = Sequences(np.random.default_rng(3), layout, 2, [20, 9])
    found = sequences.run(make_store(kind, layout, dtype=dtype), [{0: 5, 1: 1}, {0: 1, 1: 1}], dtype=dtype)
    assert largest_difference(found, sequences.expected()) <= 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "bits"), FORMATS)
def test_blocks_can_be_copied_read_and_written(kind, dtype, bits):
    layout = KVLayout(2, 32, None)
    sequences = Sequences(np.random.default_rng(4), layout, 1, [11])
    store = make_store(kind, layout, dtype=dtype, bits=bits)
    sequences.step(store, {0: 10})
    free = sorted(set(range(64)) - set(sequences.tables[0]))[:3]
    first, second, last = sequences.tables[0]
    moved = store.read_block(first)
    store.write_block(free[0], {name: array.copy() for name, array in moved.items()})
    store.copy_block(second, free[1], 4)
    store.copy_block(last, free[2], 2)
    assert all(np.array_equal(moved[name], array) for name, array in store.read_block(free[0]).items())
    sequences.done = [10]
    expected = sequences.step(store, {0: 1})[0]
    sequences.tables[0][:], sequences.done = free, [10]
    assert np.abs(sequences.step(store, {0: 1})[0] - expected).max() <= 1e-6

    name = next(iter(moved))
    bad = [{}, {**moved, "more": moved[name]}, {**moved, name: moved[name][:, :3]}]
    bad.append({**moved, name: moved[name].astype(np.float64)})
    for arrays in bad:
        with pytest.raises(ValueError, match="block"):
            store.write_block(free[0], arrays)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_mixed_step(kind):
    layouts = [KVLayout(2, 16, None), KVLayout(2, 16, 100)]
    for layout in layouts:
        pool = {"num_blocks": 400, "block_size": 16}
        sequences = Sequences(np.random.default_rng(5), layout, 2, [700, 1, 900, 300, 1100], **pool)
        steps = [{0: 699, 2: 600, 4: 1000}, {0: 1, 1: 1, 2: 300, 3: 200, 4: 1}, {3: 1, 4: 1}]
        found = sequences.run(make_store(kind, layout, **pool), steps)
        assert largest_difference(found, sequences.expected()) <= 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_stored(kind):
    layout = KVLayout(1, 48, None)
    for options in ({"bits": 8}, {"bits": 3}, {"dtype": mx.int32}):
        with pytest.raises(NotSupportedError):
            make_store(kind, layout, **options)


def test_which_store_serves(monkeypatch):
    layouts = [KVLayout(1, 8, None), KVLayout(2, 8, 4)]
    for name, kind in {"blas": HostStore, "mlx": DeviceStore}.items():
        monkeypatch.setenv(backend.ENV_NAME, name)
        if not backend.on_cpu():
            kind = DeviceStore
        stores = make_stores(layouts, num_blocks=2, block_size=4, dtype=mx.float32, bits=None)
        assert [type(store) for store in stores] == [kind, kind]
        assert all((store.buffers() == []) == (kind is HostStore) for store in stores)


def test_plan():
    plan = RaggedPlan([RaggedRow([4, 5, 9, 2], 5, 7), RaggedRow([0], 0, 1), RaggedRow([7, 8], 6, 2)], 4)
    assert plan.num_tokens == 10
    assert plan.positions.tolist() == [*range(5, 12), 0, 6, 7]
    assert plan.slots.tolist() == [21, 22, 23, 36, 37, 38, 39, 0, 34, 35]
    assert [tuple(run) for run in plan.segments[0].runs] == [(16, 24, 0, 8), (36, 40, 8, 12)]
    assert [tuple(run) for run in plan.segments[2].runs] == [(28, 36, 0, 8)]
    assert plan.segments[2].read_runs(3) == [(32, 36)]
    for row in (RaggedRow([1], 0, 5), RaggedRow([1], 2, 0), RaggedRow([], 0, 1), RaggedRow([1], -1, 1)):
        with pytest.raises(ValueError, match="do not fit"):
            RaggedPlan([row], 4)


def test_a_step_view_refuses_what_has_no_meaning():
    layout = KVLayout(1, 8, None)
    store = make_store("host", layout)
    (layer,) = ragged_layers([store], [layout], RaggedPlan([RaggedRow([0], 0, 1)], 4))
    assert not layer.can_trim(1)
    with pytest.raises(NotSupportedError, match="fork"):
        layer.fork()
    with pytest.raises(NotSupportedError, match="num_tokens"):
        _ = layer.num_tokens
