"""Batches on the fast path are subject to the same rules as all other requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from monitor.app import create_app
from pegbox.settings import Settings
from tests.monitor.cast import create_run
from tests.monitor.metrics.ingest.test_ingest import batch

PATH = "/api/runs/run-alpha/batches"


@pytest.fixture
def guarded(settings: Settings) -> Iterator[TestClient]:
    """A monitor that requires a token."""
    asking = Settings(home=settings.home, token="a-token-of-some-length")
    with TestClient(create_app(asking), base_url="http://127.0.0.1:8001") as client:
        yield client


def test_the_token_is_asked_for(guarded: TestClient) -> None:
    bearer = {"Authorization": "Bearer a-token-of-some-length"}
    guarded.headers.update(bearer)
    create_run(guarded)
    del guarded.headers["Authorization"]
    missing = guarded.post(PATH, json=batch())
    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert missing.json()["request_id"] == missing.headers["X-Request-ID"]
    assert guarded.post(PATH, json=batch(), headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.post(PATH, json=batch(), headers=bearer).status_code == 200


def test_foreign_hosts_and_pages_are_refused(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    assert monitor_client.post(PATH, json=batch(), headers={"Host": "evil.example"}).status_code == 403
    assert monitor_client.post(PATH, json=batch(), headers={"Origin": "https://evil.example"}).status_code == 403


def test_our_own_pages_may_log_too(monitor_client: TestClient, settings: Settings) -> None:
    create_run(monitor_client)
    origin = f"http://127.0.0.1:{settings.port}"
    answer = monitor_client.post(PATH, json=batch(), headers={"Origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)


def test_both_ways_answer_errors_alike(monitor_client: TestClient, settings: Settings) -> None:
    origin = {"Origin": f"http://127.0.0.1:{settings.port}"}
    for path, body in (("/api/runs/nobody/batches", batch()), (PATH, batch(sequence=-1))):
        direct, routed = (monitor_client.post(path, json=body, headers=headers) for headers in ({}, origin))
        assert direct.status_code == routed.status_code >= 400
        first, second = direct.json(), routed.json()
        assert first.pop("request_id") != second.pop("request_id")
        assert first == second
