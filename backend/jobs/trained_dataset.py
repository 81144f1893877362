"""The dataset that a job trains on."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, func

from pegbox.store.tables import Job


def dataset_of(job: Job) -> str:
    """The uid of the dataset, as posted if the reference is not resolved yet; empty for a job without a dataset."""
    source = job.spec if job.spec and "dataset" in job.spec else job.configuration
    return str(source["dataset"]["uid"]) if "dataset" in source else ""


def dataset_column() -> Any:
    """SQL: `dataset_of` the `Job` of the query, null for a job without a dataset."""
    resolved, posted = (col(column)["dataset"]["uid"].as_string() for column in (Job.spec, Job.configuration))
    return func.coalesce(resolved, posted)
