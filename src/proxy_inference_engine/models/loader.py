"""From a model folder to a model with its weights in place.

The order matters: config, weight headers and their fit are all checked before the first weight is read, so a wrong or
hostile folder costs no memory. Knows no hub (see `hub`) and no tokenizer.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError, ModelLoadError, UnsupportedModelError, WeightsError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.models.checkpoint import Checkpoint
from proxy_inference_engine.models.files import generation_defaults, read_config
from proxy_inference_engine.models.quantization import (
    count_parameters,
    detect_packing,
    quantize_structure,
    read_plan,
    unpack_weights,
)
from proxy_inference_engine.models.registry import NativeModel, find_family, is_native, model_type_of
from proxy_inference_engine.models.weights import check_fit, materialise, resolve_dtype
from proxy_inference_engine.ops.backend import on_cpu
from proxy_inference_engine.types import JSONObject

__all__ = ["build_model", "generation_defaults", "load_model", "prepare"]

logger = logging.getLogger(__name__)

UNPACK_LIMIT_BYTES = 256 * 2**20
"""Quantised models up to this size in float32 are unpacked when they are loaded for a CPU."""


def load_model(folder: Path | str, *, dtype: str | mx.Dtype | None = None) -> Model:
    """The model of a local folder, its weights evaluated (so that they may cross threads).

    `dtype` ("float32", "float16", "bfloat16") is what the floating-point weights are held in; None means float32 on
    CPU and as stored on a GPU. A model type without a native file is loaded through mlx-lm where that is installed.
    Raises a ModelLoadError that names the file, tensor or key at fault.
    """
    folder = Path(folder)
    held = resolve_dtype(dtype)
    config = read_config(folder)
    refuse_code(config)
    model_type = model_type_of(config)
    if not is_native(model_type):
        from proxy_inference_engine.models.mlx_lm import load_through_mlx_lm

        return load_through_mlx_lm(folder, config, held)
    start = time.perf_counter()
    # A dense float32 product is several times faster on a CPU than a packed one, where there is memory for it.
    model, weights = prepare(folder, config, unpack_small=on_cpu() and held == mx.float32)
    materialise(model, weights, held)
    logger.info("loaded %s (%s) in %.1f s", folder, model_type, time.perf_counter() - start)
    return model


def prepare(folder: Path, config: JSONObject, *, unpack_small: bool = False) -> tuple[NativeModel, dict[str, mx.array]]:
    """The model of a native family and the tensors that fit it, all checked and still lazy.

    With `unpack_small` a quantised model of at most `UNPACK_LIMIT_BYTES` in float32 is unpacked.
    """
    checkpoint = Checkpoint.open(folder)
    plan = read_plan(config)
    model = build_model(config, max_layers=len(checkpoint.tensors))
    loaded = checkpoint.load()
    try:
        weights = model.sanitize(loaded)
    except (KeyError, IndexError, ValueError) as error:
        raise WeightsError(
            f"{folder}: the tensors do not fit a {config['model_type']!r} model: {type(error).__name__}: {error}"
        ) from error
    try:
        packed = detect_packing(model, weights, plan)
        quantize_structure(model, packed)
        check_fit(model, weights)
    except WeightsError as error:
        raise WeightsError(f"{folder}: {error}") from error
    if unpack_small and packed and 4 * count_parameters(weights, packed) <= UNPACK_LIMIT_BYTES:
        unpack_weights(weights, packed, mx.float32)
        model = build_model(config)
    return model, weights


def build_model(config: JSONObject, *, max_layers: int | None = None) -> NativeModel:
    """The model of a config, its arrays lazy placeholders. Raises ConfigError or UnsupportedModelError.

    `max_layers` is the number of tensors at hand: a config that claims more layers is refused before they are built.
    """
    family = find_family(model_type_of(config))
    try:
        model_config = family.Config.from_hf(config)
        if max_layers is not None and model_config.num_layers > max_layers:
            raise ConfigError(
                f"config.json asks for {model_config.num_layers} layers, but the weight files hold only {max_layers} "
                "tensors"
            )
        return family.Model(model_config)
    except ModelLoadError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError, MemoryError) as error:
        raise ConfigError(
            f"config.json does not describe a {config['model_type']!r} model: {type(error).__name__}: {error}"
        ) from error


def refuse_code(config: JSONObject) -> None:
    """Raise UnsupportedModelError for a config whose model is defined by a Python file beside it."""
    model_file = config.get("model_file")
    if model_file is not None:
        raise UnsupportedModelError(
            f"config.json: `model_file` is {model_file!r}: the model needs code from its folder, which PIE never runs"
        )
