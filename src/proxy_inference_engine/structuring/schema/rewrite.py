"""A canonical schema becomes an equal one in the keywords that the grammar engine has.

What has no equal is given up: an error in mode "exact"; in mode "checked" the keyword is left out, which admits more,
and noted. Keywords are only ever left out where that loosens: negations are exact or not made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

from proxy_inference_engine.structuring.schema.algebra import Algebra, Inexpressible, equal
from proxy_inference_engine.structuring.schema.canonical import NEVER, Canonical, Node, whole
from proxy_inference_engine.structuring.schema.regex import compiles

MAX_PRODUCT = 64
"""Most combinations of alternatives that several conjoined ones may multiply to."""
MAX_LISTED = 400
"""Most arrays that `uniqueItems` is written out to, and most subsets of properties."""
MAX_NODES = 50_000
_PLAIN = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
]
_NO_U = frozenset(map(chr, range(0x20))) - set("\n\r\t\b\f")
"""Characters that JSON can only write as \\u00XX, which the grammar leaves out (see compiler.py)."""

GiveUp = Callable[[Inexpressible], None]


class Rewriter:
    """Rewrites the schemas of one document; `give_up` is told of each keyword that is left out, or raises."""

    def __init__(self, canonical: Canonical, give_up: GiveUp) -> None:
        self.canonical = canonical
        self.algebra = Algebra(canonical)
        self.give_up = give_up
        self._num_nodes = 0
        self._depth = 0

    def document(self) -> Any:
        """The whole schema, with its table of definitions."""
        root = self.rewrite(self.canonical.root)
        if root is False:
            return False
        table = {name: self.rewrite(node) for name, node in self.canonical.table.items()}
        return {**root, "$defs": table} if table else root

    def rewrite(self, node: Node) -> Any:
        """One schema, rewritten: a dict, or False where nothing is valid."""
        self._num_nodes += 1
        self._depth += 1
        if self._num_nodes > MAX_NODES or self._depth > 60:
            raise Inexpressible("schema", self.canonical.path(node), "it grows too large when rewritten")
        try:
            return self._rewrite(node)
        finally:
            self._depth -= 1

    def _rewrite(self, node: Node) -> Any:
        if "never" in node:
            return False
        out: dict[str, Any] = {}
        if "type" in node:
            out["type"] = node["type"][0] if len(node["type"]) == 1 else node["type"]
        extra: list[Node] = []
        self._copy(node, out)
        self._objects(node, out, extra)
        self._arrays(node, out, extra)
        self._logic(node, out, extra)
        return self._conjoined(node, out, extra)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Inexpressible as reason:
            self.give_up(reason)

    def _lost(self, keyword: str, node: Node, why: str) -> None:
        self.give_up(Inexpressible(keyword, self.canonical.path(node), why))

    def _copy(self, node: Node, out: dict[str, Any]) -> None:
        for key in _PLAIN:
            if key in node:
                out[key] = node[key]
        if "pattern" in node and not compiles(node["pattern"]):
            del out["pattern"]
            self._lost("pattern", node, "the expression is too large, or uses look-around or back references")
        if "enum" in node:
            if not node["enum"]:
                out["not_any"] = True
            elif any(_has_control(value) for value in node["enum"]):
                self._lost("enum", node, "a string in it holds a control character that JSON writes as \\u00XX")
            else:
                out["enum"] = [whole(value) for value in node["enum"]]
        if "$ref" in node:
            out["$ref"] = f"#/$defs/{node['$ref']}"
        if "dynamic" in node:
            self._lost(node["dynamic"], node, "it may point to several places")

    def _objects(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        if any(map(_has_control, [*node.get("required", ()), *node.get("properties", ())])):
            self._lost("properties", node, "a name holds a control character that JSON writes as \\u00XX")
            out.pop("required", None)
            return
        for key in ("properties", "patternProperties"):
            if key in node:
                out[key] = {name: self.rewrite(child) for name, child in node[key].items()}
        if "additionalProperties" in node:
            out["additionalProperties"] = self.rewrite(node["additionalProperties"])
        for pattern in node.get("patternProperties", ()):
            if not compiles(pattern):
                self._lost("patternProperties", node, f"the engine does not take the expression {pattern!r}")
                del out["patternProperties"]
                out.pop("additionalProperties", None)
                break
        if "propertyNames" in node:
            self._try(lambda: self._property_names(node, out))
        for name, needed in node.get("dependentRequired", {}).items():
            absent: Node = {"properties": {name: dict(NEVER)}}
            extra.append({"anyOf": [absent, {"required": [name, *(n for n in needed if n != name)]}]})
        for name, child in node.get("dependentSchemas", {}).items():
            extra.append({"anyOf": [{"properties": {name: dict(NEVER)}}, {"required": [name], "allOf": [child]}]})
        if "minProperties" in node or "maxProperties" in node:
            self._try(lambda: self._property_counts(node, out, extra))
        if "unevaluatedProperties" in node:
            self._try(lambda: self._unevaluated_properties(node, out, extra))

    def _property_names(self, node: Node, out: dict[str, Any]) -> None:
        """Names are written out where they are few, else a pattern takes the place of additionalProperties."""
        names, path = node["propertyNames"], self.canonical.path(node)
        others = out.get("additionalProperties", True)
        known = dict.fromkeys([*out.get("properties", {}), *out.get("required", ())])
        fits = {name: self.algebra.admits(names, name) for name in known}
        if None in fits.values():
            raise Inexpressible("propertyNames", path, "it is not known which of the listed names it admits")
        listed = self.algebra.values(names)
        patterns: list[str] = []
        if "string" not in self.algebra.types(names):
            listed = []
        if listed is None:
            if not names.keys() <= {"type", "pattern", "minLength", "maxLength"} or out.get("patternProperties"):
                raise Inexpressible("propertyNames", path, "only names by list, pattern or length can be bound")
            if "pattern" in names:
                patterns.append(names["pattern"])
            if {"minLength", "maxLength"} & names.keys():
                patterns.append(rf"^(?s:.{{{names.get('minLength', 0)},{names.get('maxLength', '')}}})$")
            if len(patterns) > 1:
                raise Inexpressible("propertyNames", path, "a pattern and a length together cannot be bound")
            if not patterns:
                return
        elif out.get("patternProperties") or any(self.algebra.admits(names, n) is None for n in map(str, listed)):
            raise Inexpressible("propertyNames", path, "together with patternProperties it cannot be bound")
        properties = out.setdefault("properties", {})
        for name, fit in fits.items():
            if not fit:
                properties[name] = False
            else:
                properties.setdefault(name, others)
        if listed is None:
            if others is not False:
                out["patternProperties"] = {patterns[0]: others}
        else:
            for name in listed:
                if isinstance(name, str) and self.algebra.admits(names, name):
                    properties.setdefault(name, others)
        out["additionalProperties"] = False

    def _property_counts(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        """Counts of distinct names; the engine counts what it writes, which is the same for listed names only."""
        low, high = node.get("minProperties", 0), node.get("maxProperties")
        path = self.canonical.path(node)
        required = set(node.get("required", ()))
        properties = node.get("properties", {})
        optional = [name for name, child in properties.items() if name not in required and "never" not in child]
        closed = "never" in node.get("additionalProperties", {}) and not node.get("patternProperties")
        plain = not any(key in node for key in ("$ref", "allOf", "anyOf", "oneOf", "if", "not", "propertyNames"))
        out.pop("minProperties", None)
        out.pop("maxProperties", None)
        if low <= len(required) and high is None:
            return
        if closed and high is not None and high >= len(optional) + len(required) and low <= len(required):
            return
        if high is not None and high < max(low, len(required)):
            out["minProperties"], out["maxProperties"] = 1, 0
            extra.append({"type": sorted(self.algebra.types(node) - {"object", "fraction"}) or ["null"]})
            return
        if (
            not properties
            and not node.get("patternProperties")
            and plain
            and low <= len(required) + 1
            and (high is None or high <= len(required) + 1)
        ):
            # at most one name beyond the required ones: it cannot come twice
            if low:
                out["minProperties"] = low
            if high is not None:
                out["maxProperties"] = high
            return
        if low == len(required) + 1 and high is None and plain and not closed and not required:
            if node.get("patternProperties"):
                raise Inexpressible("minProperties", path, "together with patternProperties it cannot be bound")
            others: Node = {"type": ["object"], "minProperties": 1, "properties": {n: dict(NEVER) for n in optional}}
            if optional:
                extra.append({"anyOf": [{"type": _but("object")}, *({"required": [n]} for n in optional), others]})
            else:
                out["minProperties"] = 1
            return
        if high is not None and low <= len(required) and not optional and plain:
            out["maxProperties"] = high  # names that come twice only make fewer
            return
        keyword = "minProperties" if "minProperties" in node else "maxProperties"
        if not closed:
            raise Inexpressible(keyword, path, "names that are not listed in properties may come twice")
        least, most = max(0, low - len(required)), len(optional) if high is None else high - len(required)
        most = min(most, len(optional))
        if sum(math.comb(len(optional), size) for size in range(least, most + 1)) <= MAX_PRODUCT:
            sets = [set(c) for size in range(least, most + 1) for c in combinations(optional, size)]
            options: list[Node] = [
                {"required": sorted(kept), "properties": {n: dict(NEVER) for n in optional if n not in kept}}
                for kept in sets
            ]
            extra.append({"anyOf": [{"type": _but("object")}, *options]})
            return
        if most == len(optional) and least and math.comb(len(optional), least) <= MAX_PRODUCT:
            needed: list[Node] = [{"required": list(c)} for c in combinations(optional, least)]
            extra.append({"anyOf": [{"type": _but("object")}, *needed]})
            return
        if least == 0 and math.comb(len(optional), len(optional) - most) <= MAX_PRODUCT:
            gone = len(optional) - most
            extra.append({"anyOf": [{"properties": {n: dict(NEVER) for n in c}} for c in combinations(optional, gone)]})
            return
        raise Inexpressible(keyword, path, "it would take too many combinations of names")

    def _unevaluated_properties(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        rest = node["unevaluatedProperties"]
        if not rest:
            return
        seen: dict[str, Node] = {}
        patterns: dict[str, Node] = {}
        for part in self.algebra.conjuncts(node):
            if part is not node and "unevaluatedProperties" in part:
                return
            if any(key in part for key in ("anyOf", "oneOf", "if", "dependentSchemas", "dynamic")):
                raise Inexpressible(
                    "unevaluatedProperties", self.canonical.path(node), "what it leaves depends on the value"
                )
            if "additionalProperties" in part:
                return
            seen.update((name, {}) for name in part.get("properties", {}))
            patterns.update((name, {}) for name in part.get("patternProperties", {}))
        extra.append({"properties": seen, "patternProperties": patterns, "additionalProperties": rest})

    def _arrays(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        if "prefixItems" in node:
            out["prefixItems"] = [self.rewrite(child) for child in node["prefixItems"]]
        if "items" in node:
            out["items"] = self.rewrite(node["items"])
        if "uniqueItems" in node and node.get("maxItems", 2) > 1:
            self._try(lambda: self._unique_items(node, extra))
        if "contains" in node:
            self._try(lambda: self._contains(node, extra))
        if node.get("unevaluatedItems"):
            applied = ("$ref", "allOf", "anyOf", "oneOf", "if", "contains", "dynamic")
            if any(key in node for key in applied):
                self._lost("unevaluatedItems", node, "what it leaves depends on the value")
            elif "items" not in node:
                out["items"] = self.rewrite(node["unevaluatedItems"])

    def _unique_items(self, node: Node, extra: list[Node]) -> None:
        path = self.canonical.path(node)
        values = None
        if "prefixItems" not in node:
            values = self.algebra.values(node.get("items", {}))
            if "never" in node.get("items", {}):
                return
        if values is None:
            if self._distinct(node):
                return
            raise Inexpressible("uniqueItems", path, "only items with few listed values can be kept apart")
        distinct: list[Any] = []
        for value in values[:MAX_LISTED]:
            if not any(equal(value, other) for other in distinct):
                distinct.append(value)
        low = node.get("minItems", 0)
        high = min(node.get("maxItems", len(distinct)), len(distinct))
        if sum(math.perm(len(distinct), size) for size in range(low, high + 1)) > MAX_LISTED:
            raise Inexpressible("uniqueItems", path, f"it would take more than {MAX_LISTED} arrays to list")
        arrays: list[Any] = [list(p) for size in range(low, high + 1) for p in permutations(distinct, size)]
        options: list[Node] = [{"enum": arrays}] if arrays else []
        extra.append({"anyOf": [{"type": _but("array")}, *options]})

    def _distinct(self, node: Node) -> bool:
        """Whether the listed items differ in any case, and no more may come."""
        prefix = node.get("prefixItems", [])
        ended = "never" in node.get("items", {}) or node.get("maxItems", 2**31) <= len(prefix)
        return bool(prefix) and ended and self.algebra.all_disjoint(prefix)

    def _contains(self, node: Node, extra: list[Node]) -> None:
        inner, path = node["contains"], self.canonical.path(node)
        low, high = node.get("minContains", 1), node.get("maxContains")
        if low == 0 and high is None:
            return
        if not inner:
            bounds: Node = {"minItems": low}
            extra.append(bounds if high is None else {**bounds, "maxItems": high})
            return
        if high == 0:
            extra.append({"type": [*_but("array"), "array"], "items": self.algebra.negate(inner)})
            if low > 0:
                extra.append({"type": _but("array")})
            return
        if high is not None or low != 1:
            raise Inexpressible("contains", path, "how often it holds cannot be counted")
        most = node.get("maxItems", 2**31)
        if most > 16:
            raise Inexpressible("contains", path, "the place of the item is not bounded: give maxItems of 16 or less")
        places: list[Node] = [
            {"type": ["array"], "minItems": index + 1, "prefixItems": [*({} for _ in range(index)), inner]}
            for index in range(most)
        ]
        extra.append({"anyOf": [{"type": _but("array")}, *places]})

    def _logic(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        if "anyOf" in node:
            out["anyOf"] = [self.rewrite(part) for part in node["anyOf"]]
        if "oneOf" in node:
            self._one_of(node, out, extra)
        if "not" in node:
            self._try(lambda: self._not(node, extra))
        if "if" in node:
            self._try(lambda: self._if(node, extra))

    def _not(self, node: Node, extra: list[Node]) -> None:
        within = self.algebra.types({key: value for key, value in node.items() if key != "not"})
        opposite = self.algebra.negate(node["not"], within)
        if opposite:
            extra.append(opposite)

    def _if(self, node: Node, extra: list[Node]) -> None:
        condition = node["if"]
        within = self.algebra.types({key: value for key, value in node.items() if key not in ("if", "then", "else")})
        then, other = node.get("then", {}), node.get("else", {})
        try:
            opposite = self.algebra.negate(condition, within)
        except Inexpressible as reason:
            raise Inexpressible("if", self.canonical.path(node), f"its opposite has no schema: {reason.why}") from None
        extra.append({"anyOf": [_both(condition, then), _both(opposite, other)]})

    def _one_of(self, node: Node, out: dict[str, Any], extra: list[Node]) -> None:
        """Branches that cannot hold together are alternatives; the others each rule out those they may meet."""
        branches = [branch for branch in node["oneOf"] if "never" not in branch]
        rest = {key: value for key, value in node.items() if key != "oneOf"}
        within = self.algebra.types(rest)
        alternatives: list[Node] = []
        try:
            for index, branch in enumerate(branches):
                others = [
                    self.algebra.negate(other, within & self.algebra.types(branch))
                    for place, other in enumerate(branches)
                    if place != index and not self._never_both(branch, other, rest)
                ]
                alternatives.append({"allOf": [branch, *others]} if others else branch)
        except Inexpressible as reason:
            overlap = "two of its schemas may hold at once, and one of them has no opposite"
            self._lost("oneOf", node, f"{overlap} ({reason.keyword} at {reason.path}: {reason.why})")
            alternatives = branches
        if "anyOf" in out:
            extra.append({"anyOf": alternatives or [dict(NEVER)]})
        else:
            out["anyOf"] = [self.rewrite(part) for part in alternatives] or [False]

    def _never_both(self, a: Node, b: Node, rest: Node) -> bool:
        return self.algebra.are_disjoint(a, b) or (
            bool(rest) and "$ref" not in rest and self.algebra.are_disjoint({"allOf": [a, rest]}, b)
        )

    def _conjoined(self, node: Node, out: dict[str, Any], extra: list[Node]) -> Any:
        if out.pop("not_any", False):
            return False
        parts = [*node.get("allOf", ()), *extra]
        product = len(out.get("anyOf", [0]))
        for part in parts:
            product *= len(part.get("anyOf", [0])) if "allOf" not in part else 1
        if product > MAX_PRODUCT and len(extra) > 1:
            self._lost("allOf", node, f"its alternatives multiply to {product}, the limit is {MAX_PRODUCT}")
            parts = list(node.get("allOf", ()))
        written = [self.rewrite(part) for part in parts]
        written = [part for part in written if part != {}]
        if False in written:
            return False
        if written:
            out["allOf"] = written
        return out


def _both(a: Node, b: Node) -> Node:
    if "never" in a or "never" in b:
        return dict(NEVER)
    parts = [part for part in (a, b) if part]
    return {"allOf": parts} if len(parts) > 1 else parts[0] if parts else {}


def _but(kind: str) -> list[str]:
    return [name for name in ("null", "boolean", "object", "array", "string", "number") if name != kind]


def _has_control(value: Any) -> bool:
    if isinstance(value, str):
        return not _NO_U.isdisjoint(value)
    if isinstance(value, dict):
        return any(map(_has_control, [*value, *value.values()]))
    return isinstance(value, list | tuple) and any(map(_has_control, value))
