"""`pie bench`: how fast a model is on this machine, for any shape of model."""

from __future__ import annotations

import json
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlx.core as mx

from proxy_inference_engine import __version__
from proxy_inference_engine.checks import check_integer
from proxy_inference_engine.cli.byte_tokenizer import write_byte_tokenizer
from proxy_inference_engine.cli.loading import format_bytes, load_engine, run_with_status
from proxy_inference_engine.cli.measure import MAX_REPEATS, Speed, Spread, measure, warm_up
from proxy_inference_engine.cli.terminal import StatusLine
from proxy_inference_engine.errors import RequestError

if TYPE_CHECKING:
    from proxy_inference_engine.engine import InferenceEngine

_MAX_LENGTH = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomModel:
    """A model to be made up: a config (file, folder or the JSON text itself), and how it is held."""

    config: str
    bits: int | None = None
    group_size: int | None = None
    mode: str | None = None
    dtype: str | None = None


def parse_lengths(text: str) -> list[int]:
    """`128,512` as numbers. Raises RequestError for anything else."""
    try:
        lengths = [int(part) for part in text.split(",")]
    except ValueError:
        raise RequestError(f"prompt lengths must be numbers such as 128,512, not {text!r}") from None
    for length in lengths:
        check_integer("prompt length", length, 1, _MAX_LENGTH)
    return lengths


def bench(
    model: str | RandomModel,
    config: Mapping[str, Any],
    *,
    prompt_lengths: Sequence[int],
    num_new: int,
    repeats: int,
    as_json: bool,
) -> None:
    """Measure and print a table; with `as_json` also one last line of JSON."""
    check_integer("repeats", repeats, 1, MAX_REPEATS)
    check_integer("new tokens", num_new, 1, _MAX_LENGTH)
    config = {**config, "prefix_cache_bytes": 0}
    mx.reset_peak_memory()
    start = time.perf_counter()
    engine = random_engine(model, config) if isinstance(model, RandomModel) else load_engine(model, config)[0]
    load_s = time.perf_counter() - start
    held, load_peak = mx.get_active_memory(), mx.get_peak_memory()
    with engine:
        speeds = _measure_all(engine, prompt_lengths, num_new, repeats)
        about = {
            "model": model if isinstance(model, str) else "random weights",
            "model_type": engine.model.config.model_type,
            "device": device_name(),
            "pie": __version__,
            "mlx": version("mlx"),
        }
    figures = {
        "load_s": round(load_s, 3),
        "held_bytes": held,
        "load_peak_bytes": load_peak,
        "peak_bytes": mx.get_peak_memory(),
        "rss_peak_bytes": rss_peak_bytes(),
    }
    _print_table(about, figures, speeds)
    if as_json:
        print(json.dumps({**about, **figures, "speeds": [speed.to_json() for speed in speeds]}))


def random_engine(model: RandomModel, config: Mapping[str, Any]) -> InferenceEngine:
    """An engine on random weights. Raises ConfigError or UnsupportedModelError for a config that cannot be served."""
    from proxy_inference_engine.engine import InferenceEngine
    from proxy_inference_engine.engine.loading import LoadedModel
    from proxy_inference_engine.models.quantization import make_quantization
    from proxy_inference_engine.models.random_weights import load_random
    from proxy_inference_engine.tokenizer import Tokenizer

    source = read_config_argument(model.config)
    wanted = (model.bits, model.group_size, model.mode)
    quantization = None
    if any(value is not None for value in wanted):
        quantization = make_quantization(model.bits, model.group_size, model.mode or "affine")

    def load() -> LoadedModel:
        made = load_random(source, quantization=quantization, dtype=model.dtype)
        with tempfile.TemporaryDirectory() as folder:
            write_byte_tokenizer(Path(folder), made.config.vocab_size)
            return LoadedModel(made, Tokenizer.from_folder(folder))

    return run_with_status("making random weights", lambda stage: InferenceEngine(load, **config))


def read_config_argument(text: str) -> str | dict[str, Any]:
    """A model config given as JSON text or as the path of a file or folder. Raises RequestError for neither."""
    if text.lstrip().startswith("{"):
        try:
            return dict(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise RequestError(f"the config is not valid JSON: {error}", param="random_weights") from error
    if not Path(text).expanduser().exists():
        raise RequestError(f"there is no file {text!r}, and it is not JSON text either", param="random_weights")
    return str(Path(text).expanduser())


def device_name() -> str:
    """Where MLX computes, for people."""
    device = mx.default_device()
    name = mx.device_info().get("device_name") or platform.processor()
    return f"{name} ({'GPU' if device.type == mx.DeviceType.gpu else 'CPU'})"


def rss_peak_bytes() -> int:
    """The most memory that this process has held so far."""
    try:  # Linux's ru_maxrss begins with what the parent process held
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _measure_all(engine: InferenceEngine, prompt_lengths: Sequence[int], num_new: int, repeats: int) -> list[Speed]:
    with StatusLine() as status:
        status.show("warming up")
        warm_up(engine, num_prompt=min(prompt_lengths))
        speeds = []
        for length in prompt_lengths:

            def show(index: int, length: int = length) -> None:
                status.show(f"prompt of {length:,} tokens: run {index + 1} of {repeats}")

            speeds.append(measure(engine, num_prompt=length, num_new=num_new, repeats=repeats, on_repeat=show))
    return speeds


def _print_table(about: Mapping[str, str], figures: Mapping[str, float], speeds: Sequence[Speed]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("prompt", "new", "prefill tokens/s", "decode tokens/s", "first token ms"):
        table.add_column(column, justify="right")
    for speed in speeds:
        spreads = (speed.prefill, speed.decode, speed.ttft_ms)
        table.add_row(f"{speed.num_prompt:,}", f"{speed.num_new:,}", *map(_cell, spreads))
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    console.print(f"{about['model']} ({about['model_type']}) on {about['device']}, MLX {about['mlx']}")
    console.print(
        f"loaded in {figures['load_s']:.2f} s; weights {format_bytes(figures['held_bytes'])}, "
        f"peak {format_bytes(figures['load_peak_bytes'])} while loading and {format_bytes(figures['peak_bytes'])} in "
        f"all (process: {format_bytes(figures['rss_peak_bytes'])})"
    )
    console.print(table)
    console.print("median (lowest to highest)")


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    low, middle, high = (
        f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in (spread.low, spread.median, spread.high)
    )
    return f"{middle} ({low} to {high})"
