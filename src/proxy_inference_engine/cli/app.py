"""The commands of `pie` and their options. Each imports what it runs only when it runs: `pie --help` stays quick."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from proxy_inference_engine import __version__
from proxy_inference_engine.cli import options
from proxy_inference_engine.cli.guard import DEBUG_VARIABLE, EXIT_USAGE, guarded
from proxy_inference_engine.cli.terminal import is_piped

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

app = typer.Typer(
    help="Proxy Inference Engine: local language models on MLX.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pie {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the log and tracebacks (also PIE_DEBUG=1).")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


@app.command()
@guarded
def chat(
    model: options.Model = "demo",
    system: options.System = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    min_p: options.MinP = None,
    repetition_penalty: options.RepetitionPenalty = None,
    seed: options.Seed = None,
    max_new_tokens: options.MaxNewTokens = None,
    stop: options.Stop = None,
    think: options.Think = None,
    context_length: options.ContextLength = None,
    dtype: options.Dtype = None,
    revision: options.Revision = None,
    offline: options.Offline = False,
    prompt_cache_dir: options.PromptCacheDir = None,
    kv_cache_bytes: options.KVCacheBytes = None,
    kv_cache_dtype: options.KVCacheDtype = None,
    draft_model: options.DraftModel = None,
    stats: Annotated[
        bool | None, typer.Option("--stats/--no-stats", help="A line of figures after each reply.")
    ] = None,
) -> None:
    """Talk with a model. Through a pipe: one reply for each line."""
    inference = options.given(
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        seed=seed,
        max_new_tokens=max_new_tokens,
        stop=stop,
        enable_thinking=think,
    )
    options.check_inference(inference)
    engine_config = options.given(
        context_length=context_length,
        dtype=dtype,
        revision=revision,
        offline=offline,
        prompt_cache_dir=prompt_cache_dir,
        kv_cache_bytes=kv_cache_bytes,
        kv_cache_dtype=kv_cache_dtype,
        draft_model=draft_model,
    )
    from proxy_inference_engine.cli.chat import Chat
    from proxy_inference_engine.cli.loading import load_engine

    engine, _ = load_engine(model, engine_config)
    with engine:
        is_complete = Chat(engine, model, system=system, options=inference, show_stats=stats).run()
    if not is_complete:
        raise typer.Exit(1)


class _Generate(TyperCommand):
    """Says which of the two arguments may be left out, which the parser cannot know."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["[OPTIONS]", "[MODEL]", "PROMPT"]


@app.command(cls=_Generate)
@guarded
def generate(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help=f"{options.MODEL_HELP} Default: demo.")] = None,
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="The question; - or, after a MODEL, none reads it from stdin."),
    ] = None,
    system: options.System = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Give PROMPT to the model as it stands, without its chat template.")
    ] = False,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    top_k: options.TopK = None,
    min_p: options.MinP = None,
    repetition_penalty: options.RepetitionPenalty = None,
    seed: options.Seed = None,
    max_new_tokens: options.MaxNewTokens = None,
    stop: options.Stop = None,
    think: options.Think = None,
    schema: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Bind the reply to the JSON Schema in this file; - is stdin.")
    ] = None,
    regex: Annotated[str | None, typer.Option(help="Bind the reply to a regular expression.")] = None,
    grammar: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Bind the reply to the Lark grammar in this file.")
    ] = None,
    choices: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Bind the reply to one of these, separated by commas.")
    ] = None,
    logprobs: Annotated[
        int | None, typer.Option(help="Show each token's log probability and so many alternatives.")
    ] = None,
    context_length: options.ContextLength = None,
    dtype: options.Dtype = None,
    revision: options.Revision = None,
    offline: options.Offline = False,
    prompt_cache_dir: options.PromptCacheDir = None,
    kv_cache_bytes: options.KVCacheBytes = None,
    kv_cache_dtype: options.KVCacheDtype = None,
    draft_model: options.DraftModel = None,
    stats: Annotated[bool, typer.Option("--stats", help="A line of figures on stderr.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the text.")] = False,
) -> None:
    """Answer one PROMPT on stdout, as it is generated."""
    model, prompt = _model_and_prompt(model, prompt)
    if raw and (system is not None or think is not None):
        raise typer.BadParameter("--raw takes no --system and no --think: write them into the prompt")
    inference = options.given(
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        seed=seed,
        max_new_tokens=max_new_tokens,
        stop=stop,
        enable_thinking=think,
        logprobs=logprobs,
        json_schema=None if schema is None else options.read_text(schema, "--schema"),
        regex=regex,
        grammar=None if grammar is None else options.read_text(grammar, "--grammar"),
        choices=None if choices is None else [choice.strip() for choice in choices.split(",")],
    )
    options.check_inference(inference)
    engine_config = options.given(
        context_length=context_length,
        dtype=dtype,
        revision=revision,
        offline=offline,
        prompt_cache_dir=prompt_cache_dir,
        kv_cache_bytes=kv_cache_bytes,
        kv_cache_dtype=kv_cache_dtype,
        draft_model=draft_model,
    )
    from proxy_inference_engine.cli import generate as command
    from proxy_inference_engine.cli.loading import load_engine
    from proxy_inference_engine.models.files import generation_defaults

    if prompt is None:
        model, text = command.prompt_from_stdin(model)
    else:
        text = command.read_prompt(prompt)
    engine, folder = load_engine(model, engine_config)
    ask = command.Answer(
        prompt=text,
        system=system,
        is_raw=raw,
        options=inference,
        defaults=generation_defaults(folder),
        as_json=json,
        show_stats=stats,
    )
    with engine:
        command.generate(engine, model, ask)


def _model_and_prompt(first: str | None, second: str | None) -> tuple[str, str | None]:
    """The two arguments of `generate`, the first of which may be left out; no prompt: stdin may have it."""
    if first is None:
        raise typer.BadParameter("it is missing: give the question, or - to read it from stdin", param_hint="PROMPT")
    if second is not None:
        return first, second
    folder = os.path.expanduser(first)  # os.path: a long prompt is no path, and no error either
    if is_piped(sys.stdin) and (first == "demo" or os.path.isdir(folder) or _HUB_ID.fullmatch(first)):
        return first, None
    if first == "demo" or os.path.isfile(os.path.join(folder, "config.json")):
        raise typer.BadParameter(f"{first} is a model: what is the prompt?", param_hint="PROMPT")
    return "demo", first


@app.command()
@guarded
def bench(
    model: Annotated[str | None, typer.Argument(help=f"{options.MODEL_HELP} Default: demo.")] = None,
    random_weights: Annotated[
        str | None,
        typer.Option(metavar="CONFIG", help="Measure a model of this shape, made up: a config.json, or its text."),
    ] = None,
    quantize: Annotated[int | None, typer.Option(metavar="BITS", help="Quantise the random weights.")] = None,
    group_size: Annotated[int | None, typer.Option(help="Values that share a scale.")] = None,
    mode: Annotated[str | None, typer.Option(help="affine, mxfp4, mxfp8 or nvfp4.")] = None,
    prompt_lengths: Annotated[str, typer.Option("--prompt-lengths", "-p", help="In tokens.")] = "128,512",
    new_tokens: Annotated[int, typer.Option("--new-tokens", "-n", help="Tokens to generate per run.")] = 64,
    repeats: Annotated[int, typer.Option("--repeats", "-r", help="Runs for each length.")] = 3,
    context_length: options.ContextLength = None,
    prefill_chunk: Annotated[int | None, typer.Option(help="Prompt tokens computed at a time.")] = None,
    dtype: options.Dtype = None,
    revision: options.Revision = None,
    offline: options.Offline = False,
    json: Annotated[bool, typer.Option("--json", help="After the table, one line of JSON.")] = False,
) -> None:
    """Measure speed, load time and memory."""
    if model is not None and random_weights is not None:
        raise typer.BadParameter("give a MODEL or --random-weights, not both")
    if random_weights is None and (quantize, group_size, mode) != (None, None, None):
        raise typer.BadParameter("--quantize, --group-size and --mode need --random-weights; see also `pie convert`")
    from proxy_inference_engine.cli import bench as command

    lengths = command.parse_lengths(prompt_lengths)
    # Guesses would measure how well made-up text repeats itself.
    engine_config = options.given(context_length=context_length, prefill_chunk=prefill_chunk, speculation=False)
    subject: str | command.RandomModel
    if random_weights is None:
        subject = model or "demo"
        engine_config |= options.given(dtype=dtype, revision=revision, offline=offline)
    else:
        subject = command.RandomModel(
            config=random_weights, bits=quantize, group_size=group_size, mode=mode, dtype=dtype
        )
    command.bench(subject, engine_config, prompt_lengths=lengths, num_new=new_tokens, repeats=repeats, as_json=json)


@app.command()
@guarded
def convert(
    source: Annotated[str, typer.Argument(help=options.MODEL_HELP)],
    out: Annotated[Path, typer.Argument(help="The new folder.")],
    bits: Annotated[int | None, typer.Option(help="Quantise to so many bits.")] = None,
    group_size: Annotated[int | None, typer.Option(help="Values that share a scale.")] = None,
    mode: Annotated[str | None, typer.Option(help="affine, mxfp4, mxfp8 or nvfp4.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Mixed precision, such as mixed_3_6.")] = None,
    dequantize: Annotated[bool, typer.Option("--dequantize", help="Undo a quantisation.")] = False,
    dtype: Annotated[str | None, typer.Option(help="Of what is not quantised.")] = None,
    revision: options.Revision = None,
    offline: options.Offline = False,
) -> None:
    """Write a model in another precision, for PIE and mlx-lm."""
    from proxy_inference_engine.cli import convert as command

    settings = options.given(bits=bits, group_size=group_size, mode=mode, recipe=recipe, dtype=dtype, revision=revision)
    command.convert(source, out, {**settings, "dequantize": dequantize, "offline": offline})


@app.command()
@guarded
def models(
    folders: Annotated[list[Path] | None, typer.Argument(help="Models, or folders of models.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the models on this machine."""
    from proxy_inference_engine.cli import models as command

    command.models(folders or [], as_json=json)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@guarded
def serve() -> None:
    """Serve a model over HTTP (not in this version yet)."""
    typer.echo("error: `pie serve` is not in this version yet; `pie chat` and `pie generate` are", err=True)
    raise typer.Exit(EXIT_USAGE)
