"""The commands as a program calls them: no terminal, plain text, exit statuses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from proxy_inference_engine import __version__
from proxy_inference_engine.cli.app import _model_and_prompt, app
from proxy_inference_engine.cli.generate import prompt_from_stdin
from proxy_inference_engine.cli.options import parse_bytes


def pie(*arguments: object, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `pie` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "proxy_inference_engine", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


def invoke(*arguments: object, stdin: str | None = None) -> Any:
    """Run `pie` in this process."""
    return CliRunner().invoke(app, list(map(str, arguments)), input=stdin)


def test_help_and_version() -> None:
    assert invoke("--version").stdout == f"pie {__version__}\n"
    for command in ("chat", "generate", "bench", "convert", "models", "serve"):
        assert command in invoke("--help").stdout
        assert invoke(command, "--help").exit_code == 0


def test_the_command_line_is_quick_to_import() -> None:
    code = "import sys, proxy_inference_engine.cli.app; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert not loaded & {"mlx.core", "numpy", "huggingface_hub", "jinja2", "tokenizers", "rich", "pydantic"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve"],
        ["serve", "model", "--port", "1"],
        ["nonsense"],
        ["generate"],
        ["generate", "a", "b", "c"],
        ["chat", "--nonsense"],
        ["chat", "--seed", "x"],
        ["bench", "a", "--random-weights", "b"],
        ["bench", "a", "--mode", "x"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "rror: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "/no/such/model", "hi"], "/no/such/model"),
        (["generate", "{model}", ""], "the prompt is empty"),
        (["generate", "{model}", "hi", "--temperature", "-1"], "temperature"),
        (["generate", "{model}", "hi", "--top-p", "0"], "top_p"),
        (["generate", "{model}", "hi", "-n", "-7"], "max_new_tokens"),
        (["generate", "{model}", "hi", "-c", "0"], "context_length"),
        (["generate", "{model}", "hi", "--logprobs", "5000"], "logprobs"),
        (["generate", "{model}", "x" * 600], "context"),
        (["chat", "{model}", "--min-p", "3"], "min_p"),
        (["bench", "--random-weights", "{{"], "JSON"),
        (["bench", "--random-weights", "/no/config.json"], "/no/config.json"),
        (["bench", "--random-weights", '{{"model_type": "nonesuch"}}'], "nonesuch"),
        (["bench", "{model}", "-p", "many"], "many"),
        (["bench", "{model}", "-p", "510", "-n", "64"], "512"),
        (["bench", "{model}", "-r", "0"], "repeats"),
        (["convert", "{model}", "{model}", "--bits", "4"], "exists already"),
        (["convert", "{model}", "{tmp}/new", "--bits", "7"], "bits"),
    ],
)
def test_errors_are_one_line(tiny_folder: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    result = invoke(*(part.format(model=tiny_folder, tmp=tmp_path) for part in arguments))
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in pie("--debug", "generate", "/no/such/model", "hi").stderr
    assert "Traceback" in pie("generate", "/no/such/model", "hi", PIE_DEBUG="1").stderr


def test_an_error_cannot_command_the_terminal() -> None:
    result = invoke("generate", "/no/\x1b[31m\nmodel", "hi")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_generate_streams_plain_text(tiny_folder: Path) -> None:
    result = pie("generate", tiny_folder, "Hello", "-t", "0", "-n", "12", "--stats")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("\n")
    assert "\x1b" not in result.stdout + result.stderr
    assert "12 tokens" in result.stderr
    assert "cut off at the limit of 12 tokens" in result.stderr


def test_generate_json_and_text_agree(tiny_folder: Path) -> None:
    options = ("-t", "0.7", "--seed", "5", "-n", "12", "--system", "S")
    text = invoke("generate", tiny_folder, "-", *options, stdin="Hello").stdout
    result = invoke("generate", tiny_folder, "-", *options, "--json", "--logprobs", "2", stdin="Hello")
    found = json.loads(result.stdout)
    assert found["text"].rstrip("\n") == text.rstrip("\n")
    assert found["usage"]["num_output_tokens"] == 12
    assert found["finish_reason"] == "length"
    assert len(found["logprobs"]) == 12
    assert all(len(item["top"]) == 2 for item in found["logprobs"])


def test_generate_raw_skips_the_template(tiny_folder: Path) -> None:
    with_template = json.loads(invoke("generate", tiny_folder, "Hi", "-n", "1", "--json").stdout)
    raw = json.loads(invoke("generate", tiny_folder, "Hi", "-n", "1", "--json", "--raw").stdout)
    assert raw["usage"]["num_prompt_tokens"] == 2
    assert with_template["usage"]["num_prompt_tokens"] > 10


def test_generate_reads_a_piped_prompt(tiny_folder: Path) -> None:
    options = ("-t", "0", "-n", "8")
    expected = pie("generate", tiny_folder, "Hello", *options)
    assert expected.returncode == 0, expected.stderr
    assert pie("generate", tiny_folder, *options, stdin="Hello").stdout == expected.stdout
    missing = pie("generate", "no-such-org/no-such-model", "--offline", stdin="Hello")
    assert missing.returncode == 1
    assert "no-such-org/no-such-model" in missing.stderr


def test_one_argument_that_names_a_model_is_no_prompt(tiny_folder: Path) -> None:
    for model in ("demo", tiny_folder):
        result = invoke("generate", model, stdin="")
        assert result.exit_code == 1
        assert f"{model} is a model, and stdin has no prompt for it" in result.stderr


def test_one_argument_is_a_prompt_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("read by nobody"))
    for prompt in ("What is it?", "x" * 5000, "~nobody/here and there", "a\0b"):
        assert _model_and_prompt(prompt, None) == ("demo", prompt)
    for model in ("demo", "org/name"):
        assert _model_and_prompt(model, None) == (model, None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert prompt_from_stdin("and/or") == ("demo", "and/or")


def test_logprobs_go_to_stderr(tiny_folder: Path) -> None:
    result = invoke("generate", tiny_folder, "Hi", "-n", "3", "-t", "0", "--logprobs", "1")
    assert len(result.stderr.splitlines()) == 3


def test_a_reader_that_leaves_is_no_error(tiny_folder: Path) -> None:
    command = f"{sys.executable} -m proxy_inference_engine generate {tiny_folder} Hi -n 400 -t 2 | head -c 1 >/dev/null"
    done = subprocess.run(
        ["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.strip() in ("141", "0")  # 0: it was done before the reader left


def test_piped_chat_answers_line_by_line(tiny_folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "chat.json"
    lines = f"Hello\n\n/nonsense\n/save {saved}\nAgain\n/exit\nnever read\n"
    result = pie("chat", tiny_folder, "-n", "5", "-t", "0", stdin=lines)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout + result.stderr
    assert "there is no command /nonsense" in result.stderr
    assert [turn["role"] for turn in json.loads(saved.read_text())] == ["user", "agent"]


def test_piped_chat_tells_when_a_message_failed(tiny_folder: Path) -> None:
    result = pie("chat", tiny_folder, "-n", "5", stdin="x" * 600 + "\nHello\n")
    assert result.returncode == 1
    assert result.stderr.startswith("error: the prompt has 6")
    assert result.stdout.strip()


def test_bench_random_weights(tmp_path: Path, tiny_folder: Path) -> None:
    options = ("-p", "8,16", "-n", "4", "-r", "2", "--json")
    for config in (tiny_folder / "config.json", (tiny_folder / "config.json").read_text()):
        result = invoke("bench", "--random-weights", config, "--quantize", "4", "--group-size", "32", *options)
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout.splitlines()[-1])
        assert [speed["prompt_tokens"] for speed in found["speeds"]] == [8, 16]
        assert all(speed["decode_tokens_per_s"]["low"] > 0 for speed in found["speeds"])
        assert found["peak_bytes"] >= found["held_bytes"] > 0


def test_bench_a_folder(tiny_folder: Path) -> None:
    result = invoke("bench", tiny_folder, "-p", "8", "-n", "1", "-r", "1")
    assert result.exit_code == 0, result.output
    assert "llama" in result.stdout


def test_convert_and_models(tiny_folder: Path, tmp_path: Path) -> None:
    result = invoke("convert", tiny_folder, tmp_path / "small", "--bits", "4", "--group-size", "32")
    assert result.exit_code == 0, result.output
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "nonesuch"}')
    listed = {
        Path(entry["folder"]).name: entry
        for entry in map(json.loads, invoke("models", tmp_path, "--json").stdout.splitlines())
    }
    assert listed["small"]["support"] == "native"
    assert "4" in listed["small"]["quantization"]
    assert listed["other"]["support"] == "no"
    assert "nonesuch" in invoke("models", tmp_path).stdout
    assert "nonesuch" in listed["other"]["reason"]


def test_convert_speaks_of_its_own_option(tiny_folder: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    assert invoke("convert", tiny_folder, small, "--bits", "4", "--group-size", "32").exit_code == 0
    for arguments in ((small, tmp_path / "a", "--bits", "8"), (small, tmp_path / "b", "--bits", "8", "--dequantize")):
        result = invoke("convert", *arguments)
        assert result.exit_code == 1
        assert "--dequantize" in result.stderr
        assert "dequantize=True" not in result.stderr


def test_an_interrupt_while_the_command_loads_is_quiet(tmp_path: Path) -> None:
    # Stands in for the first heavy import, and for C code that turns an interrupt into another error.
    (tmp_path / "typer.py").write_text(
        "import os, signal\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    for _ in range(10_000): pass\n"
        "except KeyboardInterrupt: raise ImportError('interrupted') from None\n"
    )
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from proxy_inference_engine.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_no_back_end_names_the_extras(tmp_path: Path) -> None:
    broken = tmp_path / "mlx"
    broken.mkdir()
    (broken / "__init__.py").write_text("")
    (broken / "core.py").write_text('raise ImportError("libmlx.so: cannot open shared object file")')
    result = pie("generate", "hi", PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    assert result.returncode == 1
    assert "proxy-inference-engine[cpu]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1000), ("512MB", 512 * 10**6), ("1.5 gib", 3 * 2**29), ("2k", 2000), ("0", 0)]
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "MB", "4 apples", "1e9"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no size"):
        parse_bytes(text)
