"""The protocol between the backend's queue and a worker: claim, heartbeat, report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from pegbox.schemas.base import Instant, Wire, kind_of
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Method

Wanted = Literal["run", "pause", "cancel"]
Outcome = Literal["completed", "failed", "paused", "cancelled", "interrupted", "declined"]
"""`declined`: not begun at all, so that it goes back as if nobody had claimed it."""

Lane = Literal["training", "command", "gpu"]
"""What a claim asks for: a training on the CPU, a command without a GPU, or any job that wants GPUs."""

Phase = Literal["prepare", "load", "train", "evaluate", "save"]
WorkerId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Device(Wire):
    """A GPU, or a slice of one, that a worker hands out whole. `index` is its place among the machine's GPUs."""

    uuid: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_./-]+$")
    index: int = Field(ge=0, le=1023)
    name: str = Field("", max_length=200)


class Capabilities(Wire):
    """What a worker's machine can run. `refusals` says for each missing method why."""

    methods: list[Method] = Field(default_factory=list)
    refusals: dict[str, str] = Field(default_factory=dict)
    is_warming: bool = Field(False, description="The trainer is still starting: what it can do is not known yet.")
    gpus: list[str] = Field(default_factory=list, max_length=64, description="Names of the GPUs.")
    devices: list[Device] = Field(default_factory=list, max_length=64, description="GPUs that it hands out to jobs.")
    commands: bool = Field(False, description="Whether it runs command jobs.")
    torch: str | None = None
    cpu_count: int = Field(1, ge=1)


class ClaimRequest(Wire):
    """A worker asks for work; this is its sign of life too.

    With a `claim_token` of its own making it may repeat a request whose answer got lost: it gets the same job again.
    """

    worker_id: WorkerId
    hostname: str = Field("", max_length=255)
    capabilities: Capabilities = Field(default_factory=Capabilities)
    lane: Lane = "training"
    claim_token: str | None = Field(None, min_length=20, max_length=100)
    wait_seconds: float = Field(
        0, ge=0, le=20, description="How long to hold the request open when the queue is empty."
    )


class BaseModelSpec(Wire):
    """Where the weights come from: the built-in starter, a folder on the worker's machine, or a hub id."""

    uid: str
    name: str
    source: Literal["starter", "local", "hub"]
    location: str = Field(description="Folder or hub id; empty for the starter.")


class DatasetSpec(Wire):
    """The rows to train on; the worker fetches the file and checks its hash."""

    uid: str
    name: str
    sha256: str
    rows: int
    size_bytes: int
    column_mapping: dict[str, str] = Field(default_factory=lambda: {"input": "input", "output": "output"})
    encoding: str = "utf-8"
    delimiter: str = ","
    version: str = ""
    hash: str = Field("", description="What DVC calls the version.")


class ModelSaving(Wire):
    """What to do with the result."""

    save_model: bool = Field(True, alias="saveModel")
    model_name: str | None = Field(None, alias="modelName", max_length=200)
    push_to_hub: bool = Field(False, alias="pushToHub")
    make_public: bool = Field(False, alias="makePublic")


class TrainingSpec(Wire):
    """All that a trainer needs to run a job; `hyperparameters` are fully decided."""

    kind: Literal["finetune"] = "finetune"
    uid: str
    name: str
    run_id: str
    model_id: str = Field(description="Id under which the result will be registered.")
    experiment: str = Field("default", description="Name of the experiment that the run belongs to.")
    attempt: int = Field(1, ge=1)
    devices: list[Device] = Field(default_factory=list, description="GPUs that are the job's alone.")
    model: BaseModelSpec
    dataset: DatasetSpec
    hyperparameters: Hyperparameters
    model_saving: ModelSaving = Field(default_factory=ModelSaving)


class CommandSpec(Wire):
    """All that a worker needs to run a command. `argv` is what is executed; values of `environment` are not masked."""

    kind: Literal["command"] = "command"
    uid: str
    id: str
    name: str
    run_id: str
    experiment: str = "default"
    attempt: int = Field(1, ge=1)
    devices: list[Device] = Field(default_factory=list, description="GPUs that are the job's alone.")
    argv: list[str] = Field(min_length=1)
    environment: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: float | None = None
    tags: list[str] = Field(default_factory=list)


JobSpec = Annotated[
    Annotated[TrainingSpec, Tag("finetune")] | Annotated[CommandSpec, Tag("command")], Discriminator(kind_of)
]
"""What a claim hands out; without a `kind` (jobs of old releases) it is a training."""


class ClaimResponse(Wire):
    job: JobSpec
    claim_token: str
    lease_seconds: float


class HeartbeatRequest(Wire):
    claim_token: str = Field(max_length=100)
    phase: Phase | None = "prepare"
    step: int | None = Field(None, ge=0)
    max_steps: int | None = Field(None, ge=0)


class HeartbeatResponse(Wire):
    wanted: Wanted
    lease_seconds: float


class Answer(Wire):
    """One validation prompt, the answer in the dataset, and the model's."""

    prompt: str
    expected: str
    answer: str


class Answers(Wire):
    before: list[Answer] = Field(default_factory=list)
    after: list[Answer] = Field(default_factory=list)


class ExactMatch(Wire):
    """Held-out questions answered word for word."""

    correct: int = Field(ge=0)
    total: int = Field(ge=0)


class CheckpointInfo(Wire):
    step: int = Field(ge=0)
    path: str
    validation_loss: float | None = None
    size_bytes: int = Field(0, ge=0)
    best: bool = False


class JobResult(Wire):
    """What a finished training leaves behind."""

    model_path: str | None = None
    merged_path: str | None = None
    size_bytes: int = Field(0, ge=0)
    steps: int = Field(0, ge=0)
    best_step: int | None = None
    checkpoints: list[CheckpointInfo] = Field(default_factory=list)
    metrics: dict[str, float | None] = Field(
        default_factory=dict, description="first_validation_loss, best_validation_loss, validation_loss, train_loss, …"
    )
    answers: Answers = Field(default_factory=Answers)
    exact_match: ExactMatch | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    runtime_seconds: float | None = None
    stopped_early: bool = False


class ReportRequest(Wire):
    claim_token: str = Field(max_length=100)
    outcome: Outcome
    error: str | None = Field(None, max_length=20_000, description="The cause, first line a sentence.")
    exit_code: int | None = None
    step: int | None = Field(None, ge=0, description="Last step that is safe in a checkpoint or done.")
    result: JobResult | None = None
    metric_points: int = Field(0, ge=0, description="Metric points read from a command's output.")
    bad_metric_lines: int = Field(0, ge=0, description="Lines of its output that only looked like metrics.")


class ReportResponse(Wire):
    state: str


class WorkerView(Wire):
    """A worker that has asked for work; `present` means heard of within the last minute."""

    id: str
    hostname: str
    present: bool
    job_uid: str | None = Field(description="The job it holds; of several the oldest.")
    capabilities: Capabilities
    first_seen_at: Instant
    last_seen_at: Instant
