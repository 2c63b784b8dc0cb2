"""Products in which every row chooses among stacked experts, plain and quantised.

Parameter names are those of MLX checkpoints (`weight [experts, out, in]`, `scales`, `biases`). Routing, that is
which experts a row goes to and with what weight, is the model's business.
"""

from __future__ import annotations

import mlx.core as mx

from proxy_inference_engine import ops
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.layers.module import Module


class SwitchLinear(Module):
    """`x[i] @ weight[experts[i, j]].T` for every i, j. `weight [num_experts, out_features, in_features]`."""

    def __init__(self, in_features: int, out_features: int, num_experts: int) -> None:
        super().__init__()
        self.weight = mx.zeros((num_experts, out_features, in_features))

    def __call__(self, x: mx.array, experts: mx.array, *, is_sorted: bool = False) -> mx.array:
        """`x [N, 1 or S, in_features]`, `experts [N, S]` (ascending if `is_sorted`) to `[N, S, out_features]`."""
        return ops.expert_linear(x, self["weight"], experts, is_sorted=is_sorted)

    def to_quantized(
        self, group_size: int, bits: int, mode: str = "affine", *, compute: bool = True
    ) -> QuantizedSwitchLinear:
        """The quantised twin of this layer; its weights are placeholders unless `compute`."""
        num_experts, out_features, in_features = self["weight"].shape
        twin = QuantizedSwitchLinear(
            in_features, out_features, num_experts, group_size=group_size, bits=bits, mode=mode
        )
        if compute:
            twin.update_arrays(twin.quantization.quantize(self["weight"]))
        return twin


class QuantizedSwitchLinear(Module):
    """A `SwitchLinear` whose weight is packed as `Quantization(group_size, bits, mode)` says."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        num_experts: int,
        *,
        group_size: int,
        bits: int,
        mode: str = "affine",
    ) -> None:
        super().__init__()
        self.quantization = Quantization(group_size, bits, mode)
        self.update_arrays(self.quantization.placeholders((num_experts, out_features, in_features)))

    def __call__(self, x: mx.array, experts: mx.array, *, is_sorted: bool = False) -> mx.array:
        """`x [N, 1 or S, in_features]`, `experts [N, S]` (ascending if `is_sorted`) to `[N, S, out_features]`."""
        packing = self.quantization
        return ops.quantized_expert_linear(
            x,
            self["weight"],
            self["scales"],
            self.get("biases"),
            experts,
            is_sorted=is_sorted,
            group_size=packing.group_size,
            bits=packing.bits,
            mode=packing.mode,
        )
