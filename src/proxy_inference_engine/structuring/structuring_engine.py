"""The place of the structuring engine: its name, and a clear word that it is not here yet."""

from __future__ import annotations

from typing import Any

from proxy_inference_engine.errors import NotSupportedError


class StructuringEngine:
    """Binds a model's output to a schema, regex or grammar. Raises NotSupportedError in this version."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotSupportedError(
            "StructuringEngine is not in this version yet: until then, ask for JSON in the prompt and check the reply"
        )
