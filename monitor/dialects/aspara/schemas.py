"""Request and response bodies of Aspara's API. Unknown fields are ignored, as in Aspara."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from pegbox.schemas.base import JsonObject, Tag, Text, Wire

MAX_RECORDS = 10_000
MAX_NOTES = 10 * 1024

Tags = Annotated[list[Tag], Field(max_length=100)]
Notes = Annotated[Text, StringConstraints(max_length=MAX_NOTES)]


class RunAnnouncement(Wire):
    """Creates a run, or with `resume` continues it."""

    name: str
    config: JsonObject = Field(default_factory=dict)
    tags: Tags = Field(default_factory=list)
    notes: Notes = ""
    project_tags: Tags | None = None
    resume: bool = False


class MetricRecord(Wire):
    """The metrics of one step."""

    metrics: dict[str, Any] = Field(description="Name to number. null stands for NaN, as Aspara's client sends it.")
    step: int | None = Field(None, ge=-(2**53), le=2**53, description="Left out: the step after the run's last.")
    timestamp: datetime | None = Field(
        None, description="ISO 8601 or Unix time; without a zone it is the monitor's local time. Left out: now."
    )


class MetricBatch(Wire):
    """Records of one run, committed together or not at all."""

    records: Annotated[list[MetricRecord], Field(min_length=1, max_length=MAX_RECORDS)]


class ConfigUpdate(Wire):
    config: JsonObject = Field(default_factory=dict, description="Merged into the run's, key by key.")


class SummaryUpdate(Wire):
    summary: JsonObject = Field(default_factory=dict, description="Merged into the run's, key by key.")


class TagsUpdate(Wire):
    tags: Tags = Field(default_factory=list, description="Replace the run's tags.")


class Finish(Wire):
    exit_code: int = Field(0, description="0: the run is finished; anything else: it has failed.")


class Acknowledged(Wire):
    status: str = "ok"


class RunAnnounced(Acknowledged):
    project: str
    name: str
    run_id: str = Field(description="Pegbox's id of the run, for `/api/runs/{run_id}`.")


class MetricsSaved(Acknowledged):
    left_out: dict[str, str] | None = Field(
        None,
        description="Metrics that could not be kept, each with the reason; the first 20. Absent when all were kept.",
    )


class ArtifactSaved(Acknowledged):
    artifact_name: str
    file_size: int = Field(description="Bytes.")
