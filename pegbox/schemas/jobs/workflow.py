"""The wizard's current picks: workflow session, dataset, model, hyperparameters."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from pegbox.schemas.base import JsonObject, Wire


class WorkflowSession(Wire):
    """`status` says how far the wizard is: started, dataset_selected, model_selected, hyperparameters_configured."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    id: str | None = None
    created_at: str | None = Field(None, alias="createdAt")
    last_modified: str | None = Field(None, alias="lastModified")
    status: str | None = None


class PickedDataset(Wire):
    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    uid: str | None = None
    name: str | None = None
    selected_at: str | None = Field(None, alias="selectedAt")


class PickedModel(Wire):
    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    uid: str | None = None
    base_model: str | None = Field(None, alias="baseModel")
    model_name: str | None = Field(None, alias="modelName")
    provider: str | None = None


class PickedHyperparameters(Wire):
    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    uid: str | None = None


class WorkflowMetadata(Wire):
    """The document of `/api/metadata`. Further keys that a client posts are kept."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    workflow_session: WorkflowSession = Field(default_factory=WorkflowSession, alias="finetuningSession")
    dataset: PickedDataset = Field(default_factory=PickedDataset)
    model: PickedModel = Field(default_factory=PickedModel)
    hyperparameters: PickedHyperparameters = Field(default_factory=PickedHyperparameters)


class ConfiguredModel(Wire):
    uid: str | None
    info: JsonObject | None = Field(description="The model's record; null when it is not in the collection.")
    base_model: str | None = Field(alias="baseModel")
    model_name: str | None = Field(alias="modelName")
    provider: str | None


class ConfiguredDataset(Wire):
    uid: str | None
    info: JsonObject | None = Field(description="The dataset's record; null when it is not known.")
    name: str | None
    selected_at: str | None = Field(alias="selectedAt")


class ConfiguredHyperparameters(Wire):
    """The configuration, and its values once more at this level."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    uid: str | None
    config: JsonObject | None


class JobConfigurationView(Wire):
    """All that the picks come to, ready for a review before the job is created."""

    metadata: dict[str, Any]
    model: ConfiguredModel
    dataset: ConfiguredDataset
    hyperparameters: ConfiguredHyperparameters


class ConfigurationCheck(Wire):
    """Whether a job can be made of the picks."""

    is_valid: bool = Field(alias="isValid")
    errors: list[str]
    warnings: list[str]
