"""The model calls a Python function and answers with what it returned.

python examples/tool_call.py [MODEL]
"""

from __future__ import annotations

import asyncio
import json
import sys

from proxy_inference_engine import InferenceEngine, Interaction, Role

FORECAST = {
    "bergen": {"temperature": 8, "condition": "rainy"},
    "lisbon": {"temperature": 21, "condition": "sunny"},
}


def get_weather(city: str) -> dict[str, object]:
    """Get the weather in a city.

    Args:
        city: name of the city
    """
    return FORECAST.get(city.lower(), {"error": f"no forecast for {city}"})


async def main(model: str) -> None:
    async with InferenceEngine(model) as engine:
        conversation = [Interaction.simple(Role.USER, "What is the weather in Bergen?")]
        reply = await engine.chat(conversation, tools=[get_weather], temperature=0, max_new_tokens=120)
        if reply.finish_reason != "tool_calls":
            print("answered without the function:", reply.text)
            return
        conversation.append(reply)
        for call in reply.tool_calls:
            result = get_weather(**json.loads(call.arguments))
            print(f"{call.name}({call.arguments}) = {result}")
            conversation.append(Interaction(Role.TOOL, json.dumps(result), name=call.name, tool_call_id=call.id))
        answer = await engine.chat(conversation, tools=[get_weather], temperature=0, max_new_tokens=120)
        print(answer.text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "demo"))
