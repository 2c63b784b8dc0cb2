"""The examples and the benchmarks run as they are, on a tiny model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import CHAT_TEMPLATE, write_tiny_model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose template has a place for tools."""
    template = "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}" + CHAT_TEMPLATE
    folder = tmp_path_factory.mktemp("models") / "tools"
    return write_tiny_model(folder, chat_template=template, max_position_embeddings=2048)


def run(*command: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_example(example: Path, model: Path) -> None:
    assert run(example, model).strip()


def test_requests_side_by_side_share_their_system_prompt(model: Path) -> None:
    output = run("examples/many_requests.py", model)
    cached = [int(count) for count in re.findall(r"\[(\d+) of \d+ prompt tokens from the cache\]", output)]
    assert len(cached) == 4
    assert min(cached[1:]) > 90


@pytest.mark.parametrize(
    "arguments",
    [
        ["second_turn.py", "--history", "200", "--repeats", "1"],
        ["startup.py", "--repeats", "1"],
        pytest.param(
            ["single_stream.py", "--prompt-lengths", "8", "--new-tokens", "4", "--repeats", "1"],
            marks=pytest.mark.mlx_lm,
        ),
    ],
    ids=lambda arguments: arguments[0],
)
def test_benchmark(arguments: list[str], model: Path) -> None:
    if arguments[0] == "single_stream.py":
        pytest.importorskip("mlx_lm")
    script, *options = arguments
    last_line = run(f"benchmarks/{script}", "--model", model, *options).splitlines()[-1]
    assert json.loads(last_line)["benchmark"] == script.removesuffix(".py")
