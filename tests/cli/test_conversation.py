from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy_inference_engine import Interaction, Role
from proxy_inference_engine.cli.chat_commands import Commands
from proxy_inference_engine.cli.conversation import Conversation
from proxy_inference_engine.errors import RequestError


@pytest.fixture
def conversation() -> Conversation:
    talk = Conversation("Be brief.")
    talk.turns += [
        Interaction.simple(Role.USER, "Grüezi\n\x1b[31m"),
        Interaction.simple(Role.AGENT, "Hello"),
    ]
    return talk


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_saved_and_loaded_is_the_same(conversation: Conversation) -> None:
    conversation.save("talk.json")
    other = Conversation()
    other.load("talk.json")
    assert other.system == "Be brief."
    assert [turn.to_dict() for turn in other.prompt()] == [turn.to_dict() for turn in conversation.prompt()]


def test_a_file_of_others_is_never_overwritten(conversation: Conversation, inside: Path) -> None:
    (inside / "theirs.json").write_text("precious")
    with pytest.raises(RequestError, match=r"theirs\.json exists already"):
        conversation.save("theirs.json")
    assert (inside / "theirs.json").read_text() == "precious"


def test_the_own_file_is_written_again(conversation: Conversation) -> None:
    path = conversation.save()
    conversation.turns.append(Interaction.simple(Role.USER, "More"))
    assert conversation.save() == path.absolute()
    assert len(json.loads(path.read_text())) == 4


def test_openai_messages_load(inside: Path) -> None:
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    for index, form in enumerate((messages, {"messages": messages})):
        (inside / f"{index}.json").write_text(json.dumps(form))
        talk = Conversation()
        talk.load(f"{index}.json")
        assert talk.system == "S"
        assert [turn.role for turn in talk.turns] == [Role.USER]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "null", "[1]", '[{"event_id": 1}]', '[{"role": "nobody", "content": "x"}]', "[" * 9999],
)
def test_a_bad_file_changes_nothing(conversation: Conversation, inside: Path, text: str) -> None:
    (inside / "bad.json").write_text(text)
    before = conversation.prompt()
    with pytest.raises(RequestError):
        conversation.load("bad.json")
    assert conversation.prompt() == before


def test_save_needs_a_folder(conversation: Conversation, inside: Path) -> None:
    with pytest.raises(RequestError, match="could not be written"):
        conversation.save("no/such/folder.json")
    assert not list(inside.iterdir())


def test_commands(conversation: Conversation) -> None:
    commands = Commands(conversation)
    assert "/reset" in str(commands.run("/help"))
    assert commands.run("/exit") is None
    assert "did you mean /reset?" in str(commands.run("/rest"))
    assert commands.run("/system") == "system text: Be brief."
    commands.run("/system You are a parrot.")
    assert conversation.system == "You are a parrot."
    commands.run("/reset")
    assert conversation.turns == []
    assert conversation.system == "You are a parrot."
    with pytest.raises(RequestError, match="needs the name"):
        commands.run("/load")
    assert "saved to" in str(commands.run("/save a file.json"))
    assert Path("a file.json").is_file()
