"""A conversation of two turns, shown as it streams. The second turn finds the first in the cache.

python examples/stream_chat.py [MODEL]
"""

from __future__ import annotations

import asyncio
import sys

from proxy_inference_engine import InferenceEngine, Interaction, Role
from proxy_inference_engine.types import End, TextDelta


async def say(engine: InferenceEngine, conversation: list[Interaction], text: str) -> None:
    """Add a message, print the reply while it is generated, and add it too."""
    print(f"you: {text}\npie: ", end="")
    conversation.append(Interaction.simple(Role.USER, text))
    reply = ""
    async with engine.stream(conversation, max_new_tokens=80, seed=1) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                reply += event.text
                print(event.text, end="", flush=True)
            elif isinstance(event, End):
                usage = event.usage
                print(f"\n     [{usage.num_cached_tokens} of {usage.num_prompt_tokens} prompt tokens from the cache]")
    conversation.append(Interaction.simple(Role.AGENT, reply))


async def main(model: str) -> None:
    async with InferenceEngine(model) as engine:
        conversation = [Interaction.simple(Role.SYSTEM, "You are a helpful assistant.")]
        await say(engine, conversation, "Hello! What are you?")
        await say(engine, conversation, "What can you do?")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
