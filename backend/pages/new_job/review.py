"""The last step of the wizard: all values, validation messages, and the equivalent API request."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlmodel import Session

from backend.jobs.validation import check
from backend.pages.new_job.draft import FIELD_GROUPS, CheckedDraft, Step, job_of
from backend.pages.new_job.fields import FIELDS, HyperparameterField, text_of
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.settings import Settings

GROUP_TITLES: dict[Step, str] = {"data": "Rows", "method": "Training", "resources": "Memory and evaluation"}


@dataclass(frozen=True)
class ReviewRow:
    """A value. `default` is empty unless the value differs from the default."""

    label: str
    value: str
    default: str


@dataclass(frozen=True)
class ReviewGroup:
    title: str
    step: Step
    rows: list[ReviewRow]


@dataclass(frozen=True)
class Review:
    """The context of the review. `request` is the body for `POST /api/jobs`; empty if the draft is incomplete."""

    groups: list[ReviewGroup]
    changed: int
    errors: list[str]
    warnings: list[str]
    request: str


def review_of(db: Session, settings: Settings, checked: CheckedDraft) -> Review:
    """The values of a draft, with the errors and warnings that a new job would have."""
    rows = [(item, _row(item, checked)) for item in FIELDS if checked.method != "full" or item.group != "adapter"]
    groups = [
        ReviewGroup(title, step, [row for item, row in rows if item.group in FIELD_GROUPS[step]])
        for step, title in GROUP_TITLES.items()
    ]
    errors: list[str] = []
    warnings: list[str] = []
    request = ""
    if not checked.missing:
        job_request = job_of(checked, auto_start=True)
        validation = check(db, settings, job_request.configuration, job_request.model_saving)
        errors, warnings = validation.errors, validation.warnings
        request = _request(checked)
    changed = sum(1 for _, row in rows if row.default)
    return Review(groups, changed, errors, warnings, request)


def _row(item: HyperparameterField, checked: CheckedDraft) -> ReviewRow:
    value, standard = _display_text(item, checked.resolved), _display_text(item, checked.defaults)
    if item.name in checked.errors:
        return ReviewRow(item.label, checked.draft.values.get(item.name, ""), standard)
    return ReviewRow(item.label, value, standard if value != standard else "")


def _display_text(item: HyperparameterField, values: Hyperparameters) -> str:
    text = text_of(item, values)
    if item.kind == "check":
        return "yes" if text else "no"
    return text or item.placeholder


def _request(checked: CheckedDraft) -> str:
    job_request = job_of(checked, auto_start=True)
    configuration = job_request.configuration
    body = {
        "name": job_request.name,
        "configuration": {
            "model": configuration.model.model_dump(mode="json"),
            "dataset": configuration.dataset.model_dump(mode="json"),
            "hyperparameters": configuration.hyperparameters.model_dump(mode="json", exclude_unset=True),
        },
    }
    return json.dumps(body, indent=2, ensure_ascii=False)
