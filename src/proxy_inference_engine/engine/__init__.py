"""The engine: requests in, events out; one thread owns the device."""

from proxy_inference_engine.engine.engine import InferenceEngine
from proxy_inference_engine.engine.handle import RequestHandle
from proxy_inference_engine.engine.reply import ReplyStream
from proxy_inference_engine.engine.request import GenerationRequest, InferenceOptions

__all__ = ["GenerationRequest", "InferenceEngine", "InferenceOptions", "ReplyStream", "RequestHandle"]
