"""`pie generate`: one answer to stdout, streamed, with figures on request."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy_inference_engine.cli.reply_view import ReplyView, describe, reading, why_ended
from proxy_inference_engine.cli.terminal import DIM, StatusLine, is_terminal, make_robust, printable, styled
from proxy_inference_engine.engine.reply import ReplyBuilder
from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction import Interaction, Role
from proxy_inference_engine.models.hub import DEMO_NAME
from proxy_inference_engine.types import End, Event, PrefillProgress, TokenLogprob

if TYPE_CHECKING:
    from proxy_inference_engine.engine import InferenceEngine
    from proxy_inference_engine.tokenizer import Tokenizer

MAX_STDIN_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How to ask and what to print."""

    prompt: str
    system: str | None
    is_raw: bool
    """The prompt is the model's input as it stands: no chat template, control tokens as written."""

    options: Mapping[str, Any]
    defaults: Mapping[str, Any]
    """The model's own sampling settings, for a raw prompt."""

    as_json: bool
    show_stats: bool


def read_prompt(text: str) -> str:
    """`text`, or all of stdin for `-`. Raises RequestError for too much input or none."""
    text = _read_stdin() if text == "-" else text
    if not text.strip():
        raise RequestError("the prompt is empty", param="prompt")
    return text


def prompt_from_stdin(argument: str) -> tuple[str, str]:
    """Model and prompt where the one argument looks like a model and stdin is a pipe.

    With nothing to read, `argument` is the prompt after all, unless it is a model for certain. Raises RequestError for
    too much input, and then for none.
    """
    text = _read_stdin()
    if text.strip():
        return argument, text
    if argument == DEMO_NAME or (Path(argument).expanduser() / "config.json").is_file():
        raise RequestError(f"{argument} is a model, and stdin has no prompt for it", param="prompt")
    return DEMO_NAME, argument


def _read_stdin() -> str:
    make_robust(sys.stdin)
    text = sys.stdin.read(MAX_STDIN_BYTES + 1)
    if len(text) > MAX_STDIN_BYTES:
        raise RequestError(f"stdin has more than {MAX_STDIN_BYTES} characters", param="prompt")
    return text


def generate(engine: InferenceEngine, model: str, ask: Answer) -> None:
    """Answer `ask` on stdout."""
    make_robust(sys.stdout, sys.stderr)
    builder = ReplyBuilder()
    end = asyncio.run(_json(engine, ask, builder) if ask.as_json else _text(engine, ask, builder))
    if ask.as_json:
        print(json.dumps(_summary(model, builder.interaction(), end, engine.tokenizer), ensure_ascii=False))
        return
    if end.logprobs is not None:
        _print_logprobs(end.logprobs, engine.tokenizer)
    reason = why_ended(end, limit=ask.options.get("max_new_tokens"))
    parts = [reason] if reason and (ask.show_stats or is_terminal(sys.stderr)) else []
    if ask.show_stats:
        parts.append(describe(end.usage, end.timing))
    if parts:
        _note(" · ".join(parts))


async def _text(engine: InferenceEngine, ask: Answer, builder: ReplyBuilder) -> End:
    with ReplyView(show_extras=is_terminal(sys.stdout)) as view:
        async for event in _events(engine, ask):
            view.add(event)
            builder.add(event)
    return _end(event)


async def _json(engine: InferenceEngine, ask: Answer, builder: ReplyBuilder) -> End:
    with StatusLine() as status:
        count = 0
        async for event in _events(engine, ask):
            builder.add(event)
            if isinstance(event, PrefillProgress):
                status.show(reading(event.num_done, event.num_total), may_skip=True)
            else:
                count += 1
                status.show(f"{count:,} pieces of text", may_skip=True)
    return _end(event)


def _end(event: Event) -> End:
    assert isinstance(event, End), "a stream ended without an End"
    return event


async def _events(engine: InferenceEngine, ask: Answer) -> AsyncIterator[Event]:
    if not ask.is_raw:
        system = [Interaction.simple(Role.SYSTEM, ask.system)] if ask.system else []
        prompt = [*system, Interaction.simple(Role.USER, ask.prompt)]
        async with engine.stream(prompt, **ask.options) as stream:
            async for event in stream:
                yield event
        return
    ids = engine.tokenizer.encode(ask.prompt, add_special_tokens=True, parse_control_tokens=True)
    request = GenerationRequest.build(
        ids,
        InferenceOptions.from_keywords(ask.options, ask.defaults),
        vocab_size=engine.model.config.vocab_size,
        context_length=engine.context_length,
        stop_token_ids=engine.tokenizer.stop_tokens,
    )
    handle = engine.submit(request)
    try:
        async for event in handle:
            yield event
    finally:
        handle.cancel()


def _summary(model: str, reply: Interaction, end: End, tokenizer: Tokenizer) -> dict[str, Any]:
    """What `--json` prints."""
    summary = {
        "model": model,
        "text": reply.text,
        "reasoning": reply.reasoning,
        "tool_calls": [asdict(call) for call in reply.tool_calls],
        "finish_reason": end.finish_reason,
        "stop_string": end.stop_string,
        "usage": {**asdict(end.usage), "num_total_tokens": end.usage.num_total_tokens},
        "timing": {name: round(value, 3) for name, value in asdict(end.timing).items()},
    }
    if end.logprobs is not None:
        summary["logprobs"] = [
            {
                "token": tokenizer.decode([item.token_id], skip_control_tokens=False),
                "token_id": item.token_id,
                "logprob": item.logprob,
                "sampled_logprob": item.sampled_logprob,
                "top": [
                    {"token": tokenizer.decode([i], skip_control_tokens=False), "token_id": i, "logprob": logprob}
                    for i, logprob in item.top
                ],
            }
            for item in end.logprobs
        ]
    return summary


def _print_logprobs(logprobs: tuple[TokenLogprob, ...], tokenizer: Tokenizer) -> None:
    """One line a token on stderr: its log probability, and the best alternatives."""

    def token(token_id: int) -> str:
        return json.dumps(tokenizer.decode([token_id], skip_control_tokens=False), ensure_ascii=False)

    for item in logprobs:
        top = "  ".join(f"{token(i)} {logprob:.2f}" for i, logprob in item.top)
        _note(f"{item.logprob:8.3f}  {token(item.token_id):<16} {top}".rstrip())


def _note(text: str) -> None:
    print(styled(printable(text), DIM, sys.stderr), file=sys.stderr)
