"""The draft of a job in the wizard, stored on the server in the workflow session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pydantic
from sqlmodel import Session

from backend.datasets import service as datasets
from backend.hyperparameters.resolve import default_method
from backend.hyperparameters.service import resolve_for_job
from backend.models import service as models
from backend.pages.new_job.fields import FIELDS, Group, HyperparameterField, text_of
from backend.workflow import service as workflow
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.hyperparameters import Hyperparameters, Method
from pegbox.schemas.jobs.job import FinetuneCreate, FinetuneView, JobConfiguration, Reference
from pegbox.store.tables import Dataset, Model, now

Step = Literal["data", "model", "method", "resources", "review"]

FIELD_GROUPS: dict[Step, tuple[Group, ...]] = {
    "data": ("rows",),
    "model": (),
    "method": ("training", "adapter", "schedule"),
    "resources": ("memory", "evaluation"),
    "review": (),
}

METADATA_KEY = "draft"
MAX_CHARACTERS = 500


@dataclass
class JobDraft:
    """The input of the wizard. `method` is empty for the default of the model; `values` has the fields with other values."""

    name: str = ""
    dataset: str = ""
    model: str = ""
    method: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckedDraft:
    """A draft with its resolved references and its validation.

    `resolved` has the hyperparameters of the job, or the defaults if a value is invalid. `errors` has a message for each invalid
    field. `missing` is the first problem that prevents a start (empty if there is none), and `missing_at` is its step.
    """

    draft: JobDraft
    dataset: Dataset | None
    model: Model | None
    defaults: Hyperparameters
    resolved: Hyperparameters
    errors: dict[str, str]
    missing: str
    missing_at: Step

    @property
    def method(self) -> Method:
        return self.resolved.method or "full"

    @property
    def name(self) -> str:
        """The name from the draft, or a name made of dataset and model; empty until both are chosen."""
        if self.draft.name:
            return self.draft.name
        return f"{self.dataset.name} on {self.model.name}"[:200] if self.dataset and self.model else ""


def load_draft(db: Session) -> JobDraft:
    """The draft of the session, including choices that a client sent to `/api/metadata`."""
    body = workflow.read_metadata(db)
    kept: Mapping[str, Any] = body.get(METADATA_KEY) or {}
    choices = {key: body.get(key) or {} for key in ("dataset", "model", "hyperparameters")}
    dataset, model = str(choices["dataset"].get("uid") or ""), str(choices["model"].get("uid") or "")
    found = datasets.find_dataset(db, dataset) if dataset else None
    base = models.find_model(db, model) if model else None
    draft = JobDraft(
        name=str(kept.get("name") or ""),
        dataset=found.uid if found else dataset,
        model=base.id if base else model,
    )
    uid = choices["hyperparameters"].get("uid")
    if uid and uid != kept.get("uid"):
        inline = Hyperparameters(uid=str(uid)[:200])
        _set_values(draft, resolve_for_job(db, inline, is_starter=_is_starter(base)).values, db)
    else:
        known = {item.name for item in FIELDS}
        draft.method = str(kept.get("method") or "")
        draft.values = {name: str(text) for name, text in dict(kept.get("values") or {}).items() if name in known}
    return draft


def save_draft(db: Session, draft: JobDraft) -> CheckedDraft:
    """Stores the draft, and its choices in the form that `/api/metadata` and `/api/job-configuration` return."""
    checked = check_draft(db, draft)
    body = workflow.read_metadata(db)
    dataset, model = checked.dataset, checked.model
    uid = checked.resolved.uid if dataset and model and not checked.errors else None
    session = body.get("finetuningSession") or {}
    workflow.update_metadata(
        db,
        {
            "finetuningSession": {**session, "status": _session_status(checked), "lastModified": utc_text(now())},
            "dataset": _dataset_metadata(dataset, body.get("dataset") or {}),
            "model": {
                "uid": model.id if model else None,
                "baseModel": (model.base_model or model.id) if model else None,
                "modelName": model.name if model else None,
                "provider": model.provider if model else None,
            },
            "hyperparameters": {"uid": uid},
            METADATA_KEY: {"name": draft.name, "method": draft.method, "values": draft.values, "uid": uid},
        },
    )
    return checked


def discard_draft(db: Session) -> None:
    """Resets the session."""
    workflow.reset_session(db)


def draft_of_job(db: Session, job: FinetuneView) -> JobDraft:
    """A draft with the values of an existing job."""
    draft = JobDraft(name=job.name, dataset=job.configuration.dataset.uid, model=job.configuration.model.uid)
    _set_values(draft, job.configuration.hyperparameters, db)
    return draft


def fill_step(db: Session, draft: JobDraft, step: Step, sent: Mapping[str, str]) -> None:
    """Updates the draft from the form of one step.

    Values equal to the default are not stored, so that they change with the default of another model.
    """
    previous_defaults = check_draft(db, draft).defaults
    text = {name: value.strip()[:MAX_CHARACTERS] for name, value in sent.items()}
    if step == "data":
        draft.dataset = text.get("dataset", draft.dataset)
    elif step == "model":
        draft.model = text.get("model", draft.model)
    elif step == "method" and "method" in text:
        draft.method = text["method"][:20]
    if "name" in text:
        draft.name = text["name"][:200]
    checked = check_draft(db, draft)
    if draft.method == default_method(is_starter=_is_starter(checked.model)):
        draft.method = ""
    for item in fields_of(step):
        entered = text.get(item.name, "")
        standard = {text_of(item, previous_defaults), text_of(item, checked.defaults)}
        if entered in standard or (not entered and item.kind != "check"):
            draft.values.pop(item.name, None)
        else:
            draft.values[item.name] = entered


def fields_of(step: Step) -> list[HyperparameterField]:
    """The hyperparameters of a step."""
    return [item for item in FIELDS if item.group in FIELD_GROUPS[step]]


def step_of(name: str) -> Step:
    """The step of a hyperparameter."""
    group = next(item.group for item in FIELDS if item.name == name)
    return next(step for step, groups in FIELD_GROUPS.items() if group in groups)


def check_draft(db: Session, draft: JobDraft) -> CheckedDraft:
    """Resolves dataset and model, and validates the hyperparameters."""
    dataset = datasets.find_dataset(db, draft.dataset) if draft.dataset else None
    model = models.find_model(db, draft.model) if draft.model else None
    is_starter = _is_starter(model)
    method: dict[str, Any] = {"method": draft.method} if draft.method else {}
    try:
        defaults = resolve_for_job(db, Hyperparameters.model_validate(method), is_starter=is_starter).values
    except pydantic.ValidationError:
        method, defaults = {}, resolve_for_job(db, Hyperparameters(), is_starter=is_starter).values
    errors: dict[str, str] = {}
    resolved = defaults
    try:
        given = Hyperparameters.model_validate({**method, **_entered_values(draft, defaults)})
        resolved = resolve_for_job(db, given, is_starter=is_starter).values
    except pydantic.ValidationError as error:
        for finding in error.errors():
            errors[str(finding["loc"][0]) if finding["loc"] else "merge_adapter"] = _sentence(finding["msg"])
    missing, missing_at = _missing(dataset, model, draft, errors)
    return CheckedDraft(draft, dataset, model, defaults, resolved, errors, missing, missing_at)


def job_of(checked: CheckedDraft, *, auto_start: bool) -> FinetuneCreate:
    """The creation request for a draft. Requires `checked.missing` to be empty."""
    draft = checked.draft
    method: dict[str, Any] = {"method": draft.method} if draft.method else {}
    return FinetuneCreate(
        name=checked.name,
        configuration=JobConfiguration(
            model=Reference(uid=draft.model, name=checked.model.name if checked.model else ""),
            dataset=Reference(uid=draft.dataset, name=checked.dataset.name if checked.dataset else ""),
            hyperparameters=Hyperparameters.model_validate({**method, **_entered_values(draft, checked.defaults)}),
        ),
        auto_start=auto_start,
    )


def _entered_values(draft: JobDraft, defaults: Hyperparameters) -> dict[str, Any]:
    """The entered values; adapter values only for methods with an adapter."""
    adapter = defaults.method != "full"
    return {
        item.name: draft.values[item.name] == "yes" if item.kind == "check" else draft.values[item.name]
        for item in FIELDS
        if item.name in draft.values and (adapter or item.group != "adapter")
    }


def _set_values(draft: JobDraft, values: Hyperparameters, db: Session) -> None:
    """Sets the method and the values of the draft that differ from the defaults."""
    draft.method = values.method or ""
    checked = check_draft(db, draft)
    if draft.method == default_method(is_starter=_is_starter(checked.model)):
        draft.method = ""
    draft.values = {
        item.name: text
        for item in FIELDS
        if (text := text_of(item, values)) != text_of(item, checked.defaults) and (text or item.kind == "check")
    }


def _is_starter(model: Model | None) -> bool:
    return model is not None and model.source == "starter"


def _missing(dataset: Dataset | None, model: Model | None, draft: JobDraft, errors: dict[str, str]) -> tuple[str, Step]:
    if dataset is None:
        return ("The dataset is gone: choose another" if draft.dataset else "Choose a dataset"), "data"
    if not dataset.is_valid:
        return "Choose a dataset without errors", "data"
    if model is None:
        return ("The model is gone: choose another" if draft.model else "Choose a model"), "model"
    for item in FIELDS:
        if item.name in errors:
            return f"Check “{item.label}”", step_of(item.name)
    return "", "review"


def _session_status(checked: CheckedDraft) -> str:
    if checked.dataset is None:
        return "started"
    if checked.model is None:
        return "dataset_selected"
    return "model_selected" if checked.errors else "hyperparameters_configured"


def _dataset_metadata(dataset: Dataset | None, before: Mapping[str, Any]) -> dict[str, str | None]:
    if dataset is None:
        return {"uid": None, "name": None, "selectedAt": None}
    same = before.get("uid") == dataset.uid
    return {
        "uid": dataset.uid,
        "name": dataset.name,
        "selectedAt": str(before["selectedAt"]) if same and before.get("selectedAt") else utc_text(now()),
    }


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."
