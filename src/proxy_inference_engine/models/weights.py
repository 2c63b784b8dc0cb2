"""Puts a checkpoint's tensors into a model: every name and shape checked first, then read one small group at a time.

At no time is much more in memory than the weights as they will be held: an array that has to change its dtype is
read, converted and dropped before the next. Knows no file format and no family.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError, WeightsError
from proxy_inference_engine.models.tree import Tree, constants, named_arrays, set_arrays

logger = logging.getLogger(__name__)

DTYPES: Mapping[str, mx.Dtype] = {"float32": mx.float32, "float16": mx.float16, "bfloat16": mx.bfloat16}
"""The dtypes that a model can compute in, by name."""

_NUM_NAMED = 5
_MIN_GROUP_BYTES = 8 << 20
_GROUPS = 50
_LARGE_SHARE = 25


def resolve_dtype(dtype: str | mx.Dtype | None) -> mx.Dtype | None:
    """The dtype that floating-point weights are held in; None leaves them as stored.

    Without a wish: float32 on CPU, where MLX computes half precision 10 to 80 times slower, and as stored on a GPU.
    Raises ConfigError for a dtype that models cannot compute in.
    """
    if dtype is None:
        return mx.float32 if mx.default_device().type == mx.DeviceType.cpu else None
    for name, known in DTYPES.items():
        if dtype in (name, known):
            return known
    raise ConfigError(f"dtype={dtype!r} is not one that models compute in: {', '.join(DTYPES)}")


def check_fit(model: Tree, weights: Mapping[str, mx.array]) -> None:
    """Hold the tensors' names, shapes and kinds against the model's. Reads and allocates nothing.

    Raises WeightsError naming the first few missing, unknown or ill-shaped tensors and how many there are.
    """
    expected = named_arrays(model)
    missing = [name for name in expected if name not in weights]
    if missing:
        raise WeightsError(
            f"{_some(missing)} missing from the weights: the checkpoint is not complete, or config.json is of another "
            "model"
        )
    unknown = [name for name in weights if name not in expected]
    if unknown:
        raise WeightsError(
            f"{_some(unknown)} unknown to this model: config.json is of another model, or a key of it is not supported"
        )
    for name, array in expected.items():
        found = weights[name]
        if found.shape != array.shape:
            raise WeightsError(
                f"tensor {name!r} has shape {list(found.shape)}, but config.json asks for {list(array.shape)}"
            )
        if _kind(found.dtype) != _kind(array.dtype):
            raise WeightsError(f"tensor {name!r} holds {_kind(found.dtype)}, but {_kind(array.dtype)} is needed there")


def materialise(model: Tree, weights: dict[str, mx.array], dtype: mx.Dtype | None) -> None:
    """Read the tensors into the model, evaluated, floating-point ones as `dtype`. Empties `weights`."""
    total = sum(array.nbytes for array in weights.values())
    order = _large_first(weights, total)
    # Parts of a larger tensor (fused projections that a family split) become arrays of their own.
    held = ((name, mx.contiguous(as_dtype(weights.pop(name), dtype))) for name in order)
    arrays = dict(evaluated(held, total))
    set_arrays(model, arrays)
    # Constants that the model computed for itself must not stay lazy either: lazy arrays cannot cross threads.
    mx.eval(constants(model))


def as_dtype(array: mx.array, dtype: mx.Dtype | None) -> mx.array:
    """The array, lazily as `dtype` if it holds floating-point numbers."""
    if dtype is None or not mx.issubdtype(array.dtype, mx.floating):
        return array
    return array.astype(dtype)


def evaluated(arrays: Iterable[tuple[str, mx.array]], total_bytes: int) -> Iterator[tuple[str, mx.array]]:
    """The same arrays, evaluated a small group at a time; what a group was computed from is freed before the next.

    `arrays` is consumed as it is needed and must be the only holder of what it gives. `total_bytes` is about how much
    comes in all. Raises WeightsError when an array cannot be read or placed in memory.
    """
    group_bytes = max(_MIN_GROUP_BYTES, total_bytes // _GROUPS)
    pending: list[tuple[str, mx.array]] = []
    group: list[tuple[str, mx.array]] = []
    size = 0
    for name, array in arrays:
        group.append((name, array))
        size += array.nbytes
        del array
        if size < group_bytes:
            continue
        is_large = size >= 2 * group_bytes
        if not is_large:
            # This group is under way while the one before is waited for, so that the disk is never idle.
            _evaluate(group, mx.async_eval)
        yield from _evaluate(pending, mx.eval)
        pending, group, size = group, [], 0
        if is_large:
            # One far larger than a group would have its source on top of the next group's.
            yield from _evaluate(pending, mx.eval)
            pending = []
        if mx.get_cache_memory() > group_bytes:
            mx.clear_cache()
    yield from _evaluate(pending, mx.eval)
    yield from _evaluate(group, mx.eval)
    mx.clear_cache()


def _large_first(arrays: Mapping[str, mx.array], total: int) -> list[str]:
    # A large source beside its copy would set the peak if it came last, when everything else is there already.
    large = [name for name, array in arrays.items() if array.nbytes * _LARGE_SHARE > total]
    large.sort(key=lambda name: -arrays[name].nbytes)
    return [*large, *(name for name in arrays if name not in set(large))]


def _evaluate(
    group: list[tuple[str, mx.array]], evaluate: Callable[[list[mx.array]], None]
) -> list[tuple[str, mx.array]]:
    try:
        evaluate([array for _, array in group])
    except (RuntimeError, ValueError) as error:
        raise WeightsError(
            f"tensors {group[0][0]!r} to {group[-1][0]!r} could not be read or placed in memory: {error}"
        ) from error
    return group


def _kind(dtype: mx.Dtype) -> str:
    return "floating-point numbers" if mx.issubdtype(dtype, mx.floating) else str(dtype).removeprefix("mlx.core.")


def _some(names: list[str]) -> str:
    named = ", ".join(repr(name) for name in names[:_NUM_NAMED])
    if len(names) == 1:
        return f"tensor {named} is"
    rest = f" and {len(names) - _NUM_NAMED} more" if len(names) > _NUM_NAMED else ""
    return f"{len(names)} tensors ({named}{rest}) are"
