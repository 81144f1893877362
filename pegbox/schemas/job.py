"""One job on the wire: what is posted, what is shown, what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from pegbox.schemas.base import Instant, Label, Name, Tag, Text, Wire
from pegbox.schemas.hyperparameters import Hyperparameters
from pegbox.schemas.queue import JobResult, ModelSaving, Phase

JobState = Literal["created", "queued", "running", "paused", "completed", "failed", "cancelled"]
StatusFilter = Literal["created", "queued", "pending", "running", "paused", "completed", "failed", "cancelled"]
ReferenceKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]

_KNOWN = {
    str(name)
    for field_name, info in Hyperparameters.model_fields.items()
    for name in (
        field_name,
        *(info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()),
    )
}

FORMS = "send 'configuration' (model, dataset, hyperparameters) for a fine-tuning job, or 'command' for a command job, not both"
NO_COMMANDS = "command jobs are not available in this release; send 'configuration' for a fine-tuning job"


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


class JobCreate(Wire):
    """Body of `POST /api/jobs`. `configuration` makes a fine-tuning job; `command` is refused in this release."""

    # Both are optional to the parser only so that the error can name the two forms.
    model_config = ConfigDict(json_schema_extra={"required": ["name", "configuration"]})

    kind: Literal["finetune", "command"] | None = None
    name: Name
    description: Text = ""
    tags: list[Tag] = Field(default_factory=list, max_length=100)
    configuration: JobConfiguration | None = Field(None, description="Required for a fine-tuning job.")
    command: Any = Field(None, description="Not available in this release (422).")
    model_saving: ModelSaving = Field(default_factory=ModelSaving, alias="modelSaving")
    auto_start: bool = Field(True, alias="autoStart", description="false keeps the job in state created.")
    priority: int = Field(0, ge=-100, le=100, description="Higher goes first.")
    experiment_id: ReferenceKey | None = Field(None, description="Experiment by id or name; it must exist.")
    experiment: Name | None = Field(
        None, description="Experiment by name, made if it is new. Default: the one of the job's name."
    )
    gpu_count: int | None = Field(None, ge=0, le=64, description="Default: 1 where the machine has a GPU, else 0.")
    environment: dict[str, str] = Field(default_factory=dict, description="Must be empty in this release.")
    depends_on: list[str] = Field(default_factory=list, description="Must be empty in this release.")

    @model_validator(mode="before")
    @classmethod
    def _one_form(cls, data: object) -> object:
        if isinstance(data, dict):
            has_configuration = data.get("configuration") is not None
            has_command = data.get("command") is not None
            if has_configuration == has_command:
                raise ValueError(FORMS)
            if has_command or data.get("kind") == "command":
                raise ValueError(NO_COMMANDS)
        return data

    @model_validator(mode="after")
    def _nothing_ignored(self) -> Self:
        for name in ("environment", "depends_on"):
            if getattr(self, name):
                raise ValueError(f"{name} is not available in this release; leave it out")
        if self.experiment_id is not None and self.experiment is not None:
            raise ValueError("send 'experiment_id' (one that exists) or 'experiment' (a name), not both")
        return self


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


class JobView(Wire):
    """A job as the API shows it."""

    id: str
    uid: str
    kind: Literal["finetune", "command"]
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
    configuration: ShownConfiguration
    model_saving: ModelSaving = Field(alias="modelSaving")
    validation: JobValidation
    training: JobTraining
    results: JobResults
    live_metrics: LiveMetrics | None = Field(None, exclude_if=lambda value: value is None)
    metrics: dict[str, Any]
    progress: float
    command: str
    gpu_count: int
    gpu_ids: list[int] = Field(default_factory=list)
    priority: int
    environment: dict[str, str] = Field(default_factory=dict)
    experiment_id: str | None = None
    run_id: str
    worker_id: str | None
    attempt: int
    exit_code: int | None
    error_message: str | None


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


class JobLog(Wire):
    """The last lines of one stream."""

    stream: Literal["stdout", "stderr"]
    lines: list[str]
    truncated: bool = Field(description="Whether earlier lines exist.")
