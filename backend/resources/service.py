"""Current readings of GPUs and host: the monitor's last sample, else a direct reading."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from backend.resources import repository
from pegbox.hardware.gpu import ReadGpus
from pegbox.hardware.host import HostReader, read_traffic
from pegbox.schemas.machine import GpuStatus, MachineMetrics, NetworkCounters

FRESH_SECONDS = 30.0
"""The monitor stores ten samples at once. If the last sample is older, the monitor is down and the backend reads the hardware."""

OPTIONAL_FIELDS = {
    "utilization": "utilization",
    "memory_used": "memory_used",
    "memory_total": "memory_total",
    "temperature": "temperature",
    "power": "power_usage",
}
"""Values that a GPU may not report: field of a reading → name in the API."""


def list_gpus(db: Session, read_gpus: ReadGpus) -> list[GpuStatus]:
    """Every GPU of the machine, in NVML's order; none without an NVIDIA driver."""
    sample = repository.find_newest_sample(db, time.time() - FRESH_SECONDS)
    if sample is not None:
        return [gpu_status(gpu, sample.time) for gpu in sample.gpus]
    read_at = time.time()
    return [gpu_status(asdict(gpu), read_at) for gpu in read_gpus()]


def gpu_status(gpu: dict[str, Any], read_at: float) -> GpuStatus:
    """The API's view of a GPU, from its fields in a sample."""
    return GpuStatus.model_validate(
        {
            **gpu,
            "id": gpu["index"],
            "timestamp": datetime.fromtimestamp(read_at, UTC),
            **{wire: gpu[field] or 0 for field, wire in OPTIONAL_FIELDS.items()},
            "unknown": [wire for field, wire in OPTIONAL_FIELDS.items() if gpu[field] is None],
        }
    )


def read_machine(db: Session, host: HostReader) -> MachineMetrics:
    """Load of the host. Network counters are not in samples and are read directly."""
    reading = repository.find_newest_sample(db, time.time() - FRESH_SECONDS) or host.read()
    traffic = read_traffic()
    return MachineMetrics(
        timestamp=datetime.fromtimestamp(reading.time, UTC),
        cpu_percent=round(reading.cpu_percent, 1),
        memory_percent=_percent(reading.memory_used, reading.memory_total),
        disk_usage=_percent(reading.disk_used, reading.disk_total),
        network_io=NetworkCounters(bytes_sent=traffic.sent, bytes_recv=traffic.received),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
