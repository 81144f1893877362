"""Job streams on the backend's port: what the monitor says, passed on; its absence said clearly; nothing piled up."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pegbox.settings import Settings
from tests.stack import Stack, http, wait_until

TOKEN = "let-me-in-please"
ACCESS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Both services with a token, for all tests of this module."""
    home = tmp_path_factory.mktemp("streams") / "home"
    home.mkdir()
    with Stack(home, {"PEGBOX_TOKEN": TOKEN, "HF_ENDPOINT": "http://127.0.0.1:9"}) as running:
        yield running


@pytest.fixture
def run(services: Stack, request: pytest.FixtureRequest) -> str:
    """A run of the test's own: streams take runs without a job as well."""
    name: str = request.node.name.replace("_", "-")[:60]
    send(services, "POST", "/api/runs", {"id": name})
    return name


def send(stack: Stack, method: str, path: str, body: dict[str, Any]) -> None:
    http.request(method, f"{stack.monitor_url}{path}", json=body, headers=ACCESS).raise_for_status()


def log_steps(stack: Stack, run: str, first: int, last: int) -> None:
    steps = list(range(first, last + 1))
    points = {"step": steps, "time": [float(step) for step in steps], "metrics": {"train_loss": [1 / s for s in steps]}}
    send(stack, "POST", f"/api/runs/{run}/batches", {"writer": "w", "sequence": first, "points": points})


def finish(stack: Stack, run: str) -> None:
    send(stack, "PATCH", f"/api/runs/{run}", {"status": "finished"})


def points_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: ") and "step" in line:
            yield json.loads(line.removeprefix("data: "))


def socket_to(base: str, run: str, query: str = "", **options: Any) -> ClientConnection:
    address = f"{base.replace('http', 'ws', 1)}/ws/jobs/{run}/stream?{query}"
    return connect(address, proxy=None, **{"additional_headers": ACCESS, **options})


def closed_with(viewer: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        viewer.recv(timeout=60)
    return viewer.close_code


def test_both_ports_say_the_same(services: Stack, run: str) -> None:
    log_steps(services, run, 1, 50)
    finish(services, run)
    bases = (services.backend_url, services.monitor_url)
    ours, theirs = (http.get(f"{base}/api/jobs/{run}/stream", headers=ACCESS) for base in bases)
    assert ours.text == theirs.text
    assert ours.text.endswith('event: end\ndata: {"status":"completed"}\n\n')
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert ours.headers[name] == theirs.headers[name]
    messages = []
    for base in bases:
        with socket_to(base, run) as viewer:
            messages.append([json.loads(text) for text in viewer])
            assert viewer.close_code == 1000
    assert messages[0] == messages[1] == list(points_of(iter(ours.text.splitlines())))


def test_unknown_jobs(services: Stack) -> None:
    answer = http.get(f"{services.backend_url}/api/jobs/job_0/stream", headers=ACCESS)
    assert (answer.status_code, answer.json()["message"]) == (404, "Job not found: job_0")
    assert http.get(f"{services.backend_url}/api/jobs/job_0/stream?after=x", headers=ACCESS).status_code == 422
    with socket_to(services.backend_url, "job_0") as viewer:
        assert closed_with(viewer) == 4404
    with socket_to(services.backend_url, "a%3Fafter=1") as viewer:
        assert closed_with(viewer) == 4404


def test_access(services: Stack, run: str) -> None:
    log_steps(services, run, 1, 2)
    finish(services, run)
    base = services.backend_url
    address = f"{base}/api/jobs/{run}/stream"
    assert http.get(address).status_code == 401
    assert "event: end" in http.get(address, headers={"Cookie": f"pegbox_token={TOKEN}"}).text
    for port in (base, services.monitor_url):
        with socket_to(port, run, additional_headers={}) as stranger:
            assert closed_with(stranger) == 4401
        with pytest.raises(InvalidStatus):
            socket_to(port, run, origin="http://elsewhere.example")
    for options in ({"query": f"token={TOKEN}", "additional_headers": {}}, {"origin": base}):
        with socket_to(base, run, **options) as viewer:
            assert len(list(viewer)) == 2
            assert viewer.close_code == 1000


def viewers(stack: Stack) -> int:
    """How many the monitor counts."""
    for line in http.get(f"{stack.monitor_url}/metrics", headers=ACCESS).text.splitlines():
        if line.startswith("pegbox_live_viewers") and "feed" in line:
            return int(float(line.rsplit(" ", 1)[1]))
    raise AssertionError("the monitor does not count viewers")


def test_who_leaves_is_gone_at_the_monitor_too(services: Stack, run: str) -> None:
    log_steps(services, run, 1, 1)
    wait_until(lambda: viewers(services) == 0, seconds=60, what="the end of earlier streams")
    address = f"{services.backend_url}/api/jobs/{run}/stream"
    with http.stream("GET", address, headers=ACCESS) as answer, socket_to(services.backend_url, run) as viewer:
        found = points_of(answer.iter_lines())
        assert next(found)["step"] == json.loads(viewer.recv(timeout=60))["step"] == 1
        assert viewers(services) == 2
    wait_until(lambda: viewers(services) == 0, seconds=60, what="the end of both streams at the monitor")


def test_a_restart_of_the_monitor_loses_and_repeats_nothing(services: Stack, run: str) -> None:
    log_steps(services, run, 1, 10)
    base = services.backend_url
    address = f"{base}/api/jobs/{run}/stream"
    seen: list[dict[str, Any]] = []
    with http.stream("GET", address, headers=ACCESS) as answer, socket_to(base, run) as viewer:
        found = points_of(answer.iter_lines())
        seen += [next(found) for _ in range(10)]
        assert [json.loads(viewer.recv(timeout=60))["step"] for _ in range(10)] == list(range(1, 11))
        services.kill("monitor")
        assert list(found) == []  # ends without `event: end`
        assert closed_with(viewer) == 1013
    away = http.get(address, headers=ACCESS)
    assert (away.status_code, away.json()["error_type"]) == (503, "UnavailableError")
    assert services.monitor_url in away.json()["message"]
    with socket_to(base, run) as viewer:
        assert closed_with(viewer) == 1013
        assert "monitor" in (viewer.close_reason or "")
    services.start("monitor")
    log_steps(services, run, 11, 20)
    finish(services, run)
    rest = http.get(address, headers={**ACCESS, "Last-Event-ID": str(seen[-1]["seq"])})
    seen += points_of(iter(rest.text.splitlines()))
    assert [point["step"] for point in seen] == list(range(1, 21))
    assert 'data: {"status":"completed"}' in rest.text


class EndlessMonitor:
    """Answers one request with server-sent events for as long as they are taken. `sent` counts bytes, `is_gone` tells that
    its reader has left."""

    PIECE = b"data: " + b"x" * 65_000 + b"\n\n"

    def __init__(self) -> None:
        self.sent = 0
        self.is_gone = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            try:
                while True:
                    connection.sendall(self.PIECE)
                    self.sent += len(self.PIECE)
            except OSError:
                self.is_gone.set()

    def close(self) -> None:
        self._listener.close()


def test_a_slow_reader_slows_the_monitor(home: Path) -> None:
    monitor = EndlessMonitor()
    stack = Stack(home, {"PEGBOX_MONITOR_URL": monitor.url})
    try:
        stack.start("backend")
        with socket.create_connection(("127.0.0.1", stack.port)) as reader:
            reader.sendall(f"GET /api/jobs/x/stream HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\n\r\n".encode())
            assert reader.recv(12) == b"HTTP/1.1 200"
            before = -1
            while before != monitor.sent:  # until nothing moves any more
                before = monitor.sent
                time.sleep(1)
            assert 0 < monitor.sent < 64 * 2**20
            for _ in range(200):  # and goes on when it is read
                assert reader.recv(2**20)
            wait_until(lambda: monitor.sent > before, seconds=60, what="more from the monitor")
        assert monitor.is_gone.wait(60)
    finally:
        stack.stop()
        monitor.close()


def test_where_the_monitor_is(home: Path) -> None:
    def address(**values: Any) -> str:
        return Settings(home=home, monitor_port=8001, **values).internal_monitor_url

    assert address() == "http://127.0.0.1:8001"
    assert address(host="0.0.0.0") == "http://127.0.0.1:8001"
    assert address(host="::") == "http://[::1]:8001"
    assert address(host="10.0.0.7", monitor_url="") == "http://10.0.0.7:8001"
    assert address(monitor_url="http://monitor:8001/") == "http://monitor:8001"
