"""`make demo`: a short tour of the engine on the bundled model. Everything shown is computed on the spot."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from pydantic import BaseModel
from rich.console import Console

from proxy_inference_engine import InferenceEngine, Interaction, Role
from proxy_inference_engine.errors import EngineError
from proxy_inference_engine.types import End, TextDelta

console = Console(highlight=False, soft_wrap=True)

FORECAST = {"bergen": (8, "rainy"), "lisbon": (21, "sunny")}


class Person(BaseModel):
    """What the reply is bound to."""

    name: str
    age: int
    city: str
    job: str


def get_weather(city: str) -> dict[str, object]:
    """Get the current weather of a city.

    Args:
        city: name of the city
    """
    temperature, condition = FORECAST.get(city.lower(), (15, "cloudy"))
    return {"temperature": temperature, "condition": condition}


def heading(number: int, text: str) -> None:
    console.print(f"\n[bold]{number}. {text}[/bold]")


def show_user(text: str) -> None:
    console.print(f"[cyan]you>[/cyan] {text}", markup=True)


async def say(engine: InferenceEngine, conversation: list[Interaction], text: str) -> End:
    """Add a user's turn, show the reply as it streams, and keep it in the conversation."""
    show_user(text)
    conversation.append(Interaction.simple(Role.USER, text))
    console.print("[green]pie>[/green] ", end="")
    pieces: list[str] = []
    async for event in engine.stream(conversation, temperature=0, max_new_tokens=200):
        if isinstance(event, TextDelta):
            pieces.append(event.text)
            sys.stdout.write(event.text)
            sys.stdout.flush()
        elif isinstance(event, End):
            end = event
    print()
    conversation.append(Interaction.simple(Role.AGENT, "".join(pieces)))
    return end


def stats(end: End) -> None:
    usage, timing = end.usage, end.timing
    console.print(
        f"[dim]     {usage.num_output_tokens} tokens at {timing.decode_tokens_per_s:.0f}/s, first after "
        f"{timing.ttft_ms:.0f} ms; {usage.num_cached_tokens} of {usage.num_prompt_tokens} prompt tokens cached[/dim]"
    )


async def converse(engine: InferenceEngine) -> None:
    heading(1, "A reply, streamed")
    conversation = [Interaction.simple(Role.SYSTEM, "You are a helpful assistant.")]
    stats(await say(engine, conversation, "Hello! What are you?"))

    heading(2, "Follow-ups, from cache")
    await say(engine, conversation, "My name is Ottilie and I live in Bergen.")
    await say(engine, conversation, "What can PIE do?")
    end = await say(engine, conversation, "What is my name?")
    stats(end)
    # The same prompt on an empty cache: what the cache saved, measured.
    conversation.pop()
    fresh = await fresh_first_token_ms(engine, conversation)
    console.print(
        f"[dim]     the same prompt without the cache: first token after {fresh:.0f} ms, "
        f"so the cache saved {max(fresh - end.timing.ttft_ms, 0):.0f} ms[/dim]"
    )


async def fresh_first_token_ms(engine: InferenceEngine, conversation: list[Interaction]) -> float:
    """Time to first token of the same conversation where nothing of it is cached: another salt shares nothing."""
    salt = f"tour {time.time()}"
    reply = await engine.chat(conversation, temperature=0, max_new_tokens=1, cache_salt=salt)
    return float(reply.timing.ttft_ms)


async def extract(engine: InferenceEngine) -> None:
    heading(3, "Data out of a message")
    message = "This is Mirela Tanov. She is 34 years old, lives in Split and works as a potter."
    show_user(message)
    prompt = (
        "Extract the data from the message as JSON.\n"
        f"Schema: {json.dumps(Person.model_json_schema())}\nMessage: {message}"
    )
    reply = await engine.chat(prompt, json_schema=Person, temperature=0, max_new_tokens=120)
    console.print(f"[green]pie>[/green] {reply.content[0].content}", markup=True)
    console.print(f"[dim]     bound to a pydantic class, so always one of these: {reply.data!r}[/dim]")


async def call_a_tool(engine: InferenceEngine) -> None:
    heading(4, "A tool call, answered by a Python function")
    question = "What is the weather in Bergen?"
    show_user(question)
    conversation: list[Interaction | dict[str, object]] = [Interaction.simple(Role.USER, question)]
    reply = await engine.chat(conversation, tools=[get_weather], temperature=0, max_new_tokens=120)
    if reply.finish_reason != "tool_calls":
        console.print(f"[green]pie>[/green] {reply.content[0].content}", markup=True)
        return
    call = reply.tool_calls[0]
    console.print(f"[green]pie>[/green] calls [bold]{call.name}[/bold]({call.arguments})", markup=True)
    result = get_weather(**json.loads(call.arguments))
    console.print(f"[dim]     get_weather returned {result}[/dim]")
    conversation += [reply, {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": json.dumps(result)}]
    answer = await engine.chat(conversation, tools=[get_weather], temperature=0, max_new_tokens=120)
    console.print(f"[green]pie>[/green] {answer.content[0].content}", markup=True)


async def tour() -> None:
    """Load the bundled model and show four things it does."""
    console.print("[bold]Proxy Inference Engine[/bold]: a short tour on the bundled demo model.")
    start = time.perf_counter()
    async with InferenceEngine("demo") as engine:
        console.print(f"[dim]     loaded in {time.perf_counter() - start:.1f} s[/dim]")
        await converse(engine)
        await extract(engine)
        await call_a_tool(engine)
    console.print(
        "\nNext:\n"
        "  [bold].venv/bin/pie chat[/bold]                        talk to it yourself\n"
        "  [bold].venv/bin/pie generate demo 'What is PIE?'[/bold]  one reply on stdout"
    )


def main() -> int:
    """Run the tour; 0 when it went through."""
    try:
        asyncio.run(tour())
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
