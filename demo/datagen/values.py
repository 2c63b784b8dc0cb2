"""Kinds of field values: what the JSON holds, how a message says it, and the schema fragment. It does not know sentences."""

# fmt: off
# ruff: noqa: SIM905
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import words as w
from .source import Source

Made = tuple[Any, str]  # the JSON value, and how the message says it

CURRENCIES = {
    "EUR": ("€{v}", "{v} euros", "{v} EUR", "EUR {v}", "{v}€"),
    "USD": ("${v}", "{v} dollars", "{v} USD", "USD {v}"),
    "GBP": ("£{v}", "{v} pounds", "{v} GBP", "GBP {v}"),
    "CHF": ("{v} francs", "{v} CHF", "CHF {v}"),
    "JPY": ("{v} yen", "{v} JPY", "¥{v}"),
}
PRIORITIES = ("low", "medium", "high", "urgent")
STATUSES = ("pending", "packed", "in transit", "delayed", "delivered", "returned")
MODES = ("train", "plane", "bus", "car", "ship", "ferry")
WEATHER = ("sunny", "cloudy", "rainy", "foggy", "windy", "stormy", "snowy", "clear")
WORKS = ("novel", "film", "album", "play", "comic", "essay", "song", "series")
VEHICLES = ("car", "van", "truck", "bicycle", "motorbike", "scooter", "bus", "tractor", "boat")
GENRES = "crime romance fantasy horror comedy drama history travel poetry satire mystery adventure biography western".split()
CLOSED: dict[str, tuple[str, ...]] = {
    "priority": PRIORITIES, "status": STATUSES, "mode": MODES, "weather": WEATHER, "work": WORKS, "vehicle": VEHICLES,
    "colour": tuple(w.COLOURS),
}
_LEAD = "[|||||||Yes, |Well, |By the way, |As far as I know |I think |For your information, |In fact |Just to say: |To be clear, |Oh, and |Also, ]"
_END = "[||||||||, by the way|, as far as I know|, I think|, for now|, in fact|, as agreed|, just so you know|, I am told]"


def _said(*ways: str) -> tuple[str, ...]:
    """These ways to say it, with what people put before and after."""
    return tuple(_LEAD + way + _END for way in ways)


# (true, false) phrasings in training, then in the evaluation.
BOOLS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "bool_online": (
        _said(
            "[it|the meeting|the event|this|everything|the talk] [is|will be|takes place|happens|is held|will be held|runs] [online|on the web|over video|by video|on the internet]",
            "we [meet|talk|see each other|do it|will meet] [online|by video|over a video call|on the web]",
            "[join|take part|come|dial in] [online|by video|over the web|by link]",
            "[it is a|this is a|expect a|we have a] [video call|web meeting|online meeting|online event]",
            "[held|only|all] online",
        ),
        _said(
            "[it|the meeting|the event|this] [is|will be|takes place|is held] not [online|on the web|over video|by video]",
            "we [meet|talk|see each other|will meet] [in person|face to face|on site|there, not online]",
            "[no|there is no|without any|we have no] [video|video call|web link|online part] [this time|here|for it|at all]",
            "[please |you have to |do |everybody must ][come|be there|show up|appear] in person",
            "[it is|this is] [on site|in person|not an online event|no video call|not a web meeting]",
        ),
        ("The whole thing is online",), ("Everybody comes in person",),
    ),
    "bool_gift": (
        _said(
            "[it|this|that|the order] [is|will be|is meant as|goes out as|should be] a [gift|present|birthday gift|surprise gift]",
            "[please |do |kindly |]wrap [it|this|everything|the box] [as a gift|as a present|in gift paper|nicely, it is a gift]",
            "[it's|that's] a [gift|present][ for somebody| for a friend|]",
            "[gift wrap|gift paper|gift wrapping] [please|would be nice|is wanted|is needed]",
        ),
        _said(
            "[it|this|that|the order] [is|will be] [not a|no] [gift|present]",
            "[no|without|we need no|I want no|skip the] [gift wrap|gift paper|wrapping|gift wrapping]",
            "[do not|don't|never|please do not] wrap [it|this|anything|the box]",
            "[it's|that's] [not a|no] [gift|present][, it is for me|, I keep it|]",
        ),
        ("I want it as a gift", "We give it as a present",), ("There is no need to wrap it", "That is not a present",),
    ),
    "bool_paid": (
        _said(
            "[it|this|the bill|the invoice|all of it|everything|the sum] [is|was|has been|got] [already |now |fully |]paid[ in full| already|]",
            "the [money|amount|payment|transfer] [was|has been|is] [sent|made|transferred|received|done]",
            "[they|we|I|somebody] [already |have |have already |]paid [it|for it|the bill|everything|all]",
            "[the bill|it|the account|this] is settled[ now| already|]",
            "[paid|settled|paid in full|fully paid]",
        ),
        _said(
            "[it|this|the bill|the invoice|the sum] [is|was] [not paid|still unpaid|still open|not settled|open|unpaid|not yet paid][ yet|]",
            "the [money|amount|payment|transfer] [was not|has not been|is not|is still not] [sent|made|transferred|received][ yet|]",
            "[nobody|no one] [has paid|paid|has settled it] [yet|so far|until now|for it]",
            "[they|we|I] [have not|did not|haven't|still did not] [pay|paid] [it|for it|yet|the bill]",
            "[not paid|unpaid|still open|payment is missing|payment is due|still to be paid]",
        ),
        ("This one is already paid", "The invoice has been settled",), ("This one is not paid", "The invoice is still open",),
    ),
    "bool_done": (
        _said(
            "[it|this|that|the task|the work|everything|all of it] [is|was|has been|got] [already |now |finally |][done|finished|completed|closed]",
            "[the work|it|the task|this] is [complete|over|ready|behind us]",
            "[we|I|they] [have |already |have already |][finished|completed|closed] [it|the task|this|the work]",
            "[done|finished|completed|all done|closed]",
        ),
        _said(
            "[it|this|that|the task|the work] [is|was] [not|not yet|still not] [done|finished|completed|complete|closed|ready][ yet|]",
            "[it|this|that|the task|the work] is [still |][open|unfinished|in progress|to be done|undone|waiting]",
            "[nobody|no one|none of us] [has finished|finished|has done|completed] [it|this|the task] [yet|so far|until now]",
            "[we|I|they] [have not|haven't|still have not] [finished|completed|done|closed] [it|this|the task|the work]",
            "[not done|unfinished|not finished|still open|to do|open|still in progress]",
        ),
        ("The job is done", "We finished it",), ("The job is not done", "We have not finished it",),
    ),
    "bool_breakfast": (
        _said(
            "[with|including|plus] [a |]breakfast[ please|]",
            "breakfast [is|will be|should be|is also] [included|part of it|wanted|booked|with it]",
            "[please |do |kindly |][include|add|book|serve] [a |the |]breakfast",
            "[we|I|they] [want|would like|take|need|will have|book] [a |the |]breakfast[ too| as well|]",
            "breakfast [too|as well|also][ please|]",
        ),
        _said(
            "[without|excluding|minus] [a |any |]breakfast",
            "[no|we need no|I want no|there is no] breakfast[ please|]",
            "breakfast [is|will be|was] not [included|part of it|wanted|booked|needed]",
            "[we|I|they] [do not|don't|will not] [want|take|need|have|book] [a |any |]breakfast",
            "[we|I|they] [skip|go without|leave out] [the |]breakfast",
        ),
        ("Add breakfast please", "Breakfast comes with it",), ("We need no breakfast", "Leave out breakfast, so without it",),
    ),
    "bool_again": (
        _said(
            "I [would|will|am going to|want to] [buy|get|order|take|choose] [it|this|the same one|one] again",
            "[I|we] [can |do |gladly |really |][recommend] [it|this|the thing|this one]",
            "[it is|it's|this is|that is] [recommended|worth buying|worth the money|a good buy]",
            "[recommended|highly recommended|worth it|buy it|get one|go and buy it]",
            "[you|everybody] should [buy|get|have] [it|one|this]",
        ),
        _said(
            "I [would|will] [not|never] [buy|get|order|take|choose] [it|this|the same one|one] again",
            "[I|we] [do not|don't|cannot|can't|would not] recommend [it|this|the thing|this one]",
            "[it is|it's|this is|that is] not [recommended|worth buying|worth the money|a good buy]",
            "[not recommended|never again|not worth it|don't buy it|stay away from it|avoid it]",
            "[nobody|no one] should [buy|get|have] [it|one|this]",
        ),
        ("I would recommend it to anyone", "Yes, I would buy it again",), ("I would not recommend it", "No, I would never buy it again",),
    ),
    "bool_vaccinated": (
        _said(
            "[it|the animal|the pet] [is|was|has been|got] [already |fully |now |]vaccinated",
            "[it|the animal|the pet] [had|got|has|received] [its|all its|the|all the] [shots|vaccinations|vaccination|injections]",
            "[the|its|every] vaccination [is|was] [done|complete|up to date|given]",
            "[vaccinated|fully vaccinated|vaccinations are done|all shots are there]",
        ),
        _said(
            "[it|the animal|the pet] [is|was] [not|not yet|still not|never] vaccinated[ yet|]",
            "[it|the animal|the pet] [has not had|did not get|has none of|lacks|still needs] [its|all its|the|any] [shots|vaccinations|vaccination|injections]",
            "[no|without|there is no] vaccination [yet|so far|at all|until now]",
            "[the|its] vaccination [is|was] [missing|not done|not given|still to come]",
            "[not vaccinated|unvaccinated|vaccination is missing|no shots yet]",
        ),
        ("It has had its vaccination",), ("It has had no vaccination so far",),
    ),
    "bool_fragile": (
        _said(
            "[it|this|the content|the parcel|everything in it] [is|looks|seems to be] [fragile|very fragile|easy to break|breakable|delicate]",
            "[careful|be careful|take care|caution], [it|this|the content] [can|may|could] break",
            "[handle|carry|treat|lift] [it |this |][with care|carefully|gently][, it is fragile|, it breaks easily|]",
            "[fragile|fragile content|breakable|glass inside, fragile]",
        ),
        _said(
            "[it|this|the content|the parcel] [is|looks] [not|by no means|not at all] [fragile|breakable|delicate|easy to break]",
            "[nothing|no part|none of it] [in it |inside |][can|will|could] break",
            "[it|this|the content] [can't|cannot|will not|won't] break",
            "[not fragile|unbreakable|no fragile content|nothing fragile inside]",
        ),
        ("Watch out, it is fragile",), ("No worry, it is not fragile",),
    ),
}
VERBS = (
    "wash,polish,collect,return,deliver,inspect,label,install,remove,open,close,photograph,sort,fix,assemble,test,sketch,weigh,wrap,unpack,store,sand,oil,"
    "hire,rent,lend,borrow,cancel,copy,describe,draw,empty,fill,hide,list,lock,mark,prepare,plan,rename,restore,seal,stack,study,visit,"
    "call,email,clean,check,repair,paint,order,test,update,move,pack,review,sell,replace,measure,book,print,scan,water,ship"
).split(",")
PROBLEMS = (
    "does not start,makes a strange noise,is broken,leaks water,won't turn on,keeps beeping,smells of smoke,has no power,lost its screws,"
    "is too slow,stops after a minute,shows an error,has a crack,overheats,will not charge,blinks red,arrived damaged,does not close,"
    "drips at night,will not open,has a loose cable,rattles,is scratched,is stuck,runs hot,drains the battery,flickers,keeps restarting,lost its lid,"
    "makes no sound,is bent,has a flat tyre,smells odd,shows a blank screen,is frozen,squeaks,does not reply,vibrates too much,has a dead pixel,is torn"
).split(",")
STRING: dict[str, Any] = {"type": "string"}
LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


def join(source: Source, parts: list[str]) -> str:
    """A list as a message says it."""
    if len(parts) == 1:
        return parts[0]
    if source.chance(0.15):
        return ", ".join(parts)
    return ", ".join(parts[:-1]) + source.pick((" and ", " and ", ", and ", " & ")) + parts[-1]


def low(source: Source, text: str) -> str:
    return text.lower() if source.lower else text


def _names(s: Source) -> Made:
    people = [s.person() for _ in range(s.pick((1, 2, 2, 3, 3, 4)))]
    return people, join(s, people)


def _several(options: Any) -> Callable[[Source], Made]:
    def make(s: Source) -> Made:
        chosen = s.some(options, s.pick((1, 2, 2, 3)))
        return chosen, join(s, chosen)

    return make


def _items(s: Source) -> Made:
    things = [s.item() for _ in range(s.pick((1, 2, 2, 3, 4)))]
    return things, join(s, things)


def _foods(s: Source) -> Made:
    foods = list(dict.fromkeys(s.food() for _ in range(s.pick((1, 2, 2, 3)))))
    return foods, join(s, foods)


def plural(word: str) -> str:
    if word.endswith(("s", "sh", "ch", "x")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


def _lines(s: Source) -> Made:
    """Order lines; the item keeps the words of the message, so an item is said with "x" or as singular."""
    lines, said = [], []
    times = s.chance(0.5)
    for _ in range(s.pick((1, 1, 2, 2, 3))):
        item = s.item()
        n, word = s.count(1, 12)
        if times:
            said.append(s.pick((f"{n}x {item}", f"{n} x {item}", f"{item} x{n}", f"{item} ({n})")) if s.chance(0.5) else f"{n} times {item}")
        elif n == 1:
            said.append(s.pick(("one", "1", "a" if item[0] not in "aeiou" else "an")) + f" {item}")
        else:
            item = plural(item)
            said.append(f"{word} {item}")
        lines.append({"item": item, "quantity": n})
    return lines, join(s, said)


def _date(s: Source) -> Made:
    return s.date()


def _time(s: Source) -> Made:
    return s.clock()


def _todo(s: Source) -> Made:
    def make() -> str:
        return f"{s.pick(VERBS)} the {s.pick(w.ADJECTIVES) + ' ' if s.chance(0.7) else ''}{s.pick(w.ITEMS) if s.chance(0.5) else s.pick(w.NOUNS)}"

    text = s._open(make)
    return text, text


def _same(make: Callable[[Source], str]) -> Callable[[Source], Made]:
    def made(s: Source) -> Made:
        text = make(s)
        return text, text

    return made


def _int(low_: int, high: int) -> Callable[[Source], Made]:
    def made(s: Source) -> Made:
        n = s.between(low_, high)
        return n, str(n)

    return made


def _decimal(s: Source) -> Made:
    n = s.between(1, 999) / 10
    value = int(n) if n == int(n) else n
    return value, str(value)


def _temperature(s: Source) -> Made:
    value: float | int = s.between(-19, 39) if s.chance(0.6) else s.between(-150, 390) / 10
    if value == int(value):
        value = int(value)
    return value, f"minus {-value}" if value < 0 and s.chance(0.3) else str(value)


def _distance(s: Source) -> Made:
    n = s.between(1, 290) * 1000 + s.pick((0, 0, 500, s.between(1, 999)))
    return n, f"{n:,}" if s.chance(0.4) else str(n)


def _goods(s: Source) -> Made:
    """Things in the plural, as one orders them."""
    item = s.item()
    item = plural(item) if s.chance(0.8) else item
    return item, item


MAKERS: dict[str, Callable[[Source], Made]] = {
    "goods": _goods, "languages": _several(w.LANGUAGES), "site": _same(lambda s: s.pick(("www.", "https://", "")) + s.pseudo(2) + s.pick((".com", ".org", ".io", ".net/") ) + s.pick(("", s.pseudo(1)))),
    "person": _same(Source.person), "full_name": _same(Source.full_name), "first": _same(Source.first_name),
    "city": _same(Source.city), "place": _same(Source.place), "company": _same(Source.company), "email": _same(Source.email),
    "party": _same(lambda s: s.company() if s.chance(0.5) else s.person()), "address": _same(Source.address),
    "company_place": _same(lambda s: f"{low(s, s.pick(('Hotel', 'Cafe', 'Villa', 'Casa', 'Inn', 'Restaurant')))} {s.surname()}"),
    "code": _same(Source.code), "phone": _same(Source.phone), "item": _same(Source.item), "title": _same(Source.title),
    "project": _same(lambda s: s.pick((s.wild, s.title, lambda: s.cased(s.pseudo(2))))()), "brand": _same(lambda s: s.wild() if s.chance(0.4) else s.cased(s.accented(s.pseudo(2)))),
    "job": _same(Source.job), "animal": _same(lambda s: s.pick(w.ANIMALS)), "problem": _same(lambda s: s.pick(PROBLEMS)),
    "todo": _todo, "date": _date, "time": _time, "money": Source.money, "count": Source.count, "names": _names, "items": _items,
    "hobbies": _several(w.HOBBIES), "foods": _foods, "genres": _several(GENRES), "lines": _lines,
    "adjectives": _several(w.ADJECTIVES[:34]), "adjectives2": _several(w.ADJECTIVES[34:]),
    "tags": lambda s: _several([s.pseudo(2) for _ in range(2)] + [s.wild()] + s.some(w.NOUNS, 4))(s),
    "age": _int(3, 99), "small": _int(1, 19), "stars": _int(1, 5), "year": _int(1901, 2027), "pages": _int(12, 1400), "percent": _int(5, 100),
    "decimal": _decimal, "temperature": _temperature, "distance": _distance,
    "currency": lambda s: (lambda c: (c, c))(s.pick(tuple(CURRENCIES))),
}


def make(source: Source, kind: str) -> Made:
    """A value of the kind: (JSON value, how the message says it)."""
    if kind in BOOLS:
        value = source.chance(0.5)
        train_true, train_false, held_true, held_false = BOOLS[kind]
        text = source.phrase(train_true if value else train_false, held_true if value else held_false)
        return value, text if source.chance(0.1) else source.cased(text)
    if kind in CLOSED:
        text = source.pick(CLOSED[kind])
        return text, text
    return MAKERS[kind](source)


def fragment(source: Source, kind: str) -> dict[str, Any]:
    """The JSON Schema of a value of the kind."""
    if kind.startswith("bool"):
        return {"type": "boolean"}
    if kind == "date":
        return {"type": "string", "format": "date"}
    if kind == "time":
        return {"type": "string", "format": "time"} if source.chance(0.5) else {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}
    if kind in ("count", "age", "small", "stars", "year", "pages", "percent", "distance"):
        out: dict[str, Any] = {"type": "integer"}
        if source.chance(0.15):
            out["minimum"] = source.pick((0, 1))
        return out
    if kind in ("money", "decimal", "temperature"):
        return {"type": "number"}
    if kind in CLOSED and source.chance(0.7):
        return {"type": "string", "enum": list(CLOSED[kind])}
    if kind in ("names", "items", "hobbies", "foods", "genres", "adjectives", "adjectives2", "tags", "languages"):
        return dict(LIST)
    if kind == "lines":
        properties = {"item": {"type": "string"}, "quantity": {"type": "integer"}}
        return {"type": "array", "items": {"type": "object", "properties": properties, "required": ["item", "quantity"]}}
    return dict(STRING)
