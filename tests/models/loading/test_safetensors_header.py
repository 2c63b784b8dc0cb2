"""The header check: right files pass, every kind of wrong file ends in one WeightsError that names what is wrong."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import WeightsError
from proxy_inference_engine.models.safetensors_header import MAX_HEADER_BYTES, TensorInfo, read_header

from .folders import header_bytes, tensor, write_raw


def test_reads_what_mlx_wrote(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    arrays = {
        "a": mx.zeros((3, 4)),
        "b": mx.zeros((5,), mx.bfloat16),
        "c": mx.zeros((2, 2, 2), mx.uint32),
        "d": mx.array(1.0),
        "e": mx.zeros((0, 7), mx.float16),
    }
    mx.save_safetensors(str(path), arrays, metadata={"format": "mlx"})
    header = read_header(path)
    assert {name: info.shape for name, info in header.tensors.items()} == {n: a.shape for n, a in arrays.items()}
    assert {name: info.nbytes for name, info in header.tensors.items()} == {n: a.nbytes for n, a in arrays.items()}
    assert header.metadata == {"format": "mlx"}
    assert header.nbytes == sum(array.nbytes for array in arrays.values())


def test_mlx_without_metadata(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    mx.save_safetensors(str(path), {"a": mx.zeros((3,))})
    assert read_header(path).metadata == {}


def test_offsets_are_within_the_file(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "f", {"b": tensor([2], 4, 12), "a": tensor([1], 0, 4)}, bytes(12))
    begin = path.stat().st_size - 12
    assert read_header(path).tensors["b"] == TensorInfo("F32", (2,), begin + 4, begin + 12)


BAD: dict[str, tuple[Any, bytes, str]] = {
    "not json": (b"{nonsense", b"", "not valid JSON"),
    "not utf-8": (b'{"\xff\xfe": 1}', b"", "not valid JSON"),
    "a list": ([1, 2], b"", "JSON list"),
    "nested too deep": (b"[" * 200_000, b"", "not valid JSON"),
    "a huge number": (b'{"a": ' + b"9" * 5000 + b"}", b"", "not valid JSON"),
    "a key twice": (b'{"a": {"dtype":"F32","shape":[0],"data_offsets":[0,0]}, "a": 1}', b"", "'a' occurs twice"),
    "metadata of numbers": ({"__metadata__": {"a": 1}}, b"", "__metadata__"),
    "an entry that is no object": ({"a": 3}, b"", "JSON int"),
    "an unknown dtype": ({"a": tensor([1], 0, 4, "Q4")}, bytes(4), "dtype 'Q4'"),
    "a dtype that is no text": ({"a": {**tensor([1], 0, 4), "dtype": ["F32"]}}, bytes(4), "dtype ['F32']"),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4), "shape None"),
    "a negative size": ({"a": tensor([-1], 0, 4)}, bytes(4), "[-1]"),
    "a fractional size": ({"a": tensor([1.0], 0, 4)}, bytes(4), "[1.0]"),  # type: ignore[list-item]
    "a boolean size": ({"a": tensor([True], 0, 4)}, bytes(4), "[True]"),
    "a size beyond int32": ({"a": tensor([2**31], 0, 4)}, bytes(4), "2147483647"),
    "too many dimensions": ({"a": tensor([1] * 9, 0, 4)}, bytes(4), "at most 8"),
    "a product that overflows": ({"a": tensor([2**31 - 1] * 8, 0, 4)}, bytes(4), "needs"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [1]}}, bytes(4), "data_offsets None"),
    "three offsets": ({"a": {**tensor([1], 0, 4), "data_offsets": [0, 4, 8]}}, bytes(4), "data_offsets"),
    "negative offsets": ({"a": tensor([1], -4, 0)}, bytes(4), "data_offsets"),
    "offsets in reverse": ({"a": tensor([1], 4, 0)}, bytes(4), "needs 4"),
    "fewer bytes than the shape": ({"a": tensor([2], 0, 4)}, bytes(4), "needs 8"),
    "an end beyond the file": ({"a": tensor([3], 0, 12)}, bytes(8), "truncated"),
    "an overlap": ({"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}, bytes(12), "overlaps"),
    "the same place twice": ({"a": tensor([1], 0, 4), "b": tensor([1], 0, 4)}, bytes(4), "overlaps"),
    "a hole": ({"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)}, bytes(12), "hole"),
    "a hole at the start": ({"a": tensor([1], 4, 8)}, bytes(8), "hole"),
    "bytes left over": ({"a": tensor([1], 0, 4)}, bytes(8), "damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_refuses(case: str, tmp_path: Path) -> None:
    header, data, expected = BAD[case]
    path = write_raw(tmp_path / "bad.safetensors", header, data)
    with pytest.raises(WeightsError) as caught:
        read_header(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_refuses_a_file_shorter_than_its_prefix(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"\x01\x02")
    with pytest.raises(WeightsError, match="2 bytes, too short"):
        read_header(path)


def test_refuses_a_header_that_claims_more_than_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    path.write_bytes(struct.pack("<Q", 1000) + b"{}")
    with pytest.raises(WeightsError, match=r"claims 1000 bytes, but only 2 follow"):
        read_header(path)


def test_refuses_an_enormous_header_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "enormous"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 1 << 40))
        file.truncate(1 << 41)  # sparse
    start = time.perf_counter()
    with pytest.raises(WeightsError, match=str(MAX_HEADER_BYTES)):
        read_header(path)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("lost", [1, 100, 4000])
def test_refuses_a_truncated_file(lost: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    mx.save_safetensors(str(path), {f"w{i}": mx.zeros((32, 8)) for i in range(4)})
    os.truncate(path, path.stat().st_size - lost)
    with pytest.raises(WeightsError, match="truncated"):
        read_header(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(WeightsError, match="no such file"):
            read_header(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_either_harmless_or_a_weights_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = header_bytes({"a": tensor([2, 2], 0, 16), "b": tensor([3], 16, 22, "F16")}) + bytes(22)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    path.write_bytes(damaged)
    try:
        header = read_header(path)
    except WeightsError:
        return
    assert all(8 <= info.begin <= info.end <= len(damaged) for info in header.tensors.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        json_values
        | st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "BF16", "U8"]) | json_values,
                "shape": st.lists(st.integers(0, 4), max_size=3) | json_values,
                "data_offsets": st.lists(st.integers(0, 64), min_size=2, max_size=2) | json_values,
            }
        ),
        max_size=4,
    )
)
def test_any_json_is_either_a_header_or_a_weights_error(
    tmp_path_factory: pytest.TempPathFactory, header: dict[str, Any]
) -> None:
    path = write_raw(tmp_path_factory.getbasetemp() / "any.safetensors", json.dumps(header).encode(), bytes(32))
    try:
        read_header(path)
    except WeightsError:
        return
    assert set(header) - {"__metadata__"} == set(read_header(path).tensors)
