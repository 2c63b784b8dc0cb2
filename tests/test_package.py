"""The package as a whole: its names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import proxy_inference_engine


def test_public_names() -> None:
    assert proxy_inference_engine.__all__ == [
        "Content",
        "EngineError",
        "InferenceEngine",
        "Interaction",
        "ModelLoadError",
        "PromptCache",
        "RequestError",
        "Role",
        "StructuringEngine",
        "Tokenizer",
        "Type",
        "demo_model_path",
        "errors",
        "logits_processors",
        "models",
        "samplers",
    ]
    for name in proxy_inference_engine.__all__:
        assert getattr(proxy_inference_engine, name) is not None
    assert set(proxy_inference_engine.__all__) <= set(dir(proxy_inference_engine))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = proxy_inference_engine.Nonsense


def best_of(count: int, *command: str) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def test_import_is_quick_and_light() -> None:
    bare = best_of(3, sys.executable, "-c", "pass")
    imported = best_of(3, sys.executable, "-c", "import proxy_inference_engine")
    assert imported - bare < 1.0  # the bar is 0.3 s on a quiet machine (benchmarks/startup.py); CI's is not
    code = "import sys, proxy_inference_engine; print([m for m in ('mlx', 'jinja2', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
    code = (
        "import sys; from proxy_inference_engine import InferenceEngine; "
        "print([m for m in ('torch', 'transformers', 'huggingface_hub', 'typer', 'rich') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
