"""Hyperparameter configurations as the wizard keeps them: one document of configurations by uid, with aliases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from pegbox.schemas.base import JsonObject, Wire

ConfigUid = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class HyperparameterDocument(Wire):
    """The whole document; posting it replaces it."""

    configs: dict[ConfigUid, JsonObject] = Field(default_factory=dict, max_length=10_000)
    aliases: dict[ConfigUid, ConfigUid] = Field(default_factory=dict, max_length=10_000)
    best_config_uid_manual: ConfigUid | None = None
    best_config_uid_automated: ConfigUid | None = None


class StoredConfig(Wire):
    """A configuration with the uid it is kept under."""

    success: bool = True
    message: str = ""
    uid: str
    config: JsonObject


class BestConfig(Wire):
    """The configuration to suggest: picked by hand, else that of the job with the lowest validation loss."""

    mode: str
    uid: str
    config: JsonObject
    source: str = Field(description="document or job.")
    job_uid: str | None = Field(None, alias="jobUid")
    validation_loss: float | None = None
