"""The wizard's last step: everything once more, and what it would be as a request."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlmodel import Session

from backend.jobs.validation import check
from backend.pages.new_job.draft import FIELD_GROUPS, Judged, Step, job_of
from backend.pages.new_job.fields import FIELDS, HyperparameterField, text_of
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.settings import Settings

GROUP_TITLES: dict[Step, str] = {"data": "Rows", "method": "Training", "resources": "Memory and evaluation"}


@dataclass(frozen=True)
class ReviewRow:
    """One value; `default` is filled only where another was typed."""

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
    """`request` is the body for `POST /api/jobs`, empty while something is missing."""

    groups: list[ReviewGroup]
    changed: int
    errors: list[str]
    warnings: list[str]
    request: str


def review_of(db: Session, settings: Settings, judged: Judged) -> Review:
    """What is decided, with what the checks of a new job say."""
    rows = [(item, _row(item, judged)) for item in FIELDS if judged.method != "full" or item.group != "adapter"]
    groups = [
        ReviewGroup(title, step, [row for item, row in rows if item.group in FIELD_GROUPS[step]])
        for step, title in GROUP_TITLES.items()
    ]
    errors: list[str] = []
    warnings: list[str] = []
    request = ""
    if not judged.missing:
        wanted = job_of(judged, auto_start=True)
        checked = check(db, settings, wanted.configuration, wanted.model_saving)
        errors, warnings = checked.errors, checked.warnings
        request = _request(judged)
    changed = sum(1 for _, row in rows if row.default)
    return Review(groups, changed, errors, warnings, request)


def _row(item: HyperparameterField, judged: Judged) -> ReviewRow:
    value, standard = _shown(item, judged.decided), _shown(item, judged.defaults)
    if item.name in judged.errors:
        return ReviewRow(item.label, judged.draft.values.get(item.name, ""), standard)
    return ReviewRow(item.label, value, standard if value != standard else "")


def _shown(item: HyperparameterField, values: Hyperparameters) -> str:
    text = text_of(item, values)
    if item.kind == "check":
        return "yes" if text else "no"
    return text or item.placeholder


def _request(judged: Judged) -> str:
    wanted = job_of(judged, auto_start=True)
    configuration = wanted.configuration
    body = {
        "name": wanted.name,
        "configuration": {
            "model": configuration.model.model_dump(mode="json"),
            "dataset": configuration.dataset.model_dump(mode="json"),
            "hyperparameters": configuration.hyperparameters.model_dump(mode="json", exclude_unset=True),
        },
    }
    return json.dumps(body, indent=2, ensure_ascii=False)
