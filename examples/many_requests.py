"""Several chats at once behind one system prompt, which is computed once; then several replies to one question.

python examples/many_requests.py [MODEL]
"""

from __future__ import annotations

import asyncio
import sys

from proxy_inference_engine import InferenceEngine, Interaction, Role

SYSTEM = "You are a friendly assistant. Answer in one or two short sentences, and say when you do not know."
QUESTIONS = ("What is your name?", "What can you do?", "Tell me about yourself.", "How are you?")


def conversation(question: str) -> list[Interaction]:
    return [Interaction.simple(Role.SYSTEM, SYSTEM), Interaction.simple(Role.USER, question)]


async def main(model: str) -> None:
    async with InferenceEngine(model) as engine:
        replies = await asyncio.gather(
            *(engine.chat(conversation(question), seed=7, max_new_tokens=32) for question in QUESTIONS)
        )
        for question, reply in zip(QUESTIONS, replies, strict=True):
            usage = reply.usage
            print(f"you: {question}\npie: {reply.text}")
            print(f"     [{usage.num_cached_tokens} of {usage.num_prompt_tokens} prompt tokens from the cache]")

        question = "Write a short poem."
        print(f"\nyou: {question}")
        for reply in await engine.choices(conversation(question), 3, seed=7, temperature=1.5, max_new_tokens=32):
            print(f"pie: {reply.text}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
