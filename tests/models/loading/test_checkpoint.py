"""Which weight files are read, and which sets of files are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import WeightsError
from proxy_inference_engine.models.checkpoint import INDEX_NAME, Checkpoint

from .folders import tensor, write_model, write_raw


def write_index(folder: Path, weight_map: Any) -> None:
    (folder / INDEX_NAME).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


@pytest.mark.parametrize("num_shards", [1, 3])
def test_one_file_and_shards_give_the_same_tensors(num_shards: int, tmp_path: Path) -> None:
    arrays = write_model(tmp_path / "model", num_shards=num_shards)
    checkpoint = Checkpoint.open(tmp_path / "model")
    assert len(checkpoint.shards) == num_shards
    assert checkpoint.nbytes == sum(array.nbytes for array in arrays.values())
    loaded = checkpoint.load()
    assert set(loaded) == set(arrays)
    assert all(mx.array_equal(loaded[name], arrays[name]) for name in arrays)


def test_shards_without_an_index_are_read(tmp_path: Path) -> None:
    arrays = write_model(tmp_path, num_shards=2)
    (tmp_path / INDEX_NAME).unlink()
    assert set(Checkpoint.open(tmp_path).tensors) == set(arrays)


def test_an_index_of_the_original_beside_one_whole_file_is_passed_over(tmp_path: Path) -> None:
    arrays = write_model(tmp_path)
    write_index(tmp_path, dict.fromkeys(arrays, "model-00001-of-00002.safetensors"))
    assert set(Checkpoint.open(tmp_path).tensors) == set(arrays)


def test_a_whole_file_beside_shards_without_an_index_is_used_alone(tmp_path: Path) -> None:
    arrays = write_model(tmp_path)
    write_model(tmp_path, num_shards=2)
    (tmp_path / INDEX_NAME).unlink()
    assert [shard.name for shard in Checkpoint.open(tmp_path).shards] == ["model.safetensors"]
    assert set(Checkpoint.open(tmp_path).tensors) == set(arrays)


def test_a_missing_shard_of_the_index_is_named(tmp_path: Path) -> None:
    write_model(tmp_path, num_shards=3)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"1 of the 3 .*'model-00002-of-00003.safetensors'"):
        Checkpoint.open(tmp_path)


def test_a_missing_shard_is_noticed_without_an_index(tmp_path: Path) -> None:
    write_model(tmp_path, num_shards=3)
    (tmp_path / INDEX_NAME).unlink()
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(WeightsError, match="1 of 3 weight files are missing, first number 2"):
        Checkpoint.open(tmp_path)


def test_two_sets_of_shards_are_refused(tmp_path: Path) -> None:
    for file in ("model-00001-of-00001.safetensors", "model-00001-of-00002.safetensors"):
        write_raw(tmp_path / file, {"a": tensor([1], 0, 4)}, bytes(4))
    with pytest.raises(WeightsError, match=r"sets of \[1, 2\]"):
        Checkpoint.open(tmp_path)


def test_a_tensor_in_two_shards_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, num_shards=2)
    first, second = sorted(tmp_path.glob("*.safetensors"))
    shutil.copyfile(first, second)
    with pytest.raises(WeightsError, match=r"is both in model-00001-of-00002\S* and in model-00002"):
        Checkpoint.open(tmp_path)


def test_a_tensor_that_its_shard_lacks_is_named(tmp_path: Path) -> None:
    arrays = write_model(tmp_path)
    write_index(tmp_path, {**dict.fromkeys(arrays, "model.safetensors"), "extra.weight": "model.safetensors"})
    with pytest.raises(WeightsError, match=r"'extra.weight' is in model.safetensors, but it is not there"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize(
    "file",
    [
        "../model.safetensors",
        "/etc/passwd",
        "..",
        "",
        "a/b.safetensors",
        "a\\b.safetensors",
        "x\0.safetensors",
        7,
        None,
    ],
)
def test_an_index_cannot_point_outside_the_folder(file: Any, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    arrays = write_model(inside)
    shutil.copyfile(inside / "model.safetensors", tmp_path / "model.safetensors")
    write_index(inside, dict.fromkeys(arrays, file))
    with pytest.raises(WeightsError, match="not a plain file name, refused"):
        Checkpoint.open(inside)


def test_an_index_cannot_name_a_pickle(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    write_index(tmp_path, {"a": "pytorch_model.bin"})
    with pytest.raises(WeightsError, match=r"only \.safetensors files are read"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize("index", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {}}', "nonsense", '{"a": NaN'])
def test_a_useless_index_is_refused(index: str, tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / INDEX_NAME).write_text(index)
    with pytest.raises(WeightsError, match=INDEX_NAME):
        Checkpoint.open(tmp_path)


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    write_model(tmp_path, num_shards=2)
    shard = tmp_path / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"model-00002-of-00002.safetensors: .*truncated"):
        Checkpoint.open(tmp_path)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "consolidated.00.pth", "weights.ckpt", "model.pt"])
def test_pickles_are_named_and_never_opened(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"\x80\x04N.")
    (tmp_path / file).chmod(0)
    with pytest.raises(WeightsError, match=f"only {file}: such files can run code"):
        Checkpoint.open(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has no weights"):
        Checkpoint.open(tmp_path)


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    write_raw(tmp_path / "model.safetensors", {})
    with pytest.raises(WeightsError, match="hold no tensors"):
        Checkpoint.open(tmp_path)


def test_a_dtype_that_mlx_lacks_is_refused(tmp_path: Path) -> None:
    write_raw(tmp_path / "model.safetensors", {"a": tensor([1], 0, 1, "F8_E5M2")}, bytes(1))
    with pytest.raises(WeightsError, match="MLX cannot read it"):
        Checkpoint.open(tmp_path).load()
