"""The receipt beside the wizard: what will run, where, how many steps, how long, and in how much memory."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlmodel import Session

from backend.datasets.views import size_text
from backend.jobs.estimate import Machine, SimilarJob, find_similar_job, local_machine, minimum_memory, parameter_count
from backend.jobs.plan import Plan, plan_of
from backend.pages.frame import filters
from backend.pages.jobs.card import METHOD_WORDS
from backend.pages.new_job.draft import Judged
from backend.pages.new_job.fields import FIELDS, number_text, text_of
from backend.workers.service import list_live_workers
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.store.tables import Model

FEW_STEPS = 20
TIGHT = 0.85
"""A share of the memory beyond which the activations are likely not to fit."""


@dataclass(frozen=True)
class MemoryBar:
    """`share` of the machine's memory, 0 to 1, for the bar; `verdict` is ok, warn or err."""

    share: float
    verdict: str
    text: str
    note: str


@dataclass(frozen=True)
class Receipt:
    """`state` is for the script: errors and defaults of fields, what is missing, the name made of the picks."""

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


def receipt_of(db: Session, judged: Judged) -> Receipt:
    """Everything the receipt says about a draft."""
    values, dataset, model = judged.decided, judged.dataset, judged.model
    plan = plan_of(dataset.rows, values) if dataset and not judged.errors else None
    machine = local_machine()
    earlier = None
    if plan and model and dataset:
        earlier = find_similar_job(db, model.id, dataset.uid, values, plan)
    return Receipt(
        ready=not judged.missing,
        missing=judged.missing,
        facts=[
            ("Data", f"{dataset.name}, {size_text(dataset.size_bytes)}" if dataset else "–"),
            ("Rows", _rows(plan)),
            ("Model", model.name if model else "–"),
            ("Method", METHOD_WORDS[judged.method] if model else "–"),
            ("Batch", _batch(values)),
            ("Learning rate", number_text(values.learning_rate)),
            ("Evaluations", _evaluations(plan)),
            ("Device", machine.name),
            ("Worker", worker_note(db)),
        ],
        steps=f"{filters.whole(plan.steps)} steps" if plan and plan.steps != 1 else "1 step" if plan else "–",
        steps_note=_steps_note(plan, values, judged),
        time=f"about {filters.duration(earlier.seconds)}" if earlier and earlier.seconds is not None else "",
        time_note=_time_note(earlier, judged),
        memory=_memory(model, values, machine, earlier) if model else None,
        cautions=_cautions(plan, judged),
        state=json.dumps(
            {
                "errors": judged.errors,
                "defaults": {item.name: text_of(item, judged.defaults) for item in FIELDS},
                "missing": judged.missing,
                "name": judged.name,
            }
        ),
    )


def worker_note(db: Session) -> str:
    """Who would take the job."""
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


def _steps_note(plan: Plan | None, values: Hyperparameters, judged: Judged) -> str:
    if plan is None:
        return judged.missing or "Choose data and model to see the steps."
    if values.max_steps:
        return f"as given; {filters.figure(plan.steps / plan.steps_per_epoch, 1)} passes over the rows"
    most = "at most " if values.packing else ""
    return f"{values.epochs:g} × {most}{filters.whole(plan.steps_per_epoch)} steps per pass over the rows"


def _time_note(earlier: SimilarJob | None, judged: Judged) -> str:
    if judged.model is None or judged.dataset is None:
        return ""
    if earlier is None or earlier.seconds is None:
        return "No time can be told yet: no finished job with this model and method to judge by."
    return f"judged by “{earlier.name}”"


def _memory(model: Model, values: Hyperparameters, machine: Machine, earlier: SimilarJob | None) -> MemoryBar | None:
    """What an earlier job held at its end is known better than what the arithmetic says."""
    where = "of the GPU" if machine.is_gpu else "of this machine"
    if earlier and earlier.memory:
        share = earlier.memory / machine.memory
        return MemoryBar(
            min(1.0, share), _verdict(share), filters.size(earlier.memory), f"“{earlier.name}” held as much"
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
    return "err" if share > 1 else "warn" if share > TIGHT else "ok"


def _cautions(plan: Plan | None, judged: Judged) -> list[str]:
    found = []
    if judged.model and judged.model.source == "starter" and judged.method != "full":
        found.append("The starter model knows nothing yet: an adapter has little to adapt. Full training works better.")
    if plan and plan.steps < FEW_STEPS:
        found.append("Very few steps: the model will hardly change. More epochs or a smaller batch help.")
    return found
