"""Models of any shape with random weights, for benchmarks and tests without a download.

Packed weights are drawn packed, so an 8-billion-parameter model never exists in floating point. Knows no family.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.models.base import Model
from proxy_inference_engine.models.files import read_config, read_json_object
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import build_model, refuse_code
from proxy_inference_engine.models.noise import Noise
from proxy_inference_engine.models.portable_config import portable
from proxy_inference_engine.models.quantization import (
    QuantizationPlan,
    count_parameters,
    layer_packing,
    make_plan,
    plan_to_config,
    quantizable_layers,
    quantize_structure,
    read_plan,
)
from proxy_inference_engine.models.recipes import uniform
from proxy_inference_engine.models.registry import NativeModel
from proxy_inference_engine.models.tree import constants, named_arrays, set_arrays
from proxy_inference_engine.models.weights import DTYPES, evaluated, resolve_dtype
from proxy_inference_engine.models.writer import copy_companions, new_folder, write_config, write_weights
from proxy_inference_engine.types import JSONObject

ConfigSource = str | os.PathLike[str] | JSONObject
"""A config.json, the folder that holds one, or what one holds."""


def load_random(
    source: ConfigSource,
    *,
    quantization: Quantization | None = None,
    dtype: str | None = None,
    seed: int = 0,
) -> Model:
    """A model of the given config with random weights, evaluated.

    `quantization` packs every layer that can be (None: what the config says). `dtype` is that of the floating-point
    weights; None means float32 on CPU, and on a GPU what the config says, else bfloat16. Raises ConfigError or
    UnsupportedModelError for a config that cannot be served.
    """
    config = _read(source)
    model, _ = _structure(config, quantization)
    held = resolve_dtype(dtype) or DTYPES[_config_dtype(config)]
    total = sum(array.nbytes for array in named_arrays(model).values())
    arrays = dict(evaluated(_draw(model, held, seed), total))
    set_arrays(model, arrays)
    mx.eval(constants(model))
    return model


def write_random(
    source: ConfigSource,
    out_folder: str | os.PathLike[str],
    *,
    tokenizer_folder: str | os.PathLike[str] | None = None,
    quantization: Quantization | None = None,
    dtype: str | None = None,
    seed: int = 0,
) -> Path:
    """Write the model of `load_random` as a folder, with the tokenizer files of `tokenizer_folder`.

    PIE and mlx-lm then load the same weights. `dtype` None means what the config says, else bfloat16. Raises
    RequestError when `out_folder` exists.
    """
    config = _read(source)
    stored = dtype or _config_dtype(config)
    held = resolve_dtype(stored)
    assert held is not None
    with new_folder(Path(out_folder)) as temporary:
        model, plan = _structure(config, quantization)
        arrays = dict(_draw(model, held, seed))
        new = portable(config, model.config, tied="lm_head.weight" not in arrays)
        new |= {"torch_dtype": stored, "dtype": stored}
        if plan is not None:
            new["quantization"] = new["quantization_config"] = plan_to_config(plan)
        write_weights(temporary, arrays, num_parameters=count_parameters(arrays, layer_packing(model)))
        if tokenizer_folder is not None:
            copy_companions(Path(tokenizer_folder), temporary)
        write_config(temporary, new)
    return Path(out_folder)


def _read(source: ConfigSource) -> JSONObject:
    if isinstance(source, dict):
        config = source
    else:
        path = Path(source)
        config = read_json_object(path) if path.is_file() else read_config(path)
    refuse_code(config)
    return config


def _config_dtype(config: JSONObject) -> str:
    named = config.get("dtype") or config.get("torch_dtype")
    return named if isinstance(named, str) and named in DTYPES else "bfloat16"


def _structure(config: JSONObject, wanted: Quantization | None) -> tuple[NativeModel, QuantizationPlan | None]:
    """The model with placeholders, its layers packed as wanted or as the config says, and that plan."""
    model = build_model(config)
    said = read_plan(config)
    if wanted is not None:
        plan = make_plan(model, uniform(wanted), wanted)
    elif said is not None:
        plan = make_plan(model, lambda name, shape: said.packing_of(name), said.default)
    else:
        return model, None
    quantize_structure(model, {name: plan.packing_of(name) for name in quantizable_layers(model)})
    return model, plan


def _draw(model: NativeModel, dtype: mx.Dtype, seed: int) -> Iterator[tuple[str, mx.array]]:
    noise = Noise(seed)
    packed = layer_packing(model)
    for name, placeholder in named_arrays(model).items():
        yield name, noise.draw(name, placeholder, packed.get(name.rpartition(".")[0]), dtype)
