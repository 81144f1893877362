"""Resource samples during a run, as columns over time for charts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from monitor.resources import repository
from monitor.runs.service import find_row
from pegbox.errors import NotFoundError
from pegbox.schemas.runs.resource import GpuSeries, ResourceSeries

MARGIN_SECONDS = 2.0


def run_resources(engine: Engine, run_id: str, columns: int) -> ResourceSeries:
    """Returns at most `columns` samples from the time of the run. Raises `NotFoundError`."""
    with engine.connect() as connection:
        run = find_row(connection, run_id)
        if run is None:
            raise NotFoundError(f"Run not found: {run_id}")
        start = run.created_at.timestamp() - MARGIN_SECONDS
        end = run.finished_at.timestamp() + MARGIN_SECONDS if run.finished_at else 1e12
        last = repository.newest_time(connection)
        rows = repository.read_samples(connection, start, max(start, min(end, last)), columns)
    numbers: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows]
        for name in (
            *("time", "cpu_percent", "memory_used", "memory_total", "disk_used", "disk_total"),
            *("cpu_temperature", "network_in", "network_out"),
        )
    }
    return ResourceSeries(**numbers, gpus=_gpus([row.gpus for row in rows]))


def _gpus(samples: list[list[dict[str, Any]]]) -> list[GpuSeries]:
    indexes = sorted({gpu["index"] for gpus in samples for gpu in gpus})
    series = []
    for index in indexes:
        found = [next((gpu for gpu in gpus if gpu["index"] == index), {}) for gpus in samples]
        names = [gpu["name"] for gpu in found if gpu]
        series.append(
            GpuSeries(
                index=index,
                name=names[-1],
                utilization=[gpu.get("utilization") for gpu in found],
                memory_used=[gpu.get("memory_used") for gpu in found],
                memory_total=[gpu.get("memory_total") for gpu in found],
                temperature=[gpu.get("temperature") for gpu in found],
                power=[gpu.get("power") for gpu in found],
            )
        )
    return series
