"""The machine that the services run on, and whether they are well."""

from __future__ import annotations

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, one
from pegbox.sdk.record import Record
from pegbox.sdk.records import Gpu, Health, MachineMetrics


class MachineCalls:
    """`client.gpus()`, `client.metrics()`, `client.health()`, `client.machine.workers()`."""

    @endpoint
    def gpus(self) -> Call[list[Gpu]]:
        """The GPUs as they were last read; none on a machine without."""
        return Call("GET", "/api/gpus", many(Gpu))

    @endpoint
    def metrics(self) -> Call[MachineMetrics]:
        """Processor, memory, disk and network as they were last read. Raises UnavailableError before the first reading."""
        return Call("GET", "/api/metrics", one(MachineMetrics))

    @endpoint
    def health(self) -> Call[Health]:
        """How the backend is, and which parts of it. Raises UnavailableError while it is not well."""
        return Call("GET", "/api/health", one(Health))

    @endpoint
    def monitor_health(self) -> Call[Health]:
        """How the monitor is."""
        return Call("GET", "/api/health", one(Health), at_monitor=True)

    @endpoint
    def workers(self) -> Call[list[Record]]:
        """The workers that were heard of lately."""
        return Call("GET", "/api/workers", many(Record))


class Machine(MachineCalls, Resource):
    """Of a blocking client."""


class AsyncMachine(MachineCalls, AsyncResource):
    """Of an async client."""
