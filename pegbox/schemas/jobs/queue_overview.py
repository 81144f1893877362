"""The queue on the wire: devices, holders, and what waits."""

from __future__ import annotations

from pydantic import Field

from pegbox.schemas.base import Instant, Wire
from pegbox.schemas.jobs.queue import Device


class Holder(Wire):
    """The job that has a device."""

    id: str
    uid: str
    name: str
    kind: str


class DeviceView(Device):
    """A GPU that a present worker hands out, or one that is held."""

    worker_id: str
    hostname: str
    job: Holder | None = Field(description="Who holds it; null while it is free.")
    since: Instant | None


class WaitingJob(Wire):
    """A queued job in its turn."""

    position: int
    reason: str
    id: str
    uid: str
    name: str
    kind: str
    gpu_count: int
    priority: int
    queued_at: Instant | None


class QueueView(Wire):
    devices: list[DeviceView]
    waiting: list[WaitingJob]
    total: int = Field(description="How many jobs wait in all.")
    limit: int
    offset: int
