"""`benchmarks/serving.py`: the figures it makes of replies, and that it runs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.fakes import CHAT_TEMPLATE, write_tiny_model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("serving_work")


def test_decode_rate_counts_only_while_all_rows_run(work: ModuleType) -> None:
    early = {"token_ids": [0] * 6, "times_s": [0.0, 0.5, 1.0, 2.0, 3.0, 4.0]}
    late = {"token_ids": [0] * 6, "times_s": [1.0, 2.0, 3.0, 4.0, 4.5, 5.0]}
    assert work.decode_tokens_per_s([early, late]) == pytest.approx(2.0)


def test_decode_rate_counts_tokens_that_come_together(work: ModuleType) -> None:
    pairs = {"token_ids": [0] * 8, "times_s": [0.0, 1.0, 2.0, 3.0]}
    assert work.decode_tokens_per_s([pairs]) == pytest.approx(2.0)


def test_decode_rate_of_rows_that_never_run_together(work: ModuleType) -> None:
    rows = [{"token_ids": [0] * 3, "times_s": [start, start + 1, start + 2]} for start in (0.0, 3.0)]
    assert work.decode_tokens_per_s(rows) == pytest.approx(1.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (99, 99.0), (25.5, 25.5)])
def test_percentile(work: ModuleType, percent: float, value: float) -> None:
    assert work.percentile([float(number) for number in range(100, -1, -1)], percent) == pytest.approx(value)


def test_trace_repeats_and_shares_system_prompts(work: ModuleType) -> None:
    size = work.TraceSize(num_requests=9, num_systems=2, num_system=5, num_own=(1, 3), num_new=(2, 4))
    requests = work.Prompts(64).trace(size, 1, 10.0)
    assert requests == work.Prompts(64).trace(size, 1, 10.0)
    assert requests != work.Prompts(64).trace(size, 2, 10.0)
    assert len({tuple(request["prompt_ids"][:5]) for request in requests}) == 2
    times = [request["at_s"] for request in requests]
    assert times == sorted(times)
    assert times[0] == 0.0 < times[-1]
    assert {request["at_s"] for request in work.Prompts(64).trace(size, 1, None)} == {0.0}


@pytest.mark.mlx_lm
@pytest.mark.slow
def test_runs(tmp_path: Path) -> None:
    pytest.importorskip("mlx_lm")
    folder = write_tiny_model(tmp_path / "model", chat_template=CHAT_TEMPLATE, max_position_embeddings=2048)
    command = [sys.executable, "serving.py", "--model", folder, "--size", "tiny", "--rounds", "1"]
    command += ["--only", "equal,ragged,trace,sampling"]
    table, figures = tmp_path / "table.md", tmp_path / "figures.json"
    done = subprocess.run(
        [*map(str, command), "--table", str(table), "--json", str(figures)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=BENCHMARKS,
    )
    assert done.returncode == 0, done.stderr
    last_line = json.loads(done.stdout.splitlines()[-1])
    assert last_line["benchmark"] == "serving"
    assert last_line["results"] == json.loads(figures.read_text())["results"]
    assert all(last_line["results"][f"batch {size}: rows with the same tokens"]["meets"] for size in (8, 32))
    assert "| batch 32: decode tokens/s |" in table.read_text()
