"""API models of datasets: CSV previews, datasets, versions, rows and differences."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, StringConstraints, field_validator, model_validator

from pegbox.schemas.base import Instant, Name, Tag, Text, Wire

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[str, StringConstraints(pattern=r"^v?\d{1,6}(\.\d{1,6}){0,2}$")]
Message = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=2000)]
UploadId = Annotated[str, StringConstraints(pattern=r"^upload-[0-9a-f]{24}$")]
ColumnName = Annotated[str, StringConstraints(max_length=500)]
ColumnMapping = Annotated[dict[str, ColumnName], Field(max_length=20)]
"""Maps `input` and `output` to columns of the file."""


class CsvIssue(Wire):
    """A problem in a CSV file. `line` is the 1-based line where the row starts; null for the whole file."""

    line: int | None = None
    file: str | None = Field(None, description="File name, for datasets of several files.")
    kind: str = Field(description="ragged, empty_row, empty_cell, formula, duplicate, header, encoding or size.")
    message: str


class CsvStatistics(Wire):
    """Counts of one CSV file. `total_rows` excludes rows in which every cell is empty."""

    total_rows: int
    total_columns: int
    file_size_kb: float
    preview_rows: int
    has_required_columns: bool
    usable_rows: int = Field(description="Rows with both an input and an output, which trainings use.")
    empty_rows: int = 0
    ragged_rows: int = 0
    rows_with_empty_cells: int = 0
    duplicate_rows: int = 0
    formula_cells: int = 0
    size_bytes: int = 0


class CsvPreview(Wire):
    """Response of `POST /api/preview-csv`: the first rows as text (an empty cell is null) and the problems found."""

    filename: str
    columns: list[str]
    data: list[dict[str, str | None]]
    validation_errors: list[str]
    statistics: CsvStatistics
    is_new_upload: bool = Field(alias="isNewUpload", description="False when the very same bytes were uploaded before.")
    sha256: Sha256 = Field(description="Hash of the bytes; register the preview by sending it to `POST /api/datasets`.")
    preview_id: Sha256 = Field(alias="previewId", description="Equal to `sha256`.")
    warnings: list[str] = Field(default_factory=list)
    issues: list[CsvIssue] = Field(default_factory=list, description="The first 200 findings, with line numbers.")
    encoding: str
    delimiter: str
    suggested_mapping: ColumnMapping = Field(
        default_factory=dict,
        alias="suggestedMapping",
        description="Derived from the column names; empty if none match.",
    )


class DatasetValidation(Wire):
    """Whether a dataset can be used for training, with errors and warnings."""

    is_valid: bool = Field(alias="isValid")
    has_required_columns: bool = Field(alias="hasRequiredColumns")
    errors: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class DatasetView(Wire):
    """A dataset. `size` is formatted for people, `size_bytes` is for programs."""

    uid: str
    id: str = Field(description="Readable, unique; accepted wherever a uid is.")
    name: str
    description: str
    tags: list[str]
    columns: list[str]
    rows: int = Field(description="Rows that a training can use.")
    size: str
    size_bytes: int
    created_at: Instant
    created_at_camel: Instant = Field(alias="createdAt")
    updated_at: Instant = Field(alias="updatedAt")
    validation: DatasetValidation
    format: str
    version: str
    hash: str | None = Field(
        description="The hash in DVC's format: the MD5 of a file, `<md5>.dir` of several files; null without a file."
    )
    sha256: str | None = Field(description="SHA-256 of the CSV that trainings read: the file itself or its conversion.")
    column_mapping: dict[str, str] = Field(alias="columnMapping")
    encoding: str
    delimiter: str


class DatasetCreate(Wire):
    """JSON body of `POST /api/datasets`: creates a dataset from a previewed file by its hash.

    `columns`, `rows` and similar fields are read from the file if there is one. A dataset without a file is stored, but jobs
    cannot use it.
    """

    name: Name
    description: Text = ""
    tags: list[Tag] = Field(default_factory=list, max_length=100)
    sha256: Sha256 | None = Field(None, validation_alias=AliasChoices("sha256", "previewId", "preview_id", "hash"))
    column_mapping: ColumnMapping = Field(
        default_factory=dict, validation_alias=AliasChoices("columnMapping", "column_mapping", "mapping")
    )
    columns: list[ColumnName] = Field(default_factory=list, max_length=2000)
    rows: int = Field(0, ge=0, le=10**12)
    new_version: bool = Field(False, validation_alias=AliasChoices("new_version", "newVersion"))
    upload_id: UploadId | None = Field(
        None,
        validation_alias=AliasChoices("upload_id", "uploadId"),
        description="Creates the dataset from an upload (`POST /api/uploads`), in any format.",
    )
    version: Version | None = Field(None, description="Version number of the files.")
    message: Message = Field("", description="Changes in this version.")
    strict: bool = Field(True, description="Reject (400) files that trainings cannot use.")


class DatasetUpdate(Wire):
    """Body of `PUT /api/datasets/{uid}`; absent fields stay unchanged."""

    name: Name | None = None
    description: Text | None = None
    tags: list[Tag] | None = Field(None, max_length=100)
    column_mapping: ColumnMapping | None = Field(
        None, validation_alias=AliasChoices("columnMapping", "column_mapping", "mapping")
    )
    sha256: Sha256 | None = Field(None, validation_alias=AliasChoices("sha256", "previewId", "preview_id"))


class DatasetCreated(DatasetView):
    """The dataset at the top level, and again under `dataset`."""

    success: bool = True
    message: str = ""
    dataset: DatasetView


class DatasetUpdated(Wire):
    success: bool = True
    message: str = ""
    dataset: DatasetView


class DatasetRows(Wire):
    """A page of a dataset's rows as text; `lines` has the line on which each row starts."""

    columns: list[str]
    rows: list[dict[str, str | None]]
    lines: list[int]
    offset: int
    limit: int
    total: int


class DatasetVersionView(Wire):
    version: str
    hash: str | None = Field(description="The hash in DVC's format: the MD5 of a file, `<md5>.dir` of several files.")
    sha256: str
    created_at: Instant
    size: int
    rows: int
    files: int = 1
    format: str = "csv"
    columns: list[str] = Field(default_factory=list)
    message: str = ""
    parent: str | None = None


class DatasetVersions(Wire):
    """The versions of a dataset, newest first."""

    versions: list[DatasetVersionView]


class DatasetVersionCreate(Wire):
    """JSON body of `POST /api/datasets/{uid}/versions`. Exactly one of `upload_id`, `sha256` and `rollback_to` is required."""

    upload_id: UploadId | None = Field(None, validation_alias=AliasChoices("upload_id", "uploadId"))
    sha256: Sha256 | None = Field(None, validation_alias=AliasChoices("sha256", "previewId", "preview_id"))
    rollback_to: Version | None = Field(
        None,
        validation_alias=AliasChoices("rollback_to", "rollbackTo"),
        description="A version of this dataset whose files the new version shares. Nothing is copied.",
    )
    column_mapping: ColumnMapping = Field(
        default_factory=dict,
        validation_alias=AliasChoices("columnMapping", "column_mapping", "mapping"),
        description="Default: the dataset's.",
    )
    version: Version | None = Field(None, description="Default: the next minor version.")
    message: Message = Field("", description="Changes in this version.")
    strict: bool = Field(False, description="Reject (400) files that trainings cannot use.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(value is not None for value in (self.upload_id, self.sha256, self.rollback_to)) != 1:
            raise ValueError("send one of upload_id, sha256 and rollback_to")
        return self


class DiffEntry(Wire):
    """A row that differs: its cells before and after without empty cells, long cells truncated; its line and file."""

    kind: Literal["added", "removed", "changed"]
    before: dict[str, str] | None
    after: dict[str, str] | None
    before_line: int | None
    after_line: int | None
    before_file: str | None
    after_file: str | None


class DatasetDiff(Wire):
    """A page of the rows that differ between two versions, in the order of the newer version.

    `added`, `removed` and `changed` count all rows; `total` counts rows that match the filter, of which `kept` can be read.
    """

    older: str = Field(alias="from")
    newer: str = Field(alias="to")
    key: str | None
    columns: list[str]
    added: int
    removed: int
    changed: int = Field(description="Requires a key; without one, a changed row counts as one removed and one added.")
    total: int
    kept: int
    offset: int
    limit: int
    rows: list[DiffEntry]


class DatasetUse(Wire):
    """A job or model that uses a dataset. `version` is empty if unknown."""

    id: str
    name: str
    version: str
    state: str | None = Field(None, description="State, for jobs only.")
    created_at: Instant


class DatasetUses(Wire):
    """Uses of a dataset, newest first, at most 200 jobs and models; counts include all. `held`: deleting requires `force`."""

    jobs: list[DatasetUse]
    models: list[DatasetUse]
    job_count: int
    unfinished_jobs: int
    model_count: int
    held: bool


class DatasetForm(Wire):
    """The form fields of a multipart `POST /api/datasets`, besides `file`."""

    name: Name | None = Field(None, description="Default: the file name without its extension.")
    description: Text = ""
    tags: list[Tag] = Field(default_factory=list, max_length=100, description="JSON list, or comma-separated tags.")
    columns: ColumnMapping = Field(
        default_factory=dict,
        validation_alias=AliasChoices("columns", "columnMapping", "column_mapping", "mapping"),
        description='JSON object: {"input": "question", "output": "answer"}.',
    )
    version: Version | None = Field(None, description="Version number of the files.")
    message: Message = Field("", description="Changes in this version.")
    new_version: bool = Field(
        False, description="Adds the file to an existing dataset of this name as its next version."
    )
    strict: bool = Field(False, description="Reject (400) a file that trainings cannot use.")

    @field_validator("columns", mode="before")
    @classmethod
    def _mapping_text(cls, value: object) -> object:
        return _from_json(value, "columns") if isinstance(value, str) and value.strip() else value or {}

    @field_validator("tags", mode="before")
    @classmethod
    def _tags_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return _from_json(value, "tags")
        return [tag for tag in (part.strip() for part in value.split(",")) if tag]

    @field_validator("name", "version", mode="before")
    @classmethod
    def _blank_is_absent(cls, value: object) -> object:
        return None if value == "" else value


def _from_json(value: str, name: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} must be JSON") from error
