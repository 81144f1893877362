"""A dependency of a job on another job. Written by the backend."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class JobDependency(SQLModel, table=True):
    """`job_uid` may start after `needs_uid` has completed."""

    __tablename__ = "job_dependency"

    job_uid: str = Field(foreign_key="job.uid", primary_key=True)
    needs_uid: str = Field(foreign_key="job.uid", primary_key=True, index=True)
