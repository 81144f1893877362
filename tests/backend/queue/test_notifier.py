"""Waiting claims wake at a commit, whoever makes it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.queue import routes
from tests.backend.conftest import Hand
from tests.stack import wait_until

GPUS = [{"uuid": f"GPU-{index}", "index": index} for index in range(2)]
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


def cancel_over_the_api(client: TestClient, uid: str) -> Any:
    return client.post(f"/api/jobs/{uid}/cancel")


def cancel_on_the_page(client: TestClient, uid: str) -> Any:
    return client.post(f"/jobs/{uid}/cancel", headers=FORM)


def cancel_in_the_list(client: TestClient, uid: str) -> Any:
    return client.post("/jobs/selected/stop", data={"runs": uid}, headers=FORM)


@pytest.mark.parametrize("cancel", [cancel_over_the_api, cancel_on_the_page, cancel_in_the_list])
def test_a_cancelled_job_lets_the_one_behind_it_start(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, cancel: Callable[[TestClient, str], Any]
) -> None:
    monkeypatch.setattr(routes, "POLL_SECONDS", 60.0)
    first, second = Hand(client, "first"), Hand(client, "second")
    for hand in (first, second):
        hand.capabilities |= {"devices": GPUS, "commands": True}
        assert hand.claim(lane="gpu") is None

    def submit(gpu_count: int) -> str:
        body = {"name": "a command", "command": "true", "gpu_count": gpu_count}
        return str(client.post("/api/jobs", json=body).json()["uid"])

    submit(1)
    assert first.claim(lane="gpu")
    big, small = submit(2), submit(1)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(second.claim, lane="gpu", wait_seconds=20)
        seen = client.get("/api/workers").json()
        wait_until(lambda: client.get("/api/workers").json() != seen, what="the claim that waits")
        client.follow_redirects = False
        assert cancel(client, big).status_code in (200, 303)
        claim = waiting.result(timeout=10)
    assert claim
    assert claim["job"]["uid"] == small
