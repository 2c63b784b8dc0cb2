"""Several questions at once: they run side by side, and each gets the reply that it would get alone.

python examples/many_requests.py [MODEL]
"""

from __future__ import annotations

import asyncio
import sys
import time

from proxy_inference_engine import InferenceEngine, Interaction, Role

QUESTIONS = ("What is your name?", "What can you do?", "Tell me about yourself.", "How are you?")


async def ask(engine: InferenceEngine, question: str) -> str:
    reply = await engine.chat([Interaction.simple(Role.USER, question)], seed=7, max_new_tokens=48)
    return reply.text


async def main(model: str) -> None:
    async with InferenceEngine(model) as engine:
        start = time.perf_counter()
        together = await asyncio.gather(*(ask(engine, question) for question in QUESTIONS))
        together_s, start = time.perf_counter() - start, time.perf_counter()
        alone = [await ask(engine, question) for question in QUESTIONS]
        alone_s = time.perf_counter() - start
    for question, reply in zip(QUESTIONS, together, strict=True):
        print(f"{question}\n  {reply}")
    print(f"together {together_s:.2f} s, one by one {alone_s:.2f} s; the same replies: {together == alone}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
