"""Folders, hub ids and `demo`: what each resolves to, and what is said when there is nothing. No real network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine.errors import ModelLoadError, ModelNotFoundError, WeightsError
from proxy_inference_engine.models.hub import resolve_model
from proxy_inference_engine.models.loader import load_model
from proxy_inference_engine.models.tree import named_arrays

from .fake_hub import FakeHub, FakeRepo, repo_of, running
from .folders import write_model

UNWANTED = {
    "modeling_tiny.py": b"raise SystemExit('ran')",
    "pytorch_model.bin": b"\x80\x04N.",
    "consolidated.safetensors": bytes(8),
    "README.md": b"# Tiny",
    "model.gguf": b"GGUF",
    "original/model.safetensors": bytes(8),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path / "source", num_shards=2)
    (tmp_path / "source" / "tokenizer.json").write_text("{}")
    (tmp_path / "source" / "chat_template.jinja").write_text("hello")
    return tmp_path / "source"


def use_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


def only_this_machine(host: str | bytes | None, *arguments: Any, **others: Any) -> Any:
    if host not in ("127.0.0.1", b"127.0.0.1", "localhost"):
        pytest.fail(f"asked the network for {host!r}")
    return REAL_GETADDRINFO(host, *arguments, **others)


REAL_GETADDRINFO = socket.getaddrinfo


@pytest.fixture
def hub(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub import constants

    monkeypatch.setattr(socket, "getaddrinfo", only_this_machine)
    with running({"owner/tiny": repo_of(folder, UNWANTED)}) as serving:
        use_endpoint(monkeypatch, serving.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield serving


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_folder_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_model(tmp_path) == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    assert resolve_model("~/models") == tmp_path / "models"
    monkeypatch.chdir(tmp_path)
    assert resolve_model("models") == Path("models")


@pytest.mark.parametrize(
    "name", ["./nowhere", "../nowhere", "/no/such/folder", "~/nowhere", "a/b/c", "", "two words", "a\\b", "a//b", ".."]
)
def test_what_is_neither_a_folder_nor_a_hub_id_is_refused_without_network(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("proxy_inference_engine.models.hub._snapshot", lambda *a, **k: pytest.fail("asked the hub"))
    if name == "..":
        assert resolve_model(name) == Path("..")
        return
    with pytest.raises(ModelNotFoundError, match="hub id"):
        resolve_model(name)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelNotFoundError, match="is a file"):
        resolve_model(tmp_path / "model.safetensors")


def test_a_revision_of_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="'v2' was given for the local folder"):
        resolve_model(tmp_path, revision="v2")


def test_a_hub_id_is_fetched_once_and_loads(hub: FakeHub, folder: Path) -> None:
    snapshot = resolve_model("owner/tiny")
    wanted = {path.name for path in folder.iterdir()}
    assert {path.name for path in snapshot.iterdir()} == wanted
    assert set(hub.fetched) == wanted
    ours, theirs = (named_arrays(load_model(where)) for where in (snapshot, folder))  # type: ignore[arg-type]
    assert all(mx.array_equal(ours[name], theirs[name]) for name in theirs)
    hub.fetched.clear()
    assert resolve_model("owner/tiny") == snapshot
    assert not hub.fetched


def test_neither_code_nor_pickles_are_ever_fetched(hub: FakeHub) -> None:
    resolve_model("owner/tiny")
    assert not set(UNWANTED) & set(hub.fetched)


def test_the_cache_serves_when_offline(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    snapshot = resolve_model("owner/tiny")
    use_endpoint(monkeypatch, f"http://127.0.0.1:{free_port()}")
    assert resolve_model("owner/tiny", offline=True) == snapshot
    assert resolve_model("owner/tiny") == snapshot  # the hub is down: what is there will do
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve_model("owner/tiny") == snapshot


def test_revisions(hub: FakeHub, folder: Path) -> None:
    repo = hub.repos["owner/tiny"]
    repo.revisions = ("main", "v1.0")
    tagged = resolve_model("owner/tiny", revision="v1.0")
    assert tagged.name == repo.commit
    assert resolve_model("owner/tiny", revision=repo.commit, offline=True) == tagged
    assert resolve_model("owner/tiny", revision="v1.0", offline=True) == tagged
    with pytest.raises(ModelNotFoundError, match=r"'owner/tiny' has no revision 'v9'"):
        resolve_model("owner/tiny", revision="v9")
    with pytest.raises(ModelNotFoundError, match="revision 'v9' of model 'owner/tiny' is not in the cache"):
        resolve_model("owner/tiny", revision="v9", offline=True)


def test_an_unknown_id_is_named(hub: FakeHub) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model 'owner/missing' at http.*check the spelling.*HF_TOKEN"):
        resolve_model("owner/missing")


def test_a_gated_model_says_how_to_get_in(hub: FakeHub) -> None:
    hub.repos["owner/tiny"].gated = True
    with pytest.raises(ModelNotFoundError, match=r"'owner/tiny' is gated: .*/owner/tiny.*HF_TOKEN"):
        resolve_model("owner/tiny")


def test_an_unreachable_hub_is_named(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    use_endpoint(monkeypatch, url)
    with pytest.raises(ModelNotFoundError, match=f"not in the cache .*, and {url} could not be reached"):
        resolve_model("owner/tiny")


def test_offline_without_a_cached_copy_says_so(hub: FakeHub) -> None:
    with pytest.raises(ModelNotFoundError, match=r"'owner/tiny' is not in the cache .*going online is switched off"):
        resolve_model("owner/tiny", offline=True)
    assert not hub.fetched


def test_an_invalid_id_is_refused(hub: FakeHub) -> None:
    with pytest.raises(ModelNotFoundError, match="not a hub id"):
        resolve_model("owner/-tiny--")


def test_a_broken_download_is_an_error_and_not_a_model(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.cut_short = True
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ModelLoadError, match=r"'owner/tiny' could not be fetched"):
        resolve_model("owner/tiny")
    with pytest.raises(ModelLoadError):
        load_model(resolve_model("owner/tiny", offline=True))
    hub.cut_short = False
    load_model(resolve_model("owner/tiny"))


def test_a_repository_without_safetensors_is_refused(hub: FakeHub) -> None:
    hub.repos["owner/old"] = FakeRepo({"config.json": b'{"model_type": "llama"}', "pytorch_model.bin": b"\x80\x04N."})
    folder = resolve_model("owner/old")
    with pytest.raises(WeightsError, match="has no weights"):
        load_model(folder)


def test_the_environment_is_heeded(hub: FakeHub, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom proxy_inference_engine.models.hub import resolve_model\nprint(resolve_model('owner/tiny'))\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    online = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert str(tmp_path / "home") in online.stdout
    hub.fetched.clear()
    environment |= {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    offline = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert offline.stdout == online.stdout
    assert not hub.fetched
