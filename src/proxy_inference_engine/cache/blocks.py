"""What the arrays of one block of keys and values must look like. Knows no store."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Shapes = Mapping[str, tuple[tuple[int, ...], np.dtype[np.generic]]]
"""For each name, shape and type."""


def checked_block(arrays: Mapping[str, npt.NDArray[np.generic]], expected: Shapes) -> None:
    """Raise ValueError unless `arrays` has exactly the names, shapes and types of `expected`."""
    if set(arrays) != set(expected):
        raise ValueError(f"a block of {sorted(expected)} cannot be made from {sorted(arrays)}")
    for name, (shape, dtype) in expected.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(f"{name} of a block is {array.dtype}{array.shape}, expected {dtype}{shape}")
