"""Granting GPUs to jobs and taking them back. A lease begins and ends within the transaction of its claim."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from backend.gpu_leases import repository
from pegbox.schemas.jobs.queue import Device
from pegbox.store.tables import GpuLease, Job


def free_devices(db: Session, devices: Sequence[Device]) -> list[Device]:
    """Those that no job holds."""
    held = {lease.device_uuid for lease in repository.list_leases(db, [device.uuid for device in devices])}
    return [device for device in devices if device.uuid not in held]


def grant(db: Session, job: Job, devices: Sequence[Device], worker_id: str) -> None:
    """Gives the devices to the job. The caller commits; an `IntegrityError` means that somebody else was faster."""
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


def grant_again(db: Session, job: Job) -> bool:
    """Gives a job the devices back that it had; false when one of them is another's by now. The caller commits."""
    devices = [Device.model_validate(device) for device in job.devices]
    if len(free_devices(db, devices)) < len(devices):
        return False
    grant(db, job, devices, job.worker_id or "")
    return True


def release(db: Session, job: Job) -> None:
    """Takes back whatever the job holds. The caller commits."""
    repository.delete_leases(db, job.uid)


def list_leases(db: Session) -> list[GpuLease]:
    """Every device in use, by index."""
    return repository.list_leases(db)
