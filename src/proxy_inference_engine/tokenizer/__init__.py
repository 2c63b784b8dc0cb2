"""Text to token ids and back: `Tokenizer`, its control tokens, streaming text and stop strings."""

from proxy_inference_engine.tokenizer.control_tokens import ControlTokens, RoleTags
from proxy_inference_engine.tokenizer.detokenizer import Detokenizer
from proxy_inference_engine.tokenizer.stop_strings import StopStringMatcher
from proxy_inference_engine.tokenizer.tokenizer import Tokenizer

__all__ = ["ControlTokens", "Detokenizer", "RoleTags", "StopStringMatcher", "Tokenizer"]
