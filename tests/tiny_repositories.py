"""A hub on this machine: repositories that take commits, and a record of all that was asked."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

LARGE = (".safetensors", ".onnx")  # as the hub's own .gitattributes have it
Answer = tuple[int, Any]


@dataclass
class Repository:
    """What a repository holds, and the summaries of its commits."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)

    def download(self, folder: Path) -> Path:
        """Writes the files into a folder."""
        for name, content in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder


@dataclass
class Hub:
    """Repositories by name, and how it is to be spoken with.

    Attributes:
        token: that it takes.
        refusals: (status, message) by a part of the path of what is refused.
        remark: of the front matter, if it has one.
        asked: method, path and headers of every request.
    """

    token: str
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    remark: str | None = None
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Returns status and content."""
        self.asked.append((method, path, headers))
        if method == "HEAD":
            return 200, None
        if method != "PUT" and headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"error": "Invalid username or password."}
        for part, (status, message) in self.refusals.items():
            if part in path:
                return status, {"error": message}
        if method == "PUT":
            return self._keep(path, body)
        return self._answer(method, path.partition("?")[0], json.loads(first_of(body) or "null"),
                            body)  # fmt: skip

    def _answer(self, method: str, path: str, request: Any, body: bytes) -> Answer:
        if path == "/api/repos/create":
            return self._create(request)
        if path == "/api/validate-yaml":
            return 200, {"warnings": [{"message": self.remark}] if self.remark else []}
        if path.endswith("/info/lfs/objects/batch"):
            return 200, {
                "transfer": "basic",
                "objects": [self._place(o) for o in request["objects"]],
            }
        owner, name, *rest = path.removeprefix("/api/models/").split("/")
        repository = self.repositories.get(f"{owner}/{name}")
        if repository is None:
            return 404, {"error": "Repository not found"}
        match rest:
            case []:
                return 200, {"id": f"{owner}/{name}", "private": repository.private}
            case ["tree", "main"]:
                return 200, [
                    {"type": "file", "path": path, "size": len(content), "oid": "0" * 40}
                    for path, content in repository.files.items()
                ]
            case ["preupload", "main"]:
                return 200, {"files": [mode_of(each["path"]) for each in request["files"]]}
            case ["commit", "main"]:
                self._commit(repository, body)
                return 200, {"commitUrl": f"{self.url}/{owner}/{name}/commit/1", "commitOid": "1"}
        return 404, {"error": f"{method} {path}"}

    def _create(self, request: dict[str, Any]) -> Answer:
        name = f"{request['organization']}/{request['name']}"
        known = name in self.repositories
        hidden = request.get("visibility") == "private" or request.get("private") is True
        self.repositories.setdefault(name, Repository(private=hidden))
        url = {"url": f"{self.url}/{name}"}
        return (409, {"error": "You already created this model repo", **url}) if known else (
            200, url)  # fmt: skip

    def _place(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {**wanted, "actions": {"upload": {"href": f"{self.url}/large/{wanted['oid']}"}}}

    def _keep(self, path: str, body: bytes) -> Answer:
        assert path == f"/large/{sha256(body).hexdigest()}"
        self.large[path.rpartition("/")[2]] = body
        return 200, {}

    def _commit(self, repository: Repository, body: bytes) -> None:
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            match entry["key"]:
                case "header":
                    repository.commits.append(value["summary"])
                case "file":
                    repository.files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    repository.files[value["path"]] = self.large[value["oid"]]
                case "deletedFile":
                    del repository.files[value["path"]]


def mode_of(path: str) -> dict[str, Any]:
    """Returns how the hub wants a file."""
    mode = "lfs" if path.endswith(LARGE) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False}


def first_of(body: bytes) -> bytes:
    """Returns the first line of a body: all of it, or the head of a commit."""
    return body.partition(b"\n")[0]


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Answers for a hub on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content = hub.answer(self.command, self.path, headers, self._body(headers))
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _body(self, headers: dict[str, str]) -> bytes:
            if headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(headers.get("content-length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            """Says nothing."""

        do_GET = do_POST = do_PUT = do_HEAD = _reply  # noqa: N815 - names that the base class wants

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def caught_upload(patch: pytest.MonkeyPatch) -> dict[str, Path | bytes]:
    """Returns what is pushed from now on, file by file; nothing is sent."""
    sent: dict[str, Path | bytes] = {}

    def upload(repository: str, files: dict[str, Path | bytes], **_: object) -> str:
        sent.update(files)
        return f"https://hub/{repository}"

    patch.setattr("kdzoo.hub.push.upload", upload)
    return sent
