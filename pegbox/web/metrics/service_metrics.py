"""The metrics that both services export to Prometheus: requests, process, version."""

from __future__ import annotations

from fastapi import FastAPI

from pegbox.hardware.process import read_process
from pegbox.web.error_handlers import Responses
from pegbox.web.metrics.exposition import Family, Sample, counter, gauge

SCRAPE: Responses = {
    200: {
        "description": "Prometheus' text exposition format, version 0.0.4.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
"""The `responses=` of the metrics route."""


def service_families(service: str, app: FastAPI) -> list[Family]:
    """`service` is `backend` or `monitor`. Process metrics have the names that Prometheus' clients use."""
    process = read_process()
    build = Sample(1, {"service": service, "version": app.version})
    families = [
        Family("pegbox_build_info", "gauge", "Which service and version this is.", (build,)),
        *app.state.requests.families(),
        gauge("process_resident_memory_bytes", "Resident memory of this service.", process.resident_memory),
        counter("process_cpu_seconds_total", "Processor time that this service has used.", process.cpu_seconds),
        gauge("process_start_time_seconds", "When this service started, in Unix seconds.", process.started_at),
        gauge("process_threads", "Threads of this service.", process.threads),
    ]
    if process.open_files is not None:
        families.append(gauge("process_open_fds", "File descriptors that this service has open.", process.open_files))
    return families
