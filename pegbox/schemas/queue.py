"""The protocol between the backend's queue and a worker: claim, heartbeat, report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pegbox.schemas.base import Instant, Wire
from pegbox.schemas.hyperparameters import Hyperparameters, Method

Wanted = Literal["run", "pause", "cancel"]
Outcome = Literal["completed", "failed", "paused", "cancelled", "interrupted"]
Phase = Literal["prepare", "load", "train", "evaluate", "save"]
WorkerId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Capabilities(Wire):
    """What a worker's machine can run. `refusals` says for each missing method why."""

    methods: list[Method] = Field(default_factory=list)
    refusals: dict[str, str] = Field(default_factory=dict)
    gpus: list[str] = Field(default_factory=list, max_length=64, description="Names of the GPUs.")
    torch: str | None = None
    cpu_count: int = Field(1, ge=1)


class ClaimRequest(Wire):
    """A worker asks for work; this is its sign of life too."""

    worker_id: WorkerId
    hostname: str = Field("", max_length=255)
    capabilities: Capabilities = Field(default_factory=Capabilities)
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


class JobSpec(Wire):
    """All that a trainer needs to run a job; `hyperparameters` are fully decided."""

    uid: str
    name: str
    run_id: str
    model_id: str = Field(description="Id under which the result will be registered.")
    experiment: str = Field("default", description="Name of the experiment that the run belongs to.")
    attempt: int = Field(1, ge=1)
    model: BaseModelSpec
    dataset: DatasetSpec
    hyperparameters: Hyperparameters
    model_saving: ModelSaving = Field(default_factory=ModelSaving)


class ClaimResponse(Wire):
    job: JobSpec
    claim_token: str
    lease_seconds: float


class HeartbeatRequest(Wire):
    claim_token: str = Field(max_length=100)
    phase: Phase = "prepare"
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


class ReportResponse(Wire):
    state: str


class WorkerView(Wire):
    """A worker that has asked for work; `present` means heard of within the last minute."""

    id: str
    hostname: str
    present: bool
    job_uid: str | None = Field(description="The job it holds.")
    capabilities: Capabilities
    first_seen_at: Instant
    last_seen_at: Instant
