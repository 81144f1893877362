"""A tiny model and a small dataset, so that a real training takes seconds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pegbox.data.rows import Row, read_rows
from pegbox.sample import SAMPLE_CSV
from pegbox.schemas.jobs.queue import BaseModelSpec, DatasetSpec, TrainingSpec
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.processes.cpu_settings import THREADS

SMALL_ROWS = 80

# As the executor tells its children; torch reads it when it is loaded.
for _name, _value in THREADS.items():
    os.environ.setdefault(_name, _value)


class Record:
    """Keeps in memory what a training reports."""

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
    """What a training in this process reports."""
    return Record()


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first rows of the sample dataset."""
    path = tmp_path_factory.mktemp("data") / "small.csv"
    with SAMPLE_CSV.open(encoding="utf-8") as file:
        path.write_text("".join(next(file) for _ in range(SMALL_ROWS + 1)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rows(small_csv: Path) -> list[Row]:
    return read_rows(small_csv)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> Path:
    """A Llama of hidden size 32 with one layer."""
    from pegbox.inference.starter import build_starter

    return build_starter(tmp_path_factory.mktemp("model") / "tiny", rows, seed=1, hidden_size=32, layers=1)


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
                    rows=SMALL_ROWS,
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
def folder(tmp_path: Path, small_csv: Path) -> JobFolder:
    """The job's folder with its dataset in place."""
    folder = JobFolder(tmp_path / "home", "job_1", "model-1")
    folder.create()
    folder.dataset.write_bytes(small_csv.read_bytes())
    return folder


@pytest.fixture
def children() -> Iterator[list[Any]]:
    """Trainer processes that a test starts; those still living at its end are killed."""
    started: list[Any] = []
    yield started
    for child in started:
        if child.poll() is None:
            child.kill()
