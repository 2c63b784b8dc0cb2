"""What a person sees and does: `pie` in a pseudo-terminal, keys and all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.session import CTRL_C, CTRL_D, Session
from tests.fakes import write_tiny_model

PROMPT = r"(^|\n)>>> $"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose replies last for a while."""
    folder = tmp_path_factory.mktemp("models") / "talkative"
    return write_tiny_model(folder, num_hidden_layers=8, max_position_embeddings=16384)


@pytest.fixture
def chat(talkative: Path) -> Iterator[Session]:
    with Session(["chat", str(talkative), "-t", "0.5", "--seed", "3"]) as session:
        session.expect("/help lists the commands")
        session.expect(PROMPT)
        yield session


def test_ctrl_c_stops_a_reply_and_keeps_the_chat(chat: Session, tmp_path: Path) -> None:
    chat.line("Tell me everything")
    chat.expect("Tell me everything\n.{20}")
    chat.send(CTRL_C)
    chat.expect(r"stopped · \d+ tokens")
    chat.expect(PROMPT)
    chat.line(f"/save {tmp_path / 'chat.json'}")
    chat.expect("saved to")
    user, agent = json.loads((tmp_path / "chat.json").read_text())
    assert user["content"][0]["text"] == "Tell me everything"
    assert agent["finish_reason"] == "cancelled"
    assert agent["content"][0]["text"]
    chat.expect(PROMPT)
    chat.send(CTRL_D)
    assert chat.wait() == 0
    assert "Traceback" not in chat.shown


def test_many_ctrl_c_stop_one_reply_only(chat: Session) -> None:
    chat.line("Go on")
    chat.expect("Go on\n.{20}")
    for _ in range(3):
        chat.send(CTRL_C)
    chat.expect("stopped")
    chat.line("/help")
    chat.expect("/reset")
    chat.expect(PROMPT)


def interrupt_typing(chat: Session, text: str) -> None:
    chat.send(text)
    chat.expect(text)
    # Python notices a signal while its line editor waits, but not in the moment before it does.
    time.sleep(0.3)
    chat.send(CTRL_C)


def test_ctrl_c_twice_at_the_prompt_leaves(chat: Session) -> None:
    interrupt_typing(chat, "half a mess")
    chat.expect("Ctrl-C again or Ctrl-D leaves")
    chat.expect(PROMPT)
    chat.line("/system")
    chat.expect("there is no system text")
    chat.expect(PROMPT)
    interrupt_typing(chat, "one")
    chat.expect("Ctrl-C again")
    chat.expect(PROMPT)
    interrupt_typing(chat, "two")
    assert chat.wait() == 130
    assert "Traceback" not in chat.shown


def test_figures_and_cache_hits(talkative: Path) -> None:
    with Session(["chat", str(talkative), "-n", "4", "-t", "0"]) as chat:
        chat.expect(PROMPT)
        chat.line("One")
        chat.expect(
            r"cut off at the limit of 4 tokens · 4 tokens · [\d.]+ tokens/s · first token [\d.]+ s · cache 0/\d+\n"
        )
        chat.line("Two")
        chat.expect(r"cache [1-9]\d+/\d+\n")


def test_an_error_keeps_the_chat(talkative: Path) -> None:
    with Session(["chat", str(talkative), "-c", "64", "-n", "4"]) as chat:
        chat.expect(PROMPT)
        chat.line("x" * 90)
        chat.expect("error: the prompt has")
        chat.expect(PROMPT)
        chat.line("short")
        chat.expect("4 tokens")


def test_ctrl_c_while_the_prompt_is_read_takes_it_back(chat: Session, tmp_path: Path) -> None:
    (tmp_path / "long.json").write_text(json.dumps([{"role": "user", "content": "x" * 12_000}]))
    chat.line(f"/load {tmp_path / 'long.json'}")
    chat.expect("loaded 1 message")
    chat.line("Well?")
    chat.expect("reading the prompt: [0-9,]+ of 12,0")
    chat.send(CTRL_C)
    chat.expect("your message was taken back")
    chat.line(f"/save {tmp_path / 'after.json'}")
    chat.expect("saved to")
    assert len(json.loads((tmp_path / "after.json").read_text())) == 1


def test_messages_of_several_lines(chat: Session, tmp_path: Path) -> None:
    chat.line("one\\")
    chat.expect(r"\.\.\. ")
    chat.line("two")
    chat.expect("two\n.{5}")
    chat.send(CTRL_C)
    chat.expect("stopped")
    chat.expect(PROMPT)
    chat.line(f"/save {tmp_path / 'chat.json'}")
    chat.expect("saved to")
    assert json.loads((tmp_path / "chat.json").read_text())[0]["content"][0]["text"] == "one\ntwo"


def test_ctrl_c_ends_generate(talkative: Path) -> None:
    # Seeded: a draw of its own may meet the stop token at once.
    with Session(["generate", str(talkative), "Hi", "-t", "0.5", "--seed", "3"]) as session:
        session.expect(".{20}")
        session.send(CTRL_C)
        assert session.wait() == 130
        assert "Traceback" not in session.shown
        assert "rror" not in session.shown.lower().split("^c")[-1]


def test_ctrl_c_ends_bench(talkative: Path) -> None:
    with Session(["bench", str(talkative), "-n", "4096", "-r", "9"]) as session:
        session.expect("run 1 of 9")
        session.send(CTRL_C)
        assert session.wait() == 130
        assert "Traceback" not in session.shown


def test_a_model_cannot_command_the_terminal(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    with Session(["generate", str(folder), "Hi", "-t", "5", "-n", "300", "--seed", "1"], TERM="dumb") as session:
        assert session.wait() == 0
        assert "\x1b" not in session.raw
