"""Many jobs on the wire: lists, statistics, comparison."""

from __future__ import annotations

from pydantic import Field

from pegbox.schemas.base import Instant, JsonObject, Tag, Wire
from pegbox.schemas.jobs.job import JobView
from pegbox.schemas.jobs.request import ReferenceKey
from pegbox.schemas.jobs.state import JobState


class JobList(Wire):
    """`total` counts what matches before paging; the other two count all jobs."""

    jobs: list[JobView]
    total: int
    current_count: int
    past_count: int
    limit: int
    offset: int
    timestamp: Instant


class CurrentCounts(Wire):
    total: int
    running: int
    queued: int
    created: int
    paused: int


class PastCounts(Wire):
    total: int
    completed: int
    failed: int
    cancelled: int


class JobStatistics(Wire):
    """`success_rate` is completed of completed and failed, with one digit; `0%` when there are none."""

    total: int
    current: CurrentCounts
    past: PastCounts
    success_rate: str
    last_updated: Instant


class CompareRequest(Wire):
    """Body of `POST /api/jobs/compare`."""

    job_ids: list[ReferenceKey] = Field(min_length=1, max_length=50)
    metrics: list[Tag] = Field(default_factory=list, max_length=50, description="Default: every metric there is.")


class ComparedJob(Wire):
    uid: str
    name: str
    state: JobState
    hyperparameters: JsonObject
    metrics: dict[str, float | None]


class Comparison(Wire):
    """One row per job; `differences` names the hyperparameters that are not the same in all."""

    metrics: list[str]
    jobs: list[ComparedJob]
    differences: list[str]
    best: dict[str, str] = Field(description="For each loss, the job with the lowest value.")
