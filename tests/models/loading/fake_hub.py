"""A model hub on 127.0.0.1: the few endpoints that huggingface_hub's snapshot_download asks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class FakeRepo:
    """The files of one commit; `revisions` maps branch and tag names to it."""

    files: dict[str, bytes]
    revisions: tuple[str, ...] = ("main",)
    gated: bool = False

    @property
    def commit(self) -> str:
        digest = hashlib.sha1(usedforsecurity=False)
        for name, data in sorted(self.files.items()):
            digest.update(name.encode() + data)
        return digest.hexdigest()


@dataclass
class FakeHub:
    """The server's state: its repositories by id, and the paths of the files it was asked for."""

    repos: dict[str, FakeRepo]
    url: str = ""
    fetched: list[str] = field(default_factory=list)
    cut_short: bool = False


def repo_of(folder: Path, extra: dict[str, bytes] | None = None) -> FakeRepo:
    """A repository with a folder's files."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return FakeRepo({**files, **(extra or {})})


@contextmanager
def running(repos: dict[str, FakeRepo]) -> Iterator[FakeHub]:
    """The hub, serving until the block ends."""
    hub = FakeHub(repos)

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        is_api = path.startswith("api/models/")
        path = path.removeprefix("api/models/")
        repo_id = next((name for name in self.hub.repos if path == name or path.startswith(name + "/")), None)
        if repo_id is None:
            return self._error(404, "RepoNotFound")
        repo = self.hub.repos[repo_id]
        action, _, rest = path.removeprefix(repo_id).strip("/").partition("/")
        revision, _, file = rest.partition("/")
        if action and revision not in (*repo.revisions, repo.commit):
            return self._error(404, "RevisionNotFound")
        if is_api and action in ("", "revision"):
            siblings = [{"rfilename": name} for name in repo.files]
            return self._json({"id": repo_id, "sha": repo.commit, "siblings": siblings, "private": False})
        if is_api and action == "tree":
            return self._json(
                [
                    {"type": "file", "path": name, "size": len(data), "oid": _sha1(data)}
                    for name, data in repo.files.items()
                ]
            )
        if action == "resolve" and repo.gated:
            return self._error(403, "GatedRepo")
        if action == "resolve" and file in repo.files:
            return self._file(repo, file)
        return self._error(404, "EntryNotFound")

    def _file(self, repo: FakeRepo, file: str) -> None:
        data = repo.files[file]
        if self.command == "GET":
            self.hub.fetched.append(file)
        self.send_response(200)
        self.send_header("X-Repo-Commit", repo.commit)
        self.send_header("ETag", f'"{_sha1(data)}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if self.hub.cut_short else data)
            self.close_connection = self.hub.cut_short

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
