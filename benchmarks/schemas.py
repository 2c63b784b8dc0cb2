"""How much of JSON Schema is bound, and how well: public schemas with instances, and the official test suite.

Prints a table per tier, one per keyword, the refusals by their message, and one JSON line. Every instance is tokenised
with the demo model's tokenizer and fed to the grammar token by token; in tier "checked" the finished text is checked
too. Needs the data that `PIE_TEST_DATA` points to (default: ../shared/data).

    python benchmarks/schemas.py [--public] [--official] [--keywords] [--failures]
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.sources import Grammar, grammar_from_schema

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("PIE_TEST_DATA", ROOT.parent / "shared" / "data"))
TOKENIZER = ROOT / "src" / "proxy_inference_engine" / "demo_model" / "tokenizer.json"
MAX_STEPS = 1000


def holds(matcher: Any, grammar: Grammar, tokenizer: Any, text: str) -> bool:
    """Whether `text` is an output that the grammar lets through whole, and the check after it too."""
    matcher = matcher.deep_copy()
    tokens = tokenizer.tokenize_str(text)
    if matcher.is_error() or matcher.try_consume_tokens(tokens) != len(tokens) or not matcher.is_accepting():
        return False
    return grammar.check is None or grammar.check(text) is None


def whole(value: Any) -> Any:
    """Whole floats as integers: the way they are written."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    return {key: whole(item) for key, item in value.items()} if isinstance(value, dict) else value


class KeyOrder:
    """Finds the order of keys in which a grammar takes a value: at each place the first name that fits, depth first."""

    def __init__(self, grammar: Grammar) -> None:
        self.tokenizer = LLTokenizer("byte")
        self.start = LLMatcher(self.tokenizer, grammar.text, log_level=0)

    def text(self, value: Any) -> str | None:
        self.matcher, self.num_steps, self.parts = self.start.deep_copy(), 0, []
        return "".join(self.parts) if self._write(value) and self.matcher.is_accepting() else None

    def _take(self, text: str) -> bool:
        tokens = self.tokenizer.tokenize_bytes(text.encode("utf-8", "replace"))
        self.num_steps += 1
        taken = self.matcher.try_consume_tokens(tokens)
        if taken == len(tokens):
            self.parts.append(text)
            return True
        if taken:
            self.matcher.rollback(taken)
        return False

    def _back(self, length: int) -> None:
        while len(self.parts) > length:
            self.matcher.rollback(len(self.parts.pop().encode("utf-8", "replace")))

    def _write(self, value: Any) -> bool:
        if isinstance(value, list):
            before = len(self.parts)
            for index, item in enumerate(value):
                if not self._take(", " if index else "[") or not self._write(item):
                    self._back(before)
                    return False
            return self._take("]" if value else "[]") or bool(self._back(before))
        if isinstance(value, dict):
            return self._take("{") and (self._members(value, list(value)) or bool(self._back(len(self.parts) - 1)))
        return self._take(json.dumps(value, ensure_ascii=False))

    def _members(self, value: dict[str, Any], names: list[str]) -> bool:
        if not names:
            return self._take("}")
        before = len(self.parts)
        for name in names:
            comma = ", " if len(names) < len(value) else ""
            if self.num_steps < MAX_STEPS and self._take(f"{comma}{json.dumps(name, ensure_ascii=False)}: "):
                if self._write(value[name]) and self._members(value, [other for other in names if other != name]):
                    return True
                self._back(before)
        return False


def accepted(matcher: Any, order: KeyOrder, grammar: Grammar, tokenizer: Any, value: Any) -> bool:
    """Whether `value` is let through as it stands, or with its keys in the order that the grammar asks for."""
    value = whole(value)
    if holds(matcher, grammar, tokenizer, json.dumps(value, ensure_ascii=False)):
        return True
    text = order.text(value)
    return text is not None and holds(matcher, grammar, tokenizer, text)


def keywords_of(schema: Any) -> set[str]:
    found: set[str] = set()
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("enum", "const", "default", "examples", "example"):
                    found.add(key)
                elif key in ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"):
                    found.add(key)
                    stack.extend(value.values() if isinstance(value, dict) else ())
                else:
                    found.add(key)
                    stack.append(value)
        elif isinstance(node, list):
            stack.extend(node)
    return found


def compiled(schema: Any, mode: Any) -> tuple[Grammar | None, str, float]:
    started = time.perf_counter()
    try:
        grammar, message = grammar_from_schema(schema, mode=mode), ""
    except SchemaError as error:
        grammar, message = None, f"{error.param}: {error}"
    return grammar, message, (time.perf_counter() - started) * 1000


def judge(schema: Any, tests: list[dict[str, Any]], mode: str, tokenizer: Any) -> dict[str, Any]:
    """One schema with its instances: compiled or not and in which tier, what was let through rightly and wrongly."""
    grammar, message, took = compiled(schema, mode)
    row: dict[str, Any] = {"tier": grammar.tier if grammar else "refused", "message": message, "ms": took}
    row |= {"valid": 0, "valid_accepted": 0, "invalid": 0, "invalid_accepted": 0, "right": 0, "wrong": []}
    if grammar is None:
        return row
    matcher = LLMatcher(tokenizer, grammar.text, log_level=0)
    order = KeyOrder(grammar)
    for test in tests:
        let_through = accepted(matcher, order, grammar, tokenizer, test["data"])
        name = "valid" if test["valid"] else "invalid"
        row[name] += 1
        row[f"{name}_accepted"] += let_through
        if let_through == test["valid"]:
            row["right"] += 1
        else:
            row["wrong"].append(f"{name}: {test.get('description', '')} {json.dumps(test['data'])[:200]}")
    return row


def public(tokenizer: Any, mode: str) -> list[dict[str, Any]]:
    rows = []
    for path in sorted((DATA / "maskbench").glob("*.json")):
        case = json.loads(path.read_text())
        rows.append(judge(case["schema"], case["tests"], mode, tokenizer))
        rows[-1] |= {"name": path.name, "keywords": keywords_of(case["schema"])}
    return rows


def official(tokenizer: Any, draft: str, mode: str) -> list[dict[str, Any]]:
    rows = []
    for path in sorted((DATA / "json-schema-test-suite" / "tests" / draft).glob("*.json")):
        for group in json.loads(path.read_text()):
            schema = group["schema"]
            if draft == "draft7" and isinstance(schema, dict):
                schema = {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
            rows.append(judge(schema, group["tests"], mode, tokenizer))
            name = f"{path.stem}: {group['description']}"
            rows[-1] |= {"name": name, "keywords": {path.stem}, "cases": len(group["tests"])}
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    times = sorted(row["ms"] for row in rows)
    total = {key: sum(row[key] for row in rows) for key in ("valid", "valid_accepted", "invalid", "invalid_accepted")}
    return {
        "schemas": len(rows),
        "exact": sum(row["tier"] == "exact" for row in rows) / len(rows),
        "compiled": sum(row["tier"] != "refused" for row in rows) / len(rows),
        "valid_accepted": f"{total['valid_accepted']}/{total['valid']}",
        "invalid_accepted": f"{total['invalid_accepted']}/{total['invalid']}",
        "compile_ms_p50": round(statistics.median(times), 2),
        "compile_ms_p95": round(times[int(len(times) * 0.95)], 2),
        "compile_ms_max": round(times[-1], 2),
    }


def print_keywords(rows: list[dict[str, Any]]) -> None:
    table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in rows:
        for keyword in row["keywords"]:
            table[keyword].update({row["tier"]: 1, "wrong": len(row["wrong"]), "right": row["right"]})
    print(f"{'keyword':<28}{'exact':>8}{'checked':>9}{'refused':>9}{'right':>8}{'wrong':>8}")
    for keyword, counts in sorted(
        table.items(), key=lambda item: -sum(item[1][t] for t in ("exact", "checked", "refused"))
    ):
        print(
            f"{keyword[:27]:<28}"
            + "".join(f"{counts[c]:>9}" for c in ("exact", "checked", "refused", "right", "wrong"))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("public", "official", "keywords", "failures"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"no data at {DATA}: set PIE_TEST_DATA")
    tokenizer = LLTokenizer(TOKENIZER.read_text())
    results: dict[str, Any] = {}
    both = not (options.public or options.official)
    for mode in ("exact", "checked"):
        if options.public or both:
            rows = public(tokenizer, mode)
            results[f"public {mode}"] = summary(rows)
            report(rows, f"public schemas, mode {mode}", options)
        for draft in ("draft2020-12", "draft7") if options.official or both else ():
            rows = official(tokenizer, draft, mode)
            cases = sum(row["cases"] for row in rows)
            results[f"{draft} {mode}"] = summary(rows) | {"right": round(sum(r["right"] for r in rows) / cases, 4)}
            report(rows, f"official suite {draft}, mode {mode}", options)
    print(f"{'':<24}" + "".join(f"{key:>18}" for key in results[next(iter(results))]))
    for name, values in results.items():
        print(f"{name:<24}" + "".join(f"{v:>18.4f}" if isinstance(v, float) else f"{v:>18}" for v in values.values()))
    print(json.dumps(results))


def report(rows: list[dict[str, Any]], title: str, options: argparse.Namespace) -> None:
    if options.keywords:
        print(f"\n{title}, by keyword")
        print_keywords(rows)
    if options.failures:
        print(f"\n{title}, what went wrong")
        for row in rows:
            if row["message"] or row["wrong"]:
                print(f"- {row['name']} [{row['tier']}] {row['message'][:220]}")
                for wrong in row["wrong"][:4]:
                    print(f"    {wrong}")


if __name__ == "__main__":
    main()
