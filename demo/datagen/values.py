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
# (true, false) phrasings in training, then in the evaluation.
BOOLS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "bool_online": (
        ("It is [held|] online", "We meet online", "It takes place online", "Join by video", "It is a video call", "Held online"),
        ("It is not online", "We meet in person", "No video this time", "It is not held online", "Please come in person"),
        ("The whole thing is online",), ("Everybody comes in person",),
    ),
    "bool_gift": (
        ("It is a gift", "Please wrap it as a gift", "It's a present", "Gift wrap it please", "This is a gift", "It will be a present"),
        ("It is not a gift", "No gift wrap", "It's not a present", "No wrapping needed", "This is not a gift", "Don't wrap it"),
        ("I want it as a gift", "We give it as a present"), ("There is no need to wrap it", "That is not a present"),
    ),
    "bool_paid": (
        ("It is [already|] paid", "The money was sent", "Paid in full", "It has been paid", "The bill is settled", "They already paid"),
        ("It is not paid yet", "It is still open", "Not paid", "The money has not been sent", "It is still unpaid", "Nobody has paid yet"),
        ("This one is already paid", "The invoice has been settled"), ("This one is not paid", "The invoice is still open"),
    ),
    "bool_done": (
        ("It is [already|] done", "That is finished", "Done", "The work is complete", "It has been done", "This is completed"),
        ("It is not done yet", "It is still open", "Not finished", "Not done yet", "The work is not complete", "This is unfinished"),
        ("The job is done", "We finished it"), ("The job is not done", "We have not finished it"),
    ),
    "bool_breakfast": (
        ("With breakfast", "Breakfast is included", "Please include breakfast", "We want breakfast", "Breakfast too please"),
        ("Without breakfast", "No breakfast", "Breakfast is not included", "We do not want breakfast", "We skip breakfast"),
        ("Add breakfast please", "Breakfast comes with it"), ("We need no breakfast", "Leave out breakfast, so without it"),
    ),
    "bool_again": (
        ("I would buy it again", "I recommend it", "Recommended", "I can recommend it", "Buy it", "I'd get it again"),
        ("I would not buy it again", "I do not recommend it", "Not recommended", "Don't buy it", "Never again", "I can't recommend it"),
        ("I would recommend it to anyone", "Yes, I would buy it again"), ("I would not recommend it", "No, I would never buy it again"),
    ),
    "bool_vaccinated": (
        ("It is vaccinated", "It had its shots", "Vaccinated", "The vaccination is done", "It has been vaccinated", "It got its vaccination"),
        ("It is not vaccinated", "It has not had its shots", "Not vaccinated", "No vaccination yet", "It was never vaccinated"),
        ("It has had its vaccination",), ("It has had no vaccination so far",),
    ),
    "bool_fragile": (
        ("It is fragile", "Careful, it can break", "Fragile", "Handle with care, it is fragile", "The content is fragile"),
        ("It is not fragile", "Not fragile", "Nothing in it can break", "The content is not fragile", "It can't break"),
        ("Watch out, it is fragile",), ("No worry, it is not fragile",),
    ),
}
VERBS = "call,email,clean,check,repair,paint,order,test,update,move,pack,review,sell,replace,measure,book,print,scan,water,ship".split(",")
PROBLEMS = (
    "does not start,makes a strange noise,is broken,leaks water,won't turn on,keeps beeping,smells of smoke,has no power,lost its screws,"
    "is too slow,stops after a minute,shows an error,has a crack,overheats,will not charge,blinks red,arrived damaged,does not close"
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
        return f"{s.pick(VERBS)} the {s.pick(w.ADJECTIVES + [''] * 30)} {s.pick(w.ITEMS + w.NOUNS)}".replace("  ", " ")

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


MAKERS: dict[str, Callable[[Source], Made]] = {
    "person": _same(Source.person), "full_name": _same(Source.full_name), "first": _same(Source.first_name),
    "city": _same(Source.city), "place": _same(Source.place), "company": _same(Source.company), "email": _same(Source.email),
    "party": _same(lambda s: s.company() if s.chance(0.5) else s.person()), "address": _same(Source.address),
    "company_place": _same(lambda s: f"{low(s, s.pick(('Hotel', 'Cafe', 'Villa', 'Casa', 'Inn', 'Restaurant')))} {s.surname()}"),
    "code": _same(Source.code), "phone": _same(Source.phone), "item": _same(Source.item), "title": _same(Source.title),
    "project": _same(lambda s: s.cased(s.pseudo(2)) if s.chance(0.6) else s.title()), "brand": _same(lambda s: s.cased(s.pseudo(2))),
    "job": _same(lambda s: s.pick(w.JOBS)), "animal": _same(lambda s: s.pick(w.ANIMALS)), "problem": _same(lambda s: s.pick(PROBLEMS)),
    "todo": _todo, "date": _date, "time": _time, "money": Source.money, "count": Source.count, "names": _names, "items": _items,
    "hobbies": _several(w.HOBBIES), "foods": _several(w.FOODS), "genres": _several(GENRES), "lines": _lines,
    "adjectives": _several(w.ADJECTIVES[:34]), "adjectives2": _several(w.ADJECTIVES[34:]),
    "tags": lambda s: _several([s.pseudo(2) for _ in range(3)] + s.some(w.NOUNS, 4))(s),
    "age": _int(3, 99), "small": _int(1, 19), "stars": _int(1, 5), "year": _int(1901, 2027), "pages": _int(12, 1400), "percent": _int(5, 100),
    "decimal": _decimal, "temperature": _temperature, "distance": _distance,
    "currency": lambda s: (lambda c: (c, c))(s.pick(tuple(CURRENCIES))),
}


def make(source: Source, kind: str) -> Made:
    """A value of the kind: (JSON value, how the message says it)."""
    if kind in BOOLS:
        value = source.chance(0.5)
        train_true, train_false, held_true, held_false = BOOLS[kind]
        return value, source.phrase(train_true if value else train_false, held_true if value else held_false)
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
    if kind in ("names", "items", "hobbies", "foods", "genres", "adjectives", "adjectives2", "tags"):
        return dict(LIST)
    if kind == "lines":
        properties = {"item": {"type": "string"}, "quantity": {"type": "integer"}}
        return {"type": "array", "items": {"type": "object", "properties": properties, "required": ["item", "quantity"]}}
    return dict(STRING)
