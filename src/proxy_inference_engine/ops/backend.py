"""Which back end serves an operation: the one place that decides.

On a GPU everything is plain MLX and stays lazy. On the CPU, MLX's own products are scalar loops, so float32 products
and attention go through NumPy's BLAS on views of the same memory (`blas`). That evaluates at once, which costs a CPU
little: it has no queue to keep full. `PIE_CPU_BACKEND=mlx` turns it off, `blas` on; the default is `blas` but on macOS,
where MLX's CPU products are Apple's.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Literal, ParamSpec, cast

import mlx.core as mx

from proxy_inference_engine.errors import ConfigError

Backend = Literal["mlx", "blas"]

ENV_NAME = "PIE_CPU_BACKEND"

MIN_PRODUCTS = 1 << 16
"""From so many multiplications on, BLAS saves more than it costs to wait for MLX's thread (0.05 to 0.1 ms)."""

_P = ParamSpec("_P")


def cpu_backend() -> Backend:
    """What `PIE_CPU_BACKEND` asks for. Raises ConfigError for a name that is not a back end."""
    name = os.environ.get(ENV_NAME) or _default_backend()
    if name not in ("mlx", "blas"):
        raise ConfigError(f"{ENV_NAME}={name!r} is not a CPU back end: it is 'blas' or 'mlx'")
    return cast(Backend, name)


@lru_cache(maxsize=1)
def _default_backend() -> Backend:
    return "mlx" if platform.system() == "Darwin" else "blas"


def on_cpu() -> bool:
    """Whether MLX computes on the CPU."""
    return mx.default_device().type == mx.DeviceType.cpu


def use_blas(num_products: int, x: mx.array, *others: mx.array) -> bool:
    """Whether NumPy's BLAS should take an operation of so many multiplications on these arrays.

    It does on the CPU, if all are float32, the work is worth it and nobody switched it off. What settles it most
    often is asked first.
    """
    return (
        x.dtype == mx.float32
        and num_products >= MIN_PRODUCTS
        and on_cpu()
        and all(array.dtype == mx.float32 for array in others)
        and cpu_backend() == "blas"
    )


def computes_at_once(dtype: mx.Dtype) -> bool:
    """Whether a forward pass in `dtype` is computed while it is called, as BLAS does, and not when it is read."""
    return on_cpu() and dtype == mx.float32 and cpu_backend() == "blas"


def compiled_on_gpu(function: Callable[_P, mx.array]) -> Callable[_P, mx.array]:
    """Fuse an element-wise function into one kernel on a GPU; leave it plain on a CPU, where that calls a compiler."""

    @lru_cache(maxsize=1)
    def fused() -> Callable[_P, mx.array]:
        return cast(Callable[_P, mx.array], mx.compile(function, shapeless=True))

    @wraps(function)
    def choose(*args: _P.args, **kwargs: _P.kwargs) -> mx.array:
        return function(*args, **kwargs) if on_cpu() else fused()(*args, **kwargs)

    return choose
