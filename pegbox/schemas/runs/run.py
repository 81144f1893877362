"""API models of runs: recorded executions with metrics, samples and events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pegbox.schemas.base import Instant, Name, Wire

RunStatus = Literal["running", "finished", "failed", "cancelled", "paused"]
RunId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
EventKind = Literal[
    "phase", "evaluation", "best", "checkpoint", "resumed", "warning", "alert", "finished", "failed", "note"
]

AlertLevel = Literal["info", "warning", "error"]

TERMINAL_STATUSES: tuple[RunStatus, ...] = ("finished", "failed", "cancelled")
"""Statuses of a run that has ended."""

RUN_STATUS_OF_JOB_STATE: dict[str, RunStatus] = {
    "completed": "finished",
    "failed": "failed",
    "cancelled": "cancelled",
    "paused": "paused",
}
"""The status shown for a run that is still marked as running although its job has stopped: a killed process reports no end."""

DEMO_TAG = "demo"
"""Tag of demonstration runs, whose metrics are synthetic. Trainings never have this tag."""


class RunCreate(Wire):
    """Body of `POST /api/runs`: creates a run, or resumes the run with a known id."""

    id: RunId | None = None
    job_uid: str | None = Field(None, max_length=64)
    experiment: Name = "default"
    name: Name | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    tags: list[Tag] = Field(default_factory=list, max_length=100)
    total_steps: int | None = Field(None, ge=0, le=2**53, description="Expected optimizer steps, for progress and ETA.")
    resume: Literal["allow", "must", "never"] = "allow"


class RunUpdate(Wire):
    """Body of `PATCH /api/runs/{id}`; absent fields stay unchanged, dictionaries are merged."""

    status: RunStatus | None = None
    total_steps: int | None = Field(None, ge=0, le=2**53)
    config: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    tags: list[Tag] | None = Field(None, max_length=100)


class RunView(Wire):
    """A run. Times are UTC; `summary` has the last value of each metric."""

    id: str
    job_uid: str | None
    experiment: str
    name: str
    status: RunStatus
    tags: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    total_steps: int | None
    last_step: int | None
    record_count: int
    created_at: Instant
    updated_at: Instant
    finished_at: Instant | None
    thinned_at: Instant | None = Field(
        None, description="When retention dropped points; null while all points are present."
    )


class SampleRow(Wire):
    """A prompt with the expected and the generated answer."""

    prompt: str
    expected: str
    answer: str


class SampleSet(Wire):
    """Answers of the model at one step; `time` is Unix seconds."""

    step: int
    time: float
    name: str
    rows: list[SampleRow]


class RunEvent(Wire):
    """An event of a run, for example an evaluation, a checkpoint, a warning. `time` is Unix seconds."""

    seq: int = 0
    step: int | None
    time: float
    kind: EventKind
    title: str
    detail: str = ""
    level: AlertLevel | None = Field(None, description="Severity of an alert.")
