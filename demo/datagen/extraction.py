"""Schema filling: a message, a schema in one of many notations, and the JSON object that is right for them.

Policy that the data teaches: values are copied as written; `date` becomes YYYY-MM-DD and times HH:MM; numbers lose
thousands commas; what is not said is null where the schema allows null, and left out where it is only optional; keys
stand in the order of the schema. It knows no token ids.
"""

# fmt: off
from __future__ import annotations

import json
import re
from typing import Any

from . import words as w
from .chat import Conversation, dumps
from .domains import DOMAINS, Domain
from .frames import bind, dress
from .source import Source, is_held_out
from .values import CURRENCIES, fragment, make

SLOT = re.compile(r"\{(\w+)\}")
ASK_TRAIN = (
    "[Fill in|Fill|Complete] the schema[| below] [from|with|using] the [message|text].",
    "[Extract|Pull out|Get] the [data|fields|information|details|values] [from|out of] the [message|text][| as JSON].",
    "[Return|Reply with|Answer with|Give me|Output|Write] [only |just ||]a JSON object [that matches|matching|for|following|according to] the schema.",
    "Turn the [message|text|note] into JSON.", "Respond in JSON.", "Response in JSON format.", "Answer in JSON with this schema.",
    "[Parse|Read] [this|the message|the text|the note] [into|as|to] JSON.", "Convert the [text|message] to [JSON|a JSON object|structured data].",
    "What does the message say? [Answer|Reply] in JSON.", "You extract [data|structured data|JSON] from messages.", "[Make|Create|Build] a JSON object from the message.",
    "Your reply must be JSON that [fits|matches] [this|the] schema.", "JSON [only|please], [as in|following] the schema.", "Use the schema [to answer|for your answer|for the reply].",
    "Find the values in the text and [write|return] them as JSON.", "Here is a schema and a text. [Fill it in|Give the JSON].",
)
ASK_HELD_OUT = (
    "Please produce the JSON described by the schema, taken from the message.", "Map the text onto the schema.", "Read the message and emit the matching JSON object.",
    "I need this as JSON, the schema is given.", "Take the message apart and answer in JSON format only.",
)
SCHEMA_LABELS = ("Schema:", "JSON schema:", "The schema:", "JSON Schema:", "Format:", "schema =", "Schema", "Use this schema:", "The format is:", "")
TEXT_LABELS = ("Message:", "Text:", "The message:", "Input:", "Note:", "The text:", "Message", "message:", "Here is the text:", "")
GENERIC_TRAIN = (
    "[The|Its|Their] {a} is {v}.", "{A}: {v}.", "[For the {a} [use|take|write|put]|As {a} [use|take|write]] {v}.", "{v} is the {a}.", "[It has|There is] {v} as its {a}.",
    "The {a} [should be|must be|was set to|is now|will be|reads|says] {v}.", "{a} = {v}.", "They [chose|picked|gave] {v} as the {a}.", "With {v} as {a}.", "{A} {v}.",
)
GENERIC_HELD_OUT = ("Let the {a} be {v}.", "We settled on {v} for the {a}.", "When asked about the {a}, people say {v}.", "In the box for the {a} you read {v}.")


def snake(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")


def camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(x.capitalize() for x in rest)


class Facts:
    """What a message states: for each slot its kind, JSON value, key and description."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sentences: list[str] = []


def _say(source: Source, domain: Domain, facts: Facts) -> None:
    """Choose sentences that do not state a thing twice, and fill them in."""
    limit = source.pick((1, 2, 2, 3, 3, 4, 5, 6))
    templates = domain.held_out if source.unusual else domain.train
    order = source.shuffled(templates)
    if not source.unusual:
        order = order + order
    for raw in order:
        if len(facts.sentences) >= limit:
            break
        if not source.unusual and source.chance(0.22):
            _say_by_key(source, domain, facts)
            continue
        template = dress(source, source.frame((raw,)))
        if not source.unusual and is_held_out(template) != source.held_out and source.held_out:
            continue
        slots = SLOT.findall(template)
        names = {slot.removesuffix("_cur") for slot in slots}
        if names & facts.values.keys() or any(s.endswith("_cur") and "currency" in facts.values for s in slots):
            continue
        said: dict[str, str] = {}
        for slot in slots:
            name = slot.removesuffix("_cur")
            value, text = make(source, domain.fields[name].kind)
            facts.values[name] = value
            if slot.endswith("_cur"):
                code = source.pick(("EUR", "EUR", "USD", "USD", "GBP", "CHF", "JPY"))
                facts.values["currency"] = code
                form = source.pick(CURRENCIES[code])
                text = form.format(v=text)
                if source.lower:
                    text = text.lower()
            said[slot] = text
        sentence = template.format(**said)
        facts.sentences.append(sentence if source.lower else sentence[:1].upper() + sentence[1:])


def _say_by_key(source: Source, domain: Domain, facts: Facts) -> None:
    """State one field by a name of it, in a free frame."""
    slot = source.pick([x for x in domain.fields if x not in facts.values and x != "currency"] or [""])
    if not slot or domain.fields[slot].kind.startswith("bool") or domain.fields[slot].kind in ("lines", "problem", "todo"):
        return
    value, text = make(source, domain.fields[slot].kind)
    facts.values[slot] = value
    name = source.pick(domain.fields[slot].keys).replace("_", " ")
    facts.sentences.append(bind(source, f"the {name}", text))


def message_text(source: Source, sentences: list[str]) -> str:
    """Join the sentences, now and then sloppily, now and then with sentences that do not matter."""
    sentences = list(sentences)
    for _ in range(source.pick((0, 0, 0, 0, 0, 1, 1, 2, 3))):
        sentences.insert(source.below(len(sentences) + 1), source.sentence())
    if source.chance(0.12):
        return ("\n" if source.chance(0.5) else ", ").join(x.rstrip(".") for x in sentences)
    text = " ".join(sentences)
    return text.rstrip(".") if source.chance(0.25) else text


def _generic(source: Source) -> tuple[Facts, dict[str, dict[str, Any]]]:
    """Free attributes of a thing: any key at all, bound to any value."""
    facts, fields = Facts(), {}
    for _ in range(source.pick((1, 2, 3, 3, 4, 5, 6))):
        attribute = source.pick(w.ATTRIBUTES + w.NOUNS) if source.chance(0.6) else source.pseudo()
        if source.chance(0.35):
            attribute = f"{source.pick(w.ADJECTIVES + w.NOUNS)} {attribute}"
        key = snake(attribute)
        if key in fields:
            continue
        kind = source.pick(("code", "item", "person", "city", "count", "pages", "decimal", "title", "company", "date", "items", "names", "tags", "time"))
        value, text = make(source, kind)
        sentence = source.phrase(GENERIC_TRAIN, GENERIC_HELD_OUT, a=attribute, A=source.cased(attribute), v=text)
        if not source.unusual and source.chance(0.5):
            sentence = bind(source, source.pick((f"the {attribute}", f"the {attribute}", f"its {attribute}", f"our {attribute}")), text)
        facts.sentences.append(sentence if source.lower else sentence[:1].upper() + sentence[1:])
        facts.values[key] = value
        fields[key] = {"kind": kind, "key": key, "description": source.pick((f"The {attribute}", attribute.capitalize(), f"Value of the {attribute}"))}
    facts.sentences = source.shuffled(facts.sentences)
    return facts, fields


def compose(source: Source) -> tuple[str, list[dict[str, Any]]]:
    """A message, and the fields asked of it: [{key, kind, description, value (absent: not said)}], in schema order."""
    if source.chance(0.3):
        facts, fields = _generic(source)
        missing = [
            {"kind": "code", "key": k, "description": f"The {k.replace('_', ' ')}"}
            for k in dict.fromkeys(snake(source.pick(w.ATTRIBUTES)) for _ in range(2)) if k not in fields
        ]
    else:
        domain = source.pick(DOMAINS)
        facts = Facts()
        while not facts.sentences:
            _say(source, domain, facts)
        fields, missing = {}, []
        for slot, field in domain.fields.items():
            entry = {"kind": field.kind, "key": source.pick(field.keys), "description": source.pick(field.descriptions)}
            if slot in facts.values:
                fields[slot] = entry
            else:
                missing.append(entry)
    asked = [dict(entry, value=facts.values[slot]) for slot, entry in fields.items() if source.chance(0.85)]
    if not asked:
        slot, entry = next(iter(fields.items()))
        asked = [dict(entry, value=facts.values[slot])]
    if source.chance(0.45):
        asked += source.some(missing, source.pick((1, 1, 2)))
    seen: set[str] = set()
    asked = [f for f in source.shuffled(asked) if not (f["key"] in seen or seen.add(f["key"]))]  # type: ignore[func-returns-value]
    if source.chance(0.12):
        for f in asked:
            f["key"] = camel(f["key"])
    return message_text(source, facts.sentences), asked


def _json_schema(source: Source, asked: list[dict[str, Any]], answer: dict[str, Any]) -> str:
    """JSON Schema, plain or as pydantic writes it; fills `answer` by the rule for what is not said."""
    pydantic = source.chance(0.35)
    described = source.chance(0.5)
    nullable = source.chance(0.5)
    properties: dict[str, Any] = {}
    required = []
    for f in asked:
        schema = fragment(source, f["kind"])
        optional = "value" not in f or source.chance(0.12)
        if optional and nullable:
            schema = {"anyOf": [schema, {"type": "null"}]} if pydantic or "enum" in schema else dict(schema, type=[schema["type"], "null"])
            if pydantic:
                schema["default"] = None
        if not optional or (nullable and not pydantic):
            required.append(f["key"])
        if "value" in f:
            answer[f["key"]] = f["value"]
        elif nullable:
            answer[f["key"]] = None
        if described:
            schema["description"] = f["description"]
        if pydantic:
            schema["title"] = f["key"].replace("_", " ").title()
        properties[f["key"]] = schema
    out: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        out["required"] = required
    if pydantic:
        out = {"properties": properties, "required": required, "title": source.pick(("Message", "Data", "Record", "Info", "Answer", "Order", "Person")), "type": "object"}
    elif source.chance(0.3):
        out["additionalProperties"] = False
    if source.chance(0.15):
        return json.dumps(out, ensure_ascii=False, indent=2)
    return json.dumps(out, ensure_ascii=False, separators=(",", ":")) if source.chance(0.1) else dumps(out)


TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list[str]"}


def _sketch(source: Source, asked: list[dict[str, Any]], answer: dict[str, Any]) -> str:
    """A class, an example-like sketch or a bare list of keys; what is not said is null."""
    kind = source.below(4)
    lines = []
    for f in asked:
        answer[f["key"]] = f.get("value")
        schema = fragment(source, f["kind"])
        type_name = "date" if schema.get("format") == "date" else TYPES[schema["type"]]
        if f["kind"] == "lines":
            type_name = "list[Line]"
        none = " | None" if "value" not in f or source.chance(0.1) else ""
        if kind == 0:
            lines.append(f"    {f['key']}: {type_name}{none}{' = None' if none else ''}")
        elif kind == 1:
            type_name = {"list[Line]": "[{item: str, quantity: int}]"}.get(type_name, type_name)
            lines.append(f'"{f["key"]}": {type_name}{" or null" if none else ""}')
        else:
            note = {"date": " (YYYY-MM-DD)", "list[str]": " (list)", "list[Line]": " (list of item and quantity)", "bool": " (true or false)"}.get(type_name, "")
            lines.append(f["key"] + note)
    if kind == 0:
        line = "class Line(BaseModel):\n    item: str\n    quantity: int\n\n" if any(f["kind"] == "lines" for f in asked) else ""
        return f"{line}class {source.pick(('Message', 'Record', 'Data', 'Info'))}(BaseModel):\n" + "\n".join(lines)
    if kind == 1:
        return "{" + ", ".join(lines) + "}"
    lead = source.pick(("Keys: ", "Fields: ", "Use the keys ", "The keys are ", "The fields are "))
    return (lead.lower() if source.lower else lead) + ", ".join(lines)


def extraction(source: Source) -> Conversation:
    """One schema to fill, in one of the layouts (schema in the system turn or beside the message)."""
    text, asked = compose(source)
    answer: dict[str, Any] = {}
    schema = (_json_schema if source.chance(0.75) else _sketch)(source, asked, answer)
    ask = source.phrase(ASK_TRAIN, ASK_HELD_OUT)
    if source.chance(0.3):
        ask = ask.rstrip(".")
    label, text_label = source.pick(SCHEMA_LABELS), source.pick(TEXT_LABELS)
    gap = source.pick(("\n", "\n\n", "\n"))
    schema_part = f"{label}{source.pick((' ', chr(10)))}{schema}" if label else schema
    text_part = f"{text_label}{source.pick((' ', chr(10)))}{text}" if text_label else text
    c = Conversation(task="extraction")
    layout = source.below(8)
    if layout == 0:
        c.system = f"{ask}{gap}{schema_part}"
        c.user(text)
    elif layout == 1:
        c.system = schema_part if label else f"{ask} {schema_part}"
        c.user(f"{ask}{gap}{text_part}")
    elif layout == 2:
        c.user(f"{text_part}{gap}{ask}{gap}{schema_part}")
    elif layout == 3:
        c.user(f"{schema_part}{gap}{text_part}")
    elif layout == 4:
        c.user(f"{schema_part}{gap}{ask}{gap}{text_part}")
    else:
        c.user(f"{ask}{gap}{schema_part}{gap}{text_part}")
    c.assistant(dumps(answer))
    c.grade = {"kind": "json", "value": answer}
    return c


def free_extraction(source: Source) -> Conversation:
    """No schema: "as JSON" with the keys named in the sentence, or a single value asked for."""
    text, asked = compose(source)
    asked = [f for f in asked if "value" in f]
    if not asked:
        return extraction(source)
    c = Conversation(task="extraction")
    if source.chance(0.6):
        keys = ", ".join(f["key"] for f in asked[:-1]) + (" and " if len(asked) > 1 else "") + asked[-1]["key"]
        lead = source.phrase(
            ("[Give me|Extract|Return|What is|Find|Write] {k} as JSON", "[Reply|Answer] in JSON with {k}", "JSON with {k} please", "as json: {k}"),
            ("I would like {k} in JSON", "Put {k} in a JSON object"), k=keys,
        )
        c.user(f"{lead}: {text}" if source.chance(0.5) else f"{text}\n{lead}.")
        answer = {f["key"]: f["value"] for f in asked}
        c.assistant(dumps(answer))
        c.grade = {"kind": "json", "value": answer}
        return c
    f = source.pick([f for f in asked if f["kind"] != "lines"] or asked)
    name = f["key"].replace("_", " ")
    if f["kind"] == "lines" or f["kind"].startswith("bool") or f["kind"] == "currency":
        return extraction(source)
    lead = source.phrase(
        ("What is the {k}?", "[Find|Extract|Give me|Tell me] the {k}[.|]", "[Only|Just] the {k}[,| ]please", "{k}?"), ("Which {k} does the text give?", "Please name the {k}."), k=name,
    )
    c.user(f"{lead}\n{text}" if source.chance(0.4) else f"{text}\n{lead}")
    value = f["value"]
    reply = ", ".join(value) if isinstance(value, list) else str(value)
    c.assistant(reply)
    c.grade = {"kind": "text", "value": reply}
    c.task = "question"
    return c
