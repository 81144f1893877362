"""Grants GPUs to jobs and releases them, in the transaction of the claim or of the transition that ends the claim."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from backend.gpu_leases import repository
from pegbox.schemas.jobs.queue import Device
from pegbox.store.tables import GpuLease, Job


def free_devices(db: Session, devices: Sequence[Device]) -> list[Device]:
    """The devices without a lease."""
    held = {lease.device_uuid for lease in repository.list_leases(db, [device.uuid for device in devices])}
    return [device for device in devices if device.uuid not in held]


def grant(db: Session, job: Job, devices: Sequence[Device], worker_id: str) -> None:
    """Leases the devices to the job. The caller commits. Raises `IntegrityError` if another job leased a device first."""
    job.devices = [device.model_dump(mode="json") for device in devices]
    for device in devices:
        db.add(
            GpuLease(
                device_uuid=device.uuid,
                device_index=device.index,
                device_name=device.name,
                job_uid=job.uid,
                worker_id=worker_id,
            )
        )
    db.flush()


def regrant(db: Session, job: Job) -> bool:
    """Leases the previous devices of the job again. Returns false if another job holds one of them. The caller commits."""
    devices = [Device.model_validate(device) for device in job.devices]
    if len(free_devices(db, devices)) < len(devices):
        return False
    grant(db, job, devices, job.worker_id or "")
    return True


def release(db: Session, job: Job) -> None:
    """Deletes all leases of the job. The caller commits."""
    repository.delete_leases(db, job.uid)


def list_leases(db: Session) -> list[GpuLease]:
    """All leases, by device index."""
    return repository.list_leases(db)
