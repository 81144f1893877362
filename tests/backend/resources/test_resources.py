"""GPUs and the machine on the backend: the monitor's last sample, else a reading of its own."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import psutil
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from monitor.app import create_app
from pegbox.hardware.gpu import GpuReader
from pegbox.settings import Settings
from pegbox.store.tables import ResourceSample
from tests.backend.shapes import assert_shape
from tests.pegbox.hardware.test_gpu_processes import Driver
from tests.stack import wait_until

GIB = 2**30
GPU = {
    "id": 0,
    "name": "NVIDIA A100-SXM4-80GB",
    "memory_total": 85899345920,
    "memory_used": 42949672960,
    "utilization": 85.5,
    "temperature": 72.0,
    "power_usage": 350.0,
}
MACHINE = {
    "timestamp": "2024-01-15T10:30:00.000Z",
    "cpu_percent": 45.2,
    "memory_percent": 62.1,
    "disk_usage": 78.5,
    "network_io": {"bytes_sent": 1073741824, "bytes_recv": 2147483648},
}
A100 = {
    "index": 0,
    "uuid": "GPU-a",
    "name": "NVIDIA A100-SXM4-80GB",
    "utilization": 85.5,
    "memory_used": 40 * GIB,
    "memory_total": 80 * GIB,
    "temperature": 72.0,
    "power": 350.0,
    "power_limit": 400.0,
    "processes": [{"pid": 7, "memory_used": GIB}],
}
SILENT = {**dict.fromkeys(A100), "index": 1, "uuid": "GPU-b", "name": "Old Card", "processes": []}


def sample(seconds_ago: float, gpus: list[dict[str, Any]]) -> ResourceSample:
    return ResourceSample(
        time=time.time() - seconds_ago,
        cpu_percent=45.21,
        memory_used=GIB,
        memory_total=4 * GIB,
        disk_used=3 * GIB,
        disk_total=4 * GIB,
        network_in=0.0,
        network_out=0.0,
        gpus=gpus,
    )


def store(db: Session, *samples: ResourceSample) -> None:
    db.add_all(samples)
    db.commit()


def test_gpus_as_published(db: Session, backend_client: TestClient) -> None:
    store(db, sample(1, [A100]))
    (found,) = backend_client.get("/api/gpus").json()
    assert_shape(found, GPU)
    assert {name: found[name] for name in GPU} == GPU
    assert found["processes"] == [{"pid": 7, "memory_used": GIB}]
    assert (found["mig"], found["unknown"]) == ([], [])


def test_what_a_card_does_not_tell_is_named(db: Session, backend_client: TestClient) -> None:
    store(db, sample(1, [A100, SILENT]))
    found = backend_client.get("/api/gpus").json()[1]
    assert_shape(found, GPU)
    numbers = ["utilization", "memory_used", "memory_total", "temperature", "power_usage"]
    assert [found[name] for name in numbers] == [0] * 5
    assert found["unknown"] == numbers


def test_slices_of_a_divided_card(db: Session, backend_client: TestClient) -> None:
    part = {"uuid": "MIG-1", "name": "1g.20gb", "gpu_instance": 1, "compute_instance": 0}
    divided = {**A100, "mig": [{**part, "memory_used": None, "memory_total": 20 * GIB}]}
    store(db, sample(1, [divided]))
    (found,) = backend_client.get("/api/gpus").json()
    assert found["mig"] == [{**part, "memory_used": None, "memory_total": 20 * GIB}]


def test_the_newest_sample_counts(db: Session, backend_client: TestClient) -> None:
    store(db, sample(20, [SILENT]), sample(1, [A100]), sample(10, []))
    assert [card["name"] for card in backend_client.get("/api/gpus").json()] == ["NVIDIA A100-SXM4-80GB"]


def test_an_old_sample_says_nothing_of_now(db: Session, backend_client: TestClient) -> None:
    """The driver is asked instead: here one with a card that tells only of its processes."""
    store(db, sample(3600, [A100]))
    backend_client.app.state.read_gpus = GpuReader(Driver).read  # type: ignore[attr-defined]
    (found,) = backend_client.get("/api/gpus").json()
    assert found["name"] == ""
    assert [process["pid"] for process in found["processes"]] == [9, 7, 8]
    assert abs(backend_client.get("/api/metrics").json()["memory_percent"] - psutil.virtual_memory().percent) < 20


def test_no_gpu_is_an_empty_list(backend_client: TestClient) -> None:
    backend_client.app.state.read_gpus = GpuReader(lambda: None).read  # type: ignore[attr-defined]
    answer = backend_client.get("/api/gpus")
    assert (answer.status_code, answer.json()) == (200, [])


def test_machine_as_published(db: Session, backend_client: TestClient) -> None:
    store(db, sample(1, []))
    found = backend_client.get("/api/metrics").json()
    assert_shape(found, MACHINE)
    assert (found["cpu_percent"], found["memory_percent"], found["disk_usage"]) == (45.2, 25.0, 75.0)
    counters = psutil.net_io_counters()
    assert 0 <= found["network_io"]["bytes_sent"] <= counters.bytes_sent
    assert 0 <= found["network_io"]["bytes_recv"] <= counters.bytes_recv


def test_machine_without_a_monitor(backend_client: TestClient) -> None:
    found = backend_client.get("/api/metrics").json()
    assert_shape(found, MACHINE)
    assert 0 < found["memory_percent"] <= 100
    assert 0 < found["disk_usage"] <= 100


def test_the_monitors_first_sample_is_there_at_once(backend_client: TestClient, monitor_client: TestClient) -> None:
    monitor_client.get("/api/training/resources/current")
    assert_shape(backend_client.get("/api/metrics").json(), MACHINE)


class Card(Driver):
    """A card of 24 GiB, three quarters of them taken."""

    def nvmlDeviceGetMemoryInfo(self, _handle: int) -> SimpleNamespace:
        return SimpleNamespace(used=18 * GIB, total=24 * GIB)


def test_one_sample_in_bytes_here_and_in_gib_at_the_monitor(
    backend_client: TestClient, settings: Settings, db: Session
) -> None:
    backend_client.app.state.read_gpus = GpuReader(lambda: None).read  # type: ignore[attr-defined]
    app = create_app(settings, gpus=GpuReader(Card).read)
    with TestClient(app, base_url=f"http://127.0.0.1:{settings.monitor_port}") as monitor:
        wire = monitor.get("/api/training/resources/current").json()
        wait_until(lambda: db.exec(select(ResourceSample)).first() is not None, seconds=60, what="a stored sample")
    (card,) = backend_client.get("/api/gpus").json()
    assert (card["memory_used"], card["memory_total"]) == (18 * GIB, 24 * GIB)
    assert (wire["vram_used_gb"], wire["vram_total_gb"]) == (18.0, 24.0)
    assert wire["gpus"][0]["vram_total_gb"] == 24.0
    total = psutil.virtual_memory().total
    assert wire["ram_total_gb"] == round(total / GIB, 2)
