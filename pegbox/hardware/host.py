"""Readings of the host through psutil: CPU, memory, disk, network."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class HostReading:
    """The host at one moment. Percent (0-100), bytes, degrees Celsius, bytes per second since the previous reading."""

    time: float
    cpu_percent: float
    memory_used: int
    memory_total: int
    disk_used: int
    disk_total: int
    cpu_temperature: float | None
    network_in: float
    network_out: float


@dataclass(frozen=True, slots=True)
class NetworkTraffic:
    """Bytes sent and received by all interfaces since the host started."""

    sent: int
    received: int


def read_traffic() -> NetworkTraffic:
    """The current counters."""
    counters = psutil.net_io_counters()
    return NetworkTraffic(sent=counters.bytes_sent, received=counters.bytes_recv)


class HostReader:
    """Reads the host. Keeps the previous network counters to calculate rates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        psutil.cpu_percent()
        self._counters = psutil.net_io_counters()
        self._at = time.monotonic()

    def read(self) -> HostReading:
        """One reading; `cpu_percent` and the network rates are averages since the previous call."""
        counters, at = psutil.net_io_counters(), time.monotonic()
        elapsed = max(at - self._at, 1e-6)
        received = max(0, counters.bytes_recv - self._counters.bytes_recv) / elapsed
        sent = max(0, counters.bytes_sent - self._counters.bytes_sent) / elapsed
        self._counters, self._at = counters, at
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._folder))
        return HostReading(
            time=time.time(),
            cpu_percent=psutil.cpu_percent(),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            disk_used=disk.used,
            disk_total=disk.total,
            cpu_temperature=_cpu_temperature(),
            network_in=received,
            network_out=sent,
        )


def _cpu_temperature() -> float | None:
    sensors = getattr(psutil, "sensors_temperatures", None)  # absent on macOS
    if sensors is None:
        return None
    readings = sensors()
    for name in ("coretemp", "k10temp", "cpu_thermal", "zenpower", "acpitz"):
        if readings.get(name):
            return float(readings[name][0].current)
    return None
