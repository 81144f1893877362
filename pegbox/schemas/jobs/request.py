"""What every posted job may say, whatever its kind."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from pegbox.schemas.base import Name, Tag, Text, Wire

ReferenceKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
MOST_DEPENDENCIES = 100


class JobRequest(Wire):
    """The part that fine-tuning and command jobs have in common."""

    name: Name
    description: Text = ""
    tags: list[Tag] = Field(default_factory=list, max_length=100)
    auto_start: bool = Field(True, alias="autoStart", description="false keeps the job in state created.")
    priority: int = Field(0, ge=-100, le=100, description="Higher goes first.")
    experiment_id: ReferenceKey | None = Field(None, description="Experiment by id or name; it must exist.")
    experiment: Name | None = Field(
        None, description="Experiment by name, made if it is new. Default: the one of the job's name."
    )
    gpu_count: int | None = Field(None, ge=0, le=64, description="Default: 1 where there is a GPU, else 0.")
    depends_on: list[ReferenceKey] = Field(
        default_factory=list,
        max_length=MOST_DEPENDENCIES,
        description="Jobs (uid or id) that must complete first. When one fails or is cancelled, so does this job.",
    )

    def wanted_devices(self) -> list[str] | None:
        """The GPUs that the request names; `None` if it names none."""
        return None

    @model_validator(mode="after")
    def _one_experiment(self) -> Self:
        if self.experiment_id is not None and self.experiment is not None:
            raise ValueError("send 'experiment_id' (one that exists) or 'experiment' (a name), not both")
        return self
