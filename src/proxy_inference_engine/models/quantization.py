"""How a checkpoint is quantised: reads it from config.json and gives a model quantised layers to match.

The format is that of mlx-lm: config.json's `quantization` holds `group_size`, `bits` and `mode` for all layers, and
beside them entries by layer name (an object of the same keys, or `false` for a layer left as it was). Which layers are
packed, and how, is read off the tensors; the config is then held against them. Reads no files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError, UnsupportedModelError, WeightsError
from proxy_inference_engine.models.layers.linear import (
    Embedding,
    Linear,
    Quantization,
    QuantizedEmbedding,
    QuantizedLinear,
)
from proxy_inference_engine.models.layers.module import Module
from proxy_inference_engine.models.layers.switch import QuantizedSwitchLinear, SwitchLinear
from proxy_inference_engine.models.recipes import LayerChoice
from proxy_inference_engine.models.registry import NativeModel
from proxy_inference_engine.models.tree import named_layers, set_layers
from proxy_inference_engine.types import JSONObject

_DEFAULT_SIZES = {"affine": (64, 4), "mxfp4": (32, 4), "mxfp8": (32, 8), "nvfp4": (16, 4)}
_KEYS = frozenset({"group_size", "bits", "mode"})
_FLOAT_MODES = {(4, 32): "mxfp4", (8, 32): "mxfp8", (4, 16): "nvfp4"}


Quantizable = Linear | Embedding | SwitchLinear
"""A layer whose weight can be packed."""


@dataclass(frozen=True, slots=True)
class QuantizationPlan:
    """What config.json says: `default` for the model, `layers` for those named; None there means left unquantised."""

    default: Quantization
    layers: Mapping[str, Quantization | None] = field(default_factory=dict)

    def packing_of(self, name: str) -> Quantization | None:
        """How the layer of that name is packed; None if it is not."""
        return self.layers.get(name, self.default)

    def describe(self) -> str:
        """A few words for a person: `4-bit affine, groups of 64`, or the range of bits where layers differ."""
        others = [layer for layer in self.layers.values() if layer is not None and layer != self.default]
        if not others:
            return f"{self.default.bits}-bit {self.default.mode}, groups of {self.default.group_size}"
        bits = {layer.bits for layer in (self.default, *others)}
        modes = sorted({layer.mode for layer in (self.default, *others)})
        return f"mixed, {min(bits)} to {max(bits)} bits, {' and '.join(modes)}"


def make_quantization(bits: int | None = None, group_size: int | None = None, mode: str = "affine") -> Quantization:
    """A `Quantization`, with the mode's usual sizes where none are given. Raises UnsupportedModelError."""
    default_group, default_bits = _DEFAULT_SIZES.get(mode, (64, 4))
    return Quantization(
        group_size=default_group if group_size is None else group_size,
        bits=default_bits if bits is None else bits,
        mode=mode,
    )


def read_plan(config: JSONObject) -> QuantizationPlan | None:
    """The plan in config.json, or None for a model that is not quantised.

    Raises UnsupportedModelError for a quantisation that is not MLX's (gptq, awq, bitsandbytes, fp8 ...), naming the
    method, and for sizes MLX does not have; ConfigError for values of the wrong type.
    """
    for key in ("quantization", "quantization_config"):
        entry = config.get(key)
        if entry is None:
            text_config = config.get("text_config")
            entry = text_config.get(key) if isinstance(text_config, dict) else None
        if entry is None or entry is False:
            continue
        if not isinstance(entry, dict):
            raise ConfigError(f"config.json: `{key}` is {entry!r}, an object was expected")
        _refuse_foreign(key, entry)
        default = _read_entry(key, {name: entry[name] for name in _KEYS if name in entry})
        layers = {
            name: _read_layer(f"{key}.{name}", value, default)
            for name, value in entry.items()
            if isinstance(value, dict | bool) and name not in _KEYS
        }
        return QuantizationPlan(default, layers)
    return None


def make_plan(model: NativeModel, choose: LayerChoice, default: Quantization) -> QuantizationPlan:
    """The plan that `choose` makes for the model's layers; those whose rows do not divide into groups stay as is."""
    layers: dict[str, Quantization | None] = {}
    for name, layer in quantizable_layers(model).items():
        shape = layer.weight.shape
        packing = choose(name, shape)
        if packing is not None and not packing.fits(shape[-1]):
            packing = None
        if packing != default:
            layers[name] = packing
    return QuantizationPlan(default, layers)


def plan_to_config(plan: QuantizationPlan) -> JSONObject:
    """The plan as config.json's `quantization`, as mlx-lm reads it."""
    entry: JSONObject = _entry(plan.default)
    for name, layer in plan.layers.items():
        entry[name] = False if layer is None else _entry(layer)
    return entry


def quantizable_layers(model: NativeModel) -> dict[str, Quantizable]:
    """The model's layers that can be packed, by name."""
    return {name: layer for name, layer in named_layers(model).items() if isinstance(layer, Quantizable)}


def layer_packing(model: NativeModel) -> dict[str, Quantization]:
    """How each packed layer of the model is packed, by name."""
    packed = QuantizedLinear | QuantizedEmbedding | QuantizedSwitchLinear
    return {name: layer.quantization for name, layer in named_layers(model).items() if isinstance(layer, packed)}


def quantize_structure(model: NativeModel, layers: Mapping[str, Quantization | None]) -> None:
    """Replace the named layers by quantised twins with lazy placeholders. Allocates nothing."""
    found = quantizable_layers(model)
    twins: dict[str, Module] = {
        name: found[name].to_quantized(packing.group_size, packing.bits, packing.mode, compute=False)
        for name, packing in layers.items()
        if packing is not None
    }
    set_layers(model, twins)


def count_parameters(arrays: Mapping[str, mx.array], packed: Mapping[str, Quantization]) -> int:
    """How many values the arrays stand for, packed ones counted unpacked."""
    count = 0
    for name, array in arrays.items():
        layer, _, part = name.rpartition(".")
        if layer not in packed or part == "bias":
            count += array.size
        elif part == "weight":
            count += array.size * 32 // packed[layer].bits
    return count


def detect_packing(
    model: NativeModel, weights: Mapping[str, mx.array], plan: QuantizationPlan | None
) -> dict[str, Quantization]:
    """How each packed layer among `weights` is packed, by layer name.

    Raises WeightsError when tensors contradict each other or the plan.
    """
    packed: dict[str, Quantization] = {}
    for name, layer in quantizable_layers(model).items():
        scales = weights.get(f"{name}.scales")
        if scales is None:
            continue
        if plan is None:
            raise WeightsError(
                f"tensor {name + '.scales'!r} says that the layer is quantised, but config.json has no `quantization`"
            )
        packing = _infer(name, layer.weight.shape[-1], weights.get(f"{name}.weight"), scales)
        said = plan.layers.get(name, packing)
        if said != packing:
            raise WeightsError(
                f"layer {name!r}: its tensors are packed as {_entry(packing)}, but config.json's `quantization` says "
                f"{'unquantised' if said is None else _entry(said)}"
            )
        packed[name] = packing
    return packed


def unpack_weights(
    weights: dict[str, mx.array], packed: Mapping[str, Quantization], dtype: mx.Dtype | None = None
) -> None:
    """Replace packed weights by lazy plain ones, in `dtype` or in that of the model's other tensors."""
    plain = (array.dtype for name, array in weights.items() if name.rpartition(".")[0] not in packed)
    held = dtype or next((kind for kind in plain if mx.issubdtype(kind, mx.floating)), mx.bfloat16)
    for name, packing in packed.items():
        array = mx.dequantize(
            weights.pop(f"{name}.weight"),
            weights.pop(f"{name}.scales"),
            weights.pop(f"{name}.biases", None),
            group_size=packing.group_size,
            bits=packing.bits,
            mode=packing.mode,
        )
        weights[f"{name}.weight"] = array.astype(held)


def _infer(name: str, num_values: int, weight: mx.array | None, scales: mx.array) -> Quantization:
    if weight is None or weight.ndim == 0 or scales.ndim == 0:
        raise WeightsError(f"layer {name!r}: has scales but no packed weight")
    num_words, num_groups = weight.shape[-1], scales.shape[-1]
    where = (
        f"layer {name!r}: rows of {num_values} values with {num_words} packed words of {weight.dtype} and {num_groups} "
        "scales"
    )
    if weight.dtype != mx.uint32 or not num_words or not num_groups:
        raise WeightsError(f"{where} are not a weight that MLX packed")
    bits, rest = divmod(num_words * 32, num_values)
    group_size, rest_of_group = divmod(num_values, num_groups)
    if rest or rest_of_group:
        raise WeightsError(f"{where} do not divide evenly: the config and the weights do not belong together")
    if scales.dtype != mx.uint8:
        mode = "affine"
    elif (bits, group_size) in _FLOAT_MODES:
        mode = _FLOAT_MODES[(bits, group_size)]
    else:
        raise WeightsError(f"{where}: no MLX mode has {bits} bits in groups of {group_size} with 8-bit scales")
    try:
        return Quantization(group_size, bits, mode)
    except UnsupportedModelError as error:
        raise WeightsError(f"{where}: {error}") from error


def _refuse_foreign(key: str, entry: JSONObject) -> None:
    method = entry.get("quant_method")
    nested = entry.get("quantization")
    if method is None and isinstance(nested, dict) and "quant_algo" in nested:
        method = "modelopt"
    if method is None and (entry.get("load_in_4bit") or entry.get("load_in_8bit")):
        method = "bitsandbytes"
    if method is not None and not (method in _DEFAULT_SIZES and "group_size" in entry and "bits" in entry):
        raise UnsupportedModelError(
            f"config.json: `{key}.quant_method` is {method!r}, which PIE cannot read: it reads MLX quantisation "
            "(affine, mxfp4, mxfp8, nvfp4). Take the model's unquantised form and run `pie convert` on it, or an MLX "
            "conversion of it"
        )


def _read_layer(where: str, value: Any, default: Quantization) -> Quantization | None:
    if isinstance(value, bool):
        return default if value else None
    if value.get("global_scale"):
        raise UnsupportedModelError(f"config.json: `{where}.global_scale` is not supported; convert without it")
    return _read_entry(where, value)


def _read_entry(where: str, entry: JSONObject) -> Quantization:
    mode = entry.get("mode", "affine")
    bits, group_size = entry.get("bits"), entry.get("group_size")
    if not isinstance(mode, str):
        raise ConfigError(f"config.json: `{where}.mode` is {mode!r}, a text was expected")
    for name, value in (("bits", bits), ("group_size", group_size)):
        if value is None and mode not in _FLOAT_MODES.values():
            raise ConfigError(f"config.json: `{where}.{name}` is missing")
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise ConfigError(f"config.json: `{where}.{name}` is {value!r}, an integer was expected")
    return make_quantization(bits, group_size, mode)


def _entry(packing: Quantization) -> JSONObject:
    return {"group_size": packing.group_size, "bits": packing.bits, "mode": packing.mode}
