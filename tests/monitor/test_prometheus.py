"""`GET /metrics` of the monitor."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from monitor.prometheus import _machine
from monitor.resources.sampler import MachineSample
from pegbox.hardware.gpu import GpuReading
from pegbox.hardware.host import HostReader
from pegbox.web.metrics.exposition import render
from tests.exposition import ReadFamily, read_exposition
from tests.monitor.cast import create_run
from tests.stack import wait_until

GIB = 2**30


def scrape(client: TestClient) -> dict[str, ReadFamily]:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read_exposition(answer.text)


def test_runs_points_and_batches(monitor_client: TestClient) -> None:
    before = scrape(monitor_client)
    assert before["pegbox_points_total"].value() == 0
    create_run(monitor_client)
    for sequence in range(2):
        body = {
            "writer": "w",
            "sequence": sequence,
            "points": {"step": [1, 2, 3], "time": [1, 2, 3], "metrics": {"train_loss": [3, 2, 1]}},
            "events": [{"time": 1, "kind": "note", "title": "x"}],
        }
        for _ in range(2):  # a repeated batch counts once
            assert monitor_client.post("/api/runs/run-alpha/batches", json=body).status_code == 200
    families = scrape(monitor_client)
    assert families["pegbox_runs"].value(status="running") == 1
    assert families["pegbox_runs"].value(status="finished") == 0
    assert families["pegbox_points_total"].value() == 6
    assert families["pegbox_records_total"].value() == 2
    assert families["pegbox_batches_total"].value() == 2
    assert families["pegbox_commits_total"].value() == 2
    assert families["pegbox_writer_queue"].value() == 0
    requests = families["pegbox_http_requests_total"]
    assert requests.value(method="POST", route="/api/runs/{run_id}/batches", status="200") == 4


def test_refused_batches_are_counted_too(monitor_client: TestClient) -> None:
    monitor_client.post("/api/runs/nobody/batches", json={"writer": "w", "sequence": 0})
    requests = scrape(monitor_client)["pegbox_http_requests_total"]
    assert requests.value(method="POST", route="/api/runs/{run_id}/batches", status="404") == 1


def test_both_paths_of_a_dialect_have_their_own_label(monitor_client: TestClient) -> None:
    monitor_client.get("/api/v1/health")
    monitor_client.get("/tracker/api/v1/health")
    requests = scrape(monitor_client)["pegbox_http_requests_total"]
    assert requests.value(route="/api/v1/health") == requests.value(route="/tracker/api/v1/health") == 1


def test_viewers_come_and_go(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/runs/run-alpha") as socket:
        socket.receive_json()
        assert scrape(monitor_client)["pegbox_live_viewers"].value(stream="feed") == 1
    wait_until(
        lambda: scrape(monitor_client)["pegbox_live_viewers"].value(stream="feed") == 0, what="the viewer's leave"
    )


def test_the_machine(monitor_client: TestClient) -> None:
    families = scrape(monitor_client)
    assert families["pegbox_host_memory_total_bytes"].value() > GIB
    assert families["pegbox_gpus"].value() >= 0
    assert families["pegbox_build_info"].value(service="monitor") == 1


def test_a_card_that_does_not_tell_is_absent(home: Path) -> None:
    cards = (
        GpuReading(0, "GPU-a", "H200", 80.0, 18 * GIB, 24 * GIB, 72.0, 350.5, 700.0),
        GpuReading(1, "GPU-b", "Old Card", None, None, None, None, None, None),
    )
    families = read_exposition(render(_machine(MachineSample(HostReader(home).read(), cards))))
    assert families["pegbox_gpus"].value() == 2
    assert families["pegbox_gpu_power_watts"].samples == {
        ("pegbox_gpu_power_watts", frozenset({("gpu", "0"), ("uuid", "GPU-a"), ("name", "H200")})): 350.5
    }
    assert families["pegbox_gpu_memory_used_bytes"].value(gpu="0") == 18 * GIB
