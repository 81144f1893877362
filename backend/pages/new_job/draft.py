"""The wizard's draft of a job: what is picked and typed so far, kept on the server in the workflow session."""

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

KEY = "draft"
MOST_CHARACTERS = 500


@dataclass
class JobDraft:
    """`method` is empty for the model's default; `values` has the text of fields that differ from their default."""

    name: str = ""
    dataset: str = ""
    model: str = ""
    method: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A draft held against what there is. `decided` are the values a job would train with, as far as they fit.

    `errors` has a sentence for each field that does not fit; `missing` is what the start button says, empty when ready, and
    `missing_at` the step where that is mended.
    """

    draft: JobDraft
    dataset: Dataset | None
    model: Model | None
    defaults: Hyperparameters
    decided: Hyperparameters
    errors: dict[str, str]
    missing: str
    missing_at: Step

    @property
    def method(self) -> Method:
        return self.decided.method or "full"

    @property
    def name(self) -> str:
        """As typed; otherwise made of what is picked."""
        if self.draft.name:
            return self.draft.name
        return f"{self.dataset.name} on {self.model.name}"[:200] if self.dataset and self.model else ""


def load_draft(db: Session) -> JobDraft:
    """The draft of the session; picks that a client posted to `/api/metadata` are part of it."""
    body = workflow.read_metadata(db)
    kept: Mapping[str, Any] = body.get(KEY) or {}
    picks = {key: body.get(key) or {} for key in ("dataset", "model", "hyperparameters")}
    dataset, model = str(picks["dataset"].get("uid") or ""), str(picks["model"].get("uid") or "")
    found = datasets.find_dataset(db, dataset) if dataset else None
    base = models.find_model(db, model) if model else None
    draft = JobDraft(
        name=str(kept.get("name") or ""),
        dataset=found.uid if found else dataset,
        model=base.id if base else model,
    )
    uid = picks["hyperparameters"].get("uid")
    if uid and uid != kept.get("uid"):
        inline = Hyperparameters(uid=str(uid)[:200])
        _take(draft, resolve_for_job(db, inline, is_starter=_is_starter(base)).values, db)
    else:
        known = {item.name for item in FIELDS}
        draft.method = str(kept.get("method") or "")
        draft.values = {name: str(text) for name, text in dict(kept.get("values") or {}).items() if name in known}
    return draft


def save_draft(db: Session, draft: JobDraft) -> Judged:
    """Keeps the draft, and its picks where `/api/metadata` and `/api/job-configuration` show them."""
    judged = judge(db, draft)
    body = workflow.read_metadata(db)
    dataset, model = judged.dataset, judged.model
    uid = judged.decided.uid if dataset and model and not judged.errors else None
    session = body.get("finetuningSession") or {}
    workflow.update_metadata(
        db,
        {
            "finetuningSession": {**session, "status": _status(judged), "lastModified": utc_text(now())},
            "dataset": _dataset_pick(dataset, body.get("dataset") or {}),
            "model": {
                "uid": model.id if model else None,
                "baseModel": (model.base_model or model.id) if model else None,
                "modelName": model.name if model else None,
                "provider": model.provider if model else None,
            },
            "hyperparameters": {"uid": uid},
            KEY: {"name": draft.name, "method": draft.method, "values": draft.values, "uid": uid},
        },
    )
    return judged


def discard_draft(db: Session) -> None:
    """A new session with nothing picked."""
    workflow.reset_session(db)


def draft_of_job(db: Session, job: FinetuneView) -> JobDraft:
    """The values of an earlier job, to change and run again."""
    draft = JobDraft(name=job.name, dataset=job.configuration.dataset.uid, model=job.configuration.model.uid)
    _take(draft, job.configuration.hyperparameters, db)
    return draft


def fill_step(db: Session, draft: JobDraft, step: Step, sent: Mapping[str, str]) -> None:
    """Takes over what the form of one step says. What equals a default is not kept, so that it follows the model."""
    before = judge(db, draft).defaults
    text = {name: value.strip()[:MOST_CHARACTERS] for name, value in sent.items()}
    if step == "data":
        draft.dataset = text.get("dataset", draft.dataset)
    elif step == "model":
        draft.model = text.get("model", draft.model)
    elif step == "method" and "method" in text:
        draft.method = text["method"][:20]
    if "name" in text:
        draft.name = text["name"][:200]
    judged = judge(db, draft)
    if draft.method == default_method(is_starter=_is_starter(judged.model)):
        draft.method = ""
    for item in fields_of(step):
        typed = text.get(item.name, "")
        standard = {text_of(item, before), text_of(item, judged.defaults)}
        if typed in standard or (not typed and item.kind != "check"):
            draft.values.pop(item.name, None)
        else:
            draft.values[item.name] = typed


def fields_of(step: Step) -> list[HyperparameterField]:
    """The hyperparameters that a step asks for."""
    return [item for item in FIELDS if item.group in FIELD_GROUPS[step]]


def step_of(name: str) -> Step:
    """Where a hyperparameter is asked for."""
    group = next(item.group for item in FIELDS if item.name == name)
    return next(step for step, groups in FIELD_GROUPS.items() if group in groups)


def judge(db: Session, draft: JobDraft) -> Judged:
    """Looks up the picks and checks the values against the schema."""
    dataset = datasets.find_dataset(db, draft.dataset) if draft.dataset else None
    model = models.find_model(db, draft.model) if draft.model else None
    is_starter = _is_starter(model)
    method: dict[str, Any] = {"method": draft.method} if draft.method else {}
    try:
        defaults = resolve_for_job(db, Hyperparameters.model_validate(method), is_starter=is_starter).values
    except pydantic.ValidationError:
        method, defaults = {}, resolve_for_job(db, Hyperparameters(), is_starter=is_starter).values
    errors: dict[str, str] = {}
    decided = defaults
    try:
        given = Hyperparameters.model_validate({**method, **_given(draft, defaults)})
        decided = resolve_for_job(db, given, is_starter=is_starter).values
    except pydantic.ValidationError as error:
        for finding in error.errors():
            errors[str(finding["loc"][0]) if finding["loc"] else "merge_adapter"] = _sentence(finding["msg"])
    missing, missing_at = _missing(dataset, model, draft, errors)
    return Judged(draft, dataset, model, defaults, decided, errors, missing, missing_at)


def job_of(judged: Judged, *, auto_start: bool) -> FinetuneCreate:
    """The request that the draft means; only for one in which nothing is missing."""
    draft = judged.draft
    method: dict[str, Any] = {"method": draft.method} if draft.method else {}
    return FinetuneCreate(
        name=judged.name,
        configuration=JobConfiguration(
            model=Reference(uid=draft.model, name=judged.model.name if judged.model else ""),
            dataset=Reference(uid=draft.dataset, name=judged.dataset.name if judged.dataset else ""),
            hyperparameters=Hyperparameters.model_validate({**method, **_given(draft, judged.defaults)}),
        ),
        auto_start=auto_start,
    )


def _given(draft: JobDraft, defaults: Hyperparameters) -> dict[str, Any]:
    """What was typed; an adapter's values only for a method with an adapter."""
    adapter = defaults.method != "full"
    return {
        item.name: draft.values[item.name] == "yes" if item.kind == "check" else draft.values[item.name]
        for item in FIELDS
        if item.name in draft.values and (adapter or item.group != "adapter")
    }


def _take(draft: JobDraft, values: Hyperparameters, db: Session) -> None:
    """Fills the draft with decided values, as far as they differ from the defaults."""
    draft.method = values.method or ""
    judged = judge(db, draft)
    if draft.method == default_method(is_starter=_is_starter(judged.model)):
        draft.method = ""
    draft.values = {
        item.name: text
        for item in FIELDS
        if (text := text_of(item, values)) != text_of(item, judged.defaults) and (text or item.kind == "check")
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


def _status(judged: Judged) -> str:
    if judged.dataset is None:
        return "started"
    if judged.model is None:
        return "dataset_selected"
    return "model_selected" if judged.errors else "hyperparameters_configured"


def _dataset_pick(dataset: Dataset | None, before: Mapping[str, Any]) -> dict[str, str | None]:
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
