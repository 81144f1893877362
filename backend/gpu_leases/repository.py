"""Queries on GPU leases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from pegbox.store.tables import GpuLease


def list_leases(db: Session, uuids: Sequence[str] | None = None) -> list[GpuLease]:
    """All leases, or the leases of the devices with these UUIDs, by index."""
    query = select(GpuLease).order_by(col(GpuLease.device_index), col(GpuLease.device_uuid))
    if uuids is not None:
        query = query.where(col(GpuLease.device_uuid).in_(uuids))
    return list(db.exec(query).all())


def delete_leases(db: Session, job_uid: str) -> None:
    db.exec(delete(GpuLease).where(col(GpuLease.job_uid) == job_uid))
