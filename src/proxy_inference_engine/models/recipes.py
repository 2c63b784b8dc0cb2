"""Which layer is quantised how. Knows layer names and shapes, no weights and no files.

A recipe gives `low` bits to most layers and `high` bits to those that suffer most from few: the output head, and the
value and down projections of the first eighth, the last eighth and every third layer between. The choice of layers is
that of llama.cpp's K-quant mixtures (llama.cpp, src/llama-quant.cpp, Q4_K_M), and the names are mlx-lm's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.models.layers.linear import Quantization

LayerChoice = Callable[[str, tuple[int, ...]], Quantization | None]
"""Called with a layer's name and its weight's shape; gives how to pack it, None to leave it as it is."""

RECIPES: Mapping[str, tuple[int, int]] = {
    "mixed_2_6": (2, 6),
    "mixed_3_4": (3, 4),
    "mixed_3_6": (3, 6),
    "mixed_4_6": (4, 6),
}
"""Recipe name to (low, high) bits."""

_LAYER_NUMBER = re.compile(r"(?:^|\.)layers\.(\d+)\.")
_ROUTER = re.compile(r"\.(mlp|block_sparse_moe|feed_forward)\.(gate|router)$")
_ROUTER_PACKING = Quantization(64, 8)


def uniform(packing: Quantization) -> LayerChoice:
    """Every layer the same, but the few values that route tokens to experts at 8 bits, as mlx-lm does."""

    def choose(name: str, shape: tuple[int, ...]) -> Quantization | None:
        return _ROUTER_PACKING if _ROUTER.search(name) else packing

    return choose


def mixed(recipe: str, num_layers: int, group_size: int = 64) -> LayerChoice:
    """The choice that a recipe of `RECIPES` makes. Raises RequestError for an unknown one."""
    if recipe not in RECIPES:
        raise RequestError(f"recipe={recipe!r} is not known: {', '.join(RECIPES)}", param="recipe")
    low, high = (Quantization(group_size, bits) for bits in RECIPES[recipe])
    plain = uniform(low)

    def choose(name: str, shape: tuple[int, ...]) -> Quantization | None:
        if name.endswith("lm_head"):
            return high
        if name.endswith(("v_proj", "down_proj")) and _is_sensitive(name, num_layers):
            return high
        return plain(name, shape)

    return choose


def _is_sensitive(name: str, num_layers: int) -> bool:
    match = _LAYER_NUMBER.search(name)
    if match is None:
        return False
    index, eighth = int(match[1]), num_layers // 8
    return index < eighth or index >= 7 * num_layers // 8 or (index - eighth) % 3 == 2
