"""A GPU that is leased to a job. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class GpuLease(SQLModel, table=True):
    """One row per GPU in use: the primary key prevents two leases of a GPU. The row is deleted when the lease ends."""

    __tablename__ = "gpu_lease"

    device_uuid: str = Field(primary_key=True)
    device_index: int
    device_name: str = ""
    job_uid: str = Field(foreign_key="job.uid", index=True)
    worker_id: str
    granted_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
