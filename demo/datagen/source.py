"""Random values and phrasings: one `Source` per conversation, seeded, for training or for the held-out evaluation.

Open-vocabulary values, and the frames of sentences before values are put in, are split by a hash of their text: one
in sixteen is kept for the evaluation and is never made for training, and the other way round. Beside that split there
are hand-written phrasings in other words, for the "unusual" evaluation alone. It does not know tasks, schemas or tools.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import TypeVar

from . import words as w

X = TypeVar("X")
Node = str | tuple["list[list[Node]]"]  # text, or a choice between sequences


def is_held_out(value: str) -> bool:
    """True for the one value in sixteen that only the evaluation may use."""
    return zlib.crc32(value.lower().encode()) % 16 == 0


@cache
def _parse(template: str) -> list[Node]:
    """Parse "[a|b]" choices (they nest); slots "{x}" stay in the text."""

    def sequence(i: int, inside: bool) -> tuple[list[list[Node]], int]:
        options: list[list[Node]] = [[]]
        text = ""
        while i < len(template):
            c = template[i]
            if c == "[" or (inside and c in "|]"):
                if text:
                    options[-1].append(text)
                    text = ""
                if c == "[":
                    inner, i = sequence(i + 1, True)
                    options[-1].append((inner,))
                elif c == "|":
                    options.append([])
                else:
                    return options, i
            else:
                text += c
            i += 1
        if text:
            options[-1].append(text)
        return options, i

    return sequence(0, False)[0][0]


class Source:
    """A seeded source of values. `held_out` picks the evaluation's share of names, values and phrasings.

    `unusual` takes the phrasings that were written for the evaluation alone. `graded` asks for conversations that may
    end where a reply is graded, such as at a tool call.
    """

    def __init__(self, seed: int, *, held_out: bool = False, graded: bool = False, unusual: bool = False) -> None:
        self.rng = Random(seed)
        self.random = self.rng.random
        self.held_out, self.unusual = held_out, unusual
        self.graded = graded or held_out
        self.lower = self.chance(0.12)

    def chance(self, p: float) -> bool:
        return self.random() < p

    def below(self, n: int) -> int:
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        return low + int(self.random() * (high - low + 1))

    def pick(self, options: Sequence[X]) -> X:
        return options[int(self.random() * len(options))]

    def some(self, options: Sequence[X], n: int) -> list[X]:
        return self.rng.sample(options, min(n, len(options)))

    def shuffled(self, options: Sequence[X]) -> list[X]:
        out = list(options)
        self.rng.shuffle(out)
        return out

    def frame(self, train: Sequence[str], unusual: Sequence[str] = ()) -> str:
        """A phrasing with its choices made and its slots still open, from this side of the split."""
        if self.unusual and unusual:
            return self._cased(self._choose(_parse(self.pick(unusual))))
        text = ""
        for _ in range(60):
            text = self._choose(_parse(self.pick(train)))
            if is_held_out(text) == self.held_out:
                break
        return self._cased(text)

    def phrase(self, train: Sequence[str], unusual: Sequence[str] = (), /, **slots: object) -> str:
        """One phrasing with its slots filled in."""
        text = self.frame(train, unusual)
        return text.format(**slots) if "{" in text else text

    def fill(self, template: str, /, **slots: object) -> str:
        """Choose every "[a|b]" of the template and put the slots in, on either side of the split."""
        text = self._cased(self._choose(_parse(template)))
        return text.format(**slots) if "{" in text else text

    def _cased(self, text: str) -> str:
        return text.lower() if self.lower else text

    def _choose(self, nodes: list[Node]) -> str:
        return "".join(n if isinstance(n, str) else self._choose(self.pick(n[0])) for n in nodes)

    def _open(self, make: Callable[[], str]) -> str:
        """A value from the right side of the held-out split."""
        for _ in range(400):
            value = make()
            if is_held_out(value) == self.held_out:
                return value.lower() if self.lower else value
        raise AssertionError("no value on this side of the split")

    # Open-vocabulary values
    def pseudo(self, syllables: int = 0) -> str:
        """A lower-case word that no dictionary has."""

        def make() -> str:
            n = syllables or self.pick((1, 2, 2, 2, 3))
            return "".join(self.pick(w.ONSETS) + self.pick(w.NUCLEI) + self.pick(w.CODAS) for _ in range(n))

        return self._open(make)

    def accented(self, word: str) -> str:
        """The word with an accent now and then."""
        if self.chance(0.93):
            return word
        at = self.below(len(word))
        return word[:at] + self.pick(w.ACCENTS.get(word[at], word[at])) + word[at + 1 :]

    def wild(self) -> str:
        """A made-up name in any mixture of cases, such as "xaRo", "TOLBEK", "MekaSul", "lon-dar" or "Pir7"."""
        word = self.pseudo(2)
        if self.lower:
            return word
        kind = self.below(6)
        if kind == 0:
            return word.upper()
        if kind == 1:
            return self.cased(word) + self.cased(self.pseudo(1))
        if kind == 2:
            return (
                f"{self.cased(word)}-{self.cased(self.pseudo(1))}" if self.chance(0.5) else f"{word}-{self.pseudo(1)}"
            )
        if kind == 3:
            return f"{self.cased(word)}{self.between(1, 99)}"
        if kind == 4:
            return word + self.cased(self.pseudo(1))
        return "".join(c.upper() if self.chance(0.5) else c for c in word)

    def first_name(self) -> str:
        if self.chance(0.45):
            return self._open(lambda: self.pick(w.FIRST_NAMES))
        name = self.cased(self.accented(self.pseudo(2)))
        return f"{name}-{self.cased(self.pseudo(1))}" if self.chance(0.04) and not self.lower else name

    def surname(self) -> str:
        if self.chance(0.4):
            return self._open(lambda: self.pick(w.SURNAMES))
        name = self.cased(self.accented(self.pseudo(self.pick((2, 2, 3)))))
        if self.lower or self.chance(0.94):
            return name
        return self.pick(("Mc", "Mac", "O'", "D'", f"{self.cased(self.pseudo(2))}-")) + name

    def cased(self, word: str) -> str:
        return word if self.lower else word[:1].upper() + word[1:]

    def full_name(self) -> str:
        first, last = self.first_name(), self.surname()
        if self.lower or self.chance(0.8):
            return f"{first} {last}"
        kind = self.below(4)
        if kind == 0:
            return f"{self.letters(1)}. {last}" if self.chance(0.4) else f"{self.letters(1)}. {self.letters(1)}. {last}"
        if kind == 1:
            return f"{first} {self.letters(1)}. {last}"
        if kind == 2:
            return f"{first} {self.pick(w.SURNAME_LEADS)} {last}"
        return f"{first} {self.first_name()} {last}"

    def person(self) -> str:
        return self.full_name() if self.chance(0.5) else self.first_name()

    def city(self) -> str:
        if self.chance(0.5):
            return self._open(lambda: self.pick(w.CITIES))
        name = self.cased(self.accented(self.pseudo(self.pick((2, 3)))))
        if self.chance(0.92):
            return name
        lead = self.pick(("New", "Port", "San", "North", "East", "Upper", "Old", "Fort", "Lake", "Mount"))
        return f"{lead.lower() if self.lower else lead} {name}"

    def place(self) -> str:
        kind = self.below(8)
        if kind < 3:
            return self.city()
        if kind == 3:
            return self.room()
        if kind == 4:
            return self.address()
        noun = self.pick(w.PLACE_ENDS)
        return f"{self.cased(self.pseudo(2))} {noun.lower() if self.lower else noun}"

    def room(self) -> str:
        word = self.pick(w.ROOMS)
        name = self.pick((str(self.between(1, 499)), self.letters(1) + str(self.between(1, 99)), self.letters(1)))
        return f"{word.lower() if self.lower else word} {name}"

    def address(self) -> str:
        end = self.pick(w.STREET_ENDS)
        return f"{self.between(1, 199)} {self.surname()} {end.lower() if self.lower else end}"

    def company(self) -> str:
        end = self.pick(w.COMPANY_ENDS)
        name = self.wild() if self.chance(0.15) else self.surname()
        return f"{name} {end.lower() if self.lower else end}"

    def item(self) -> str:
        """One thing, such as "lamp" or "folding blue chair"."""
        kind = self.below(10)
        if kind < 3:
            return self.pick(w.THINGS)
        if kind < 7:
            return self._open(lambda: f"{self.pick(w.ADJECTIVES)} {self.pick(w.ITEMS)}")
        if kind < 8:
            return self._open(lambda: f"{self.pick(w.ADJECTIVES)} {self.pick(w.ADJECTIVES)} {self.pick(w.ITEMS)}")
        return self.pseudo(2) if kind < 9 else f"{self.pseudo(2)} {self.pick(w.ITEMS)}"

    def job(self) -> str:
        """An occupation such as "nurse", "senior architect" or "Head of Marketing"."""
        kind = self.below(20)
        if kind < 13:
            return self.pick(w.JOBS)
        if kind < 15:
            return self._open(lambda: self.pick(w.JOB_TITLES))
        return self._open(lambda: f"{self.pick(w.JOB_LEADS)} {self.pick(w.JOBS)}")

    def food(self) -> str:
        """A food such as "salmon" or "grilled salmon"."""
        if self.chance(0.75):
            return self.pick(w.FOODS)
        return self._open(lambda: f"{self.pick(w.FOOD_LEADS)} {self.pick(w.FOODS)}")

    def title(self) -> str:
        """A title such as "The Quiet Harbour", "How to Mend a Kettle" or "wooden tower"."""

        def make() -> str:
            a, n = self.pick(w.ADJECTIVES), self.pick(w.NOUNS)
            kind = self.below(20)
            if kind < 9:
                words = [a, n]
            elif kind < 13:
                words = [n, "of", self.cased(self.pseudo(2))]
            elif kind < 15:
                words = [a, n, self.pick(w.TITLE_LINKS), "the", self.pick(w.ADJECTIVES), self.pick(w.NOUNS)]
            elif kind < 16:
                words = ["how", "to", self.pick(w.TITLE_VERBS), "a", a, n]
            elif kind < 17:
                words = [self.wild(), n]
            elif kind < 18:
                words = ["my", "life", "as", "a", self.pick(w.JOBS)]
            else:
                words = [self.pick(w.NUMBER_WORDS), a, self.pick(w.ANIMALS)]
            if kind < 13 and self.chance(0.5):
                words.insert(0, "the")
            style = self.below(20)
            if style < 2:
                text = " ".join(words)
                return text[:1].upper() + text[1:]
            if style == 2:
                return " ".join(words).upper()
            small = ("of", "the", "a", "to", "as", "and")
            return " ".join(x if i and x in small else x[:1].upper() + x[1:] for i, x in enumerate(words))

        return self._open(make)

    def letters(self, n: int) -> str:
        text = "".join(self.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(n))
        return text.lower() if self.lower else text

    def digits(self, n: int) -> str:
        return "".join(self.pick("0123456789") for _ in range(n))

    def code(self) -> str:
        """An identifier such as "KX-4821", "7f3k9q" or "90412"."""

        def make() -> str:
            kind = self.below(11)
            if kind == 0:
                return f"{self.letters(self.between(1, 3))}-{self.digits(self.between(2, 5))}"
            if kind == 1:
                return self.digits(self.between(4, 8))
            if kind == 2:
                return "".join(self.pick("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(self.between(5, 8)))
            if kind == 3:
                return f"{self.letters(2)}{self.digits(3)}{self.letters(1)}"
            if kind == 4:
                return f"{self.pseudo(2)}-{self.digits(self.between(1, 3))}"
            if kind == 5:
                return f"{self.letters(3)}-{self.digits(4)}-{self.digits(self.between(2, 4))}"
            if kind == 6:
                return "".join(self.pick(CODE_LETTERS) for _ in range(self.between(5, 10)))
            if kind == 7:
                return f"{self.letters(2)}_{self.digits(2)}/{self.digits(self.between(2, 4))}"
            if kind == 8:
                return f"{self.hexadecimal(4)}-{self.hexadecimal(4)}"
            if kind == 9:
                return f"{self.wild()}_{self.digits(self.between(1, 3))}"
            return f"{self.letters(3)}{self.digits(self.between(2, 4))}"

        return self._open(make)

    def hexadecimal(self, n: int) -> str:
        return "".join(self.pick("0123456789abcdef") for _ in range(n))

    def email(self) -> str:
        first = re.sub("[^a-z]", "", self.first_name().lower())
        host = self.pseudo(2)
        end = self.pick(("com", "org", "net", "io", "co.uk", "de", "eu"))
        if self.chance(0.5):
            first += self.pick((".", "_", "")) + self.pseudo(2)
        return f"{first}@{host}.{end}"

    def phone(self) -> str:
        kind = self.below(4)
        if kind == 0:
            return f"+{self.between(1, 99)} {self.digits(3)} {self.digits(3)} {self.digits(4)}"
        if kind == 1:
            return f"0{self.digits(3)} {self.digits(6)}"
        return (
            f"{self.digits(3)}-{self.digits(4)}" if kind == 2 else f"{self.digits(3)}-{self.digits(3)}-{self.digits(4)}"
        )

    def clock(self) -> tuple[str, str]:
        """A time of day: (HH:MM, as it is said)."""
        hour, minute = self.below(24), self.pick((0, 0, 0, 15, 30, 30, 45, 5, 10, 20, 40, 50, 55))
        iso = f"{hour:02d}:{minute:02d}"
        if self.chance(0.5):
            return iso, iso
        half = "am" if hour < 12 else "pm"
        said = f"{(hour - 1) % 12 + 1}" + (f":{minute:02d}" if minute or self.chance(0.2) else "")
        return iso, said + self.pick(("", " ")) + half

    def date(self) -> tuple[str, str]:
        """A date: (YYYY-MM-DD, as it is said)."""
        y, m, d = (
            self.between(1950, 2035) if self.chance(0.4) else self.between(2023, 2028),
            self.between(1, 12),
            self.between(1, 28),
        )
        if self.chance(0.1):
            d = self.between(1, 30 if m != 2 else 28)
        iso = f"{y}-{m:02d}-{d:02d}"
        month = w.MONTHS[m - 1]
        if self.lower:
            month = month.lower()
        ending = "th" if 10 < d < 14 else {1: "st", 2: "nd", 3: "rd"}.get(d % 10, "th")
        kind = self.below(8)
        said = (
            f"{d} {month} {y}",
            f"{month} {d}, {y}",
            f"{month} {d}{ending}, {y}",
            f"the {d}{ending} of {month} {y}",
            iso,
            f"{d} {month[:3]} {y}",
            f"{d}{ending} {month} {y}",
            f"{month[:3]} {d} {y}",
        )[kind]
        return iso, said

    def money(self) -> tuple[float | int, str]:
        """An amount: (number, digits as written, perhaps with a thousands comma)."""
        kind = self.below(4)
        if kind == 0:
            value: float | int = self.between(1, 99)
        elif kind == 1:
            value = self.between(100, 9999)
        elif kind == 2:
            value = round(self.between(100, 99999) / 100, 2)
        else:
            value = self.pick((50, 100, 250, 500, 1000, 1500, 2000, 12000)) + self.between(0, 20) * 5
        if isinstance(value, float) and value == int(value):
            value = int(value)
        said = f"{value:.2f}" if isinstance(value, float) or self.chance(0.1) else str(value)
        if value >= 1000 and self.chance(0.4):
            said = f"{value:,.2f}" if "." in said else f"{value:,}"
        return value, said

    def count(self, low: int = 1, high: int = 12) -> tuple[int, str]:
        """A small number: (value, as digits or as a word)."""
        n = self.between(low, high)
        return n, w.NUMBER_WORDS[n] if n <= 12 and self.chance(0.5) else str(n)

    def sentence(self) -> str:
        """A sentence of no importance, for filling."""
        a, n, v = self.pick(w.ADJECTIVES), self.pick(w.NOUNS), self.pick(FILLER_VERBS)
        place = self.pick(w.NOUNS)
        text = self.pick(FILLER).format(
            a=a,
            n=n,
            v=v,
            p=place,
            i=self.pick(w.ITEMS),
            i2=self.pick(w.ITEMS),
            x=self.pick(w.ANIMALS),
            f=self.pick(w.FOODS),
            j=self.pick(w.JOBS),
            name=self.first_name(),
            city=self.city(),
            d=self.pick(w.WEEKDAYS),
            k=self.between(2, 40),
            a2=self.pick(w.ADJECTIVES),
            h=self.pick(w.HOBBIES),
        )
        return text.lower() if self.lower else text


CODE_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
FILLER_VERBS = [
    "stood",
    "waited",
    "moved",
    "rested",
    "turned",
    "opened",
    "closed",
    "stopped",
    "fell",
    "changed",
    "grew",
    "slept",
    "sang",
    "burned",
    "leaked",
    "shone",
]
FILLER = (
    "The {a} {n} {v} near the {p}.",
    "On {d} the {j} bought a {a} {i} and a {i2}.",
    "{name} thinks that the {n} is too {a}.",
    "A {x} sat under the {i} all day.",
    "It rained in {city} for {k} hours.",
    "There were {k} people at the {n}, most of them {a}.",
    "The {j} from {city} likes {f} with {a2} {f}.",
    "Nobody knew why the {n} {v} so early.",
    "We saw a {a} {x} by the {p} on {d}.",
    "{name} wrote a long letter about {h}.",
    "The {i} cost {k} euros, which seemed fair.",
    "After lunch the {n} {v} again.",
    "My {i} is {a}, but the {i2} is {a2}.",
    "{name} and the {j} talked about {h} until late.",
    "The road to {city} passes a {a} {p}.",
    "Some say the {x} is more {a} than the {j}.",
    "In the morning the {p} looked {a} and {a2}.",
    "They moved the {i} to the {n}.",
)
