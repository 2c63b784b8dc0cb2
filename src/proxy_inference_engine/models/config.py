"""Reading config.json: typed, bounded, and loud about what is not supported.

A family's `Config.from_hf` asks a `ConfigReader` for each key it uses. Every complaint names the key, the value and the
limit. Keys that nobody asks for are ignored, as configs carry many that concern training. Knows no family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxy_inference_engine.errors import ConfigError, UnsupportedModelError

REQUIRED: Final = object()
"""The default of a key that has none."""

SIZE_LIMITS: Mapping[str, int] = {
    "vocab_size": 1 << 24,
    "hidden_size": 1 << 18,
    "intermediate_size": 1 << 21,
    "moe_intermediate_size": 1 << 20,
    "num_hidden_layers": 4096,
    "num_attention_heads": 4096,
    "num_key_value_heads": 4096,
    "head_dim": 8192,
    "num_experts": 1 << 16,
    "num_experts_per_tok": 1 << 16,
    "max_position_embeddings": 1 << 30,
    "original_max_position_embeddings": 1 << 30,
    "sliding_window": 1 << 30,
}
"""The largest value that is taken for a size rather than a mistake: tens of times that of any model published."""

_DEFAULT_LIMIT = 1 << 20

FULL, SLIDING = "full_attention", "sliding_attention"
"""The names of layer kinds in `layer_types`."""


@dataclass(frozen=True)
class ConfigReader:
    """One JSON object of a config. `where` is its place in the file, for messages: "" or "text_config."."""

    raw: Mapping[str, Any]
    where: str = ""

    def __contains__(self, key: str) -> bool:
        """Whether the key is there with a value other than null."""
        return self.raw.get(key) is not None

    def size(self, key: str, default: Any = REQUIRED, *, low: int = 1) -> int:
        """An integer from `low` to the key's limit. A null counts as missing."""
        value = self._get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        high = SIZE_LIMITS.get(key, _DEFAULT_LIMIT)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{self._name(key)} is {value!r}: a whole number from {low} to {high} was expected")
        return value

    def optional_size(self, key: str, default: int | None = None) -> int | None:
        """`size`, or None where the file says null; `default` where it says nothing."""
        if key in self.raw:
            return None if self.raw[key] is None else self.size(key)
        return default

    def number(self, key: str, default: Any = REQUIRED, *, low: float = 0.0, high: float = 1e12) -> float:
        """A finite number above `low`, at most `high`. A null counts as missing."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value <= high:
            raise ConfigError(f"{self._name(key)} is {value!r}: a number above {low:g}, at most {high:g}, was expected")
        return float(value)

    def optional_number(self, key: str, default: float | None = None) -> float | None:
        """`number`, or None where the file says null; `default` where it says nothing."""
        if key in self.raw:
            return None if self.raw[key] is None else self.number(key)
        return default

    def flag(self, key: str, default: bool) -> bool:
        """True or false. A null counts as missing."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self._name(key)} is {value!r}: true or false was expected")
        return value

    def numbers(self, key: str, length: int) -> tuple[float, ...]:
        """A list of `length` finite numbers above 0."""
        value = self._get(key, REQUIRED)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != length:
            found = f"has {len(value)}" if isinstance(value, list) else f"is {value!r}"
            raise ConfigError(f"{self._name(key)} {found}: a list of {length} numbers was expected")
        for number in value:
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < math.inf:
                raise ConfigError(f"{self._name(key)} holds {number!r}: numbers above 0 were expected")
        return tuple(float(number) for number in value)

    def integers(self, key: str) -> tuple[int, ...] | None:
        """A list of whole numbers from 0 on, or None where it is missing or null."""
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(type(item) is int and item >= 0 for item in value):
            raise ConfigError(f"{self._name(key)} is {value!r}: a list of whole numbers from 0 on was expected")
        return tuple(value)

    def section(self, key: str) -> ConfigReader | None:
        """The object under `key`, or None where it is missing or null."""
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self._name(key)} is {value!r}: an object was expected")
        return ConfigReader(value, f"{self.where}{key}.")

    def text(self, key: str, default: Any = REQUIRED) -> str:
        """A text. A null counts as missing."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise ConfigError(f"{self._name(key)} is {value!r}: a text was expected")
        return value

    def require(self, key: str, supported: Any, default: Any = None) -> None:
        """Raise UnsupportedModelError when the key has another value than the one that is implemented."""
        value = self.raw.get(key, default)
        if value not in (None, supported):
            raise UnsupportedModelError(f"{self._name(key)}={value!r} is not supported: only {supported!r} is")

    def layer_kinds(self, num_layers: int) -> tuple[str, ...] | None:
        """`layer_types`: "full_attention" or "sliding_attention" for each layer; None where it is missing or null."""
        kinds = self.raw.get("layer_types")
        if kinds is None:
            return None
        if not isinstance(kinds, list) or len(kinds) != num_layers:
            found = len(kinds) if isinstance(kinds, list) else kinds
            raise ConfigError(f"{self._name('layer_types')} has {found!r} entries for {num_layers} layers")
        for kind in kinds:
            if kind not in (FULL, SLIDING):
                raise UnsupportedModelError(
                    f"{self._name('layer_types')} holds {kind!r}, which is not supported: only {FULL!r} and "
                    f"{SLIDING!r} are"
                )
        return tuple(kinds)

    def windows(self, kinds: Sequence[str], window: int | None) -> tuple[int | None, ...]:
        """The sliding window of each layer, None for full attention. Raises ConfigError when a window is missing."""
        if window is None and SLIDING in kinds:
            raise ConfigError(f"{self._name('sliding_window')} is missing, but some layers are {SLIDING!r}")
        return tuple(window if kind == SLIDING else None for kind in kinds)

    def heads(self, default_kv_heads: int | None = None) -> tuple[int, int]:
        """How many query heads and key/value heads there are; one for each query head unless the config says else.

        `default_kv_heads` holds where the key is missing. Raises ConfigError when the groups are not even.
        """
        num_heads = self.size("num_attention_heads")
        missing = num_heads if default_kv_heads is None or "num_key_value_heads" in self.raw else default_kv_heads
        num_kv_heads = self.size("num_key_value_heads", missing)
        if num_heads % num_kv_heads:
            raise ConfigError(
                f"{self._name('num_attention_heads')} is {num_heads}, which is not a multiple of "
                f"num_key_value_heads, {num_kv_heads}"
            )
        return num_heads, num_kv_heads

    def head_dim(self, hidden_size: int, num_heads: int, default: int | None = None) -> int:
        """`head_dim`; where it is missing or null, `default`, or the hidden size shared out over the heads."""
        if "head_dim" not in self and default is None and hidden_size % num_heads:
            raise ConfigError(
                f"{self._name('hidden_size')} is {hidden_size}, which is not a multiple of num_attention_heads, "
                f"{num_heads}, and there is no head_dim"
            )
        head_dim = self.size("head_dim", default or hidden_size // num_heads)
        if head_dim % 2:
            raise ConfigError(f"{self._name('head_dim')} is {head_dim}: an even number was expected")
        return head_dim

    def _get(self, key: str, default: Any) -> Any:
        value = self.raw.get(key)
        if value is not None:
            return value
        if default is REQUIRED:
            raise ConfigError(f"{self._name(key)} is missing")
        return default

    def _name(self, key: str) -> str:
        return f"config.json: {self.where}{key}"
