"""Readings of the machine that the services run on, and their health."""

from __future__ import annotations

from pegbox.sdk.call import Call, read_record, read_records
from pegbox.sdk.records import Gpu, Health, MachineMetrics, Record
from pegbox.sdk.resource import AsyncResource, Resource, endpoint


class MachineCalls:
    """`client.gpus()`, `client.metrics()`, `client.health()`, `client.machine.workers()`."""

    @endpoint
    def gpus(self) -> Call[list[Gpu]]:
        """The last reading of each GPU; empty on a machine without GPUs."""
        return Call("GET", "/api/gpus", read_records(Gpu))

    @endpoint
    def metrics(self) -> Call[MachineMetrics]:
        """The last reading of CPU, memory, disk and network. Raises UnavailableError before the first reading."""
        return Call("GET", "/api/metrics", read_record(MachineMetrics))

    @endpoint
    def health(self) -> Call[Health]:
        """The health of the backend and its parts. Raises UnavailableError while it is unhealthy."""
        return Call("GET", "/api/health", read_record(Health))

    @endpoint
    def monitor_health(self) -> Call[Health]:
        """The health of the monitor."""
        return Call("GET", "/api/health", read_record(Health), at_monitor=True)

    @endpoint
    def workers(self) -> Call[list[Record]]:
        """The workers that sent a request recently."""
        return Call("GET", "/api/workers", read_records(Record))


class Machine(MachineCalls, Resource):
    """Blocking."""


class AsyncMachine(MachineCalls, AsyncResource):
    """Async."""
