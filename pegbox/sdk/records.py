"""Records that the clients return: dictionaries whose keys are attributes too.

The classes declare the fields that programs use most; a record holds every field of the response. Times are text: ISO 8601, UTC,
with milliseconds and a `Z`.
"""

from __future__ import annotations

from typing import Any


class Record(dict[str, Any]):
    """`job.state` is `job["state"]`. Fields are neither dropped nor renamed, so those that a newer server adds are there too.

    A key that is also the name of a method of `dict` (`items`, `values`) is available as an item only.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"this {type(self).__name__} has no {name!r}; it has {', '.join(self)}") from None
        return _with_attributes(value)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


def _with_attributes(value: Any) -> Any:
    """Dictionaries as records, also within lists."""
    if isinstance(value, dict) and not isinstance(value, Record):
        return Record(value)
    if isinstance(value, list):
        return [_with_attributes(item) for item in value]
    return value


class Job(Record):
    """A request to train or to run a command."""

    id: str
    uid: str
    kind: str
    name: str
    description: str
    tags: list[str]
    status: str
    state: str
    created_at: str
    started_at: str | None
    completed_at: str | None
    progress: float
    metrics: dict[str, Any]
    command: str
    gpu_count: int
    gpu_ids: list[int]
    priority: int
    environment: dict[str, str]
    experiment_id: str | None
    run_id: str
    exit_code: int | None
    error_message: str | None


class JobAction(Record):
    """A job's state after a command such as pause or cancel. A running job finishes its step first."""

    id: str
    uid: str
    status: str
    state: str
    wanted: str
    message: str


class JobOutcome(Record):
    """The result or error of an ended job."""

    uid: str
    state: str
    error: str | None
    exit_code: int | None
    model_id: str | None
    result: dict[str, Any] | None


class JobStatistics(Record):
    """The number of jobs in each state."""

    total: int
    current: dict[str, int]
    past: dict[str, int]
    success_rate: str


class Dataset(Record):
    """A validated dataset."""

    uid: str
    id: str
    name: str
    description: str
    tags: list[str]
    columns: list[str]
    rows: int
    size: str
    size_bytes: int
    format: str
    version: str
    hash: str | None
    created_at: str
    validation: dict[str, Any]


class Model(Record):
    """A base model or a fine-tuned model."""

    id: str
    uid: str
    name: str
    kind: str
    description: str
    size: int
    tags: list[str]
    framework: str
    base_model: str | None
    source_job: str | None
    metrics: dict[str, Any]
    path_available: bool
    created_at: str


class Experiment(Record):
    """A named group of runs."""

    id: str
    name: str
    description: str
    tags: dict[str, Any]
    tag_list: list[str]
    starred: bool
    created_at: str
    run_count: int


class ExperimentDetail(Experiment):
    """An experiment with its newest runs and the best run by each metric."""

    runs: list[dict[str, Any]]
    best: dict[str, Any]


class ExperimentRun(Record):
    """A run of an experiment, recorded by a job or a script."""

    id: str
    run_id: str
    name: str
    status: str
    tags: list[str]
    params: dict[str, Any]
    metrics: dict[str, Any]
    created_at: str
    completed_at: str | None


class BestRun(Record):
    """The run whose last value of a metric is the best."""

    metric: str
    direction: str
    value: float
    run: ExperimentRun


class RunComparison(Record):
    """A comparison of runs; `differences` names the config keys whose values differ."""

    metrics: list[str]
    runs: list[dict[str, Any]]
    differences: list[str]
    best: dict[str, Any]


class RunRecord(Record):
    """A run in the monitor, recorded by a job, a script or the client of another tracker."""

    id: str
    job_uid: str | None
    experiment: str
    name: str
    status: str
    tags: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    total_steps: int | None
    last_step: int | None
    created_at: str
    updated_at: str
    finished_at: str | None


class Gpu(Record):
    """The last reading of a GPU: bytes, percent, degrees Celsius, watts."""

    id: int
    uuid: str
    name: str
    memory_total: int
    memory_used: int
    utilization: float
    temperature: float
    power_usage: float


class MachineMetrics(Record):
    """The last reading of the machine: percent, and bytes since boot."""

    timestamp: str
    cpu_percent: float
    memory_percent: float
    disk_usage: float
    network_io: dict[str, int]


class Health(Record):
    """The health of a service."""

    status: str


class MetricPoint(Record):
    """A point of a job's metric stream. Holds every metric of the point under its name.

    `loss`, `lr`, `gpu_util` (percent) and `epoch` are `None` when the point lacks them; `ts` is a time, `seq` the cursor.
    """

    step: int
    loss: float | None
    lr: float | None
    gpu_util: float | None
    epoch: float | None
    ts: str
    seq: int
