"""Converts datasets to the schemas of the API. The only place that does."""

from __future__ import annotations

from typing import Any

from backend.datasets.columns import full_mapping, guess_mapping
from backend.datasets.report import DatasetReport
from backend.datasets.uses import Uses
from backend.uploads.service import UploadedFile
from pegbox.schemas.dataset import (
    CsvPreview,
    CsvStatistics,
    DatasetCreated,
    DatasetUse,
    DatasetUses,
    DatasetValidation,
    DatasetVersionView,
    DatasetView,
)
from pegbox.store.tables import Dataset, DatasetVersion

KIB = 1024


def size_text(size_bytes: int) -> str:
    """`2.3 MB`, in binary units."""
    if size_bytes < KIB:
        return f"{size_bytes} B"
    for unit in ("KB", "MB", "GB"):
        size_bytes_in_unit = size_bytes / KIB ** (("KB", "MB", "GB").index(unit) + 1)
        if size_bytes_in_unit < KIB or unit == "GB":
            return f"{size_bytes_in_unit:.1f} {unit}"
    raise AssertionError("unreachable")


def show_dataset(dataset: Dataset) -> DatasetView:
    return DatasetView(
        uid=dataset.uid,
        id=dataset.slug,
        name=dataset.name,
        description=dataset.description,
        tags=dataset.tags,
        columns=dataset.columns,
        rows=dataset.rows,
        size=size_text(dataset.size_bytes),
        size_bytes=dataset.size_bytes,
        created_at=dataset.created_at,
        created_at_camel=dataset.created_at,
        updated_at=dataset.updated_at,
        validation=DatasetValidation(
            is_valid=dataset.is_valid,
            has_required_columns=_has_required_columns(dataset),
            errors=dataset.errors,
            warnings=dataset.warnings,
        ),
        format=dataset.format,
        version=dataset.version,
        hash=dataset.hash,
        sha256=dataset.sha256,
        column_mapping=dataset.column_mapping,
        encoding=dataset.encoding,
        delimiter=dataset.delimiter,
    )


def _has_required_columns(dataset: Dataset) -> bool:
    return all(column in dataset.columns for column in full_mapping(dataset).values())


def show_created(dataset: Dataset, message: str) -> DatasetCreated:
    view = show_dataset(dataset)
    fields: dict[str, Any] = {name: getattr(view, name) for name in DatasetView.model_fields}
    return DatasetCreated(**fields, message=message, dataset=view)


def show_version(version: DatasetVersion) -> DatasetVersionView:
    return DatasetVersionView(
        version=version.version,
        hash=version.hash,
        sha256=version.sha256,
        files=version.files,
        format=version.format,
        columns=version.columns,
        created_at=version.created_at,
        size=version.size_bytes,
        rows=version.rows,
        message=version.message,
        parent=version.parent,
    )


def show_preview(report: DatasetReport, uploaded: UploadedFile, *, is_new: bool) -> CsvPreview:
    return CsvPreview(
        filename=uploaded.name,
        columns=report.columns,
        data=report.preview,
        validation_errors=report.errors,
        statistics=CsvStatistics(
            total_rows=report.total_rows,
            total_columns=len(report.columns),
            file_size_kb=round(uploaded.size_bytes / KIB, 2),
            preview_rows=len(report.preview),
            has_required_columns=report.has_required_columns,
            usable_rows=report.usable_rows,
            empty_rows=report.empty_rows,
            ragged_rows=report.ragged_rows,
            rows_with_empty_cells=report.rows_with_empty_cells,
            duplicate_rows=report.duplicate_rows,
            formula_cells=report.formula_cells,
            size_bytes=uploaded.size_bytes,
        ),
        is_new_upload=is_new,
        sha256=uploaded.sha256,
        preview_id=uploaded.sha256,
        warnings=report.warnings,
        issues=report.issues,
        encoding=report.dialect.encoding,
        delimiter=report.dialect.delimiter,
        suggested_mapping=report.mapping if report.has_required_columns else guess_mapping(report.columns),
    )


def show_uses(uses: Uses) -> DatasetUses:
    return DatasetUses(
        jobs=[
            DatasetUse(
                id=job.uid,
                name=job.name,
                version=uses.versions.get(job.uid, ""),
                state=job.state,
                created_at=job.created_at,
            )
            for job in uses.jobs
        ],
        models=[
            DatasetUse(
                id=model.id, name=model.name, version=uses.versions.get(model.id, ""), created_at=model.created_at
            )
            for model in uses.models
        ],
        job_count=uses.job_count,
        unfinished_jobs=uses.unfinished,
        model_count=uses.model_count,
        held=uses.in_use,
    )
