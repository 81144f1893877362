"""Retries of the clients, against a real server with scripted responses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pegbox import AsyncClient, Client
from pegbox.errors import (
    ConflictError,
    PegboxError,
    TooManyRequestsError,
    UnavailableError,
    UnreachableError,
    ValidationError,
)
from tests.event_loop import run
from tests.stack import free_port

OK: tuple[int, dict[str, str], str] = (200, {}, "[]")
CREATED: tuple[int, dict[str, str], str] = (201, {}, '{"id": "exp-1"}')


class ScriptedServer:
    """Sends its `answers` in order, then repeats the last; records the requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], str]] = [OK]
        self.asked: list[str] = []
        self.keys: set[str | None] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.keys.add(self.headers.get("Authorization"))
                outer.asked.append(f"{self.command} {self.path}")
                status, headers, body = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


def refusal(status: int, message: str = "not now", **headers: str) -> tuple[int, dict[str, str], str]:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, f'{{"detail": "{message}"}}'


@pytest.mark.parametrize(
    "first", [refusal(502), refusal(504), refusal(503, Retry_After="0"), refusal(429, Retry_After="0")]
)
def test_what_passes_is_waited_out(server: ScriptedServer, first: tuple[int, dict[str, str], str]) -> None:
    server.answers = [first, first, OK]
    with Client(server.url) as client:
        assert client.datasets.list() == []
    assert server.asked == ["GET /api/datasets"] * 3


def test_the_async_client_waits_as_well(server: ScriptedServer) -> None:
    server.answers = [refusal(502), refusal(429, Retry_After="0"), OK]

    async def ask() -> object:
        async with AsyncClient(server.url) as client:
            return await client.datasets.list()

    assert run(ask()) == []
    assert len(server.asked) == 3


def test_a_wish_is_honoured(server: ScriptedServer) -> None:
    server.answers = [refusal(429, Retry_After="1"), CREATED]
    with Client(server.url) as client:
        started = time.monotonic()
        assert client.experiments.create("a").id == "exp-1"  # also a POST: a refused request was not carried out
        assert time.monotonic() - started >= 1


def test_a_wish_beyond_patience_is_told(server: ScriptedServer) -> None:
    server.answers = [refusal(429, "slow down", Retry_After="3600")]
    with Client(server.url) as client, pytest.raises(TooManyRequestsError, match="slow down") as refused:
        client.datasets.list()
    assert refused.value.retry_after_seconds == 3600
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refusal(503), UnavailableError), (refusal(409), ConflictError), (refusal(500), PegboxError)],
)
def test_what_stays_is_told_at_once(
    server: ScriptedServer, answer: tuple[int, dict[str, str], str], error: type[PegboxError]
) -> None:
    server.answers = [answer]
    with Client(server.url) as client, pytest.raises(error, match="not now"):
        client.datasets.list()
    assert len(server.asked) == 1


def test_a_post_is_not_made_twice(server: ScriptedServer) -> None:
    server.answers = [refusal(502), CREATED]
    with Client(server.url) as client, pytest.raises(PegboxError):
        client.experiments.create("a")
    assert len(server.asked) == 1


def test_patience_ends(server: ScriptedServer) -> None:
    server.answers = [refusal(502)]
    with Client(server.url, retries=1) as client, pytest.raises(PegboxError):
        client.datasets.list()
    assert len(server.asked) == 2


def test_the_key_is_sent(server: ScriptedServer) -> None:
    with Client(base_url=server.url, api_key="your-api-key", monitor_url=server.url) as client:
        client.datasets.list()
        client.runs.list()
    assert server.keys == {"Bearer your-api-key"}


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url, retries=1) as client, pytest.raises(UnreachableError, match="pegbox up"):
        client.jobs.list()
    with Client(url, retries=0) as client, pytest.raises(UnreachableError, match="8001"):
        client.runs.list()


@pytest.mark.parametrize("status", [400, 422])
def test_both_ways_to_refuse_what_was_sent_are_one_error(server: ScriptedServer, status: int) -> None:
    server.answers = [refusal(status, "no good")]
    with Client(server.url) as client, pytest.raises(ValidationError, match="no good"):
        client.experiments.create("a")


def test_lists_are_read_bare_or_in_their_object(server: ScriptedServer) -> None:
    server.answers = [(200, {}, '[{"uid": "job_1"}]'), (200, {}, '{"jobs": [{"uid": "job_1"}]}')]
    with Client(server.url) as client:
        for _ in range(2):
            assert [job.uid for job in client.jobs.list()] == ["job_1"]
