"""Every time on the wire is UTC with milliseconds and a `Z`, whichever of the two spellings its key has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from fastapi.testclient import TestClient

from tests.backend.conftest import Hand
from tests.backend.shapes import INSTANT

LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ].*")


def times(value: Any, where: str = "$") -> Iterator[tuple[str, str]]:
    """Where in an answer there is a time, and how it is written."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from times(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from times(item, f"{where}[]")
    elif isinstance(value, str) and LIKE_A_TIME.fullmatch(value):
        yield where, value


def test_both_spellings_of_every_time(
    client: TestClient, create_job: Callable[..., dict[str, Any]], hand: Hand
) -> None:
    job = create_job()
    hand.claim()
    hand.report("completed")
    found: dict[str, str] = {}
    for path in (f"/api/jobs/{job['uid']}", "/api/jobs", "/api/jobs/statistics", "/api/models", "/api/datasets"):
        found |= {f"{path} {where}": time for where, time in times(client.get(path).json())}
    for path in ("/api/datasets/support/versions", "/api/experiments", "/api/metadata"):
        found |= {f"{path} {where}": time for where, time in times(client.get(path).json())}
    assert len(found) > 20
    assert {where: time for where, time in found.items() if not INSTANT.fullmatch(time)} == {}

    shown = client.get(f"/api/jobs/{job['uid']}").json()
    assert shown["created_at"] == shown["createdAt"]
    assert shown["started_at"] == shown["training"]["startedAt"]
    assert shown["completed_at"] == shown["training"]["completedAt"]
    for record in (*client.get("/api/datasets").json(), *client.get("/api/models").json()["models"]):
        assert record["created_at"] == record["createdAt"]
