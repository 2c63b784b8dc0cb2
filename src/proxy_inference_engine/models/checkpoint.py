"""The weight files of one model folder, checked, with their tensors as lazy arrays.

Only safetensors are ever opened. Every header is checked before MLX sees a file, and nothing is read into memory until
an array is evaluated. Knows no model family and no quantisation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError, WeightsError
from proxy_inference_engine.models.files import read_json_object
from proxy_inference_engine.models.safetensors_header import MAX_HEADER_BYTES, MAX_TENSORS, TensorInfo, read_header

MAX_SHARDS = 10_000
INDEX_NAME = "model.safetensors.index.json"

_SHARD_NAME = re.compile(r"^model-(\d{1,6})-of-(\d{1,6})\.safetensors$")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the weight files of a folder hold. `shard_of` names the file of each tensor."""

    folder: Path
    shards: tuple[Path, ...]
    tensors: Mapping[str, TensorInfo]
    shard_of: Mapping[str, Path]

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together, as stored."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    @classmethod
    def open(cls, folder: Path) -> Checkpoint:
        """Find and check the weight files of `folder`.

        One `model.safetensors`, or the shards that the index names, or a whole set of `model-0000n-of-0000m`
        files. Raises WeightsError when files are missing, damaged, truncated or contradict each other.
        """
        named = _read_index(folder)
        shards = _find_shards(folder, named)
        tensors: dict[str, TensorInfo] = {}
        shard_of: dict[str, Path] = {}
        for shard in shards:
            for name, tensor in read_header(shard).tensors.items():
                if name in tensors:
                    raise WeightsError(
                        f"{folder}: tensor {name!r} is both in {shard_of[name].name} and in {shard.name}; "
                        "only one of them can be right"
                    )
                tensors[name] = tensor
                shard_of[name] = shard
            if len(tensors) > MAX_TENSORS:
                raise WeightsError(f"{folder}: more than the limit of {MAX_TENSORS} tensors")
        for name, file in named.items():
            if name not in tensors and folder / file in shards:
                raise WeightsError(
                    f"{folder}: {INDEX_NAME} says that tensor {name!r} is in {file}, but it is not there"
                )
        if not tensors:
            raise WeightsError(f"{folder}: its weight files hold no tensors")
        return cls(folder, shards, tensors, shard_of)

    def load(self) -> dict[str, mx.array]:
        """Every tensor as a lazy array, in file order. Reading happens when each is evaluated.

        Raises WeightsError when MLX cannot take a file (a dtype it does not know).
        """
        arrays: dict[str, mx.array] = {}
        for shard in self.shards:
            try:
                loaded = mx.load(str(shard), format="safetensors")
            except (RuntimeError, ValueError) as error:
                raise WeightsError(f"{shard}: MLX cannot read it: {error}") from error
            assert isinstance(loaded, dict)
            arrays.update(loaded)
        # File order keeps the disk reads sequential.
        return {name: arrays[name] for name in self.tensors}


def _read_index(folder: Path) -> dict[str, str]:
    """The index's map from tensor to file name, or nothing where there is no index."""
    path = folder / INDEX_NAME
    if not path.exists():
        return {}
    try:
        index = read_json_object(path, max_bytes=MAX_HEADER_BYTES)
    except ConfigError as error:
        raise WeightsError(str(error)) from error
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise WeightsError(f"{path}: `weight_map` must be an object that maps tensors to files")
    for name, file in weight_map.items():
        if not isinstance(file, str) or file in ("", ".", "..") or re.search(r"[/\\\0]", file):
            raise WeightsError(f"{path}: tensor {name!r} is said to be in {file!r}: not a plain file name, refused")
        if not file.endswith(".safetensors"):
            raise WeightsError(f"{path}: tensor {name!r} is said to be in {file!r}: only .safetensors files are read")
    return weight_map


def _find_shards(folder: Path, named: Mapping[str, str]) -> tuple[Path, ...]:
    present = sorted(path for path in folder.glob("model*.safetensors") if path.is_file())
    if named:
        files = sorted(set(named.values()))
        if len(files) > MAX_SHARDS:
            raise WeightsError(f"{folder / INDEX_NAME}: names {len(files)} files, more than the limit of {MAX_SHARDS}")
        missing = [file for file in files if not (folder / file).is_file()]
        if not missing:
            return tuple(folder / file for file in files)
        # Quantised uploads often keep the index of the model they were made from, beside one new file.
        if len(missing) < len(files) or [path.name for path in present] != ["model.safetensors"]:
            raise WeightsError(
                f"{folder}: {len(missing)} of the {len(files)} weight files that {INDEX_NAME} names are missing, first "
                f"{missing[0]!r}; the download or copy is not complete: fetch it again"
            )
    if not present:
        others = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
        present = others if len(others) == 1 and not others[0].name.startswith("adapter") else []
    if not present:
        raise WeightsError(_no_weights(folder))
    if len(present) > 1 and (folder / "model.safetensors") in present:
        return (folder / "model.safetensors",)
    _check_whole_set(folder, present)
    return tuple(present)


def _check_whole_set(folder: Path, present: list[Path]) -> None:
    numbers: dict[int, set[int]] = {}
    for path in present:
        if match := _SHARD_NAME.match(path.name):
            numbers.setdefault(int(match[2]), set()).add(int(match[1]))
    if len(numbers) > 1:
        raise WeightsError(f"{folder}: mixes sets of {sorted(numbers)} weight files; keep one set")
    for total, found in numbers.items():
        missing = [number for number in range(1, min(total, MAX_SHARDS) + 1) if number not in found]
        if missing:
            raise WeightsError(
                f"{folder}: {len(missing)} of {total} weight files are missing, first number {missing[0]}; "
                "the download or copy is not complete: fetch it again"
            )


def _no_weights(folder: Path) -> str:
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        return (
            f"{folder} has no safetensors weights, only {pickles[0]}: such files can run code and are never opened; "
            "get the safetensors form of the model"
        )
    return f"{folder} has no weights: model.safetensors, or the shards that a {INDEX_NAME} names, were expected"
