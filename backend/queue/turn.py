"""Whose turn it is: which job a claim gets, and with which GPUs.

Order is priority, then time in the queue. Among jobs that want GPUs the first one that a worker could run at all has a right to
its devices: while it waits for enough of them, no later job takes one away, so that a big job is never starved by small ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from backend.gpu_leases import service as gpu_leases
from backend.queue import repository
from pegbox.schemas.jobs.queue import ClaimRequest, Device
from pegbox.store.tables import Job

LOOK_AHEAD = 100
"""Jobs looked at for one that this worker can run: only those that name devices of another machine are passed over."""


@dataclass(frozen=True)
class Turn:
    """A job, and the devices that it would get."""

    job: Job
    devices: list[Device]


def choose(db: Session, body: ClaimRequest, *, lock: bool = False) -> Turn | None:
    """The job that this worker is to run next in this lane; `None` when it has to wait. With `lock`, nobody else gets the job."""
    able = body.capabilities
    if body.lane != "gpu":
        found = repository.find_waiting(db, body, gpus=0, limit=1, lock=lock)
        return Turn(found[0], []) if found else None
    free = gpu_leases.free_devices(db, able.devices)
    if not free:
        return None
    for job in repository.find_waiting(db, body, gpus=len(able.devices), limit=LOOK_AHEAD, lock=lock):
        if not _suits(job, able.devices):
            continue
        devices = named(job, free) if job.wanted_devices else free[: job.gpu_count]
        return Turn(job, devices) if len(devices) == job.gpu_count else None
    return None


def named(job: Job, devices: Sequence[Device]) -> list[Device]:
    """The devices that the job names, in its order, as far as they are among these."""
    by_name = {name: device for device in devices for name in (device.uuid, str(device.index))}
    return [by_name[name] for name in job.wanted_devices or () if name in by_name]


def _suits(job: Job, devices: Sequence[Device]) -> bool:
    return not job.wanted_devices or len(named(job, devices)) == job.gpu_count
