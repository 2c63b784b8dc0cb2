"""Facts told in earlier turns and asked for later, over filler of any length. It knows no token ids, only characters."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from . import reasoning, talk
from . import words as w
from .chat import Conversation
from .extraction import free_extraction
from .frames import ask_for, bind, dress
from .source import Source
from .values import MAKERS

# attribute of a person or thing: kinds of value
PERSONAL = {
    "name": "person", "nickname": "first", "favourite colour": "colour", "favourite food": "food", "favourite city": "city", "password": "code", "wifi password": "code", "locker code": "code", "door code": "code",
    "phone number": "phone", "email": "email", "email address": "email", "address": "address", "home town": "city", "job": "job", "employer": "company", "hobby": "hobby", "birthday": "said_date", "lucky number": "pages",
    "seat": "code", "room": "room", "flight number": "code", "booking code": "code", "licence plate": "code", "badge number": "code", "project": "title", "favourite book": "title", "favourite animal": "animal", "shoe size": "small",
    "age": "age", "bank": "company", "account number": "code", "desk": "room", "meeting time": "said_time", "deadline": "said_date", "doctor": "person", "best friend": "person", "street": "address", "bus line": "age",
    "team": "word", "boat": "word", "dog": "first", "cat": "first", "budget": "pages", "next trip": "city", "car": "word", "order number": "code", "serial number": "code", "middle name": "first", "instrument": "item", "gift": "item",
}
STATE_TRAIN = (
    "{S} is {v}.", "[Remember|Please remember|Keep in mind|Note|Please note|Don't forget|You should know|For later] that {s} is {v}.", "{v} is {s}.", "[Note|Remember|Info|FYI|By the way][:|,] {s} is {v}.", "{S}: {v}", "[I want you to know|I tell you|Let me tell you] that {s} is {v}.",
    "[So|Well|Also|And|Oh], {s} is {v}.", "{S} = {v}", "[Here is|This is] {s}: {v}.", "[As for|About] {s}[:|,] it is {v}.",
)
STATE_HELD_OUT = ("In case you need it later, {s} is {v}.", "Store this in your memory: {s} is {v}.", "I should mention that {v} is {s}.", "One more thing: {s} happens to be {v}.")
ASK_TRAIN = (
    "[What is|What's|What was] {s}[?|| again?]", "[Do you remember|Do you know|Can you tell me|Can you recall|Could you tell me|Do you still know] {s}?", "[Tell me|Give me|Say|Remind me of|Recall|Repeat] {s}[.|| please]", "{s}?", "[Do you remember|Can you tell me|Tell me|Please say|Do you know] what {s} [is|was][?||.]",
    "[I forgot|I don't remember|I lost] {s}[, what is it?|, what was it?|.|. Can you help?]", "[And |And what is |So what is |Now, what is |Quick: what is ]{s}?",
)
ASK_HELD_OUT = ("Could you look back and name {s}?", "What did I tell you {s} is?", "Earlier I gave you {s}, please state it.", "I would like to hear {s} once more.")
CHANGE_TRAIN = ("[Actually|Sorry|Correction|Wait|Oh no|No][,|:] {s} is {v}.", "{S} [has changed|changed][:|,] it is {v} now.", "[I was wrong|That has changed], {s} is [now |]{v}.", "{S} is now {v}.")
CHANGE_HELD_OUT = ("Scratch that, {s} is {v} from now on.", "An update: {s} became {v}.")
# (statements, questions, answer) with slots n (a name), v (the value); kind of the value
RELATIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], str], ...] = (
    ("city", ("{n} lives in {v}.", "{n} [has moved to|moved to|has a house in|has a flat in|is from|comes from|grew up in|was born in|calls {v} home, yes,|works in] {v}.", "[The home of {n}|The city of {n}|Home for {n}] is {v}.", "In {v} [lives|there lives|you find|dwells] {n}."), ("[Where does {n} live|In which city does {n} live|In what city is {n}|Where is {n} at home|What is the city of {n}|Where is {n} from|Which city is home to {n}]?", "[Tell me|Do you know] where {n} lives[?|]"), ("{n} has settled in {v}.",), ("What is the home of {n}?",), "{n} lives in {v}."),
    ("job", ("{n} [is|works as|was|became known as|wants to stay|has always been] a {v}.", "{n} [earns a living|makes money|is employed|serves|has a job] as a {v}.", "[The job of {n} is|The trade of {n} is|{n}, you know, is a] {v}."), ("What is [{n}'s job|the job of {n}|the trade of {n}|the profession of {n}]?", "[In which job|As what] does {n} [work|earn money]?", "What does {n} do[ for a living|]?", "[Tell me|Do you know] what {n} works as[?|]"), ("By trade {n} is a {v}.",), ("Which job has {n}?",), "{n} works as a {v}."),
    ("food", ("{n} [likes|loves|eats only|is fond of|prefers|enjoys|always eats|dreams of|is happy with|wants] {v}.", "{n}'s favourite food is {v}.", "[Nothing makes {n} as happy as|The dish of {n} is|You can please {n} with|Cook for {n}:] {v}."), ("What does {n} like[ to eat|]?", "[What|Which food|Which dish] does {n} [love|prefer|eat|enjoy|want]?", "[What makes {n} happy|What should I cook for {n}|What food is right for {n}|What food is good for {n}]?"), ("{n} cannot resist {v}.",), ("Which food pleases {n}?",), "{n} likes {v}."),
    ("item", ("{n} [bought|got|found|lost|owns|sold|carries|brought|picked up|holds|took|stole|made|repaired] a {v}.", "{n} [has|wants] a {v}.", "[The thing of {n} is|We gave {n}|They sold {n}] a {v}."), ("What does {n} have?", "[What thing|Which thing|What object] [does {n} have|has {n}|belongs to {n}]?", "What [did|does] {n} [buy|get|own|find|want]?", "Which thing is {n}'s?"), ("{n} came home with a {v}.",), ("What thing goes with {n}?",), "It is a {v}."),
    ("place", ("{n} [is waiting|waits|is|sits|stands|works|stays|was seen|can be found] [at|in|near] {v}.", "You [find|can find|meet] {n} [at|in] {v}.", "[Go to {v} for|At {v} there is|In {v} sits] {n}."), ("[In which place|At what place|At which spot] is {n}?", "Where [is|can I find|do I find|do I meet] {n}?", "[Tell me|Do you know] where {n} is[?|]"), ("{n} stays around {v}.",), ("At which place is {n}?",), "{n} is at {v}."),
    ("first", ("{n} has a [dog|cat|horse|parrot|rabbit|goat|hamster|pet] [called|named|by the name of] {v}.", "{v} is [the pet of|the dog of|the cat of|the animal of|a pet of] {n}.", "{n} [lives with|walks with|plays with|cares for] a pet [called|named] {v}.", "The [dog|cat|pet|horse] of {n} is called {v}."), ("What is {n}'s [pet|animal] called?", "[Which pet|What pet|Which animal] [does {n} have|has {n}|belongs to {n}|lives with {n}]?", "What name [does|has] the [pet|animal] of {n}[ have|]?", "[What is the name of {n}'s pet|What's the pet of {n} called]?"), ("{n} shares a home with a pet called {v}.",), ("Which name has the pet of {n}?",), "The pet of {n} is called {v}."),
    ("code", ("{n} has [the number|number|the code|code|the id|id] {v}.", "{v} is [the number of|the code of|what we gave|the id of|the code for] {n}.", "[They gave {n}|We gave {n}|{n} received|{n} got] [the number|the code|the id] {v}.", "[The code of|The number of] {n} is {v}.", "{n}: {v}"), ("What is [the code of {n}|the number of {n}|{n}'s number|{n}'s code]?", "Which [code|number|id] [does {n} have|has {n}|was {n} given|belongs to {n}]?", "[Under|By|With] [which|what] [number|code] [is {n} listed|do we know {n}|is {n} known]?"), ("{v} was given to {n} as a number.",), ("Under which code does {n} run?",), "{n} has {v}."),
)

# (statement, question, answer, kind of the value) about the user, in the first person
MYSELF: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("I [live|have a house|have a flat|stay] in {v}", ("[Where do I|In which city do I|What city do I] live[ in|]?", "[Where is|What is] my home?", "[Do you know|Tell me|Do you remember] where I live[?|]"), "You live in {v}.", "city"),
    ("I [am from|come from|grew up in|was born in] {v}", ("Where [am I|do I come] from?", "[Where was I born|Where did I grow up]?", "[Do you know|Tell me|Do you remember] where I [am|come] from[?|]"), "You are from {v}.", "city"),
    ("I [work as|am|earn my money as] a {v}", ("What [do I do|do I work as|is my job|is my work]?", "[Do you know|Tell me|Do you remember] what I [do|work as][?|]"), "You are a {v}.", "job"),
    ("I [like|love|adore|enjoy|always eat] {v}", ("What do I [like|love|enjoy][ to eat|]?", "[Do you know|Tell me|Do you remember] what I [like|love|enjoy][?|]"), "You like {v}.", "food"),
    ("I [am|just turned|turned] {v} years old", ("How old am I?", "[Do you know|Tell me|Do you remember] [how old I am|my age][?|]"), "You are {v} years old.", "age"),
    ("I [have|own|bought|got] a {v}", ("What do I [have|own]?", "What did I [buy|get]?", "[Do you know|Tell me] what I [have|own|bought|got][?|]"), "You have a {v}.", "item"),
    ("I [parked|left the car|left my car] [at|in|near] {v}", ("Where [did I park|is my car|did I leave the car]?", "[Do you know|Tell me] where [I parked|my car is][?|]"), "You parked at {v}.", "place"),
    ("[my|the] [meeting|appointment|train|flight] is at {v}", ("[When|At what time] is [my|the] [meeting|appointment|train|flight]?", "[What time|When] [do I have to be there|does it start]?"), "It is at {v}.", "said_time"),
    ("I [travel|fly|go|drive] to {v} [soon|tomorrow|next week|on Monday]", ("Where [do I|will I|am I going to] [travel|fly|go|drive]?", "[Do you know|Tell me] where I [travel|fly|go|drive] to[?|]"), "You go to {v}.", "city"),
)


@dataclass
class Fact:
    state: str
    questions: tuple[str, str]  # (asked about the subject, the answer with its value)
    value: str
    key: str


def _value(source: Source, kind: str) -> str:
    if kind == "colour":
        return source.pick(w.COLOURS) if source.chance(0.5) else f"{source.pick(w.ADJECTIVES)} {source.pick(w.COLOURS)}"
    if kind == "food":
        return source.pick(w.FOODS) if source.chance(0.4) else f"{source.pick(w.FOODS)} {source.pick(('with', 'and', 'in'))} {source.pick(w.FOODS)}"
    if kind == "hobby":
        return source.pick(w.HOBBIES)
    if kind == "word":
        return source.cased(source.pseudo())
    if kind == "room":
        return source.room()
    if kind == "said_date":
        return source.date()[1]
    if kind == "said_time":
        return source.clock()[1]
    return str(MAKERS[kind](source)[1])


def _capital(source: Source, text: str) -> str:
    return text if source.lower else text[:1].upper() + text[1:]


def _subject(source: Source) -> tuple[str, str, str]:
    """(as the user says it, as the reply says it, kind of the value)."""
    attribute = source.pick(tuple(PERSONAL))
    kind = PERSONAL[attribute]
    form = source.below(6)
    if form < 2:
        return f"my {attribute}", f"your {attribute}", kind
    if form == 2:
        relation = source.pick(w.RELATIONS)
        return f"my {relation}'s {attribute}", f"your {relation}'s {attribute}", kind
    if form == 3:
        who = source.first_name()
        return f"{who}'s {attribute}", f"{who}'s {attribute}", kind
    attribute = source.pick(w.ATTRIBUTES) if source.chance(0.6) else source.pseudo()
    kind = source.pick(("code", "item", "person", "city", "pages", "word", "title", "code"))
    if form == 4:
        thing = f"the {source.pick(w.NOUNS)}" if source.chance(0.5) else source.cased(source.pseudo(2))
        return (f"the {attribute} of {thing}",) * 2 + (kind,)
    if source.chance(0.5):
        attribute = f"{source.pick(w.NOUNS + w.ADJECTIVES)} {attribute}"
    return (f"the {attribute}",) * 2 + (kind,)


def make_fact(source: Source) -> Fact:
    if source.chance(0.28):
        kind, states, asks, held_states, held_asks, reply = source.pick(RELATIONS)
        n, v = source.person(), _value(source, kind)
        if n == v:
            return make_fact(source)
        return Fact(
            dress(source, source.frame(states, held_states)).format(n=n, v=v), (dress(source, source.frame(asks, held_asks)).format(n=n), reply.format(n=n, v=v)), v, f"{n} {kind}",
        )
    if source.chance(0.2):
        state, asks2, reply, kind = source.pick(MYSELF)
        v = _value(source, kind)
        state = _capital(source, dress(source, source.frame((state,))).format(v=v))
        return Fact(state + ".", (_capital(source, dress(source, source.frame(asks2))), reply.format(v=v)), v, f"I {reply[:9]} {kind == 'said_time'}")
    mine, yours, kind = _subject(source)
    v = _value(source, kind)
    if mine == "my name" and source.chance(0.5):
        state = source.phrase(("[I am|I'm|My name is|You can call me|Call me|Hi, I am|Hello, I'm|This is] {v}.",), ("People know me as {v}.",), v=v)
    else:
        state = bind(source, mine, v) if not source.unusual and source.chance(0.5) else source.phrase(STATE_TRAIN, STATE_HELD_OUT, s=mine, S=_capital(source, mine), v=v)
    ask = source.phrase(("who am i?", "[What is|What's] my name?", "Do you know who I am?"), ("By which name do I go?",)) if mine == "my name" and source.chance(0.4) else _ask(source, mine)
    return Fact(state, (_capital(source, ask), f"{yours[:1].upper() + yours[1:]} is {v}."), v, mine)


def _ask(source: Source, mine: str) -> str:
    if not source.unusual and source.chance(0.5):
        return ask_for(source, mine)
    return source.phrase(ASK_TRAIN, ASK_HELD_OUT, s=mine)


def _filler(source: Source, c: Conversation) -> None:
    kind = source.random()
    if kind < 0.3:
        talk.small_exchange(source, c)
    elif kind < 0.45:
        reasoning.exchange(source, c)
    elif kind < 0.55:
        c.messages += free_extraction(source).messages if c.system is None else []
    else:
        sentences = [source.sentence() for _ in range(source.between(2, 9))]
        lead = source.phrase(("Here is a text: ", "[Keep|Read|Note] this[:|] ", "", "", "[For your files|For later|This is for your notes|Only for your information|Keep what follows|File this|Read what follows]: ", "[A story|Some text|From my diary|The news|Another note]: "), ("What follows is only for your files: ",))
        c.user(lead + " ".join(sentences))
        c.assistant("Noted.")


def size(c: Conversation) -> int:
    return sum(len(m["content"]) + 30 for m in c.messages)


def recall(source: Source, characters: int | None = None) -> Conversation:
    """A conversation of about `characters` (random where None) that tells facts and asks for some of them.

    The last question is graded; in the evaluation it asks for a fact of the first quarter of the conversation.
    """
    c = Conversation(task="recall")
    if source.chance(0.35):
        c.system = talk.system_prompt(source)
        if c.system.startswith(("The user is", "Your name", "You assist")):
            c.system = None
    target = characters or source.pick((300, 600, 1000, 1500, 2500, 3500, 4500, 5500, 6500, 9000))
    facts: dict[str, Fact] = {}
    num_facts = source.between(1, 3) if target < 1000 else source.between(2, 12)
    places = sorted(source.random() * 0.9 for _ in range(num_facts))
    places[0] = 0.0 if source.graded else places[0] * source.random()
    first = ""
    while size(c) < target or places:
        if places and size(c) >= places[0] * target:
            places.pop(0)
            first = _tell(source, c, facts) or first
            first = first or next(iter(facts))
        elif facts and not source.graded and source.chance(0.06):
            _question(source, c, source.pick(list(facts.values())))
        else:
            _filler(source, c)
    asked = source.shuffled(list(facts.values()))
    for fact in asked[: 0 if source.graded else source.between(0, 5)]:
        _question(source, c, fact)
    if source.chance(0.08):
        _not_told(source, c, facts)
        return c
    _question(source, c, next(iter(facts.values())) if source.graded else asked[-1])
    return c


def _tell(source: Source, c: Conversation, facts: dict[str, Fact]) -> str:
    """Tell one to three facts in a turn, alone or inside a text, or change one that was told."""
    if facts and source.chance(0.1):
        fact = source.pick(list(facts.values()))
        if fact.key.startswith(("my ", "the ")) and fact.key not in ("my name",):
            v = _value(source, source.pick(("code", "person", "city", "item")))
            change = source.pick(("From now on", "As of today", "I have to correct myself:", "New:", "Change of plan:", "Forget what I said,", "Now", "Update:", "It changed:"))
            c.user(f"{change.lower() if source.lower else change} {bind(source, fact.key, v)}" if not source.unusual and source.chance(0.4) else source.phrase(CHANGE_TRAIN, CHANGE_HELD_OUT, s=fact.key, S=_capital(source, fact.key), v=v))
            c.assistant("Noted.")
            reply = fact.questions[1].removesuffix(f"{fact.value}.") + f"{v}."
            facts[fact.key] = Fact(c.messages[-2]["content"], (fact.questions[0], reply), v, fact.key)
            return ""
    told = []
    for _ in range(source.pick((1, 1, 1, 2, 3))):
        fact = make_fact(source)
        if fact.key not in facts:
            facts[fact.key] = fact
            told.append(fact.state if fact.state.endswith((".", "?")) else fact.state + source.pick((".", "")))
    if source.chance(0.35):
        for _ in range(source.between(1, 5)):
            told.insert(source.below(len(told) + 1), source.sentence())
    if told:
        if len(told) == 2 and source.chance(0.4):
            told[0] = told[0].rstrip(".") + source.pick((" and ", ", and ", "; ", " but "))
            text = told[0] + told[1]
        else:
            text = " ".join(x if x.endswith(".") or x is told[-1] else x + "." for x in told)
        c.user(text)
        only_name = facts["my name"].value if len(told) == 1 and told[0] is text and "my name" in facts else ""
        c.assistant(f"Nice to meet you, {only_name}." if only_name and only_name in text else "Noted.")
    return ""


def _question(source: Source, c: Conversation, fact: Fact) -> None:
    ask, reply = fact.questions
    c.user(ask)
    c.assistant(reply)
    c.grade = {"kind": "contains", "value": fact.value, "reply": reply}


def _not_told(source: Source, c: Conversation, facts: dict[str, Fact]) -> None:
    for _ in range(20):
        mine, yours, _ = _subject(source)
        if mine not in facts and mine not in ("my name", "my job", "my age"):
            break
    c.user(_capital(source, _ask(source, mine)))
    reply = f"You have not told me {yours}."
    c.assistant(reply)
    c.grade = {"kind": "text", "value": reply}


def copying(source: Source) -> Conversation:
    """Bare lists of keys and values, then many look-ups: the purest exercise in finding and copying."""
    c = Conversation(task="copying")
    n = source.pick((3, 6, 10, 20, 40, 60))
    table: dict[str, str] = {}
    key_kind = source.pick(("person", "code", "word", "title", "item", "city"))
    value_kind = source.pick(("code", "word", "phone", "email", "person", "pages", "address", "item", "title"))
    for _ in range(n):
        table.setdefault(_value(source, key_kind), _value(source, value_kind))
    sep, gap = source.pick((": ", " = ", " - ", " -> ", " is ", ", ", "\t", " | ")), source.pick(("\n", "\n", "; ", ". ", ", "))
    c.user(source.phrase(("[Here is a list|A table|Keep this list|Remember these|Data|Look at this]:", "", "[Note|Store] these [pairs|entries|lines]:")) + "\n" + gap.join(f"{k}{sep}{v}" for k, v in table.items()))
    c.assistant("Noted.")
    for k in source.some(list(table), source.pick((2, 4, 8, 12))):
        form = source.below(3)
        c.user(source.phrase(("{k}?", "What [belongs to|goes with|stands beside|is listed for|is there for|did I list for|do you have for|does the list say for] {k}?", "{k}", "[Look up|Find|Give me|Show|Read|Get|Tell me about|And|Now|Next:|Then] {k}[| please|?]", "[Which|What] [value|word|thing|name|line] [has|belongs to|stands at|is next to|do you see for] {k}?"), ("Which entry does {k} have?",), k=k) if form < 2 else f"{k}{sep}".rstrip())
        c.assistant(table[k])
    c.grade = {"kind": "text", "value": c.messages[-1]["content"]}
    return c
