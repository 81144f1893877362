"""Logs resource metrics of the machine that a script runs on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from pegbox.errors import ConflictError
from pegbox.hardware.gpu import read_gpus
from pegbox.hardware.host import HostReader

INTERVAL_SECONDS = 5.0


class SystemMetrics:
    """A thread that reads `system/…` metrics and passes them to `log`, until stopped. Omits readings that are not available."""

    def __init__(self, run_id: str, log: Callable[[Mapping[str, float]], None], interval_seconds: float) -> None:
        self._log = log
        self._interval = interval_seconds
        self._host = HostReader(Path.cwd())
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"pegbox-system-{run_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread. Nothing is logged after this returns."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self._log(self.read())
            except (ConflictError, psutil.Error):
                return

    def read(self) -> dict[str, float]:
        """One reading: percent (0-100), bytes, bytes per second, degrees Celsius, watts."""
        host = self._host.read()
        readings: dict[str, float | None] = {
            "cpu_percent": host.cpu_percent,
            "memory_used_bytes": host.memory_used,
            "disk_used_bytes": host.disk_used,
            "network_in_bytes_per_second": host.network_in,
            "network_out_bytes_per_second": host.network_out,
            "cpu_celsius": host.cpu_temperature,
            "process_cpu_percent": self._process.cpu_percent(),
            "process_memory_bytes": self._process.memory_info().rss,
        }
        for gpu in read_gpus():
            readings |= {
                f"gpu{gpu.index}_percent": gpu.utilization,
                f"gpu{gpu.index}_memory_used_bytes": gpu.memory_used,
                f"gpu{gpu.index}_celsius": gpu.temperature,
                f"gpu{gpu.index}_watts": gpu.power,
            }
        return {f"system/{name}": float(value) for name, value in readings.items() if value is not None}
