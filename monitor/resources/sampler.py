"""Reads host and GPUs once a second; keeps the newest samples in memory and all samples in the database."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

from monitor.metrics.ingest.writer import Writer
from monitor.resources import repository
from pegbox.hardware.gpu import GpuReading, ReadGpus, read_gpus
from pegbox.hardware.host import HostReader, HostReading

log = logging.getLogger(__name__)

KEPT_SAMPLES = 3600
THIN_EVERY_SECONDS = 600
NEAR_INTERVALS = 5
"""Maximum distance in intervals at which a sample still describes a point in time."""

STORE_EVERY = 10
"""Samples per commit: a commit each second would keep the disk of an idle machine awake."""


@dataclass(frozen=True, slots=True)
class MachineSample:
    """One reading of the host and all GPUs."""

    host: HostReading
    gpus: tuple[GpuReading, ...]

    @property
    def time(self) -> float:
        """Unix seconds."""
        return self.host.time

    @property
    def gpu_percent(self) -> float:
        """Mean utilization of the GPUs (0-100), 0.0 without a GPU."""
        known = [gpu.utilization for gpu in self.gpus if gpu.utilization is not None]
        return sum(known) / len(known) if known else 0.0

    @property
    def gpu_memory_used(self) -> int:
        return sum(gpu.memory_used or 0 for gpu in self.gpus)

    @property
    def gpu_memory_total(self) -> int:
        return sum(gpu.memory_total or 0 for gpu in self.gpus)

    @property
    def gpu_temperature(self) -> float | None:
        """Temperature of the hottest GPU in degrees Celsius."""
        known = [gpu.temperature for gpu in self.gpus if gpu.temperature is not None]
        return max(known) if known else None

    def as_row(self) -> dict[str, object]:
        """Returns a row of table `resource_sample`."""
        host = asdict(self.host)
        return {**host, "gpus": [asdict(gpu) for gpu in self.gpus]}


class Sampler:
    """Samples the machine in a thread of its own, because NVML may be slow."""

    def __init__(
        self,
        writer: Writer,
        host: HostReader,
        interval_seconds: float,
        *,
        gpus: ReadGpus = read_gpus,
        on_sample: Callable[[MachineSample], None] = lambda _sample: None,
    ) -> None:
        self._writer = writer
        self._host = host
        self._gpus = gpus
        self._interval = interval_seconds
        self._on_sample = on_sample
        self._samples: deque[MachineSample] = deque(maxlen=KEPT_SAMPLES)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="resource-sampler", daemon=True)
        self._last_time = 0.0
        self._unstored: list[dict[str, object]] = []
        self._storing = threading.Lock()
        self._has_stored = False
        self._thin_at = time.monotonic() + THIN_EVERY_SECONDS

    def start(self) -> None:
        """Takes the first sample synchronously, so that `latest` always exists, then starts the thread."""
        self._samples.append(MachineSample(self._host.read(), self._gpus()))
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread and stores pending samples."""
        self._stop.set()
        self._thread.join()
        self.store()

    def store(self) -> None:
        """Stores pending samples in the database. Blocks on the writer: not for the event loop."""
        with self._storing:
            rows = self._unstored[:]
            if rows:
                self._writer.call(lambda connection: repository.insert_samples(connection, rows))
                del self._unstored[: len(rows)]
                self._has_stored = True  # the first sample is stored at once, since the backend reads it

    @property
    def latest(self) -> MachineSample:
        """The newest sample."""
        return self._samples[-1]

    @property
    def is_working(self) -> bool:
        """Whether the thread is alive."""
        return self._thread.is_alive()

    def recent(self, count: int, since: float = 0.0) -> list[MachineSample]:
        """Returns up to `count` newest samples after `since` (Unix seconds), oldest first."""
        found: list[MachineSample] = []
        for sample in reversed(self._samples.copy()):
            if len(found) >= count or sample.time <= since:
                break
            found.append(sample)
        return found[::-1]

    def at(self, moment: float) -> MachineSample:
        """Returns the newest sample at a time (Unix seconds); the oldest in memory for earlier times."""
        if self.latest.time <= moment:  # the common case
            return self.latest
        kept = list(self._samples)
        return kept[max(0, bisect_right(kept, moment, key=lambda sample: sample.time) - 1)]

    def gpu_percent_at(self, moment: float) -> float | None:
        """Returns the mean GPU utilization at a time. None without a GPU or without a sample near that time."""
        sample = self.at(moment) if moment > self._samples[0].time else self._samples[0]
        is_near = abs(sample.time - moment) <= NEAR_INTERVALS * self._interval
        return round(sample.gpu_percent, 1) if sample.gpus and is_near else None

    def _work(self) -> None:
        due = time.monotonic() + self._interval
        while not self._stop.wait(due - time.monotonic()):
            try:
                self._sample()
            except Exception:  # a failed reading must not end the thread
                log.exception("resource sample failed")
            due = max(due + self._interval, time.monotonic())

    def _sample(self) -> None:
        sample = MachineSample(self._host.read(), self._gpus())
        self._samples.append(sample)
        self._on_sample(sample)
        if sample.time <= self._last_time:  # the clock was set back, and the time is the primary key
            return
        self._last_time = sample.time
        self._unstored.append(sample.as_row())
        del self._unstored[:-KEPT_SAMPLES]  # bounds memory while the disk is full
        if len(self._unstored) >= STORE_EVERY or not self._has_stored:
            self.store()
        if time.monotonic() > self._thin_at:
            self._thin_at = time.monotonic() + THIN_EVERY_SECONDS
            self._writer.call(lambda connection: repository.thin(connection, sample.time))
