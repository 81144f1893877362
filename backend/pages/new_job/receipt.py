"""The summary beside the wizard: device, steps, and estimates of time and memory."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlmodel import Session

from backend.datasets.views import size_text
from backend.jobs.estimate import Machine, SimilarJob, find_similar_job, local_machine, minimum_memory, parameter_count
from backend.jobs.plan import Plan, plan_of
from backend.pages.frame import filters
from backend.pages.jobs.card import METHOD_WORDS
from backend.pages.new_job.draft import CheckedDraft
from backend.pages.new_job.fields import FIELDS, number_text, text_of
from backend.workers.service import list_live_workers
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.store.tables import Model

MIN_USEFUL_STEPS = 20
WARNING_SHARE = 0.85
"""The share of memory above which activations probably do not fit."""


@dataclass(frozen=True)
class MemoryBar:
    """Estimated memory. `share` of the available memory is 0 to 1; `verdict` is `ok`, `warn` or `err`."""

    share: float
    verdict: str
    text: str
    note: str


@dataclass(frozen=True)
class Receipt:
    """The summary of a draft. `state` is JSON for the script: errors and defaults by field, the first problem, and the name."""

    ready: bool
    missing: str
    facts: list[tuple[str, str]]
    steps: str
    steps_note: str
    time: str
    time_note: str
    memory: MemoryBar | None
    cautions: list[str]
    state: str


def receipt_of(db: Session, checked: CheckedDraft) -> Receipt:
    """The summary of a draft."""
    values, dataset, model = checked.resolved, checked.dataset, checked.model
    plan = plan_of(dataset.rows, values) if dataset and not checked.errors else None
    machine = local_machine()
    similar = None
    if plan and model and dataset:
        similar = find_similar_job(db, model.id, dataset.uid, values, plan)
    return Receipt(
        ready=not checked.missing,
        missing=checked.missing,
        facts=[
            ("Data", f"{dataset.name}, {size_text(dataset.size_bytes)}" if dataset else "–"),
            ("Rows", _rows(plan)),
            ("Model", model.name if model else "–"),
            ("Method", METHOD_WORDS[checked.method] if model else "–"),
            ("Batch", _batch(values)),
            ("Learning rate", number_text(values.learning_rate)),
            ("Evaluations", _evaluations(plan)),
            ("Device", machine.name),
            ("Worker", worker_note(db)),
        ],
        steps=f"{filters.whole(plan.steps)} steps" if plan and plan.steps != 1 else "1 step" if plan else "–",
        steps_note=_steps_note(plan, values, checked),
        time=f"about {filters.duration(similar.seconds)}" if similar and similar.seconds is not None else "",
        time_note=_time_note(similar, checked),
        memory=_memory(model, values, machine, similar) if model else None,
        cautions=_warnings(plan, checked),
        state=json.dumps(
            {
                "errors": checked.errors,
                "defaults": {item.name: text_of(item, checked.defaults) for item in FIELDS},
                "missing": checked.missing,
                "name": checked.name,
            }
        ),
    )


def worker_note(db: Session) -> str:
    """Whether a worker is available for the job."""
    workers = list_live_workers(db)
    if not workers:
        return "none is running; the job will wait"
    free = sum(1 for worker in workers if not worker.job_uid)
    return "one is free, starts at once" if free else "all are busy, starts when one is free"


def _rows(plan: Plan | None) -> str:
    return f"{filters.whole(plan.training_rows)} + {filters.whole(plan.validation_rows)} held out" if plan else "–"


def _batch(values: Hyperparameters) -> str:
    size, sums = values.batch_size, values.gradient_accumulation_steps
    return f"{size} × {sums} = {size * sums} rows" if sums > 1 else f"{size} rows" if size > 1 else "1 row"


def _evaluations(plan: Plan | None) -> str:
    if plan is None:
        return "–"
    return f"{plan.evaluations} and one before" if plan.validation_rows else "none, nothing held out"


def _steps_note(plan: Plan | None, values: Hyperparameters, checked: CheckedDraft) -> str:
    if plan is None:
        return checked.missing or "Choose data and model to see the steps."
    if values.max_steps:
        return f"as given; {filters.figure(plan.steps / plan.steps_per_epoch, 1)} passes over the rows"
    most = "at most " if values.packing else ""
    return f"{values.epochs:g} × {most}{filters.whole(plan.steps_per_epoch)} steps per pass over the rows"


def _time_note(similar: SimilarJob | None, checked: CheckedDraft) -> str:
    if checked.model is None or checked.dataset is None:
        return ""
    if similar is None or similar.seconds is None:
        return "No time can be told yet: no finished job with this model and method to judge by."
    return f"judged by “{similar.name}”"


def _memory(model: Model, values: Hyperparameters, machine: Machine, similar: SimilarJob | None) -> MemoryBar | None:
    """The memory that a similar job used, otherwise an estimate; `None` if the number of parameters is unknown."""
    where = "of the GPU" if machine.is_gpu else "of this machine"
    if similar and similar.memory:
        share = similar.memory / machine.memory
        return MemoryBar(
            min(1.0, share), _verdict(share), filters.size(similar.memory), f"“{similar.name}” held as much"
        )
    parameters = parameter_count(model)
    if parameters is None:
        return None
    least = minimum_memory(parameters, values, on_gpu=machine.is_gpu)
    share = least / machine.memory
    parts = "weights, gradients and optimiser" if values.method == "full" else "the weights"
    note = f"for {parts}, {filters.size(machine.memory)} {where}; activations come on top"
    if share > 1:
        note = f"for {parts} alone, but {filters.size(machine.memory)} {where}: take a smaller model or another method"
    return MemoryBar(min(1.0, share), _verdict(share), f"at least {filters.size(least)}", note)


def _verdict(share: float) -> str:
    return "err" if share > 1 else "warn" if share > WARNING_SHARE else "ok"


def _warnings(plan: Plan | None, checked: CheckedDraft) -> list[str]:
    found = []
    if checked.model and checked.model.source == "starter" and checked.method != "full":
        found.append("The starter model knows nothing yet: an adapter has little to adapt. Full training works better.")
    if plan and plan.steps < MIN_USEFUL_STEPS:
        found.append("Very few steps: the model will hardly change. More epochs or a smaller batch help.")
    return found
