"""Where weights come from, and the one sentence that says why they do not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pegbox.data.rows import Row
from pegbox.errors import NotFoundError, PegboxError, UnusableContentError
from pegbox.schemas.jobs.queue import BaseModelSpec
from tests.stack import ROOT

pytestmark = pytest.mark.train

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """The part of a model hub that a download needs. `models` maps an id to a folder, or to `gated`."""

    models: dict[str, Path | str]

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.split("?")[0]
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path)
        tree = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/.*", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        match = info or tree or file
        model = self.models.get(match[1]) if match else None
        if match is None or model is None:
            self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)
        elif isinstance(model, str):
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        elif info:
            names = [{"rfilename": found.name} for found in sorted(model.iterdir())]
            body = {"id": match[1], "sha": COMMIT, "siblings": names, "private": False, "tags": []}
            self._send(200, json.dumps(body).encode(), {}, with_body)
        elif tree:
            entries = [
                {"type": "file", "path": found.name, "size": found.stat().st_size, "oid": f"{index:040x}"}
                for index, found in enumerate(sorted(model.iterdir()))
            ]
            self._send(200, json.dumps(entries).encode(), {}, with_body)
        else:
            content = (model / match[2]).read_bytes()
            headers = {"ETag": f'"{len(content):x}{match[2]}"', "X-Repo-Commit": COMMIT}
            self._send(200, content, headers, with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[str]:
    """Address of a hub with the model `maker/tiny`, the gated `maker/gated` and nothing else."""
    handler = type("TestHub", (Hub,), {"models": {"maker/tiny": tiny_model, "maker/gated": "gated"}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[[str, str], tuple[str, str]]:
    """Fetches in a process of its own (the hub's address is read once per process): error class or folder, and message."""
    script = (
        "import sys\n"
        "from pegbox.errors import PegboxError\n"
        "from pegbox.inference.weights import fetch_from_hub\n"
        "try:\n    print(fetch_from_hub(sys.argv[1]))\n"
        "except PegboxError as error:\n    print(type(error).__name__); print(error.message)\n"
    )

    def run(endpoint: str, hub_id: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", script, hub_id],
            env={**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hub"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        first, _, rest = done.stdout.strip().partition("\n")
        return first, rest

    return run


def test_a_hub_model_is_fetched_once_and_then_found_without_the_hub(
    hub: str, fetch: Callable[[str, str], tuple[str, str]], tmp_path: Path
) -> None:
    folder, message = fetch(hub, "maker/tiny")
    assert message == ""
    assert (Path(folder) / "model.safetensors").is_file()

    assert fetch("http://127.0.0.1:9", "maker/tiny") == (folder, "")


@pytest.mark.parametrize(
    ("hub_id", "error", "message"),
    [
        ("maker/gated", "PermissionDeniedError", r"maker/gated is gated: accept its licence on .* and set HF_TOKEN"),
        ("maker/none", "NotFoundError", r"has no model maker/none, or it is private and HF_TOKEN is not set"),
        ("not an id", "UnusableContentError", r"'not an id' is no hub id"),
    ],
)
def test_a_hub_that_refuses_is_explained(
    hub_id: str, error: str, message: str, hub: str, fetch: Callable[[str, str], tuple[str, str]]
) -> None:
    found, said = fetch(hub, hub_id)

    assert found == error
    assert re.search(message, said)


def test_an_unreachable_hub_is_explained(fetch: Callable[[str, str], tuple[str, str]]) -> None:
    error, message = fetch("http://127.0.0.1:9", "maker/tiny")

    assert error == "UnreachableError"
    assert message == "The model hub http://127.0.0.1:9 is out of reach and maker/tiny is not on this machine yet."


def test_the_starter_is_built_once_and_is_what_the_seed_makes_it(tmp_path: Path, rows: list[Row]) -> None:
    from pegbox.inference.weights import find_weights

    spec = BaseModelSpec(uid="starter", name="Starter", source="starter", location="")

    first = find_weights(spec, rows, tmp_path / "a", 7)
    again = find_weights(spec, rows, tmp_path / "b", 7)
    other = find_weights(spec, rows, tmp_path / "c", 8)

    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, again, other)]
    assert weights[0] == weights[1] != weights[2]
    marker = first / "touched"
    marker.touch()
    assert find_weights(spec, rows, tmp_path / "a", 7) == first
    assert marker.exists()


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        ("no folder", NotFoundError, "There is no folder"),
        ("config.json", UnusableContentError, "holds no model: config.json is missing"),
        ("model.safetensors", UnusableContentError, "is incomplete"),
        ("tokenizer.json", UnusableContentError, "is incomplete"),
        ("broken config", UnusableContentError, "cannot be loaded as a language model"),
        ("broken weights", UnusableContentError, "cannot be loaded as a language model"),
    ],
)
def test_a_folder_that_is_no_model_is_refused(
    damage: str, error: type[PegboxError], message: str, tiny_model: Path, tmp_path: Path, rows: list[Row]
) -> None:
    from pegbox.inference.weights import find_weights, load

    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    if damage == "no folder":
        shutil.rmtree(folder)
    elif damage == "broken config":
        (folder / "config.json").write_text('{"model_type": "unheard-of"}')
    elif damage == "broken weights":
        (folder / "model.safetensors").write_bytes(b"no weights")
    else:
        (folder / damage).unlink()
    spec = BaseModelSpec(uid="m", name="mine", source="local", location=str(folder))

    with pytest.raises(error, match=message) as raised:
        load(find_weights(spec, rows, tmp_path, 0), method="full", precision="fp32", name="mine")

    assert "\n" not in raised.value.message


def test_a_model_without_a_chat_template_gets_the_plain_one(tiny_model: Path, tmp_path: Path) -> None:
    from pegbox.inference.weights import load

    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink()

    loaded: Any = load(folder, method="full", precision="fp32", name="mine")

    assert not loaded.has_chat_template
    loaded.tokenizer.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "chat_template.jinja").is_file()
