"""Rewrites a model folder: quantised, dequantised or in another dtype, in the layout that mlx-lm reads too.

Works on the checked checkpoint tensor by tensor and writes shard by shard, so the model need not fit in memory.
"""

from __future__ import annotations

import os
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.models.files import read_config
from proxy_inference_engine.models.hub import resolve_model
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import prepare, refuse_code
from proxy_inference_engine.models.portable_config import portable
from proxy_inference_engine.models.quantization import (
    QuantizationPlan,
    count_parameters,
    layer_packing,
    make_plan,
    make_quantization,
    plan_to_config,
    quantizable_layers,
    read_plan,
    unpack_weights,
)
from proxy_inference_engine.models.recipes import RECIPES, LayerChoice, mixed, uniform
from proxy_inference_engine.models.registry import NativeModel, is_native, model_type_of, unsupported
from proxy_inference_engine.models.weights import DTYPES, as_dtype
from proxy_inference_engine.models.writer import (
    SHARD_BYTES,
    Progress,
    copy_companions,
    new_folder,
    write_config,
    write_weights,
)
from proxy_inference_engine.types import JSONObject


def convert(
    source: str | os.PathLike[str],
    out_folder: str | os.PathLike[str],
    *,
    bits: int | None = None,
    group_size: int | None = None,
    mode: str | None = None,
    recipe: str | LayerChoice | None = None,
    dequantize: bool = False,
    dtype: str | None = None,
    revision: str | None = None,
    offline: bool = False,
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> Path:
    """Write `source` (folder, hub id or `demo`) to the new folder `out_folder`, which PIE and mlx-lm can load.

    Any of `bits`, `group_size`, `mode` ("affine", "mxfp4", "mxfp8", "nvfp4") or `recipe` asks for quantisation: a
    recipe is a name of `recipes.RECIPES` or a function that decides for each layer. `dequantize` undoes a quantisation.
    `dtype` is that of the floating-point tensors, None keeps it. Layers whose rows do not divide into groups stay as
    they are. The tokenizer's files, templates and generation defaults come along.

    Raises RequestError for settings that contradict each other or an `out_folder` that exists, and a ModelLoadError
    for a source that cannot be read; nothing is left behind then.
    """
    quantize = any(setting is not None for setting in (bits, group_size, mode, recipe))
    if quantize and dequantize:
        raise RequestError("dequantize=True contradicts bits, group_size, mode and recipe", param="dequantize")
    if dtype is not None and dtype not in DTYPES:
        raise RequestError(f"dtype={dtype!r} is not one of {', '.join(DTYPES)}", param="dtype")
    folder = resolve_model(source, revision=revision, offline=offline)
    config = read_config(folder)
    refuse_code(config)
    model_type = model_type_of(config)
    if not is_native(model_type):
        raise unsupported(model_type, "convert it with `mlx_lm.convert`, then load the result")
    with new_folder(Path(out_folder)) as temporary:
        model, weights = prepare(folder, config)
        new_config = portable(config, model.config, tied="lm_head.weight" not in weights)
        plan = read_plan(config)
        packed = layer_packing(model)
        held = None if dtype is None else DTYPES[dtype]
        num_parameters = count_parameters(weights, packed)
        weights = {name: as_dtype(weights.pop(name), held) for name in list(weights)}
        if dequantize:
            unpack_weights(weights, packed, held)
            plan = None
        elif quantize:
            if packed:
                raise RequestError(
                    f"{folder} is quantised already ({plan.describe() if plan else ''}); quantise its original, or "
                    "convert it with dequantize=True first"
                )
            plan = make_plan(model, *_choice(model, bits, group_size, mode, recipe))
            _quantize(model, weights, plan)
        write_weights(temporary, weights, num_parameters=num_parameters, shard_bytes=shard_bytes, progress=progress)
        copy_companions(folder, temporary)
        write_config(temporary, _with_settings(new_config, plan, dtype))
    return Path(out_folder)


def _choice(
    model: NativeModel, bits: int | None, group_size: int | None, mode: str | None, recipe: str | LayerChoice | None
) -> tuple[LayerChoice, Quantization]:
    """How to pack each layer, and what to call the default."""
    if recipe is None or callable(recipe):
        default = make_quantization(bits, group_size, mode or "affine")
        return recipe or uniform(default), default
    if bits is not None or mode not in (None, "affine"):
        raise RequestError(
            f"recipe={recipe!r} sets the bits itself, in affine mode: leave out bits and mode", param="recipe"
        )
    choose = mixed(recipe, model.config.num_layers, group_size or 64)
    return choose, make_quantization(RECIPES[recipe][0], group_size)


def _quantize(model: NativeModel, weights: dict[str, mx.array], plan: QuantizationPlan) -> None:
    for name in quantizable_layers(model):
        packing = plan.packing_of(name)
        if packing is not None:
            parts = packing.quantize(weights.pop(f"{name}.weight"))
            weights.update({f"{name}.{part}": array for part, array in parts.items()})


def _with_settings(config: JSONObject, plan: QuantizationPlan | None, dtype: str | None) -> JSONObject:
    new = {key: value for key, value in config.items() if key not in ("quantization", "quantization_config")}
    if plan is not None:
        new["quantization"] = new["quantization_config"] = plan_to_config(plan)
    if dtype is not None:
        new["torch_dtype"] = new["dtype"] = dtype
    return new
