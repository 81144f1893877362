"""`GET /metrics` on the monitor: runs, commits, viewers, the machine."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from monitor.context import Monitor, MonitorDep
from monitor.resources.sampler import MachineSample
from monitor.runs.service import count_by_status
from pegbox.hardware.gpu import GpuReading
from pegbox.web.error_handlers import error_responses
from pegbox.web.metrics.exposition import CONTENT_TYPE, Family, Sample, counter, gauge, gauges, render
from pegbox.web.metrics.service_metrics import SCRAPE, service_families

router = APIRouter(tags=["System"])

GPU_GAUGES: tuple[tuple[str, str, Callable[[GpuReading], float | None]], ...] = (
    ("pegbox_gpu_utilization_percent", "Load of a GPU, 0-100.", lambda gpu: gpu.utilization),
    ("pegbox_gpu_memory_used_bytes", "Memory in use on a GPU.", lambda gpu: gpu.memory_used),
    ("pegbox_gpu_memory_total_bytes", "Memory of a GPU.", lambda gpu: gpu.memory_total),
    ("pegbox_gpu_temperature_celsius", "Temperature of a GPU.", lambda gpu: gpu.temperature),
    ("pegbox_gpu_power_watts", "Power that a GPU draws.", lambda gpu: gpu.power),
)


@router.get("/metrics", response_class=Response, responses={**SCRAPE, **error_responses(503)}, summary="Prometheus")
def get_metrics(request: Request, monitor: MonitorDep) -> Response:
    """Counters and gauges for Prometheus. Needs the token where one is set."""
    with monitor.engine.connect() as connection:
        runs = count_by_status(connection)
    families = [
        *service_families("monitor", request.app),
        gauges("pegbox_runs", "Runs by status.", "status", runs),
        *_work(monitor),
        *_machine(monitor.sampler.latest),
    ]
    return Response(render(families), media_type=CONTENT_TYPE)


def _work(monitor: Monitor) -> list[Family]:
    counters = monitor.counters
    viewers = {str(stream): float(count) for stream, count in monitor.hub.count_viewers().items()}
    return [
        counter("pegbox_points_total", "Metric points written.", counters.points),
        counter("pegbox_records_total", "Sample sets, events and media written.", counters.records),
        counter("pegbox_batches_total", "Batches written.", counters.batches),
        counter(
            "pegbox_commits_total", "Commits that wrote them; under load many batches share one.", counters.commits
        ),
        gauge("pegbox_writer_queue", "Requests that wait for a commit.", monitor.writer.queue_length),
        gauges("pegbox_live_viewers", "Who watches a run live, by the stream they read.", "stream", viewers),
    ]


def _machine(reading: MachineSample) -> list[Family]:
    """Values that a GPU does not report are absent, not zero."""
    host = reading.host
    families = [
        gauge("pegbox_host_cpu_percent", "Load of the host's processors together, 0-100.", host.cpu_percent),
        gauge("pegbox_host_memory_used_bytes", "Memory in use on the host.", host.memory_used),
        gauge("pegbox_host_memory_total_bytes", "Memory of the host.", host.memory_total),
        gauge("pegbox_disk_used_bytes", "In use on the disk of the data folder.", host.disk_used),
        gauge("pegbox_disk_total_bytes", "Size of the disk of the data folder.", host.disk_total),
        gauge("pegbox_gpus", "GPUs that the monitor can read.", len(reading.gpus)),
    ]
    for name, text, read in GPU_GAUGES:
        values = [(gpu, read(gpu)) for gpu in reading.gpus]
        samples = tuple(
            Sample(value, {"gpu": str(gpu.index), "uuid": gpu.uuid, "name": gpu.name})
            for gpu, value in values
            if value is not None
        )
        families.append(Family(name, "gauge", text, samples))
    return families
