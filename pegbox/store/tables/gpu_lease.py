"""A GPU that a job holds. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class GpuLease(SQLModel, table=True):
    """One row for each GPU in use: the key makes it impossible to give a GPU to two jobs. Its end deletes the row."""

    __tablename__ = "gpu_lease"

    device_uuid: str = Field(primary_key=True)
    device_index: int
    device_name: str = ""
    job_uid: str = Field(foreign_key="job.uid", index=True)
    worker_id: str
    granted_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
