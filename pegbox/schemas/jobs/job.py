"""One job on the wire: what is posted, what is shown, what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)
from pydantic import Tag as PydanticTag

from pegbox.schemas.base import Instant, Label, Wire
from pegbox.schemas.jobs.command import CommandCreate
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.queue import Device, JobResult, ModelSaving, Phase
from pegbox.schemas.jobs.request import JobRequest, ReferenceKey
from pegbox.schemas.jobs.state import JobState

StatusFilter = Literal["created", "queued", "pending", "running", "paused", "completed", "failed", "cancelled"]
JobKind = Annotated[str, Field(json_schema_extra={"enum": ["finetune", "command"]})]
"""The name of a kind of job. The backend registers the kinds; the document lists those of this release."""


_KNOWN = {
    str(name)
    for field_name, info in Hyperparameters.model_fields.items()
    for name in (
        field_name,
        *(info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()),
    )
}

FORMS = "send 'configuration' (model, dataset, hyperparameters) for a fine-tuning job, or 'command' for a command job, not both"


class Reference(Wire):
    """A model or dataset by uid or id; the name is for display only."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    uid: ReferenceKey = Field(validation_alias=AliasChoices("uid", "id"))
    name: Label = ""


class JobConfiguration(Wire):
    """What to train, on what, and how."""

    model: Reference
    dataset: Reference
    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)
    _unknown: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="wrap")
    @classmethod
    def _note_unknown(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        result = handler(data)
        given = data.get("hyperparameters") if isinstance(data, dict) else None
        if isinstance(given, dict):
            result._unknown = sorted(str(name)[:100] for name in given if name not in _KNOWN)[:20]
        return result

    @property
    def unknown_hyperparameters(self) -> list[str]:
        """Keys that mean nothing to us, so that nothing is ignored in silence."""
        return self._unknown


class FinetuneCreate(JobRequest):
    """Body of `POST /api/jobs` for a fine-tuning job."""

    kind: Literal["finetune"] = "finetune"
    configuration: JobConfiguration
    model_saving: ModelSaving = Field(default_factory=ModelSaving, alias="modelSaving")
    environment: dict[str, str] = Field(default_factory=dict, description="Must be empty: only commands have one.")

    @model_validator(mode="after")
    def _nothing_ignored(self) -> Self:
        if self.environment:
            raise ValueError("environment belongs to command jobs; leave it out")
        if (self.gpu_count or 0) > 1:
            raise ValueError("gpu_count: a fine-tuning job trains on one GPU, or on none (0)")
        return self


def _form(data: Any) -> str | None:
    """Which of the two forms a body has; `None` for neither or both."""
    if isinstance(data, FinetuneCreate | CommandCreate):
        return data.kind
    if not isinstance(data, dict):
        return None
    forms = {"finetune": data.get("configuration"), "command": data.get("command")}
    given = [kind for kind, content in forms.items() if content is not None]
    return given[0] if len(given) == 1 and data.get("kind") in (None, given[0]) else None


JobCreate = Annotated[
    Annotated[FinetuneCreate, PydanticTag("finetune")] | Annotated[CommandCreate, PydanticTag("command")],
    Discriminator(_form, custom_error_type="one_form", custom_error_message=FORMS),
]
"""Body of `POST /api/jobs`: with `configuration` a fine-tuning job, with `command` a command job."""


class JobValidation(Wire):
    """Whether everything the job refers to exists and can be trained; a job that is not valid is never queued."""

    is_valid: bool = Field(alias="isValid")
    errors: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class ShownReference(Wire):
    uid: str
    name: str


class ShownConfiguration(Wire):
    """References as they were posted, hyperparameters fully decided."""

    model: ShownReference
    dataset: ShownReference
    hyperparameters: Hyperparameters


class JobTraining(Wire):
    """Where the training stands. `progress` is percent of the steps, one digit."""

    started_at: Instant | None = Field(alias="startedAt")
    completed_at: Instant | None = Field(alias="completedAt")
    progress: float
    current_epoch: int = Field(alias="currentEpoch")
    total_epochs: int = Field(alias="totalEpochs")
    current_step: int = Field(alias="currentStep")
    total_steps: int | None = Field(alias="totalSteps")
    phase: Phase | None
    attempt: int
    logs: list[str] = Field(default_factory=list, description="Kept for old clients: see /logs.")
    metrics: dict[str, Any] = Field(default_factory=dict, description="Last value of each metric.")


class LiveMetrics(Wire):
    """The newest numbers of a running job; null until the first point arrives."""

    current_loss: float | None
    validation_loss: float | None
    current_epoch: int
    current_step: int
    last_updated: Instant


class JobResults(Wire):
    """What a finished job left behind."""

    final_model_path: str | None = Field(None, alias="finalModelPath")
    huggingface_repo: str | None = Field(None, alias="huggingfaceRepo")
    model_id: str | None = Field(None, alias="modelId", description="Id in the model collection.")
    checkpoints: list[dict[str, Any]] = Field(default_factory=list)
    performance: dict[str, Any] = Field(default_factory=dict)


class QueuePlace(Wire):
    """Where a queued job stands and what it waits for."""

    position: int = Field(description="1: first in line.")
    reason: str


class JobView(Wire):
    """A job as the API shows it. What the other kind of job has is null: a command job has no `configuration`."""

    id: str
    uid: str
    kind: JobKind
    name: str
    description: str
    tags: list[str]
    status: str
    state: JobState
    wanted: str = Field(description="What was asked of a running job: run, pause or cancel.")
    created_at: Instant
    created_at_camel: Instant = Field(alias="createdAt")
    last_modified: Instant = Field(alias="lastModified")
    started_at: Instant | None
    completed_at: Instant | None
    archived_at: Instant | None = Field(None, description="Since when it is out of the dashboard's list.")
    queued_at: Instant | None
    configuration: ShownConfiguration | None
    model_saving: ModelSaving | None = Field(alias="modelSaving")
    validation: JobValidation
    training: JobTraining | None
    results: JobResults | None
    live_metrics: LiveMetrics | None = Field(None, exclude_if=lambda value: value is None)
    metrics: dict[str, Any]
    progress: float
    command: str
    gpu_count: int
    gpu_ids: list[int] = Field(default_factory=list, description="Indexes of the GPUs that it has, or had at the end.")
    devices: list[Device] = Field(default_factory=list, description="The same GPUs in full.")
    priority: int
    shell: bool = False
    environment: dict[str, str] = Field(default_factory=dict, description="Values of secret-looking names are masked.")
    depends_on: list[str] = Field(default_factory=list, description="Ids of jobs that must complete first.")
    max_retries: int = 0
    retries: int = Field(0, description="Attempts so far that failed and were followed by another.")
    retry_at: Instant | None = Field(None, description="When the next attempt may begin.")
    timeout_seconds: float | None = None
    queue: QueuePlace | None = Field(None, description="While it is queued, in the answer for a single job.")
    bad_metric_lines: int = Field(0, description="Lines of the output that only looked like metrics.")
    source_job: str | None = Field(None, description="The job that this one is a copy of.")
    experiment_id: str | None = None
    run_id: str
    worker_id: str | None
    attempt: int
    exit_code: int | None
    error_message: str | None


class FinetuneView(JobView):
    """A fine-tuning job as the API shows it: nothing of its side is null."""

    configuration: ShownConfiguration
    model_saving: ModelSaving = Field(alias="modelSaving")
    training: JobTraining
    results: JobResults


class JobCreated(Wire):
    """Both published answers in one."""

    success: bool = True
    message: str
    job_uid: str = Field(alias="jobUid")
    id: str
    uid: str
    kind: str
    name: str
    status: str
    state: JobState
    gpu_count: int
    priority: int
    created_at: Instant
    created_at_camel: Instant = Field(alias="createdAt")
    validation: JobValidation
    job: JobView


class JobAction(Wire):
    """Answer of start, pause, resume and cancel. A running job reaches the state when its current step is done."""

    success: bool = True
    id: str
    uid: str
    status: str
    state: JobState
    wanted: str
    message: str


class JobOutcome(Wire):
    """What a job came to: its result with answers before and after, or the error."""

    uid: str
    state: JobState
    error: str | None
    exit_code: int | None
    model_id: str | None
    result: JobResult | None


class LogLine(Wire):
    """A line found by its words; `number` counts from 1."""

    number: int
    text: str


class JobLog(Wire):
    """A piece of one stream. `offset` and `next_offset` are where it begins and ends in the file, in bytes."""

    stream: Literal["stdout", "stderr"]
    lines: list[str]
    truncated: bool = Field(description="Whether earlier lines exist; for a search, whether there are more hits.")
    size_bytes: int = Field(0, description="Of the whole stream as it is kept.")
    offset: int = 0
    next_offset: int = 0
    matches: list[LogLine] | None = Field(None, description="The lines found, when `search` was given.")
