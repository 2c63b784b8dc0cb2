"""`pie models`: the models on this machine, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from proxy_inference_engine.cli.loading import format_bytes
from proxy_inference_engine.errors import ModelLoadError
from proxy_inference_engine.models.hub import DEMO_NAME, resolve_model
from proxy_inference_engine.models.listing import ModelEntry, list_models


def models(folders: list[Path], *, as_json: bool) -> None:
    """Print the models in `folders` and in the hub's cache."""
    entries = [*_bundled(), *list_models(folders)]
    if as_json:
        for entry in entries:
            print(json.dumps({**asdict(entry), "folder": str(entry.folder)}, ensure_ascii=False))
        return
    if not entries:
        where = ", ".join(map(str, folders))
        print(f"no models in {where + ' or ' if where else ''}the hub's cache", file=sys.stderr)
        return
    _print_table(entries)


def _bundled() -> list[ModelEntry]:
    try:
        found = list_models([resolve_model(DEMO_NAME)], hub_cache=False)
    except ModelLoadError:  # left out of this installation
        return []
    return [replace(entry, name=DEMO_NAME) for entry in found]


def _print_table(entries: list[ModelEntry]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    table.add_column("type")
    table.add_column("size", justify="right")
    table.add_column("quantised")
    table.add_column("supported", overflow="fold")
    for entry in entries:
        support = {"native": "yes", "mlx-lm": "through mlx-lm", "no": f"no: {entry.reason}"}[entry.support]
        cells = (entry.name, entry.model_type, format_bytes(entry.num_bytes), entry.quantization, support)
        # Text, not markup: what a model folder says must not style the terminal.
        table.add_row(*map(Text, cells), style="dim" if entry.support == "no" else None)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)
