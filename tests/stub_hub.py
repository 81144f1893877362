"""A small model hub that really listens: search, model records, and the files of models made on the spot."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


def record(model_id: str, *, parameters: int, downloads: int, license: str = "mit", **more: Any) -> dict[str, Any]:
    """A model as the hub's API describes it."""
    return {
        "id": model_id,
        "modelId": model_id,
        "sha": REVISION,
        "likes": downloads // 40,
        "downloads": downloads,
        "private": False,
        "gated": False,
        "disabled": False,
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "tags": ["transformers", "safetensors", "text-generation", "en", f"license:{license}"],
        "createdAt": "2022-03-02T23:29:04.000Z",
        "lastModified": "2024-02-19T10:57:45.000Z",
        "cardData": {"license": license},
        "config": {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"},
        "safetensors": {"parameters": {"F32": parameters}, "total": parameters},
        "siblings": [],
        **more,
    }


CAST = [
    record("openai-community/gpt2", parameters=137_022_720, downloads=2_000_000),
    record("openai-community/gpt2-medium", parameters=379_988_992, downloads=300_000),
    record("distilbert/distilgpt2", parameters=88_204_032, downloads=900_000, license="apache-2.0"),
    record("acme/tiny-chat-gpt2", parameters=1_200_000, downloads=40, license="apache-2.0"),
]


class StubHub:
    """Use as a context manager; `url` is what HF_ENDPOINT should say."""

    def __init__(self) -> None:
        self.models = {model["id"]: model for model in CAST}
        self.folders: dict[str, Path] = {}
        self.requests: list[str] = []
        self.tokens: list[str | None] = []
        self.broken_status: int | None = None
        """When set, every request is answered with this status."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub._answer(self, with_body=True)

            def do_HEAD(self) -> None:
                hub._answer(self, with_body=False)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add_model(self, model_id: str, folder: Path) -> None:
        """Publishes the files of a folder as a model."""
        files = [
            {"rfilename": path.relative_to(folder).as_posix()} for path in sorted(folder.rglob("*")) if path.is_file()
        ]
        self.models[model_id] = record(model_id, parameters=1_000_000, downloads=1, siblings=files)
        self.folders[model_id] = folder

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler, *, with_body: bool) -> None:
        parts = urlsplit(handler.path)
        path = unquote(parts.path)
        self.requests.append(handler.path)
        self.tokens.append(handler.headers.get("Authorization"))
        if self.broken_status is not None:
            _send(handler, self.broken_status, b"out of order", with_body=with_body)
        elif path == "/api/models":
            found = self._search(parse_qs(parts.query))
            _send(handler, 200, json.dumps(found).encode(), with_body=with_body)
        elif path.startswith("/api/models/"):
            self._describe(handler, path.removeprefix("/api/models/"), with_body)
        elif "/resolve/" in path:
            self._serve_file(handler, path, with_body)
        else:
            _not_found(handler, "EntryNotFound", with_body)

    def _search(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = query.get("search", [""])[0].lower()
        found = [model for model in self.models.values() if wanted in str(model["id"]).lower()]
        found.sort(key=lambda model: -int(model["downloads"]))
        return found[: int(query.get("limit", ["1000"])[0])]

    def _describe(self, handler: BaseHTTPRequestHandler, path: str, with_body: bool) -> None:
        model = self.models.get(path.split("/revision/")[0].split("/tree/")[0])
        if model is None:
            _not_found(handler, "RepoNotFound", with_body)
        elif "/tree/" in path:
            folder = self.folders.get(model["id"])
            files = [_tree_entry(folder, item["rfilename"]) for item in model["siblings"]] if folder else []
            _send(handler, 200, json.dumps(files).encode(), with_body=with_body)
        else:
            _send(handler, 200, json.dumps(model).encode(), with_body=with_body)

    def _serve_file(self, handler: BaseHTTPRequestHandler, path: str, with_body: bool) -> None:
        model_id, _, rest = path.lstrip("/").partition("/resolve/")
        name = rest.partition("/")[2]
        folder = self.folders.get(model_id)
        if folder is None or not (folder / name).is_file():
            _not_found(handler, "EntryNotFound", with_body)
            return
        data = (folder / name).read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
        _send(handler, 200, data, with_body=with_body, kind="application/octet-stream", headers=headers)


def _tree_entry(folder: Path, name: str) -> dict[str, Any]:
    data = (folder / name).read_bytes()
    return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


def _not_found(handler: BaseHTTPRequestHandler, code: str, with_body: bool) -> None:
    headers = {"X-Error-Code": code, "X-Error-Message": "not found"}
    _send(handler, 404, b'{"error": "not found"}', with_body=with_body, headers=headers)


def _send(
    handler: BaseHTTPRequestHandler,
    status: int,
    data: bytes,
    *,
    with_body: bool,
    kind: str = "application/json",
    headers: dict[str, str] | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    if with_body:
        handler.wfile.write(data)
