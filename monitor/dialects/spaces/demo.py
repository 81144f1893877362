"""Demonstration runs with synthetic metrics. They have the tag `demo` and never mix with real metrics."""

from __future__ import annotations

import math
import random
import time

from monitor.dialects.functions import Caller
from monitor.dialects.spaces.experiments import get_experiment, is_demo, new_run, write
from monitor.dialects.trackio.batches import record_id
from monitor.dialects.trackio.entries import Record
from monitor.runs import service
from pegbox.schemas.runs.run import DEMO_TAG, RunUpdate, RunView

EXPERIMENT = "demo"
STEPS = 100
STEP_SECONDS = 1.0


def simulate_training_data(caller: Caller, experiment_id: str) -> str:
    """Creates synthetic curves in a run of their own; a real run stays unchanged."""
    requested = get_experiment(caller, experiment_id)
    if is_demo(requested) and not requested.record_count:
        run = requested
    else:
        run = _create(caller, f"made up for {requested.name}"[:200], {"made_up_for": requested.id})
    _make_up(caller, run)
    return f"{STEPS} steps were made up in {run.id}, which is marked as a demo. {requested.id} holds no made-up numbers"


def create_demo_experiment(caller: Caller) -> str:
    """Creates a demonstration run with synthetic curves."""
    run = _create(caller, "demonstration", {"description": "Made-up numbers, to see what an experiment looks like"})
    _make_up(caller, run)
    return f"Demo experiment created\nID: {run.id}\nName: {run.name} [demo]\nIts numbers are made up"


def _create(caller: Caller, name: str, config: dict[str, str]) -> RunView:
    return new_run(caller, name, experiment=EXPERIMENT, config=config, tags=[DEMO_TAG])


def _make_up(caller: Caller, run: RunView) -> None:
    chance = random.Random(run.id)  # noqa: S311 - demonstration numbers
    began = time.time() - STEPS * STEP_SECONDS
    records = []
    for step in range(1, STEPS + 1):
        loss = 2.0 * math.exp(-step / 30) + 0.3 + chance.gauss(0, 0.03)
        points = {
            "loss": loss,
            "accuracy": min(0.99, max(0.0, 1 - loss / 2.5)),
            "learning_rate": 2e-4 * (1 - step / STEPS),
        }
        records.append(Record(record_id(run.id, "demo", None), began + step * STEP_SECONDS, step, points))
    write(caller, run.id, records)
    service.update_run(caller.monitor.writer, run.id, RunUpdate(status="finished"))
