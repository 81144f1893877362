"""The records of the API as the SDK gives them back. They name the fields that programs use; the rest is there as well."""

from __future__ import annotations

from typing import Any

from pegbox.sdk.record import Record

# Moments are texts: ISO 8601, UTC, with milliseconds and a `Z`.


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
    """How a job stands after it was told something; a running one finishes its step first."""

    id: str
    uid: str
    status: str
    state: str
    wanted: str
    message: str


class JobOutcome(Record):
    """What an ended job came to."""

    uid: str
    state: str
    error: str | None
    exit_code: int | None
    model_id: str | None
    result: dict[str, Any] | None


class JobStatistics(Record):
    """How many jobs there are in which state."""

    total: int
    current: dict[str, int]
    past: dict[str, int]
    success_rate: str


class Dataset(Record):
    """A checked file of examples."""

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
    """A base model, or what a job made of one."""

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
    """With its newest runs and the best of each metric."""

    runs: list[dict[str, Any]]
    best: dict[str, Any]


class ExperimentRun(Record):
    """A job or a script's run among the runs of an experiment."""

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
    """The run with the best last value of a metric."""

    metric: str
    direction: str
    value: float
    run: ExperimentRun


class RunComparison(Record):
    """Runs side by side; `differences` names the settings that are not the same in all."""

    metrics: list[str]
    runs: list[dict[str, Any]]
    differences: list[str]
    best: dict[str, Any]


class RunRecord(Record):
    """A run as the monitor knows it: of a job, of a script or of another tracker's client."""

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
    """A GPU as it was last read: bytes, percent, degrees Celsius, watts."""

    id: int
    uuid: str
    name: str
    memory_total: int
    memory_used: int
    utilization: float
    temperature: float
    power_usage: float


class MachineMetrics(Record):
    """The machine as it was last read: percent, and bytes since it started."""

    timestamp: str
    cpu_percent: float
    memory_percent: float
    disk_usage: float
    network_io: dict[str, int]


class Health(Record):
    """Whether a service works."""

    status: str


class MetricPoint(Record):
    """A point of a job's stream; `metrics.loss` is `metrics["loss"]`. All metrics of the point are there under their names.

    `loss`, `lr`, `gpu_util` (percent) and `epoch` are None where the point has none; `ts` is a moment, `seq` the cursor.
    """

    step: int
    loss: float | None
    lr: float | None
    gpu_util: float | None
    epoch: float | None
    ts: str
    seq: int
