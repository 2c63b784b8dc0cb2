"""Options that several commands share: their names, help and how they become the engine's keywords."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

MODEL_HELP = "A model folder, a hub id such as org/name, or demo for the bundled model."

_ENGINE = "Model"
_SAMPLING = "Sampling"

Model = Annotated[str, typer.Argument(help=MODEL_HELP)]

# How the model is loaded: fields of EngineConfig.
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub model.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use only what is on this machine already.")]
Dtype = Annotated[str | None, typer.Option(help="Compute type: float32, float16 or bfloat16.")]
ContextLength = Annotated[
    int | None, typer.Option("--context-length", "-c", help="The most tokens, prompt and reply together.")
]
PromptCacheDir = Annotated[
    Path | None, typer.Option(help="Keep computed conversations in this folder, for the next start.")
]
KVCacheBytes = Annotated[
    int | None,
    typer.Option(
        parser=lambda text: parse_bytes(text),
        metavar="BYTES",
        help="Memory for keys and values, such as 512MB or 4GB. Default: what is left.",
    ),
]
KVCacheDtype = Annotated[
    str | None, typer.Option(help="How keys and values are held: float32, float16, bfloat16, int8 or int4.")
]
DraftModel = Annotated[
    str | None, typer.Option(help="A smaller model with the same tokenizer that guesses ahead; replies stay the same.")
]

# What one reply is like: inference keywords. None takes the model's own default.
System = Annotated[str | None, typer.Option("--system", "-s", help="The system text.")]
MaxNewTokens = Annotated[int | None, typer.Option("--max-new-tokens", "-n", help="End a reply after so many tokens.")]
Temperature = Annotated[
    float | None, typer.Option("--temperature", "-t", help="0 takes the likeliest token; higher varies more.")
]
TopP = Annotated[float | None, typer.Option(help="Draw from the likeliest tokens up to this probability.")]
TopK = Annotated[int | None, typer.Option(help="Draw from this many likeliest tokens.")]
MinP = Annotated[float | None, typer.Option(help="Leave out tokens less likely than this share of the likeliest.")]
RepetitionPenalty = Annotated[float | None, typer.Option(help="Above 1, tokens that came before are less likely.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same reply.")]
Stop = Annotated[list[str] | None, typer.Option(help="End the reply before this text; may be given several times.")]
Think = Annotated[
    bool | None, typer.Option("--think/--no-think", help="Whether a model that can reason does so first.")
]


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def parse_bytes(text: str | int) -> int:
    """A number of bytes from `1500000`, `512MB` or `4GiB`. Raises typer.BadParameter."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?\s*", str(text), re.IGNORECASE)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no size: write bytes, or a number with KB, MB, GB or TB")
    return int(float(match[1]) * _UNITS[(match[2] or "").lower()])


def read_text(path: Path, option: str) -> str:
    """The text of a file, or of stdin for `-`. Raises typer.BadParameter where it cannot be read."""
    try:
        return sys.stdin.read() if str(path) == "-" else path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint=option) from error


def given(**keywords: Any) -> dict[str, Any]:
    """The keywords that were given: without None and empty lists."""
    return {name: value for name, value in keywords.items() if value is not None and value != []}


def check_inference(options: dict[str, Any]) -> None:
    """Raise what the engine would raise for these inference keywords, before a model is loaded for them."""
    from proxy_inference_engine.engine.request import InferenceOptions

    InferenceOptions.from_keywords(options)
