"""API models of experiments: named groups of runs, their runs, comparisons and best runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pegbox.schemas.base import Instant, Label, Name, Tag, Text, Wire
from pegbox.schemas.jobs.request import ReferenceKey
from pegbox.schemas.jobs.state import JobState

Direction = Literal["minimize", "maximize"]
TagValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Label


def _with_values(given: Any) -> Any:
    is_list_of_words = isinstance(given, list) and all(isinstance(word, str) for word in given)
    return dict.fromkeys(given, True) if is_list_of_words else given


Tags = Annotated[
    dict[Tag, TagValue],
    BeforeValidator(_with_values, json_schema_input_type=dict[Tag, TagValue] | list[Tag]),
    Field(max_length=100),
]
"""Tags with values; a list of tags sets each to `true`."""


class ExperimentCreate(Wire):
    """Body of `POST /api/experiments`."""

    name: Name
    description: Text = ""
    tags: Tags = Field(default_factory=dict)


class ExperimentUpdate(Wire):
    """Body of `PATCH /api/experiments/{id}`; absent fields stay unchanged. `tags` replaces all tags."""

    description: Text | None = None
    tags: Tags | None = None
    starred: bool | None = None


class ExperimentView(Wire):
    """An experiment. `run_count` counts runs of scripts and jobs, including jobs that have not started."""

    id: str
    name: str
    description: str
    tags: dict[str, Any]
    tag_list: list[str]
    starred: bool
    created_at: Instant
    run_count: int


class ExperimentRun(Wire):
    """A job or a run of a script. `params` are its settings, `metrics` the last value of each metric."""

    id: str = Field(description="The job's uid; for a run of a script, the run's id.")
    run_id: str = Field(description="The run's id in the monitor, which has no data before the job starts.")
    name: str
    status: JobState
    tags: list[str]
    params: dict[str, Any]
    metrics: dict[str, Any]
    created_at: Instant
    completed_at: Instant | None


class BestValue(Wire):
    """The best last value of a metric, and its run."""

    value: float
    run_id: str = Field(description="The run's `id` among the runs of the experiment.")


class ExperimentDetail(ExperimentView):
    """An experiment with its newest runs and the best value of each metric whose name implies a direction."""

    runs: list[ExperimentRun]
    best: dict[str, BestValue]


class ExperimentRuns(Wire):
    """A page of runs, newest first; `total` counts all runs."""

    runs: list[ExperimentRun]
    total: int
    limit: int
    offset: int


class BestRun(Wire):
    """The run with the best last value of one metric."""

    metric: str
    direction: Direction
    value: float
    run: ExperimentRun


class RunCompareRequest(Wire):
    """Body of `POST /api/experiments/{id}/compare`."""

    run_ids: list[ReferenceKey] | None = Field(
        None, min_length=1, max_length=50, description="Default: the newest 20 runs."
    )
    metrics: list[Tag] = Field(default_factory=list, max_length=50, description="Default: all metrics.")


class ComparedRun(Wire):
    id: str
    name: str
    status: JobState
    params: dict[str, Any]
    metrics: dict[str, float | None]


class RunComparison(Wire):
    """A comparison of runs. `differences` lists the settings that differ between runs; nested settings as `a.b`."""

    metrics: list[str]
    runs: list[ComparedRun]
    differences: list[str]
    best: dict[str, BestValue]
