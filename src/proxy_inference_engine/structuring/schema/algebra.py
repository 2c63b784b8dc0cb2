"""What can be said of canonical schemas: their types, whether one admits a value, whether two overlap, the negation.

Every answer is proven or withheld: `admits` and `are_disjoint` say None and False where they do not know, `negate`
raises `Inexpressible`. Knows nothing of the grammar engine's syntax.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from proxy_inference_engine.structuring.schema.canonical import NEVER, Canonical, Node
from proxy_inference_engine.structuring.schema.regex import compiles, matches, none_of

ALL = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
"""Types that do not overlap: "number" is "integer" and "fraction"."""
MAX_STEPS = 50_000
"""Most schemas that the questions about one document may look at together; then all answers are "not known"."""


class Inexpressible(Exception):  # noqa: N818
    """`keyword` at `path` has no equal in what the grammar engine takes."""

    def __init__(self, keyword: str, path: str, why: str = "") -> None:
        super().__init__(keyword, path, why)
        self.keyword, self.path, self.why = keyword, path, why


def type_of(value: Any) -> str:
    """The one of `ALL` that a JSON value has; 1.0 is an integer, as the drafts have it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "fraction"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list | tuple) else "object"


def as_types(kinds: frozenset[str]) -> Node:
    """The schema of exactly these types. Raises ValueError for fractions without integers, which has no name."""
    if "fraction" in kinds and "integer" not in kinds:
        raise ValueError
    names = [kind for kind in sorted(kinds) if kind != "fraction" and (kind != "integer" or "fraction" not in kinds)]
    if "fraction" in kinds:
        names.append("number")
    return {"type": names} if names else dict(NEVER)


def equal(a: Any, b: Any) -> bool:
    """Equality of JSON values: 1 is 1.0 and is not true."""
    if type_of(a) != type_of(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return bool(a == b)


class Algebra:
    """Answers about the schemas of one document."""

    def __init__(self, canonical: Canonical) -> None:
        self.canonical = canonical
        self.table = canonical.table
        self._steps = 0
        self._types: dict[int, frozenset[str]] = {}

    def conjuncts(self, node: Node) -> list[Node]:
        """`node` and all it must also meet through `$ref` and `allOf`; where they are very many, a part of them."""
        found, seen = [node], {id(node)}
        for part in found:
            self._steps += 1
            for other in [*part.get("allOf", ()), *([self.table[part["$ref"]]] if "$ref" in part else [])]:
                if id(other) not in seen and len(found) < 200:
                    seen.add(id(other))
                    found.append(other)
        return found

    def types(self, node: Node, depth: int = 0) -> frozenset[str]:
        """The types that values of `node` may have (or more)."""
        self._steps += 1
        if depth > 12 or self._steps > MAX_STEPS:
            return ALL
        lasting = id(node) in self.canonical.paths
        if lasting and (known := self._types.get(id(node))) is not None:
            return known
        if lasting:
            self._types[id(node)] = ALL  # what a schema that refers to itself finds there
        kinds = ALL
        if "never" in node:
            return frozenset()
        if "type" in node:
            named = {"number": ("integer", "fraction")}
            kinds = frozenset(kind for name in node["type"] for kind in named.get(name, (name,)))
        if "enum" in node:
            kinds &= frozenset(map(type_of, node["enum"]))
        if "$ref" in node:
            kinds &= self.types(self.table[node["$ref"]], depth + 1)
        for part in node.get("allOf", ()):
            kinds &= self.types(part, depth + 1)
        for key in ("anyOf", "oneOf"):
            if key in node:
                kinds &= frozenset().union(*(self.types(part, depth + 1) for part in node[key]))
        if set(node.get("not", ())) == {"type"}:
            kinds -= self.types(node["not"], depth + 1)
        if lasting:
            self._types[id(node)] = kinds
        return kinds

    def values(self, node: Node) -> list[Any] | None:
        """All values that `node` can have (or more), where they are few and listed."""
        lists = [part["enum"] for part in self.conjuncts(node) if "enum" in part]
        if lists:
            return list(sorted(lists, key=len)[0])
        kinds = self.types(node)
        if kinds <= {"null", "boolean"}:
            return [value for value in (None, False, True) if type_of(value) in kinds]
        return None

    def admits(self, node: Node, value: Any, depth: int = 0) -> bool | None:
        """Whether `value` is valid; None where that is not known."""
        self._steps += 1
        if depth > 16 or self._steps > MAX_STEPS:
            return None
        answers = [self._admits(part, value, depth) for part in self.conjuncts(node)]
        return False if False in answers else None if None in answers else True

    def _admits(self, node: Node, value: Any, depth: int) -> bool | None:
        kind = type_of(value)
        known: bool | None = True
        if "never" in node:
            return False
        if "type" in node and kind not in self.types({"type": node["type"]}):
            return False
        if "enum" in node and not any(equal(value, other) for other in node["enum"]):
            return False
        if kind == "string":
            if not node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value)):
                return False
            if "pattern" in node:
                if not compiles(node["pattern"]):
                    known = None
                elif not matches(node["pattern"], value):
                    return False
            if "format" in node:
                known = None
        elif kind in ("integer", "fraction"):
            if value < node.get("minimum", value) or value > node.get("maximum", value):
                return False
            if ("exclusiveMinimum" in node and value <= node["exclusiveMinimum"]) or (
                "exclusiveMaximum" in node and value >= node["exclusiveMaximum"]
            ):
                return False
            if "multipleOf" in node:
                known = None
        elif kind == "object":
            if any(name not in value for name in node.get("required", ())):
                return False
            for name, child in node.get("properties", {}).items():
                if name in value:
                    answer = self.admits(child, value[name], depth + 1)
                    if answer is False:
                        return False
                    known = known if answer else None
        for key in ("anyOf", "oneOf"):
            if key in node:
                answers = [self.admits(part, value, depth + 1) for part in node[key]]
                if not any(answer is not False for answer in answers):
                    return False
                sure = answers.count(True) > 0 if key == "anyOf" else answers.count(True) == 1 and None not in answers
                known = known if sure else None
        hard = _TYPED.get(kind, frozenset()) - _DECIDED
        if node.keys() & (hard | _CONDITIONAL):
            known = None
        return known

    def are_disjoint(self, a: Node, b: Node, depth: int = 0) -> bool:
        """True if it is proven that no value is valid under both."""
        self._steps += 1
        if depth > 10 or self._steps > MAX_STEPS:
            return False
        common = self.types(a) & self.types(b)
        if not common:
            return True
        for one, other in ((a, b), (b, a)):
            values = self.values(one)
            if values is not None and all(
                self.admits(other, value) is False or self.admits(one, value) is False for value in values
            ):
                return True
        mine, yours = self.conjuncts(a), self.conjuncts(b)
        for parts, other in ((mine, b), (yours, a)):
            for part in parts:
                for key in ("anyOf", "oneOf"):
                    if key in part and all(self.are_disjoint(branch, other, depth + 1) for branch in part[key]):
                        return True
        if any(
            self._excludes(part, other, depth) for part, other in [*((p, b) for p in mine), *((p, a) for p in yours)]
        ):
            return True
        return all(self._apart(kind, mine, yours, depth) for kind in common)

    def _excludes(self, part: Node, other: Node, depth: int) -> bool:
        """`part` says `not X`, and everything in `other` is an X by construction (the same node, or fewer values)."""
        barred = part.get("not")
        if barred is None:
            return False
        if barred.keys() == {"$ref"}:
            return any(conjunct is self.table[barred["$ref"]] for conjunct in self.conjuncts(other))
        values = self.values(other)
        return values is not None and all(self.admits(barred, value) is True for value in values)

    def _apart(self, kind: str, mine: list[Node], yours: list[Node], depth: int) -> bool:
        """Whether no value of type `kind` meets all of `mine` and all of `yours`."""
        both = mine + yours
        if kind in ("integer", "fraction"):
            low = max((n[k] for n in both for k in ("minimum", "exclusiveMinimum") if k in n), default=None)
            high = min((n[k] for n in both for k in ("maximum", "exclusiveMaximum") if k in n), default=None)
            if low is None or high is None:
                return False
            open_end = any(n.get("exclusiveMinimum") == low or n.get("exclusiveMaximum") == high for n in both)
            return bool(low > high or (low == high and open_end))
        low_key, high_key = _SIZES.get(kind, ("", ""))
        if max((n.get(low_key, 0) for n in both), default=0) > min((n.get(high_key, 2**31) for n in both), default=0):
            return True
        if kind == "object":
            return self._objects_apart(mine, yours, depth)
        if kind == "array":
            if max((n.get("minItems", 0) for n in both), default=0) < 1:
                return False
            return any(self.are_disjoint(self._first(x), self._first(y), depth + 1) for x in mine for y in yours)
        return False

    def _first(self, node: Node) -> Node:
        head = node.get("prefixItems") or [node.get("items", {})]
        return dict(head[0])

    def _objects_apart(self, mine: list[Node], yours: list[Node], depth: int) -> bool:
        needed = {name for n in mine + yours for name in n.get("required", ())}
        for name in needed:
            ours = [self._property(n, name) for n in mine]
            theirs = [self._property(n, name) for n in yours]
            if any("never" in child for child in ours + theirs):
                return True
            if any(x and y and self.are_disjoint(x, y, depth + 1) for x in ours for y in theirs):
                return True
        return False

    def _property(self, node: Node, name: str) -> Node:
        """The schema that `node` has for the property `name` (or a looser one)."""
        if name in node.get("properties", {}):
            return dict(node["properties"][name]) if "never" in node["properties"][name] else node["properties"][name]
        if "additionalProperties" in node and not node.get("patternProperties"):
            return node["additionalProperties"]  # type: ignore[no-any-return]
        return {}

    def negate(self, node: Node, within: frozenset[str] = ALL, depth: int = 0) -> Node:
        """A schema of just the values that are not valid under `node`, among those whose type is in `within`.

        Raises Inexpressible, naming the keyword whose negation has no schema.
        """
        self._steps += 1
        path = self.canonical.path(node)
        if depth > 10 or self._steps > MAX_STEPS:
            raise Inexpressible("not", path, "it refers to itself, or is too large to negate")
        if "never" in node:
            return {}
        options: list[Node] = []
        for key in node:
            options += self._negated(key, node, within, depth)
        options = [option for option in options if "never" not in option]
        if not options:
            return dict(NEVER)
        if {} in options:
            return {}
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _negated(self, key: str, node: Node, within: frozenset[str], depth: int) -> list[Node]:
        value, path = node[key], self.canonical.path(node)
        kind = _TYPE_OF.get(key)
        if kind and not kind & within:
            return []
        inner = depth + 1
        if key == "type":
            others = (ALL - self.types({"type": value})) & within
            try:
                return [as_types(others)]
            except ValueError:
                raise Inexpressible("not", path, "numbers that are not integers have no schema") from None
        if key == "enum":
            return self._not_values(value, within, path)
        if key == "$ref":
            return [self.negate(self.table[value], within, inner)]
        if key == "not":
            return [value]
        if key == "allOf":
            return [self.negate(part, within, inner) for part in value]
        if key == "anyOf" or (key == "oneOf" and self.all_disjoint(value)):
            parts = [self.negate(part, within, inner) for part in value]
            return [dict(NEVER) if any("never" in part for part in parts) else {"allOf": [p for p in parts if p]}]
        if key in _FLIPPED:
            flipped, step = _FLIPPED[key]
            typed: dict[str, Any] = {
                "type": sorted({"number" if k in ("integer", "fraction") else k for k in kind or ()})
            }
            if step < 0 and value == 0:
                return []
            return [{**typed, flipped: value + step}]
        if key == "required":
            return [{"type": ["object"], "properties": {name: dict(NEVER)}} for name in value]
        if key == "properties":
            found = []
            for name, child in value.items():
                other = self.negate(child, ALL, inner)
                if "never" not in other:
                    found.append({"type": ["object"], "required": [name], "properties": {name: other}})
            return found
        if key == "prefixItems":
            found = []
            for index, child in enumerate(value):
                other = self.negate(child, ALL, inner)
                if "never" not in other:
                    head: list[Node] = [{} for _ in range(index)]
                    at_place: Node = {"type": ["array"], "minItems": index + 1, "prefixItems": [*head, other]}
                    found.append(at_place)
            return found
        if key == "items" and "never" in value:
            longer: Node = {"type": ["array"], "minItems": len(node.get("prefixItems", ())) + 1}
            return [longer]
        if key == "contains" and node.get("minContains", 1) == 1 and "maxContains" not in node:
            return [{"type": ["array"], "items": self.negate(value, ALL, inner)}]
        if key == "dependentRequired":
            return [
                {"type": ["object"], "required": [name], "properties": {missing: dict(NEVER)}}
                for name, needed in value.items()
                for missing in needed
                if missing != name
            ]
        if key in ("additionalProperties", "items") and not value:
            return []
        raise Inexpressible("not", path, f"the opposite of {key!r} has no schema")

    def _not_values(self, values: list[Any], within: frozenset[str], path: str) -> list[Node]:
        by_kind: dict[str, list[Any]] = {}
        for value in values:
            kind = type_of(value)
            by_kind.setdefault("number" if kind in ("integer", "fraction") else kind, []).append(value)
        options: list[Node] = []
        rest = within - by_kind.keys() - ({"integer", "fraction"} if "number" in by_kind else set())
        if rest:
            try:
                options.append(as_types(rest))
            except ValueError:
                raise Inexpressible("not", path, "numbers that are not integers have no schema") from None
        for kind, listed in by_kind.items():
            if kind == "string" and kind in within:
                options.append({"type": ["string"], "pattern": none_of(listed)})
            elif kind == "boolean" and kind in within:
                options += [{"enum": [value]} for value in (False, True) if value not in listed]
            elif kind == "number" and within & {"integer", "fraction"}:
                options += _gaps(sorted(listed), "number" if "fraction" in within else "integer")
            elif kind in ("array", "object") and kind in within:
                if any(listed):
                    raise Inexpressible("not", path, f"the opposite of one {kind} has no schema")
                some: Node = {"minItems": 1} if kind == "array" else {"minProperties": 1}
                options.append({"type": [kind], **some})
        return options

    def all_disjoint(self, branches: list[Node]) -> bool:
        """Whether no two of `branches` can hold at once, as far as can be proven."""
        return all(self.are_disjoint(a, b) for index, a in enumerate(branches) for b in branches[:index])


def _gaps(values: list[Any], kind: str) -> list[Node]:
    """The numbers below, between and above the sorted `values`."""
    edges = [None, *values, None]
    found: list[Node] = []
    for low, high in pairwise(edges):
        if low is not None and high is not None and (low == high or (kind == "integer" and high - low <= 1)):
            continue
        gap: Node = {"type": [kind]}
        if low is not None:
            gap["exclusiveMinimum"] = low
        if high is not None:
            gap["exclusiveMaximum"] = high
        found.append(gap)
    return found


_NUMBER = frozenset({"integer", "fraction"})
_TYPE_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), frozenset({"string"})),
    **dict.fromkeys(
        [
            "minItems",
            "maxItems",
            "uniqueItems",
            "prefixItems",
            "items",
            "contains",
            "minContains",
            "maxContains",
            "unevaluatedItems",
        ],
        frozenset({"array"}),
    ),
    **dict.fromkeys(
        [
            "minProperties",
            "maxProperties",
            "required",
            "properties",
            "patternProperties",
            "additionalProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ],
        frozenset({"object"}),
    ),
}
"""The types that a keyword speaks of."""
_TYPED = {kind: frozenset(k for k, kinds in _TYPE_OF.items() if kind in kinds) for kind in ALL}
_DECIDED = frozenset(
    [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "required",
        "properties",
    ]
)
_CONDITIONAL = frozenset({"if", "not", "dynamic"})
_SIZES = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_FLIPPED = {
    "minimum": ("exclusiveMaximum", 0),
    "maximum": ("exclusiveMinimum", 0),
    "exclusiveMinimum": ("maximum", 0),
    "exclusiveMaximum": ("minimum", 0),
    "minLength": ("maxLength", -1),
    "maxLength": ("minLength", 1),
    "minItems": ("maxItems", -1),
    "maxItems": ("minItems", 1),
    "minProperties": ("maxProperties", -1),
    "maxProperties": ("minProperties", 1),
}
"""Each bound's opposite, and what to add to it."""
