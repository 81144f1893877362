"""A run's points in a dataset of a hub that really listens."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import huggingface_hub.constants
import pytest

from pegbox.errors import UnreachableError
from pegbox.integrations.trackio.dataset import export_to_dataset
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http


class Hub(ThreadingHTTPServer):
    """Takes commits to datasets, small files within them; `files` by path. Wants the token `right`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.files: dict[str, bytes] = {}
        self.made: list[dict[str, object]] = []


class Requests(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != "Bearer right":
            self._answer(401, {"error": "Invalid token"})
        elif self.path == "/api/repos/create":
            self.server.made.append(json.loads(body))
            self._answer(
                200, {"url": f"http://127.0.0.1:{self.server.server_port}/datasets/me/runs", "name": "me/runs"}
            )
        elif self.path.startswith("/api/datasets/me/runs/preupload/"):
            files = json.loads(body)["files"]
            plain = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            self._answer(200, {"files": [{"path": file["path"], **plain} for file in files]})
        elif self.path.startswith("/api/datasets/me/runs/commit/"):
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    self.server.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            url = f"http://127.0.0.1:{self.server.server_port}/datasets/me/runs/commit/{'0' * 40}"
            self._answer(200, {"commitUrl": url, "commitOid": "0" * 40, "success": True})
        else:
            self._answer(404, {"error": self.path})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        yield server
        server.shutdown()
        thread.join()


def test_the_points_are_a_file_of_the_dataset(hub: Hub, monitor: MonitorProcess) -> None:
    http.post(f"{monitor.url}/api/runs", json={"id": "kept", "experiment": "di/gits"}).raise_for_status()
    points = {"step": [1, 2], "time": [1.0, 2.0], "metrics": {"loss": [0.5, 0.25]}}
    batch = {"writer": "w", "sequence": 0, "points": points}
    http.post(f"{monitor.url}/api/runs/kept/batches", json=batch).raise_for_status()
    run = monitor.get("/api/runs/kept")
    with httpx2.Client(base_url=monitor.url) as client:
        assert export_to_dataset(client, run, "me/runs", "right") == "di_gits/kept.jsonl"
        with pytest.raises(UnreachableError, match="me/runs was not written"):
            export_to_dataset(client, run, "me/runs", "wrong")
    [(path, content)] = hub.files.items()
    assert path == "di_gits/kept.jsonl"
    assert [(row["step"], row["loss"]) for row in map(json.loads, content.splitlines())] == [(1, 0.5), (2, 0.25)]
    assert hub.made[0]["visibility"] == "private"
