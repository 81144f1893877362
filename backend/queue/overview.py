"""Overview of the queue: all GPUs with the jobs that hold them, and the waiting jobs."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from backend.gpu_leases import service as gpu_leases
from backend.jobs.views import id_of
from backend.queue.order import list_queue
from backend.workers.service import devices_of, list_live_workers
from pegbox.schemas.jobs.queue_overview import DeviceView, Holder, QueueView, WaitingJob
from pegbox.store.tables import Job


def show_queue(db: Session, *, limit: int, offset: int) -> QueueView:
    """The devices of live workers, all leased devices, and a page of the waiting jobs."""
    waiting = [
        WaitingJob(
            position=place.position,
            reason=place.reason,
            id=id_of(job),
            uid=job.uid,
            name=job.name,
            kind=job.kind,
            gpu_count=job.gpu_count,
            priority=job.priority,
            queued_at=job.queued_at,
        )
        for job, place in list_queue(db, limit=limit, offset=offset)
    ]
    total = db.exec(select(func.count()).select_from(Job).where(Job.state == "queued")).one()
    return QueueView(devices=_devices(db), waiting=waiting, total=int(total), limit=limit, offset=offset)


def _devices(db: Session) -> list[DeviceView]:
    leases = gpu_leases.list_leases(db)
    jobs = {
        job.uid: job for job in db.exec(select(Job).where(col(Job.uid).in_([lease.job_uid for lease in leases]))).all()
    }
    found: dict[str, DeviceView] = {}
    for worker in list_live_workers(db):
        for device in devices_of(worker):
            known = DeviceView(
                **device.model_dump(), worker_id=worker.id, hostname=worker.hostname, job=None, since=None
            )
            found.setdefault(device.uuid, known)
    for lease in leases:
        job = jobs[lease.job_uid]
        known = found.get(lease.device_uuid) or DeviceView(
            uuid=lease.device_uuid,
            index=lease.device_index,
            name=lease.device_name,
            worker_id=lease.worker_id,
            hostname="",
            job=None,
            since=None,
        )
        holder = Holder(id=id_of(job), uid=job.uid, name=job.name, kind=job.kind)
        held = {"job": holder, "since": lease.granted_at, "worker_id": lease.worker_id}
        found[lease.device_uuid] = known.model_copy(update=held)
    return sorted(found.values(), key=lambda device: (device.hostname, device.index, device.uuid))
