"""`client.jobs.stream_metrics`, blocking and async, over restarts of both services."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import pegbox
from pegbox import AsyncClient, Client
from pegbox.errors import NotFoundError
from pegbox.sdk.records import MetricPoint
from tests.event_loop import run
from tests.stack import Stack, http


def log_steps(stack: Stack, first: int, last: int) -> None:
    steps = list(range(first, last + 1))
    points = {"step": steps, "time": [float(step) for step in steps], "metrics": {"train_loss": [1 / s for s in steps]}}
    body: dict[str, Any] = {"writer": "w", "sequence": first, "points": points}
    http.post(f"{stack.monitor_url}/api/runs/digits/batches", json=body).raise_for_status()


async def collect(stack: Stack) -> list[MetricPoint]:
    async with AsyncClient(stack.backend_url, monitor_url=stack.monitor_url) as client:
        assert (await client.runs.get("digits")).name == "digits"
        return [point async for point in client.jobs.stream_metrics("digits")]


def test_a_stream_survives_restarts(stack: Stack) -> None:
    http.post(f"{stack.monitor_url}/api/runs", json={"id": "digits"}).raise_for_status()
    log_steps(stack, 1, 3)
    found: list[MetricPoint] = []
    has_begun, is_going_on = threading.Event(), threading.Event()

    def read() -> None:
        with Client(stack.backend_url) as client:
            for metrics in client.jobs.stream_metrics("digits"):
                found.append(metrics)
                (has_begun if metrics.step < 4 else is_going_on).set()

    reader = threading.Thread(target=read)
    reader.start()
    assert has_begun.wait(60)
    for service, first in (("monitor", 4), ("backend", 7)):
        stack.kill(service)
        stack.start(service)
        is_going_on.clear()
        log_steps(stack, first, first + 2)
        assert is_going_on.wait(120)
    http.patch(f"{stack.monitor_url}/api/runs/digits", json={"status": "finished"}).raise_for_status()
    reader.join(120)
    assert not reader.is_alive()
    assert [metrics.step for metrics in found] == list(range(1, 10))
    assert found[1].loss == found[1]["loss"] == 0.5
    assert found[1].lr is None
    assert run(collect(stack)) == found
    with Client(stack.backend_url) as client:
        assert list(client.jobs.stream_metrics("digits", after=found[-2].seq)) == found[-1:]
        with pytest.raises(NotFoundError, match="job_0"):
            next(client.jobs.stream_metrics("job_0"))


def test_the_public_names() -> None:
    assert {"AsyncClient", "Client"} <= set(pegbox.__all__)
