"""Schema filling: a message, a schema in one of many notations, and the JSON object that is right for them.

Policy that the data teaches: values are copied as written; `date` becomes YYYY-MM-DD and times HH:MM; numbers lose
thousands commas; what is not said is null where the schema allows null, and left out where it is only optional; keys
stand in the order of the schema. It knows no token ids.
"""

# fmt: off
from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from . import words as w
from .chat import Conversation, dumps
from .domains import DOMAINS, Domain
from .frames import ask_for, bind, dress
from .source import Source, is_held_out
from .values import CURRENCIES, fragment, make

SLOT = re.compile(r"\{(\w+)\}")
OPEN = (
    "[||||please |please |can you |could you |would you |i want you to |i need you to |now |next, |just |ok, |hi, |hey, |hello, please |task: |your task: |your job is to |your task is to |"
    "help me: |go ahead and |for my records, |one job: |quick one: |as a test, |it would help if you |let us |you should |you must |always |when you answer, |from now on, ]"
)
END = "[|||.|.|.|!| please| please.|, please|, thanks|, thank you.| for me| for me.| now|. thanks!|. only the JSON.|. JSON only.|. nothing else.|. no other text.|. do not explain.|. no comments, please.|. be exact.|. keep the order of the keys.]"
SHAPE = "[the |this |my |our |a ][schema|JSON schema|format|structure|layout|template|shape|model|definition][| below| above| here| given| shown| that I give you| you see]"
TEXT = "[the |this |my |our |that ][message|text|note|mail|input|paragraph|passage|statement|snippet|writing|line][| below| above| here|]"
DATA = "[the |all |all the |][data|fields|information|details|values|facts|entries|attributes|properties|key facts]"
FORM = "[JSON|a JSON object|one JSON object|valid JSON|a single JSON object|JSON data|structured JSON|plain JSON|raw JSON]"
ASK_TRAIN = (
    f"{OPEN}[fill in|fill|complete|fill out|populate|follow|use|apply] {SHAPE} [from|with|using|on the basis of|based on|for|with the data of] {TEXT}{END}",
    f"{OPEN}[extract|pull out|get|take|pick out|collect|gather|read|find|fetch|copy|grab|list|note] {DATA} [from|out of|in|stated in|found in|given in] {TEXT}[| as {FORM}| into {FORM}| in {SHAPE}| and answer with {FORM}]{END}",
    f"{OPEN}[return|reply with|answer with|give me|output|write|send|print|respond with|show me|make|build|create] [only |just |||]{FORM} [that matches|matching|for|following|according to|in line with|that follows|that fits|as in|in|using|with the keys of] {SHAPE}{END}",
    f"{OPEN}[turn|convert|transform|parse|bring|change|read|put|translate|rewrite] {TEXT} [into|to|as] {FORM}[|, see {SHAPE}| with {SHAPE}| following {SHAPE}| that fits {SHAPE}]{END}",
    f"{OPEN}[respond|answer|reply|write back] [in|with|using] {FORM}[| with {SHAPE}| that fits {SHAPE}|, as in {SHAPE}]{END}",
    f"[what does {TEXT} say|what is stated in {TEXT}|what do we learn from {TEXT}|what is in {TEXT}]? [answer|reply|respond|tell me] [in|with|as] {FORM}{END}",
    f"[you|you are a tool that can|you are an assistant, you|your job: you|here you] [extract|read|pull|collect|find] {DATA} from [messages|texts|notes|mails|what users write][| and answer in {FORM}| and return {FORM}]{END}",
    f"[your reply|the reply|your answer|the answer|the output|the response|your output] [must be|should be|has to be|is|will be|can only be] {FORM} [that fits|that matches|for|following|according to|with the keys of] {SHAPE}{END}",
    f"{FORM} [only|please|from {TEXT}|for {TEXT}|here|wanted][,|] [as in|following|with|according to|for] {SHAPE}{END}",
    f"[here is|here are|this is|you get|i give you|below you find|look at] {SHAPE} and {TEXT}[. fill it in|. give the JSON|, make the JSON|, now fill it|. what is the JSON?|. i need {FORM}]{END}",
    "[Response in|Response as|Output in|Result as|Answer:|Format:|Output:|Result:|Mode:] [JSON|JSON format|JSON only|JSON, nothing else|a JSON object|valid JSON|strict JSON][|.| please]",
)
ASK_HELD_OUT = (
    "Please produce the JSON described by the schema, taken from the message.", "Map the text onto the schema.", "Read the message and emit the matching JSON object.",
    "I need this as JSON, the schema is given.", "Take the message apart and answer in JSON format only.",
)
SCHEMA_LABELS = (
    "[The |My |Our |Use this |This is the |Here is the |Given |Your |Target |Output |Follow this |See the |Answer with this |With this |Required ||||][schema|schema|JSON schema|JSON Schema|format|structure|template|definition|fields|model|output format|data model|spec][:|:|:| =| is:|| below:| to use:| ->]",
)
TEXT_LABELS = (
    "[The |My |This is the |Here is the |Given |Your |User |Input |Original |Read this |See the |Source |Incoming |Whole |Full ||||][message|text|input|note|mail|passage|content|document|snippet|paragraph|data][:|:|:| =| is:|| below:| to read:| ->]",
)
GENERIC_TRAIN = (
    "[The|Its|Their|Our|My|This] {a} [is|was|will be|is now|should be|must be|was set to|has become|remains|is still|equals|is simply|seems to be|reads|says|shows|is given as|is listed as|is marked as|came out as|stays] {v}[.|.|, as agreed.|, by the way.|, I think.| for now.| this time.| again.]",
    "{A}[: |: | = | - | -> | is | | => |, ]{v}[.|.||;]",
    "[For|As|As for|Under|Concerning|About|On|With] the {a}[,|] [use|take|write|put|we have|I have|they gave|you see|we chose|enter|pick|note|it is|we use|they want] {v}[.|.| please.| today.]",
    "{v} [is|was|will be|became|remains|serves as|counts as|is listed as|should be|must be|is used as|was picked as|was noted as|is now] [the|our|its|their|my] {a}[.|.|, I hear.|, as planned.| now.| again.]",
    "[It has|There is|We have|They have|I have|You get|We got|She gave|He gave|I was given|You see|It shows|It comes with|We need|They want] {v} as [its|the|our|my|a] {a}[.|.| now.| today.]",
    "[They|We|I|He|She|The team|My boss|The owner|The client|Somebody|The office] [chose|picked|gave|used|wrote|took|entered|noted|confirmed|changed it to|decided on|went with|prefers|wants|listed|put down] {v} as [the|its|our] {a}[.|.| today.| this time.|, I hear.]",
    "[With|Using|Having|Given|Here with|Now with] {v} as [the |its |our |]{a}[.|.|, as always.]",
)
GENERIC_HELD_OUT = ("Let the {a} be {v}.", "We settled on {v} for the {a}.", "When asked about the {a}, people say {v}.", "In the box for the {a} you read {v}.")


def snake(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")


def camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(x.capitalize() for x in rest)


STYLES: tuple[Callable[[str], str], ...] = (
    camel, camel, lambda k: k.replace("_", "-"), lambda k: k.replace("_", " "), lambda k: k.replace("_", " ").title(),
    lambda k: camel("_" + k), lambda k: k.upper(), lambda k: k.replace("_", "."), lambda k: k.capitalize().replace("_", " "),
)
BEFORE = ["the", "my", "our", "msg", "x", "data", "given", "field", "its", "form", "f", "s", "val", "in_text", "asked", "wanted"]
AFTER = ["value", "field", "text", "info", "data", "entry", "1", "2", "x", "out", "given", "found", "raw", "new", "v", "key", "s", "str", "answer", "result"]


def restyle(source: Source, asked: list[dict[str, Any]]) -> None:
    """Change the keys that are asked for, so that they have to be copied: another case, or a word that says nothing."""
    if source.chance(0.3):
        for f in asked:
            if source.chance(0.5):
                word = source.pseudo() if source.chance(0.4) else ""
                f["key"] = f"{word or source.pick(BEFORE)}_{f['key']}" if source.chance(0.5) else f"{f['key']}_{word or source.pick(AFTER)}"
    if source.chance(0.3):
        style = source.pick(STYLES)
        for f in asked:
            f["key"] = style(f["key"])


def sentence_case(source: Source, text: str) -> str:
    """A capital at the start, mostly."""
    return text if source.lower or source.chance(0.15) or text.startswith("{") else text[:1].upper() + text[1:]


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
        as_it_is = source.lower or (template.startswith("{") and not isinstance(facts.values[slots[0].removesuffix("_cur")], bool))
        facts.sentences.append(sentence if as_it_is else sentence[:1].upper() + sentence[1:])


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
        facts.sentences.append(sentence if source.lower or sentence.startswith(text) else sentence[:1].upper() + sentence[1:])
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
    for f in asked:
        f["name"] = f["key"].replace("_", " ")
    restyle(source, asked)
    asked = list({f["key"]: f for f in asked}.values())
    return message_text(source, facts.sentences), asked


def _json_schema(source: Source, asked: list[dict[str, Any]], answer: dict[str, Any]) -> str:
    """JSON Schema, plain or as pydantic writes it; fills `answer` by the rule for what is not said."""
    pydantic = source.chance(0.35)
    described = source.chance(0.5)
    nullable = source.chance(0.5)
    properties: dict[str, Any] = {}
    required = []
    if described and source.chance(0.1) and len({f["description"] for f in asked}) == len(asked):
        for i, f in enumerate(asked):
            f["key"] = source.pick((f"f{i}", f"field_{i}", f"{source.pseudo()}{i}", f"{source.pseudo(2)}_{i}"))
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
    kind = source.below(6)
    if kind in (0, 4) and not all(f["key"].isidentifier() for f in asked):
        kind = source.pick((1, 2, 3, 5))
    if kind == 5:
        return _example(source, asked, answer)
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
        elif kind == 4:
            typescript = SCRIPT_TYPES.get(type_name, type_name)
            lines.append(f"  {f['key']}: {typescript}{' | null' if none else ''};")
        elif kind == 1:
            type_name = {"list[Line]": "[{item: str, quantity: int}]"}.get(type_name, type_name)
            lines.append(f'"{f["key"]}": {type_name}{" or null" if none else ""}')
        else:
            note = {"date": " (YYYY-MM-DD)", "list[str]": " (list)", "list[Line]": " (list of item and quantity)", "bool": " (true or false)"}.get(type_name, "")
            lines.append(f["key"] + note)
    if kind == 0:
        line = "class Line(BaseModel):\n    item: str\n    quantity: int\n\n" if any(f["kind"] == "lines" for f in asked) else ""
        return f"{line}class {source.pick(('Message', 'Record', 'Data', 'Info'))}(BaseModel):\n" + "\n".join(lines)
    if kind == 4:
        lead = source.phrase(("[interface|type|export interface|export type] [Message|Record|Data|Info|Answer|Result|Output|Item|Entry|Reply]",))
        return f"{lead} {{\n" + "\n".join(lines) + "\n}"
    if kind == 1:
        return "{\n  " + ",\n  ".join(lines) + "\n}" if source.chance(0.3) else "{" + ", ".join(lines) + "}"
    lead = source.phrase((
        "[Keys|Fields|Key names|Columns|Attributes|Properties|The keys|JSON keys|Names of the keys|Output keys|Wanted|Needed|I need]: ",
        "[Use|Take|Give|Return|Fill|I need|I want|Write|Only use|Please use] the [keys|fields|attributes|key names] ", "[The|Its|My|Our] [keys|fields|attributes|JSON keys] [are|should be|must be] ",
    ))
    if source.chance(0.25):
        return lead.rstrip() + "".join(f"\n- {x}" for x in lines)
    return lead + ", ".join(lines)


SCRIPT_TYPES = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "list[str]": "string[]", "date": "string", "list[Line]": "{ item: string; quantity: number }[]"}
EMPTY: dict[str, tuple[Any, ...]] = {"string": ("", "...", "string", "text", None), "integer": (0, 1, "integer", "number", None), "number": (0, 0.5, "number", None), "boolean": (True, False, "boolean", None)}


def _example(source: Source, asked: list[dict[str, Any]], answer: dict[str, Any]) -> str:
    """An object that shows the shape: with other values, or with marks to be replaced; what is not said is null."""
    filled = source.chance(0.5)
    shown: dict[str, Any] = {}
    for f in asked:
        answer[f["key"]] = f.get("value")
        schema = fragment(source, f["kind"])
        if filled or schema["type"] == "array":
            shown[f["key"]] = make(source, f["kind"])[0]
        else:
            shown[f["key"]] = "YYYY-MM-DD" if schema.get("format") == "date" else source.pick(EMPTY[schema["type"]])
    lead = source.phrase(("[Example|An example|Example output|Sample|Sample output|Shape|Like this|In this form|The form|The answer looks like|It should look like|Such as][:| (other values):| of the format:]",))
    return f"{lead} {json.dumps(shown, ensure_ascii=False, indent=2) if source.chance(0.2) else dumps(shown)}"


def extraction(source: Source) -> Conversation:
    """One schema to fill, in one of the layouts (schema in the system turn or beside the message)."""
    text, asked = compose(source)
    answer: dict[str, Any] = {}
    schema = (_json_schema if source.chance(0.75) else _sketch)(source, asked, answer)
    ask = sentence_case(source, source.phrase(ASK_TRAIN, ASK_HELD_OUT))
    label = "" if source.chance(0.15) else source.phrase(SCHEMA_LABELS)
    text_label = "" if source.chance(0.2) else source.phrase(TEXT_LABELS)
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


FREE_TRAIN = (
    f"{OPEN}[give me|extract|return|find|write|list|get|output|make|build|collect|gather|show me|send me|pull out|pick out|take|note|read|fetch|copy|print] {{k}}[,| |,| ][as|in|in the form of|into|using|with] {FORM}{END}",
    f"[i need|i want|i'd like|let me have|we need|they want|what is|what are|tell me|do you see|can i have|may i get|i am after|i look for] {{k}}[,|] [as|in|in the form of|inside] {FORM}{END}",
    f"[answer|reply|respond|write back] [in|with|as|using] {FORM} [with|holding|containing|that has|of|that gives|made of] {{k}}{END}",
    f"{FORM} [of|for|from|holding|containing|that has|that holds|with|with the keys|with keys|listing|giving|made of|keys] {{k}}{END}",
    f"[as|in|into|to|make it|want it as|here as|all as|this as|now as] {FORM}[:| with| -|, keys| (keys) |, fields|, only] {{k}}{END}",
    "[json|as json|in json|to json|json only|json please|json keys|keys for json|json object]: {k}[|.|!| please| thanks| only| now]",
    f"[the keys are|keys:|fields:|use the keys|take the keys|with the keys|wanted:|needed:|columns:|key names:|my keys:] {{k}}[. JSON|, as JSON|, JSON please|, in JSON| and answer in JSON|; {FORM}|. reply in {FORM}]{END}",
    f"{OPEN}[turn|convert|make|bring|write|parse|put] [it|this|the text|the message|that|the note] [in|to|into|as] {FORM} [with|using|under|that has|for] [the keys |the fields |keys |just |only |]{{k}}{END}",
    f"{{k}} [as|in|to|into] {FORM}{END}",
)
WHAT = "[the |the |the |its |that |exact ]"
QUESTION_TRAIN = (
    f"[what is|what's|what was|tell me|give me|find|extract|show me|state|read out|copy|pick out|get|write|return|i need|i want|i'd like to know|do you see|can you find|could you give me|look for|look up|say|only|just|fetch|send me|i look for|help me find|which is] {WHAT}{{k}}[?|.|| please|, please| only|, nothing else| from this| in this text| given here| for me]",
    "[what|which] {k} [is it|is given|is named|is meant|do you see|is in the text|is said|stands there|is stated|is mentioned|do they give|do you find|is that|do we have|is written here|was it|can you read][?|| here?| in this text?| please?]",
    "[and |so |now |ok, |][the |][only |just |]{k}[?|| please|, please|?|:| only|, nothing else]",
    f"[does it say|do they say|can you see|can you tell me|do you know|could you say|is there|any word on|what about|how about|one question:|quick question:] {WHAT}{{k}}[?|, please?| in there?| here?|]",
)


def _key_list(source: Source, keys: list[str]) -> str:
    """Keys as a request names them."""
    mark = source.pick(("", "", "", "", '"', "`", "'"))
    marked = [f"{mark}{k}{mark}" for k in keys]
    kind = source.below(6)
    if kind == 0:
        return ", ".join(marked)
    if kind == 1:
        return "[" + ", ".join(marked) + "]"
    if kind == 2:
        return "{" + ", ".join(marked) + "}"
    return ", ".join(marked[:-1]) + (" and " if len(marked) > 1 else "") + marked[-1]


def free_extraction(source: Source) -> Conversation:
    """No schema: "as JSON" with the keys named in the sentence, or a single value asked for."""
    text, asked = compose(source)
    # without a schema nothing tells a list of one from a single value
    asked = [f for f in asked if "value" in f and not (isinstance(f["value"], list) and len(f["value"]) == 1)]
    if not asked:
        return extraction(source)
    c = Conversation(task="extraction")
    if source.chance(0.6):
        keys = _key_list(source, [f["key"] for f in asked])
        lead = sentence_case(source, source.phrase(
            FREE_TRAIN,
            ("I would like {k} in JSON", "Put {k} in a JSON object"), k=keys,
        ))
        lead = lead.rstrip(".!?;:")
        c.user(f"{lead}: {text}" if source.chance(0.5) else f"{text}\n{lead}" + source.pick((".", "", "!")))
        answer = {f["key"]: f["value"] for f in asked}
        c.assistant(dumps(answer))
        c.grade = {"kind": "json", "value": answer}
        return c
    f = source.pick([f for f in asked if f["kind"] != "lines"] or asked)
    name = f["name"]
    if f["kind"] == "lines" or f["kind"].startswith("bool") or f["kind"] == "currency":
        return extraction(source)
    lead = sentence_case(source, source.phrase(
        QUESTION_TRAIN, ("Which {k} does the text give?", "Please name the {k}."), k=name,
    ))
    if not source.unusual and source.chance(0.2):
        lead = ask_for(source, f"the {name}")
    c.user(f"{lead}\n{text}" if source.chance(0.4) else f"{text}\n{lead}")
    value = f["value"]
    reply = ", ".join(value) if isinstance(value, list) else str(value)
    c.assistant(reply)
    c.grade = {"kind": "text", "value": reply}
    c.task = "question"
    return c
