"""Bound output from the command line: it keeps to what was asked; what cannot be bound is one error line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.cli.test_app import invoke

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
WILD = ("-t", "2", "--min-p", "0", "--seed", "3")


@pytest.fixture
def schema_file(tmp_path: Path) -> Path:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


def test_a_schema_from_a_file_and_from_stdin(tiny_folder: Path, schema_file: Path) -> None:
    options = (*WILD, "-n", "60")
    result = invoke("generate", tiny_folder, "Hi", "--schema", schema_file, *options)
    assert result.exit_code == 0, result.output
    jsonschema.validate(json.loads(result.stdout), SCHEMA)
    piped = invoke("generate", tiny_folder, "Hi", "--schema", "-", *options, stdin=schema_file.read_text())
    assert piped.stdout == result.stdout
    whole = json.loads(invoke("generate", tiny_folder, "Hi", "--schema", schema_file, *options, "--json").stdout)
    assert whole["text"] == result.stdout.rstrip("\n")
    assert whole["finish_reason"] == "stop"


def test_regex_choices_and_grammar(tiny_folder: Path, tmp_path: Path) -> None:
    grammar = tmp_path / "colours.lark"
    grammar.write_text('start: c ("," c)*\nc: "red" | "blue"')
    for arguments, pattern in (
        (("--regex", "[0-9]{2}-[a-f]+"), "[0-9]{2}-[a-f]+"),
        (("--choices", "yes, no,not at all"), "yes|no|not at all"),
        (("--grammar", grammar), "(red|blue)(,(red|blue))*"),
    ):
        result = invoke("generate", tiny_folder, "Hi", *arguments, *WILD, "-n", "24")
        assert result.exit_code == 0, result.output
        assert re.fullmatch(pattern, result.stdout.rstrip("\n"))


@pytest.mark.parametrize("name", ["missing.json", "folder", "latin.json"])
def test_a_file_that_cannot_be_read_is_wrong_usage(tiny_folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.json").write_bytes(b'{"const": "\xe9"}')
    for option in ("--schema", "--grammar"):
        result = invoke("generate", tiny_folder, "Hi", option, tmp_path / name)
        assert result.exit_code == 2
        assert option in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--schema", "{file}", "-n", "5"], r"max_new_tokens=5 is too small: .* give at least \d+"),
        (["--schema", "{file}", "--stop", "x"], "stop would cut"),
        (["--schema", "{file}", "--choices", "a,b"], "json_schema and choices are both given"),
        (["--regex", "(a"], "the regex does not compile"),
        (["--regex", ""], "regex=''"),
        (["--choices", "a,,b"], "choice ''"),
        (["--choices", ""], "choice ''"),
    ],
)
def test_what_cannot_be_bound_is_one_line(
    tiny_folder: Path, schema_file: Path, arguments: list[str], message: str
) -> None:
    result = invoke("generate", tiny_folder, "Hi", *(part.format(file=schema_file) for part in arguments))
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert re.search(message, result.stderr)
    assert not result.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"properties": {"a": {"type": "strin"}}}', "#/properties/a"),
        ('{"type": "array", "items": {"type": "string"}, "uniqueItems": true}', "uniqueItems at #"),
        ("{not json", "JSON"),
        ("", "JSON|empty"),
    ],
)
def test_a_bad_schema_is_refused_before_the_model_is_loaded(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text)
    result = invoke("generate", "/no/such/model", "Hi", "--schema", path)
    assert result.exit_code == 1, result.output
    assert result.stderr.count("\n") == 1
    assert "/no/such/model" not in result.stderr
    assert re.search(message, result.stderr)
