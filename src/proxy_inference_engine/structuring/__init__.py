"""Output bound to a schema, regex or grammar. Not in this version yet."""

from proxy_inference_engine.structuring.structuring_engine import StructuringEngine

__all__ = ["StructuringEngine"]
