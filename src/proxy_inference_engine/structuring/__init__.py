"""Output bound to a schema, regex or grammar: sources, compiled grammars, matchers, masks and the guaranteed end."""

from __future__ import annotations

from proxy_inference_engine.structuring.closing import Closer
from proxy_inference_engine.structuring.compiler import CompiledGrammar, GrammarCache
from proxy_inference_engine.structuring.masks import apply_mask
from proxy_inference_engine.structuring.matcher import Matcher, fill_masks
from proxy_inference_engine.structuring.sources import (
    Grammar,
    any_json,
    grammar_from_choices,
    grammar_from_lark,
    grammar_from_regex,
    grammar_from_schema,
)
from proxy_inference_engine.structuring.structuring_engine import StructuringEngine
from proxy_inference_engine.structuring.vocabulary import Vocabulary

__all__ = [
    "Closer",
    "CompiledGrammar",
    "Grammar",
    "GrammarCache",
    "Matcher",
    "StructuringEngine",
    "Vocabulary",
    "any_json",
    "apply_mask",
    "fill_masks",
    "grammar_from_choices",
    "grammar_from_lark",
    "grammar_from_regex",
    "grammar_from_schema",
]
