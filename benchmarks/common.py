"""What the benchmarks share: made-up models as folders, statistics, and how results are printed.

Every benchmark prints a table for people and then one line of JSON, the last of its output.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx
from rich.console import Console
from rich.table import Table

from proxy_inference_engine import __version__
from proxy_inference_engine.cli.bench import device_name
from proxy_inference_engine.cli.byte_tokenizer import write_byte_tokenizer
from proxy_inference_engine.models.quantization import make_quantization
from proxy_inference_engine.models.random_weights import write_random

_COLUMNS = ("hidden", "inner", "layers", "heads", "kv_heads", "head_dim", "vocab")
SHAPES: dict[str, dict[str, int]] = {
    name: dict(zip(_COLUMNS, sizes, strict=True))
    for name, sizes in {
        "30m": (512, 2048, 8, 8, 4, 64, 8192),
        "wide": (2048, 8192, 2, 32, 8, 64, 8192),
        "8b-layer": (4096, 14336, 1, 32, 8, 128, 8192),
        "1b": (2048, 8192, 16, 32, 8, 64, 128256),
        "3b": (3072, 8192, 28, 24, 8, 128, 128256),
        "8b": (4096, 14336, 32, 32, 8, 128, 128256),
    }.items()
}
"""Llamas by name: the last three are real ones, the others their likes for slow machines."""


def is_gpu() -> bool:
    """Whether MLX computes on a GPU."""
    return mx.default_device().type == mx.DeviceType.gpu


def llama_config(shape: str, *, context_length: int = 8192) -> dict[str, Any]:
    """The config.json of a Llama of one of `SHAPES`."""
    size = SHAPES[shape]
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": size["hidden"],
        "intermediate_size": size["inner"],
        "num_hidden_layers": size["layers"],
        "num_attention_heads": size["heads"],
        "num_key_value_heads": size["kv_heads"],
        "head_dim": size["head_dim"],
        "vocab_size": size["vocab"],
        "max_position_embeddings": context_length,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
        "eos_token_id": 258,
    }


@contextmanager
def made_up_model(shape: str, *, bits: int | None, dtype: str, context_length: int = 8192) -> Iterator[Path]:
    """A folder with random weights and a tokenizer, which PIE and mlx-lm both load; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="pie-bench-") as temporary:
        tokenizer = Path(temporary) / "tokenizer"
        write_byte_tokenizer(tokenizer, SHAPES[shape]["vocab"])
        note(f"making a random model ({shape}, {dtype}{f', {bits} bits' if bits else ''})")
        yield write_random(
            llama_config(shape, context_length=context_length),
            Path(temporary) / "model",
            tokenizer_folder=tokenizer,
            quantization=None if bits is None else make_quantization(bits),
            dtype=dtype,
        )


def note(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def median(values: Sequence[float]) -> float:
    """The median to four significant digits."""
    return float(f"{statistics.median(values):.4g}")


def spread(values: Sequence[float]) -> str:
    """`median (lowest to highest)`."""
    middle, low, high = (
        f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({low} to {high})"


def report(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], results: dict[str, Any]) -> None:
    """Print the table, then everything as one line of JSON."""
    table = Table(
        box=None, pad_edge=False, header_style="bold", title=f"{name} on {device_name()}", title_justify="left"
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140).print(table)
    about = {"benchmark": name, "device": device_name(), "pie": __version__, "mlx": version("mlx")}
    print(json.dumps({**about, **results}))
