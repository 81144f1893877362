"""`GET /api/runs/{id}/stream`: the feed as server-sent events, resumable by the last event id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.monitor.cast import create_run, train
from tests.monitor.live.test_ws_runs import poll
from tests.stack import Stack, http

Event = tuple[str, str, dict[str, Any]]
"""Event id, kind, envelope."""


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Parses events like an `EventSource`, without comments."""
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


@pytest.fixture
def monitor(home: Path) -> Iterator[Stack]:
    """A monitor process, because an open stream needs a real socket."""
    stack = Stack(home)
    try:
        stack.start("monitor")
        http.post(f"{stack.monitor_url}/api/runs", json={"id": "run-alpha"}).raise_for_status()
        yield stack
    finally:
        stack.stop()


def log_steps(stack: Stack, first: int, last: int) -> None:
    steps = list(range(first, last + 1))
    points = {"step": steps, "time": [float(step) for step in steps], "metrics": {"train_loss": [1.0] * len(steps)}}
    batch = {"writer": "w", "sequence": first, "points": points}
    http.post(f"{stack.monitor_url}/api/runs/run-alpha/batches", json=batch).raise_for_status()


def test_a_finished_run_as_events(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 3)
    monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
    with monitor_client.stream("GET", "/api/runs/run-alpha/stream?after=0") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        found = list(events(answer.iter_lines()))
    assert [kind for _, kind, _ in found] == ["point", "point", "point", "status", "end"]
    assert all((id_, kind) == (str(data["seq"]), data["kind"]) for id_, kind, data in found)
    assert [data for _, _, data in found[:3]] == poll(monitor_client, "run-alpha", 0)[:3]


def test_the_last_event_id_counts_more_than_the_address(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    last = train(monitor_client, "run-alpha", 1, 3)["seq"]
    monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
    headers = {"Last-Event-ID": str(last - 1)}
    answer = monitor_client.get("/api/runs/run-alpha/stream?after=0", headers=headers)
    assert [id_ for id_, kind, _ in events(iter(answer.text.splitlines())) if kind == "point"] == [str(last)]


def test_an_unknown_run_and_a_bad_cursor(monitor_client: TestClient) -> None:
    answer = monitor_client.get("/api/runs/nothing/stream")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Run not found: nothing"
    for headers, query in (({"Last-Event-ID": "x"}, ""), ({}, "?after=-1")):
        assert monitor_client.get(f"/api/runs/nothing/stream{query}", headers=headers).status_code == 422


def test_resuming_neither_loses_nor_repeats(monitor: Stack) -> None:
    address = f"{monitor.monitor_url}/api/runs/run-alpha/stream"
    steps: list[int] = []
    last_id = "0"
    for first in range(1, 31, 3):
        with http.stream("GET", address, headers={"Last-Event-ID": last_id}) as answer:
            log_steps(monitor, first, first)
            for id_, kind, envelope in events(answer.iter_lines()):
                last_id = id_
                if kind == "point":
                    steps.append(envelope["data"]["step"])
                    if steps[-1] == first:
                        break
        log_steps(monitor, first + 1, first + 2)  # while no client is connected
    http.patch(f"{monitor.monitor_url}/api/runs/run-alpha", json={"status": "finished"}).raise_for_status()
    with http.stream("GET", address, headers={"Last-Event-ID": last_id}) as answer:
        rest = list(events(answer.iter_lines()))
    assert rest[-1][1] == "end"
    steps += [envelope["data"]["step"] for _, kind, envelope in rest if kind == "point"]
    assert steps == list(range(1, 31))
