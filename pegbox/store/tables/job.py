"""A job: its request, progress and results. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, Integer, false, text
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now

_ARCHIVED = text("archived_at IS NOT NULL")


class Job(SQLModel, table=True):
    """`wanted` is what the user requested of the worker (run, pause, cancel); `claim_token` identifies the last claim.

    `step` is the current step of the training, `furthest_step` the highest step of all attempts. `reported_token` is the claim
    whose final report was applied, so that a repeated report has no effect. `experiment_id` is null only for jobs of old
    releases that no worker has claimed.

    `id` is the short id of a command job; a fine-tuning job's id is its uid. `devices` are the GPUs of the newest claim, kept
    after its end; current leases are in `gpu_lease`.
    """

    __tablename__ = "job"
    __table_args__ = (
        # Covering indexes for the newest jobs: of all jobs, by state, and of jobs that are not archived.
        Index("ix_job_newest", "created_at", "uid", "state", "archived_at"),
        Index("ix_job_state", "state", "created_at", "uid"),
        Index("ix_job_listed", "archived_at", "created_at", "uid"),
        Index("ix_job_archived", "state", sqlite_where=_ARCHIVED, postgresql_where=_ARCHIVED),
        Index("ix_job_experiment_id", "experiment_id", "state", "run_id"),
    )

    uid: str = Field(primary_key=True)
    id: str | None = Field(default=None, index=True, unique=True)
    kind: str = Field(default="finetune", index=True)
    name: str
    description: str = ""
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    configuration: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    hyperparameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    model_saving: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    validation: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    spec: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    command: str | None = None
    shell: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    environment: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default=text("'{}'"))
    )
    wanted_devices: list[str] | None = Field(default=None, sa_column=Column(JSON))
    devices: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default=text("'[]'"))
    )
    max_retries: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    retries: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    retry_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    timeout_seconds: float | None = None
    source_job: str | None = None
    state: str = "created"
    wanted: str = "run"
    priority: int = 0
    gpu_count: int = 0
    experiment_id: str | None = None
    run_id: str = Field(index=True)
    model_id: str
    attempt: int = 0
    stalled_attempts: int = 0
    claim_token: str | None = Field(default=None, index=True)
    reported_token: str | None = None
    worker_id: str | None = None
    lease_expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, index=True))
    phase: str | None = None
    step: int = 0
    furthest_step: int = 0
    max_steps: int | None = None
    error: str | None = None
    exit_code: int | None = None
    results: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    queued_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, index=True))
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    completed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
