"""From the forms in which checkpoints store weights to the one that models hold. Knows no family."""

from __future__ import annotations

import mlx.core as mx

_HEAD = "lm_head."


def without_derived(weights: dict[str, mx.array], *, has_tied_head: bool) -> dict[str, mx.array]:
    """The tensors without stored rotary frequencies, which old checkpoints keep, and without a tied head's copy."""
    return {
        name: array
        for name, array in weights.items()
        if not (name.endswith("rotary_emb.inv_freq") or (has_tied_head and name.startswith(_HEAD)))
    }


def stack_experts(weights: dict[str, mx.array], prefix: str, num_experts: int) -> None:
    """Bring the experts under `prefix` to `switch_mlp.*`, in place, from one tensor each or from fused stacks."""
    _split_fused(weights, prefix)
    _stack_single(weights, prefix, num_experts)


def _split_fused(weights: dict[str, mx.array], prefix: str) -> None:
    """`experts.gate_up_proj [E, 2 * I, hidden]` to a gate and an up projection."""
    fused = weights.pop(f"{prefix}experts.gate_up_proj", None)
    if fused is not None:
        gate, up = mx.split(fused, 2, axis=1)
        weights[f"{prefix}switch_mlp.gate_proj.weight"] = gate
        weights[f"{prefix}switch_mlp.up_proj.weight"] = up
    down = weights.pop(f"{prefix}experts.down_proj", None)
    if down is not None:
        weights[f"{prefix}switch_mlp.down_proj.weight"] = down


def _stack_single(weights: dict[str, mx.array], prefix: str, num_experts: int) -> None:
    """`experts.0.gate_proj.weight` and the others of its kind to one stack."""
    for projection in ("gate_proj", "up_proj", "down_proj"):
        for part in ("weight", "scales", "biases"):
            names = [f"{prefix}experts.{expert}.{projection}.{part}" for expert in range(num_experts)]
            if names[0] in weights and all(name in weights for name in names):
                stack = mx.stack([weights.pop(name) for name in names])
                weights[f"{prefix}switch_mlp.{projection}.{part}"] = stack
