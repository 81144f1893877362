"""The new-job form as data: what was typed, what is wrong with it, and the job it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pydantic
from sqlmodel import Session

from backend.datasets import repository as datasets
from backend.models import repository as models
from backend.pages.hyperparameter_fields import FIELDS
from pegbox.schemas.hyperparameters import Hyperparameters
from pegbox.schemas.job import JobConfiguration, JobCreate, JobView, Reference

MOST_CHARACTERS = 500


@dataclass
class JobForm:
    """Text as typed. `errors` has an entry for every hyperparameter, empty where it fits; `problems` are about the rest."""

    name: str = ""
    dataset: str = ""
    model: str = ""
    method: str = ""
    values: dict[str, str] = field(default_factory=dict)
    auto_start: bool = True
    errors: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def empty_form() -> JobForm:
    """Every field at its default."""
    return JobForm(values={item.name: item.default for item in FIELDS}, errors={})


def form_from_job(job: JobView) -> JobForm:
    """The values of an earlier job, to change and run again."""
    hyperparameters = job.configuration.hyperparameters
    form = empty_form()
    form.name = job.name
    form.dataset, form.model = job.configuration.dataset.uid, job.configuration.model.uid
    form.method = hyperparameters.method or ""
    for item in FIELDS:
        value = getattr(hyperparameters, item.name)
        if item.kind == "check":
            form.values[item.name] = "yes" if value else ""
        else:
            form.values[item.name] = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return form


def parse_form(sent: Mapping[str, str]) -> JobForm:
    """What the browser sent, checked against the schema of the hyperparameters."""
    form = JobForm(
        name=sent.get("name", "").strip()[:MOST_CHARACTERS],
        dataset=sent.get("dataset", "")[:MOST_CHARACTERS],
        model=sent.get("model", "")[:MOST_CHARACTERS],
        method=sent.get("method", "")[:20],
        values={item.name: sent.get(item.name, "").strip()[:MOST_CHARACTERS] for item in FIELDS},
        auto_start=sent.get("auto_start") != "no",
    )
    if not form.dataset:
        form.problems.append("Choose a dataset.")
    if not form.model:
        form.problems.append("Choose a model.")
    if not 1 <= len(form.name) <= 200:
        form.problems.append("Give the job a name of at most 200 characters.")
    try:
        Hyperparameters.model_validate(_given(form))
    except pydantic.ValidationError as error:
        for finding in error.errors():
            name = str(finding["loc"][0]) if finding["loc"] else ""
            if name in form.values:
                form.errors[name] = _sentence(finding["msg"])
            else:
                form.problems.append(_sentence(finding["msg"]))
    return form


def job_from_form(form: JobForm, db: Session) -> JobCreate:
    """The request that the form means."""
    dataset = datasets.find_dataset(db, form.dataset)
    model = models.find_model(db, form.model)
    return JobCreate(
        name=form.name,
        configuration=JobConfiguration(
            model=Reference(uid=form.model, name=model.name if model else ""),
            dataset=Reference(uid=form.dataset, name=dataset.name if dataset else ""),
            hyperparameters=Hyperparameters.model_validate(_given(form)),
        ),
        auto_start=form.auto_start,
    )


def _given(form: JobForm) -> dict[str, object]:
    """Only what was filled in; an adapter's values only for a method with an adapter."""
    given: dict[str, object] = {"method": form.method} if form.method else {}
    for item in FIELDS:
        text = form.values[item.name]
        if item.group == "adapter" and form.method == "full":
            continue
        if item.kind == "check":
            given[item.name] = text == "yes"
        elif text:
            given[item.name] = text
    return given


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."
