"""API models of base and fine-tuned models: the collection, hub search, adding, tags and uses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, StringConstraints

from pegbox.schemas.base import Instant, JsonObject, Label, Tag, Text, Wire

ModelKind = Literal["base", "finetuned", "adapter", "uploaded"]
ModelSource = Literal["starter", "local", "hub"]
ModelId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~@:+ /\\-]+$")
]
"""A hub id, `starter`, `model-…`, or a folder of this machine."""


class ModelPerformance(Wire):
    """Descriptive ratings for people; empty if unknown."""

    speed: str = ""
    accuracy: str = ""
    memory_usage: str = Field("", alias="memoryUsage")


class ModelView(Wire):
    """A model of the collection. `size` is bytes on disk (0 if unknown); `downloadSize` is the hub's size as text."""

    id: str
    uid: str = Field(description="Short opaque number, accepted wherever an id is.")
    name: str
    kind: ModelKind
    source: ModelSource
    provider: str
    category: str
    description: str
    parameters: str = Field(description="Number of parameters as text, for example `1.7B`; empty if unknown.")
    context_length: int | None = Field(alias="contextLength")
    license: str
    download_size: str = Field(alias="downloadSize")
    size: int
    tags: list[str]
    stage: Literal["staging", "production", "archived"] | None = Field(
        None, description="The tag that is a stage, if any."
    )
    capabilities: list[str]
    recommended: bool
    performance: ModelPerformance
    use_case: str = Field(alias="useCase")
    framework: str = "transformers"
    base_model: str | None
    source_job: str | None
    adapter: dict[str, Any] | None
    dataset: dict[str, Any] | None
    metrics: dict[str, Any]
    location: str = Field(description="Hub id or folder; empty for the starter.")
    path_available: bool = Field(description="Whether the weights are on the backend's machine.")
    merged_available: bool = Field(False, description="Whether the merged weights of an adapter are there as well.")
    downloads: int | None = None
    likes: int | None = None
    created_at: Instant
    created_at_camel: Instant = Field(alias="createdAt")


class ModelTag(Wire):
    """Body of `POST /api/models/{model_id}/tag` and `…/untag`. `staging`, `production` and `archived` are stages."""

    tag: Tag


class ModelTagged(ModelView):
    """The model with its tags. `replaced` is the model that was in production before, if any."""

    success: bool = True
    replaced: str | None = None


class ModelUse(Wire):
    """A job that trains from a model, or a model derived from it."""

    id: str
    name: str
    state: str | None = Field(None, description="State, for jobs only.")
    created_at: Instant


class ModelUses(Wire):
    """Uses of a model, newest first; at most 50 jobs and 200 models. `held`: removing requires `force`."""

    jobs: list[ModelUse]
    models: list[ModelUse]
    in_production: bool
    held: bool


class ModelList(Wire):
    """The collection with the values of its filters; the first value means no filter."""

    models: list[ModelView]
    categories: list[str]
    providers: list[str]


class HubModel(Wire):
    """One search result of the model hub."""

    id: str
    name: str
    provider: str
    category: str
    description: str
    parameters: str
    context_length: int | None = Field(alias="contextLength")
    tags: list[str]
    downloads: int
    likes: int
    license: str = ""
    download_size: str = Field("", alias="downloadSize")
    gated: bool = False
    in_collection: bool = Field(False, alias="inCollection")
    last_modified: str | None = Field(None, alias="lastModified")


class ModelAdd(Wire):
    """Body of `POST /api/models`. Only `id` is required; other fields default to the hub's metadata if the hub is reachable."""

    id: ModelId
    name: Label = ""
    source: Literal["hub", "local"] | None = Field(None, description="Default: local for an absolute path, else hub.")
    provider: Label = ""
    category: Label = ""
    description: Text = ""
    parameters: Label = ""
    context_length: int | None = Field(
        None, ge=1, le=1_000_000_000, validation_alias=AliasChoices("contextLength", "context_length")
    )
    license: Label = ""
    download_size: Label = Field("", validation_alias=AliasChoices("downloadSize", "download_size"))
    tags: list[Tag] = Field(default_factory=list, max_length=200)
    capabilities: list[Tag] = Field(default_factory=list, max_length=200)
    recommended: bool = False
    performance: JsonObject = Field(default_factory=dict)
    use_case: Text = Field("", validation_alias=AliasChoices("useCase", "use_case"))
    path: Label = Field("", description="Folder of a local model; default: the id.")


class ModelAdded(Wire):
    success: bool = True
    model: ModelView
    message: str


class ModelCheck(Wire):
    exists: bool
    model_id: str
