"""Dense products and token embeddings, plain and quantised, with parameters named as in MLX checkpoints.

A quantised layer holds `weight` (packed uint32), `scales` and, in affine mode, `biases`; an additive `bias`
keeps its name in both forms. The parameters of a new layer are lazy zeros of the right shape and cost nothing
until weights replace them. Knows no model family and reads no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.errors import UnsupportedModelError
from proxy_inference_engine.models.layers.module import Module

_AFFINE_BITS = (2, 3, 4, 5, 6, 8)
_AFFINE_GROUPS = (32, 64, 128)
_FLOAT_MODES = {"mxfp4": (32, 4), "mxfp8": (32, 8), "nvfp4": (16, 4)}


@dataclass(frozen=True, slots=True)
class Quantization:
    """How one weight is packed: `group_size` values of a row share a scale (and in affine mode an offset).

    Modes and sizes are those of `mx.quantize`: affine with 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or
    128; mxfp4 (32, 4), mxfp8 (32, 8), nvfp4 (16, 4). Raises UnsupportedModelError for any other.
    """

    group_size: int
    bits: int
    mode: str = "affine"

    def __post_init__(self) -> None:
        if self.mode == "affine":
            if self.bits not in _AFFINE_BITS:
                raise UnsupportedModelError(
                    f"quantization bits={self.bits!r} is not supported: affine takes one of {_AFFINE_BITS}"
                )
            if self.group_size not in _AFFINE_GROUPS:
                raise UnsupportedModelError(
                    f"quantization group_size={self.group_size!r} is not supported: affine takes one of "
                    f"{_AFFINE_GROUPS}"
                )
        elif self.mode in _FLOAT_MODES:
            if (self.group_size, self.bits) != _FLOAT_MODES[self.mode]:
                group_size, bits = _FLOAT_MODES[self.mode]
                raise UnsupportedModelError(
                    f"quantization group_size={self.group_size!r}, bits={self.bits!r} is not supported: mode "
                    f"{self.mode!r} takes group_size={group_size}, bits={bits}"
                )
        else:
            raise UnsupportedModelError(
                f"quantization mode={self.mode!r} is not supported: it is one of {('affine', *_FLOAT_MODES)}"
            )

    @property
    def has_biases(self) -> bool:
        """Whether groups have an offset (`biases`) beside their scale."""
        return self.mode == "affine"

    def fits(self, num_values: int) -> bool:
        """Whether a row of so many values divides into groups."""
        return num_values > 0 and num_values % self.group_size == 0

    def shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters that stand for a weight of `shape`."""
        rows, num_values = shape[:-1], shape[-1]
        if not self.fits(num_values):
            raise UnsupportedModelError(
                f"a weight of shape {shape} cannot be quantised: its rows of {num_values} values do not divide "
                f"into groups of {self.group_size}; leave this layer unquantised or choose another group_size"
            )
        shapes = {
            "weight": (*rows, num_values * self.bits // 32),
            "scales": (*rows, num_values // self.group_size),
        }
        if self.has_biases:
            shapes["biases"] = shapes["scales"]
        return shapes

    def quantize(self, weight: mx.array) -> dict[str, mx.array]:
        """The parameters that stand for `weight [..., rows, values]`, lazily computed."""
        self.shapes(weight.shape)
        parts = mx.quantize(weight, group_size=self.group_size, bits=self.bits, mode=self.mode)
        return dict(zip(("weight", "scales", "biases"), parts, strict=False))

    def placeholders(self, shape: tuple[int, ...]) -> dict[str, mx.array]:
        """Lazy zeros in the shapes and dtypes of `quantize`'s result."""
        scale_dtype = mx.float32 if self.has_biases else mx.uint8
        dtypes = {"weight": mx.uint32, "scales": scale_dtype, "biases": scale_dtype}
        return {name: mx.zeros(part, dtypes[name]) for name, part in self.shapes(shape).items()}


class Linear(Module):
    """`x @ weight.T + bias`. `weight [out_features, in_features]`, `bias [out_features]` when asked for."""

    def __init__(self, in_features: int, out_features: int, bias: bool = False) -> None:
        super().__init__()
        self.weight = mx.zeros((out_features, in_features))
        if bias:
            self.bias = mx.zeros((out_features,))

    def __call__(self, x: mx.array) -> mx.array:
        """`[..., in_features]` to `[..., out_features]`."""
        return ops.linear(x, self["weight"], self.get("bias"))

    def to_quantized(
        self, group_size: int, bits: int, mode: str = "affine", *, compute: bool = True
    ) -> QuantizedLinear:
        """The quantised twin of this layer; its weights are placeholders unless `compute`."""
        out_features, in_features = self["weight"].shape
        twin = QuantizedLinear(in_features, out_features, "bias" in self, group_size=group_size, bits=bits, mode=mode)
        if compute:
            twin.update_arrays(twin.quantization.quantize(self["weight"]))
        if "bias" in self:
            twin.bias = self["bias"]
        return twin


class QuantizedLinear(Module):
    """A `Linear` whose weight is packed as `Quantization(group_size, bits, mode)` says."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        group_size: int,
        bits: int,
        mode: str = "affine",
    ) -> None:
        super().__init__()
        self.quantization = Quantization(group_size, bits, mode)
        self.update_arrays(self.quantization.placeholders((out_features, in_features)))
        if bias:
            self.bias = mx.zeros((out_features,))

    def __call__(self, x: mx.array) -> mx.array:
        """`[..., in_features]` to `[..., out_features]`."""
        packing = self.quantization
        return ops.quantized_linear(
            x,
            self["weight"],
            self["scales"],
            self.get("biases"),
            self.get("bias"),
            group_size=packing.group_size,
            bits=packing.bits,
            mode=packing.mode,
        )


class Embedding(Module):
    """A table of one row per token id. `weight [vocab, dim]`."""

    def __init__(self, vocab: int, dim: int) -> None:
        super().__init__()
        self.weight = mx.zeros((vocab, dim))

    def __call__(self, ids: mx.array) -> mx.array:
        """`[...]` ids to `[..., dim]`."""
        return ops.embedding(ids, self["weight"])

    def as_linear(self, x: mx.array) -> mx.array:
        """The table as an output head: `[..., dim]` to `[..., vocab]`."""
        return ops.linear(x, self["weight"])

    def to_quantized(
        self, group_size: int, bits: int, mode: str = "affine", *, compute: bool = True
    ) -> QuantizedEmbedding:
        """The quantised twin of this layer; its weights are placeholders unless `compute`."""
        vocab, dim = self["weight"].shape
        twin = QuantizedEmbedding(vocab, dim, group_size=group_size, bits=bits, mode=mode)
        if compute:
            twin.update_arrays(twin.quantization.quantize(self["weight"]))
        return twin


class QuantizedEmbedding(Module):
    """An `Embedding` whose table is packed as `Quantization(group_size, bits, mode)` says."""

    def __init__(self, vocab: int, dim: int, *, group_size: int, bits: int, mode: str = "affine") -> None:
        super().__init__()
        self.quantization = Quantization(group_size, bits, mode)
        self.update_arrays(self.quantization.placeholders((vocab, dim)))

    def __call__(self, ids: mx.array) -> mx.array:
        """`[...]` ids to `[..., dim]`."""
        packing = self.quantization
        return ops.quantized_embedding(
            ids,
            self["weight"],
            self["scales"],
            self.get("biases"),
            group_size=packing.group_size,
            bits=packing.bits,
            mode=packing.mode,
        )

    def as_linear(self, x: mx.array) -> mx.array:
        """The table as an output head: `[..., dim]` to `[..., vocab]`."""
        packing = self.quantization
        return ops.quantized_linear(
            x,
            self["weight"],
            self["scales"],
            self.get("biases"),
            group_size=packing.group_size,
            bits=packing.bits,
            mode=packing.mode,
        )
