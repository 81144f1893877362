"""Datasets on the wire: the preview of a CSV, the record, its versions and its rows."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AliasChoices, Field, StringConstraints, field_validator

from pegbox.schemas.base import Instant, Name, Tag, Text, Wire

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ColumnName = Annotated[str, StringConstraints(max_length=500)]
ColumnMapping = Annotated[dict[str, ColumnName], Field(max_length=20)]
"""Which column of the file is `input` and which is `output`."""


class CsvIssue(Wire):
    """One finding in a CSV file. `line` is the 1-based line of the file where the row starts; `None` for the whole file."""

    line: int | None = None
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
    hash: str | None = Field(description="SHA-256 of the file; null for a record without a file.")
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
    hash: str
    created_at: Instant
    size: int
    rows: int
    files: int = 1
    message: str = ""
    parent: str | None = None


class DatasetVersions(Wire):
    """Newest first."""

    versions: list[DatasetVersionView]


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
    version: str | None = Field(None, pattern=r"^v?\d{1,6}(\.\d{1,6}){0,2}$", description="Version to give the bytes.")
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
