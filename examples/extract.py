"""Data out of a message, as an instance of a pydantic model: the reply cannot be anything else.

python examples/extract.py [MODEL]
"""

from __future__ import annotations

import asyncio
import json
import sys

from pydantic import BaseModel

from proxy_inference_engine import InferenceEngine

MESSAGES = (
    "This is Mirela Tanov. She is 34 years old, lives in Split and works as a potter.",
    "Ottilie Brandt lives in Bergen. She is a baker and is 51 years old.",
)


class Person(BaseModel):
    name: str
    age: int
    city: str
    job: str


async def extract(engine: InferenceEngine, message: str) -> Person:
    # The schema in the prompt tells the model what is wanted; the keyword sees to it that the reply keeps to it.
    prompt = (
        "Extract the data from the message as JSON.\n"
        f"Schema: {json.dumps(Person.model_json_schema())}\nMessage: {message}"
    )
    reply = await engine.chat(prompt, json_schema=Person, temperature=0, max_new_tokens=120)
    person: Person = reply.data
    return person


async def main(model: str) -> None:
    async with InferenceEngine(model) as engine:
        for person in await asyncio.gather(*(extract(engine, message) for message in MESSAGES)):
            print(repr(person))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
