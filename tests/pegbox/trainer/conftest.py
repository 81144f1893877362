"""Jobs on the tiny model, and what a training reports, kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pegbox.schemas.jobs.queue import BaseModelSpec, DatasetSpec, TrainingSpec


class Record:
    """A recorder that keeps everything in memory."""

    def __init__(self) -> None:
        self.points: dict[int, dict[str, float]] = {}
        self.samples: list[tuple[int, str, list[dict[str, str]]]] = []
        self.events: list[tuple[str, str, str, int | None]] = []
        self.total_steps: int | None = None
        self.rewound_to: list[int] = []

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        assert step is not None
        self.points.setdefault(step, {}).update(values)

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        self.samples.append((step, name, [dict(row) for row in rows]))

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        self.events.append((kind, title, detail, step))

    def rewind(self, step: int) -> None:
        self.rewound_to.append(step)
        self.points = {at: values for at, values in self.points.items() if at <= step}

    def settle(self) -> None:
        pass

    def update(self, *, total_steps: int | None = None, summary: Mapping[str, Any] | None = None) -> None:
        self.total_steps = total_steps or self.total_steps

    def series(self, metric: str) -> dict[int, float]:
        return {step: values[metric] for step, values in sorted(self.points.items()) if metric in values}


@pytest.fixture
def record() -> Record:
    """The recorder of a training in this process."""
    return Record()


@pytest.fixture
def make_spec(tiny_model: Path, small_csv: Path) -> Callable[..., TrainingSpec]:
    """A job on the tiny model; keyword arguments become hyperparameters."""

    def make(*, attempt: int = 1, model: BaseModelSpec | None = None, **values: Any) -> TrainingSpec:
        content = small_csv.read_bytes()
        return TrainingSpec.model_validate(
            {
                "uid": "job_1",
                "name": "a job",
                "run_id": "run-1",
                "model_id": "model-1",
                "attempt": attempt,
                "model": model or BaseModelSpec(uid="tiny", name="tiny", source="local", location=str(tiny_model)),
                "dataset": DatasetSpec(
                    uid="dataset_1",
                    name="small",
                    sha256=hashlib.sha256(content).hexdigest(),
                    rows=80,
                    size_bytes=len(content),
                ),
                "hyperparameters": {
                    "method": "full",
                    "learning_rate": 1e-2,
                    "batch_size": 8,
                    "max_steps": 12,
                    "eval_steps": 4,
                    "warmup_steps": 2,
                    **values,
                },
            }
        )

    return make


@pytest.fixture
def children() -> Iterator[list[Any]]:
    """Trainer processes that the test starts; those that still run at its end are killed."""
    started: list[Any] = []
    yield started
    for child in started:
        if child.poll() is None:
            child.kill()
