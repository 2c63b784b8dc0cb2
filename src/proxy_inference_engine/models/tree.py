"""A model's arrays and innermost layers by name: `mlx.utils` trees with types."""

from __future__ import annotations

from typing import Any, Protocol

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten

from proxy_inference_engine.models.layers.module import Module


class Tree(Protocol):
    """The part of `mlx.nn.Module` that loading uses."""

    def parameters(self) -> Any:
        """The tree of this module's arrays."""
        ...

    def update(self, parameters: Any, strict: bool = True) -> Any:
        """Replace arrays of the tree."""
        ...

    def modules(self) -> list[Any]:
        """This module and all below it."""
        ...

    def leaf_modules(self) -> Any:
        """The tree of submodules that have none of their own."""
        ...

    def update_modules(self, modules: Any, strict: bool = True) -> Any:
        """Replace submodules of the tree."""
        ...


def named_arrays(model: Tree) -> dict[str, mx.array]:
    """Every array of the model by its dotted name."""
    return dict(tree_flatten(model.parameters()))


def set_arrays(model: Tree, arrays: dict[str, mx.array]) -> None:
    """Replace arrays of the model by name."""
    model.update(tree_unflatten(list(arrays.items())))


def constants(model: Tree) -> list[mx.array]:
    """The arrays of the model that are not weights, such as rotary frequencies."""
    return [
        value
        for module in model.modules()
        for key, value in module.items()
        if isinstance(value, mx.array) and key.startswith("_")
    ]


def named_layers(model: Tree) -> dict[str, Module]:
    """Every innermost layer of the model by its dotted name."""
    leaves = tree_flatten(model.leaf_modules(), is_leaf=lambda value: isinstance(value, Module))
    return dict(leaves)


def set_layers(model: Tree, layers: dict[str, Module]) -> None:
    """Replace innermost layers of the model by name."""
    if layers:
        model.update_modules(tree_unflatten(list(layers.items())))
