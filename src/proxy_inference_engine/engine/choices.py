"""Several replies to one conversation: prepared once, prefilled once, drawn apart."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from proxy_inference_engine.checks import check_integer
from proxy_inference_engine.engine.reply import ReplyStream, read_reply
from proxy_inference_engine.errors import RequestError

if TYPE_CHECKING:
    from proxy_inference_engine.engine.handle import RequestHandle
    from proxy_inference_engine.interaction import Interaction, ReplyParser

MAX_CHOICES = 128
"""More replies to one prompt are refused."""

_NUM_SEEDS = 2**64

Prepare = Callable[[], Awaitable[Any]]
Submit = Callable[[Any, int], tuple["RequestHandle", "ReplyParser"]]
"""Submits what was prepared, with a seed."""


def choice_streams(prepare: Prepare, submit: Submit, n: int, seed: int | None) -> list[ReplyStream]:
    """`n` streams of one prompt; choice i is what the seed `seed + i` gives alone."""
    first = secrets.randbits(63) if seed is None else seed
    prepared: asyncio.Task[Any] | None = None

    async def start(index: int) -> tuple[RequestHandle, ReplyParser]:
        nonlocal prepared
        if prepared is None:
            prepared = asyncio.ensure_future(prepare())
        # Shielded: a choice that is given up must not take the others' prompt with it.
        return submit(await asyncio.shield(prepared), (first + index) % _NUM_SEEDS)

    return [ReplyStream(lambda index=index: start(index)) for index in range(n)]  # type: ignore[misc]


async def best_choices(streams: list[ReplyStream], n: int) -> list[Interaction]:
    """The `n` most probable of the streams' replies by mean log probability a token; in order when all are kept."""
    tasks = [asyncio.ensure_future(read_reply(stream)) for stream in streams]
    try:
        replies = await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # one that failed, or the caller, ends them all
            task.cancel()
    if len(replies) == n:
        return replies
    return sorted(replies, key=_mean_logprob, reverse=True)[:n]


def _mean_logprob(reply: Interaction) -> float:
    """A token's, in the mean; a reply without any is the least probable, as nothing speaks for it."""
    logprobs = [entry.logprob for entry in reply.logprobs or ()]
    return sum(logprobs) / len(logprobs) if logprobs else -math.inf


def check_choices(n: object, best_of: object | None) -> tuple[int, int]:
    """`n`, and how many to draw for it. Raises RequestError."""
    check_integer("n", n, 1, MAX_CHOICES)
    assert isinstance(n, int)
    if best_of is None:
        return int(n), int(n)
    check_integer("best_of", best_of, 1, MAX_CHOICES)
    assert isinstance(best_of, int)
    if best_of < n:
        raise RequestError(f"best_of={best_of} is less than n={n}: draw at least as many as you keep", param="best_of")
    return int(n), int(best_of)
