"""The base of every layer and model: `mlx.nn.Module` with the few typed helpers that the layers need."""

from __future__ import annotations

from collections.abc import Mapping

import mlx.core as mx
from mlx.nn.layers import base


class Module(base.Module):
    """An `mlx.nn.Module`: its arrays and submodules are its parameters, by attribute name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def update_arrays(self, arrays: Mapping[str, mx.array]) -> None:
        """Set several of this module's own parameters by name."""
        for name, array in arrays.items():
            setattr(self, name, array)
