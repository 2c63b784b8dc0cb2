"""The models on this machine: those in the hub's cache and those in given folders, and whether PIE can load them.

Reads configs and file sizes only, never weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from proxy_inference_engine.errors import ModelLoadError
from proxy_inference_engine.models import mlx_lm
from proxy_inference_engine.models.files import read_config
from proxy_inference_engine.models.loader import refuse_code
from proxy_inference_engine.models.quantization import read_plan
from proxy_inference_engine.models.registry import find_family, is_native, model_type_of, unsupported

Support = Literal["native", "mlx-lm", "no"]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model. `num_bytes` is the size of its weight files; `quantization` is empty for an unquantised model.

    `support` says what would load it; where it is "no", `reason` says why.
    """

    name: str
    folder: Path
    model_type: str
    num_bytes: int
    quantization: str
    support: Support
    reason: str = ""


def list_models(folders: Iterable[str | os.PathLike[str]] = (), *, hub_cache: bool = True) -> list[ModelEntry]:
    """The models in `folders` (each a model or a folder of models) and in the hub's cache, by name.

    Folders that hold no config.json are passed over; a model that cannot be loaded is listed with the reason.
    """
    entries = [_entry(name, folder) for name, folder in _in_folders(folders)]
    if hub_cache:
        entries += [_entry(name, folder) for name, folder in _in_hub_cache()]
    return sorted(entries, key=lambda entry: (entry.name.lower(), str(entry.folder)))


def _in_folders(folders: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, Path]]:
    for given in folders:
        folder = Path(given).expanduser()
        if (folder / "config.json").is_file():
            yield str(folder), folder
        elif folder.is_dir():
            for child in sorted(folder.iterdir()):
                if (child / "config.json").is_file():
                    yield str(child), child


def _in_hub_cache() -> Iterator[tuple[str, Path]]:
    from huggingface_hub import constants

    for repo in sorted(Path(constants.HF_HUB_CACHE).glob("models--*")):
        name = repo.name.removeprefix("models--").replace("--", "/")
        snapshots = sorted((repo / "snapshots").glob("*"))
        with_config = [folder for folder in snapshots if (folder / "config.json").is_file()]
        main = _commit_of_main(repo)
        for folder in with_config:
            several = len(with_config) > 1 and folder.name != main
            yield f"{name}@{folder.name[:12]}" if several else name, folder


def _commit_of_main(repo: Path) -> str:
    try:
        return (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _entry(name: str, folder: Path) -> ModelEntry:
    model_type, quantization = "", ""
    support: Support = "no"
    reason = ""
    try:
        config = read_config(folder)
        refuse_code(config)
        model_type = model_type_of(config)
        if is_native(model_type):
            plan = read_plan(config)
            quantization = "" if plan is None else plan.describe()
            find_family(model_type).Config.from_hf(config)
            support = "native"
        elif mlx_lm.serves(model_type):
            quantization = _foreign_quantization(config)
            support = "mlx-lm"
        else:
            raise unsupported(model_type)
        if not any(folder.glob("*.safetensors")):
            support, reason = "no", "it has no safetensors weights"
    except ModelLoadError as error:
        support, reason = "no", str(error)
    num_bytes = sum(path.stat().st_size for path in folder.glob("*.safetensors") if path.is_file())
    return ModelEntry(name, folder, model_type, num_bytes, quantization, support, reason)


def _foreign_quantization(config: dict[str, object]) -> str:
    try:
        plan = read_plan(config)
    except ModelLoadError:
        entry = config.get("quantization_config")
        return str(entry.get("quant_method", "")) if isinstance(entry, dict) else ""
    return "" if plan is None else plan.describe()
