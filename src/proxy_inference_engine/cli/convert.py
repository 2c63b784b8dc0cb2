"""`pie convert`: rewrite a model in another precision."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from proxy_inference_engine.cli.interrupt import raise_at_interrupt
from proxy_inference_engine.cli.loading import format_bytes, weights_bytes
from proxy_inference_engine.cli.terminal import StatusLine, is_terminal
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.models.convert import convert as convert_model


def convert(source: str, out_folder: Path, settings: dict[str, Any]) -> None:
    """Convert with the keywords of `models.convert.convert` and say what came of it."""
    raise_at_interrupt()
    try:
        if is_terminal(sys.stderr):
            folder = _with_bar(source, out_folder, settings)
        else:
            folder = convert_model(source, out_folder, **settings)
    except RequestError as error:  # it names the function's keyword, not our option
        raise RequestError(str(error).replace("dequantize=True", "--dequantize"), param=error.param) from error
    print(f"{folder}: {format_bytes(weights_bytes(folder))}")


def _with_bar(source: str, out_folder: Path, settings: dict[str, Any]) -> Path:
    with StatusLine() as status:

        def show(num_done: int, num_total: int) -> None:
            share = num_done / max(num_total, 1)
            bar = "#" * round(30 * share)
            sizes = f"{format_bytes(num_done)} of {format_bytes(num_total)}"
            status.show(f"[{bar:<30}] {share:4.0%}  {sizes}", may_skip=True)

        return convert_model(source, out_folder, progress=show, **settings)
