"""Tool conversations: choosing among one to six tools, filling their arguments, using results, and knowing when none fits."""

from __future__ import annotations

import re
from typing import Any

from . import talk
from .chat import Conversation, dumps, tool_schema
from .frames import dress
from .source import Source
from .toolbox import TOOLS, Tool, random_tool

SLOT = re.compile(r"\{(\w+)\}")
PAIRABLE = {"city", "company", "name", "order_id", "person", "place", "code", "id", "word"}
NO_TOOL = "None of my tools can do that."
ALIASES = {
    "city": ("location", "place", "city_name", "town"),
    "expression": ("formula", "input", "term", "query"),
    "minutes": ("duration", "length_minutes", "num_minutes"),
    "subject": ("subject_line", "title", "headline", "topic"),
    "body": ("text", "content", "message"),
    "text": ("content", "message", "input", "note_text"),
    "title": ("name", "event_title", "summary", "label"),
    "date": ("day", "on", "when", "event_date"),
    "time": ("at", "start_time", "hour"),
    "amount": ("value", "sum", "quantity"),
    "language": ("target_language", "lang", "to_language"),
    "query": ("q", "search_terms", "keywords", "term"),
    "company": ("company_name", "firm"),
    "artist": ("performer", "musician", "singer"),
    "room": ("area", "where", "room_name"),
    "state": ("status", "new_state", "mode"),
    "order_id": ("id", "order_number", "order"),
    "word": ("term", "entry", "lookup"),
    "name": ("full_name", "contact", "who"),
    "restaurant": ("venue", "place", "restaurant_name"),
    "people": ("guests", "party_size", "num_people"),
    "path": ("file", "filename", "file_path"),
    "count": ("n", "number", "num_dice"),
    "sides": ("faces", "num_sides"),
    "person": ("who", "person_name"),
    "place": ("location", "spot"),
    "code": ("id", "identifier"),
    "id": ("identifier", "number", "key"),
    "start": ("origin", "from_city"),
    "end": ("target", "to_city"),
}
EARLIER_TRAIN = (
    "[I am thinking about|Let us talk about|My topic is|I mean|It is about|We were talking about|I have a question about|This is about] {v}.",
    "{v} is [on my mind|what I care about|important to me].",
)
EARLIER_HELD_OUT = ("My next question will concern {v}.", "{v} is what this is about.")


class Choice:
    """A tool of this conversation under one of its names."""

    def __init__(self, source: Source, tool: Tool) -> None:
        self.tool = tool
        self.name = source.pick(tool.names)
        if source.chance(0.08):
            first, *rest = self.name.split("_")
            self.name = first + "".join(x.capitalize() for x in rest)
        described = source.chance(0.7)
        properties, required = {}, []
        self.shown = shown_names(source, tool, "_" not in self.name and not self.name.islower())
        for p in tool.params:
            schema = dict(p.schema)
            if described:
                schema["description"] = source.pick(p.descriptions)
            properties[self.shown[p.name]] = schema
            if not p.optional:
                required.append(self.shown[p.name])
        self.schema = tool_schema(self.name, source.pick(tool.descriptions), properties, required)

    def call(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The call with the parameters under their names of this conversation."""
        return {"name": self.name, "arguments": {self.shown[k]: v for k, v in arguments.items()}}


def shown_names(source: Source, tool: Tool, camel: bool) -> dict[str, str]:
    """The name of each parameter in this conversation: its own, another word for it, or either in camel case."""
    out: dict[str, str] = {}
    taken = {p.name for p in tool.params}
    for p in tool.params:
        name = p.name
        if source.chance(0.3):
            name = source.pick(
                (*ALIASES.get(p.name, ()), f"{p.name}_value", f"the_{p.name}", f"{p.name}_{source.pseudo(1)}")
            )
        if name != p.name and name in taken:
            name = p.name
        taken.add(name)
        first, *rest = name.split("_")
        out[p.name] = first + "".join(x.capitalize() for x in rest) if camel else name
    return out


def _request(source: Source, tool: Tool) -> tuple[str, dict[str, Any], dict[str, str]]:
    """(text with slots left in, arguments in parameter order, how each is said)."""
    template = source.frame(tool.train, tool.held_out)
    if not source.unusual:
        template = by_description(source, tool) if source.chance(0.15) else dress(source, template)
    asked = set(SLOT.findall(template))
    arguments: dict[str, Any] = {}
    said: dict[str, str] = {}
    for p in tool.params:
        if p.name in asked:
            arguments[p.name], said[p.name] = p.make(source)
    return template, arguments, said


def by_description(source: Source, tool: Tool) -> str:
    """A request in the words of the tool's description: "I want you to set a countdown timer: 5 minutes"."""
    description = source.pick(tool.descriptions)
    params = [p for p in tool.params if not p.optional]
    values = ", ".join(
        (f"{p.name.replace('_', ' ')} " if len(params) > 1 or source.chance(0.3) else "") + "{" + p.name + "}"
        for p in params
    )
    lead = source.pick(
        (
            "I want this: ",
            "Please ",
            "I need this: ",
            "Use a tool: ",
            "Can you ",
            "Do this: ",
            "I want you to ",
            "My wish: ",
            "Next: ",
            "",
            "",
            "Go on and ",
            "It is time to ",
        )
    )
    text = f"{lead}{description[:1].lower() + description[1:] if lead else description}{source.pick((': ', ', namely ', ' - ', ', for ', ' (', '. It is '))}{values}"
    return (
        (text + ")" if " (" in text[-len(values) - 3 :] else text).lower()
        if source.lower
        else (text + ")" if text.count("(") > text.count(")") else text)
    )


def answer(source: Source, tool: Tool, arguments: dict[str, Any], result: dict[str, Any]) -> str:
    values = {**arguments, **result}
    shown = {k: ", ".join(str(x) for x in v) if isinstance(v, list) else v for k, v in values.items()}
    return source.pick(tool.answers).format(**shown)


def polite(source: Source, text: str) -> str:
    """Small words around a request."""
    lead = source.pick(
        (
            "",
            "",
            "",
            "",
            "Please ",
            "Hi, ",
            "Hey, ",
            "Can you help? ",
            "Ok, ",
            "Now: ",
            "Quick question: ",
            "Tell me, ",
            "Say, ",
            "One more thing: ",
            "Next, ",
            "Well, ",
            "For my trip: ",
            "When you have time: ",
            "My boss asks: ",
            "I was wondering, ",
        )
    )
    if source.lower:
        lead = lead.lower()
    tail = source.pick(("", "", "", "", " Thanks.", " Thank you!")) if text[-1:] in ".?!" else ""
    return lead + text + (tail.lower() if source.lower else tail)


def toolset(source: Source, n: int) -> list[Choice]:
    """n different tools, some of them made up, in random order."""
    families = source.some(TOOLS, n)
    out: dict[str, Choice] = {}
    for family in families:
        choice = Choice(source, random_tool(source)[0] if source.chance(0.35) else family)
        out.setdefault(choice.name, choice)
    return list(out.values())


def _error(source: Source) -> tuple[str, str]:
    reason = source.pick(
        ("not found", "timeout", "no access", "service is down", "invalid value", f"error {source.between(100, 599)}")
    )
    return dumps({"error": reason}), f"The tool reported an error: {reason}."


def tool_use(source: Source) -> Conversation:
    """One conversation with tools; the grade is for the call, or for the answer that needs none."""
    c = Conversation(task="tool")
    choices = toolset(source, source.pick((1, 2, 3, 3, 4, 5, 6)))
    c.tools = [x.schema for x in choices]
    if source.chance(0.35):
        c.system = talk.system_prompt(source)
    for _ in range(source.pick((0, 0, 0, 0, 1, 2))):
        talk.small_exchange(source, c)
    kind = source.random()
    if kind < 0.12:  # nothing to call: plain talk
        talk.small_exchange(source, c)
        c.grade = {"kind": "no_call", "value": c.messages[-1]["content"]}
        return c
    if kind < 0.24:  # a request for a tool that is not here
        other = random_tool(source)[0] if source.chance(0.4) else source.pick(TOOLS)
        if not any(x.tool is other or set(x.tool.names) & set(other.names) for x in choices):
            template, _, said = _request(source, other)
            c.user(polite(source, template.format(**said)))
            c.assistant(NO_TOOL)
            c.grade = {"kind": "no_call", "value": NO_TOOL}
            return c
    for turn in range(source.pick((1, 1, 1, 2, 3))):
        choice = source.pick(choices)
        template, arguments, said = _request(source, choice.tool)
        if turn == 0 and source.chance(0.12) and any(len(v) > 3 for v in said.values()):
            _from_earlier(source, c, template, said)
        elif turn == 0 and source.chance(0.12) and [p.name in PAIRABLE for p in choice.tool.params] == [True]:
            return _two_calls(source, c, choice, template, arguments, said)
        else:
            c.user(polite(source, template.format(**said)))
        c.assistant("", calls=[choice.call(arguments)])
        c.grade = {"kind": "call", "value": [choice.call(arguments)]}
        if source.chance(0.4) and turn == 0 and source.graded:
            return c
        if source.chance(0.1):
            result, reply = _error(source)
        else:
            data = choice.tool.result(source, arguments)
            result, reply = dumps(data), answer(source, choice.tool, arguments, data)
        c.tool(result)
        c.assistant(reply)
        c.grade = {"kind": "text", "value": reply}
        if source.chance(0.12):
            talk.small_exchange(source, c)
            c.grade = {"kind": "text", "value": c.messages[-1]["content"]}
    return c


def _from_earlier(source: Source, c: Conversation, template: str, said: dict[str, str]) -> None:
    """One argument is said in an earlier turn and only pointed at now."""
    slot = source.pick(sorted(k for k, v in said.items() if len(v) > 3))
    c.user(source.phrase(EARLIER_TRAIN, EARLIER_HELD_OUT, v=said[slot]))
    c.assistant(source.pick(("Noted.", "All right.", "What would you like to know?")))
    for _ in range(source.pick((0, 0, 1, 2))):
        talk.small_exchange(source, c)
    pointed = dict(said)
    pointed[slot] = source.pick(("that", "it", "this", "the one I mentioned", "the same"))
    c.user(template.format(**pointed))


def _two_calls(
    source: Source, c: Conversation, choice: Choice, template: str, arguments: dict[str, Any], said: dict[str, str]
) -> Conversation:
    """The same tool for two values at once: two calls, two results, one answer."""
    (name,) = said
    value, text = choice.tool.params[0].make(source)
    c.user(polite(source, template.format(**{name: f"{said[name]} and {text}"})))
    both = [arguments, {name: value}]
    c.assistant("", calls=[choice.call(a) for a in both])
    c.grade = {"kind": "call", "value": [choice.call(a) for a in both]}
    if source.graded:
        return c
    replies = []
    for a in both:
        data = choice.tool.result(source, a)
        c.tool(dumps(data))
        replies.append(answer(source, choice.tool, a, data))
    c.assistant(" ".join(replies))
    c.grade = {"kind": "text", "value": " ".join(replies)}
    return c
