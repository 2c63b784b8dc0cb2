"""Many requests at once: PIE against mlx-lm's `BatchGenerator` on the same model and device, taking turns in one run.

Each has a process of its own and serves the same requests, greedily, stop tokens off, streaming text. The peer is
driven by a plain loop with the settings it is fastest with.

    python benchmarks/serving.py --mlx-lm-python /path/to/env/bin/python
    python benchmarks/serving.py --shape 8b --quantize 4 --rounds 3       # GPU
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import SHAPES, is_gpu, note, report
from serving_parts import PARTS, SIZES, Bench, Row, Sizes
from serving_work import BUNDLED, MAX_BATCH, Contender, Prompts, model_folder

_COLUMNS = ("", "PIE", "mlx-lm", "times better", "target", "met")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shapes = (BUNDLED, *SHAPES)
    parser.add_argument("--shape", choices=shapes, default="1b" if is_gpu() else BUNDLED, help="demo: the bundled one")
    parser.add_argument("--model", type=Path, help="a model folder instead")
    parser.add_argument("--quantize", type=int, metavar="BITS")
    parser.add_argument("--dtype", default="bfloat16", help="of the random model's files")
    parser.add_argument("--mlx-lm-python", default=sys.executable, help="the Python that has mlx-lm")
    parser.add_argument(
        "--mlx-lm-dtype", default="stored" if is_gpu() else "float32", help="on a CPU float32 is mlx-lm's fastest"
    )
    parser.add_argument("--rounds", type=int, default=3 if is_gpu() else 2)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--size", choices=SIZES, default="gpu" if is_gpu() else "cpu", help="how much is computed")
    parser.add_argument("--prompt", type=int, metavar="TOKENS", help="prompt length of the equal rows")
    parser.add_argument("--new", type=int, metavar="TOKENS", help="new tokens of the equal rows")
    parser.add_argument("--long-prompt", type=int, metavar="TOKENS", help="the one long prompt among seven of 50")
    parser.add_argument("--load", type=float, default=0.9, help="arrivals, as a share of what the peer serves at once")
    parser.add_argument("--kv-cache-bytes", type=int, default=16 * 2**30 if is_gpu() else 2**30, help="PIE's pool")
    parser.add_argument(
        "--engine", type=_keyword, action="append", default=[], metavar="KEY=VALUE", help="a keyword of PIE's engine"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table here, as Markdown")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(PARTS):
        parser.error(f"--only {','.join(sorted(unknown))}: choose from {','.join(PARTS)}")
    return arguments


def _keyword(text: str) -> tuple[str, Any]:
    """`max_queue=8` as a name and a value; what is not JSON is a text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


class Opener:
    """Opens pairs of contenders over one model."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self._arguments = arguments
        self._folder = folder

    @contextmanager
    def fresh(
        self,
        shape: str | None,
        *,
        dtype: str = "bfloat16",
        environment: Mapping[str, str] | None = None,
        memory_tokens: int | None = None,
    ) -> Iterator[tuple[Contender, Contender, Path, dict[str, Any]]]:
        """PIE, mlx-lm, the folder they have loaded, and what they say of it; ended on leaving.

        `shape` None is the model of the run. With `memory_tokens` PIE's pool has room for so many and little more.
        """
        with ExitStack() as stack:
            folder = self._folder
            if shape is not None:
                folder = stack.enter_context(model_folder(shape, bits=None, dtype=dtype, context_length=4096))
            config = json.loads((folder / "config.json").read_text())
            pie = Contender("pie", sys.executable, "serving_pie.py", environment)
            stack.callback(pie.close)
            peer = Contender("mlx-lm", self._arguments.mlx_lm_python, "serving_mlx_lm.py", environment)
            stack.callback(peer.close)
            stored = self._arguments.mlx_lm_dtype == "stored" or shape is not None
            about: dict[str, Any] = {"vocab_size": config["vocab_size"], "context": config["max_position_embeddings"]}
            about["pie"] = pie.call(
                "load",
                folder=str(folder),
                kv_cache_bytes=self._pool_bytes(config, memory_tokens),
                config={"max_num_sequences": MAX_BATCH, **dict(self._arguments.engine)},
            )
            about["mlx-lm"] = peer.call(
                "load", folder=str(folder), dtype=None if stored else self._arguments.mlx_lm_dtype
            )
            yield pie, peer, folder, about

    def _pool_bytes(self, config: Mapping[str, Any], memory_tokens: int | None) -> int:
        if memory_tokens is None:
            return int(self._arguments.kv_cache_bytes)
        heads = config.get("num_key_value_heads", config["num_attention_heads"])
        head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        token_bytes = 2 * config["num_hidden_layers"] * heads * head_dim * (2 if is_gpu() else 4)
        return int(memory_tokens * token_bytes * 1.05)


def main() -> None:
    arguments = parse()
    if arguments.model is not None:
        compare(arguments, arguments.model)
        return
    with model_folder(arguments.shape, bits=arguments.quantize, dtype=arguments.dtype, context_length=8192) as folder:
        compare(arguments, folder)


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Open both, measure part by part, report."""
    start = time.perf_counter()
    opener = Opener(arguments, folder)
    seconds: dict[str, float] = {}
    with opener.fresh(None) as (pie, peer, _, about):
        bench = Bench(
            pie=pie,
            peer=peer,
            prompts=Prompts(about["vocab_size"]),
            sizes=sizes(arguments, about["context"]),
            rounds=arguments.rounds,
            load=arguments.load,
            is_exact=all("float32" in kind for name in ("pie", "mlx-lm") for kind in about[name]["dtypes"]),
            fresh=opener.fresh,
        )
        for name in arguments.only:
            begin = time.perf_counter()
            PARTS[name](bench)
            seconds[name] = round(time.perf_counter() - begin, 1)
    results = {
        "shape": str(arguments.model) if arguments.model else arguments.shape,
        "bits": arguments.quantize,
        "stored_dtype": None if arguments.model or arguments.shape == BUNDLED else arguments.dtype,
        "rounds": arguments.rounds,
        "engine": dict(arguments.engine),
        "contenders": {name: about[name] for name in ("pie", "mlx-lm")},
        "seconds": {**seconds, "all": round(time.perf_counter() - start, 1)},
        "results": bench.results,
    }
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if arguments.table is not None:
        arguments.table.write_text(markdown(bench.rows), encoding="utf-8")
    note(f"took {results['seconds']['all']} s")
    report("serving", _COLUMNS, bench.rows, results)


def sizes(arguments: argparse.Namespace, context_length: int) -> Sizes:
    """The sizes asked for; a long prompt that the model's context cannot hold is cut."""
    chosen = SIZES[arguments.size]
    given = {"num_prompt": arguments.prompt, "num_new": arguments.new, "num_long": arguments.long_prompt}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    return replace(chosen, num_long=min(chosen.num_long, context_length - chosen.num_ragged_new))


def markdown(rows: list[Row]) -> str:
    """The table, for a page of results."""
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
