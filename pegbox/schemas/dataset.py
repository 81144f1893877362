"""Datasets on the wire: the preview of a CSV, the record, its versions and its rows."""

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
"""Which column of the file is `input` and which is `output`."""


class CsvIssue(Wire):
    """One finding in a CSV file. `line` is the 1-based line of the file where the row starts; `None` for the whole file."""

    line: int | None = None
    file: str | None = Field(None, description="Which one of several files.")
    kind: str = Field(description="ragged, empty_row, empty_cell, formula, duplicate, header, encoding or size.")
    message: str


class CsvStatistics(Wire):
    """Counts of one CSV file. `total_rows` leaves out rows in which every cell is empty."""

    total_rows: int
    total_columns: int
    file_size_kb: float
    preview_rows: int
    has_required_columns: bool
    usable_rows: int = Field(description="Rows with both an input and an output: what a training sees.")
    empty_rows: int = 0
    ragged_rows: int = 0
    rows_with_empty_cells: int = 0
    duplicate_rows: int = 0
    formula_cells: int = 0
    size_bytes: int = 0


class CsvPreview(Wire):
    """Answer of `POST /api/preview-csv`: the first rows as text (an empty cell is `null`) and what was found."""

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
        description="A guess from the column names; empty if there is none.",
    )


class DatasetValidation(Wire):
    """Whether a dataset can be trained on, and why not."""

    is_valid: bool = Field(alias="isValid")
    has_required_columns: bool = Field(alias="hasRequiredColumns")
    errors: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class DatasetView(Wire):
    """A dataset as the API shows it; `size` is for people, `size_bytes` for programs."""

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
        description="What DVC calls the bytes: the MD5 of a file, `<md5>.dir` of several; null for a record without a file."
    )
    sha256: str | None = Field(
        description="SHA-256 of the CSV that trainings read: the file itself, or what is made of it."
    )
    column_mapping: dict[str, str] = Field(alias="columnMapping")
    encoding: str
    delimiter: str


class DatasetCreate(Wire):
    """JSON body of `POST /api/datasets`: registers the bytes of a preview by their hash.

    `columns`, `rows` and the like are read from the file when there is one; a record without a file is kept, but no job can
    use it.
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
        description="Registers what `POST /api/uploads` brought, in any format.",
    )
    version: Version | None = Field(None, description="Version to give the bytes.")
    message: Message = Field("", description="What is different in this version.")
    strict: bool = Field(True, description="Refuse (400) files that no training can use, rather than keep them.")


class DatasetUpdate(Wire):
    """Body of `PUT /api/datasets/{uid}`: what is absent stays as it is."""

    name: Name | None = None
    description: Text | None = None
    tags: list[Tag] | None = Field(None, max_length=100)
    column_mapping: ColumnMapping | None = Field(
        None, validation_alias=AliasChoices("columnMapping", "column_mapping", "mapping")
    )
    sha256: Sha256 | None = Field(None, validation_alias=AliasChoices("sha256", "previewId", "preview_id"))


class DatasetCreated(DatasetView):
    """The record at the top level, and once more under `dataset`."""

    success: bool = True
    message: str = ""
    dataset: DatasetView


class DatasetUpdated(Wire):
    success: bool = True
    message: str = ""
    dataset: DatasetView


class DatasetRows(Wire):
    """A page of a dataset's rows, as text, with the line each starts on."""

    columns: list[str]
    rows: list[dict[str, str | None]]
    lines: list[int]
    offset: int
    limit: int
    total: int


class DatasetVersionView(Wire):
    version: str
    hash: str | None = Field(description="What DVC calls the bytes: the MD5 of a file, `<md5>.dir` of several.")
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
    """Newest first."""

    versions: list[DatasetVersionView]


class DatasetVersionCreate(Wire):
    """JSON body of `POST /api/datasets/{uid}/versions`: where the bytes come from. Exactly one of the three."""

    upload_id: UploadId | None = Field(None, validation_alias=AliasChoices("upload_id", "uploadId"))
    sha256: Sha256 | None = Field(None, validation_alias=AliasChoices("sha256", "previewId", "preview_id"))
    rollback_to: Version | None = Field(
        None,
        validation_alias=AliasChoices("rollback_to", "rollbackTo"),
        description="A version of this dataset, whose files become the newest version's. Nothing is copied.",
    )
    column_mapping: ColumnMapping = Field(
        default_factory=dict,
        validation_alias=AliasChoices("columnMapping", "column_mapping", "mapping"),
        description="Default: the dataset's.",
    )
    version: Version | None = Field(None, description="Default: the next minor version.")
    message: Message = Field("", description="What is different in this version.")
    strict: bool = Field(False, description="Refuse (400) files that no training can use, rather than keep them.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(value is not None for value in (self.upload_id, self.sha256, self.rollback_to)) != 1:
            raise ValueError("send one of upload_id, sha256 and rollback_to")
        return self


class DiffEntry(Wire):
    """A row that differs: its cells before and after, empty ones left out, long ones cut; where it stands in which file."""

    kind: Literal["added", "removed", "changed"]
    before: dict[str, str] | None
    after: dict[str, str] | None
    before_line: int | None
    after_line: int | None
    before_file: str | None
    after_file: str | None


class DatasetDiff(Wire):
    """A page of the rows that differ between two versions, in the order of the newer one.

    `added`, `removed` and `changed` count all; `total` is how many match the filter, of which the first `kept` can be read.
    """

    older: str = Field(alias="from")
    newer: str = Field(alias="to")
    key: str | None
    columns: list[str]
    added: int
    removed: int
    changed: int = Field(description="Only with a key: otherwise a changed row is one removed and one added.")
    total: int
    kept: int
    offset: int
    limit: int
    rows: list[DiffEntry]


class DatasetUse(Wire):
    """A job or model that rests on a dataset. `version` is empty where it is not known."""

    id: str
    name: str
    version: str
    state: str | None = Field(None, description="Of a job.")
    created_at: Instant


class DatasetUses(Wire):
    """Newest first, at most 200 of each; the counts are of all. `held` when deleting it needs `force`."""

    jobs: list[DatasetUse]
    models: list[DatasetUse]
    job_count: int
    unfinished_jobs: int
    model_count: int
    held: bool


class DatasetForm(Wire):
    """The fields beside `file` of a multipart `POST /api/datasets`."""

    name: Name | None = Field(None, description="Default: the file name without its ending.")
    description: Text = ""
    tags: list[Tag] = Field(default_factory=list, max_length=100, description="JSON list, or words with commas.")
    columns: ColumnMapping = Field(
        default_factory=dict,
        validation_alias=AliasChoices("columns", "columnMapping", "column_mapping", "mapping"),
        description='JSON object: {"input": "question", "output": "answer"}.',
    )
    version: Version | None = Field(None, description="Version to give the bytes.")
    message: Message = Field("", description="What is different in this version.")
    new_version: bool = Field(False, description="A known name gets these bytes as its next version.")
    strict: bool = Field(False, description="Refuse (400) a file that no training can use, rather than keep it.")

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
