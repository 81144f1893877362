"""A small dataset, a tiny model trained on nothing yet, and the folder of a job, for tests of trainer, inference and worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pegbox.data.rows import Row, read_rows
from pegbox.sample import SAMPLE_CSV
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.processes.cpu_settings import THREADS

SMALL_ROWS = 80

# The environment that the executor gives to trainer processes; torch reads it at import.
for _name, _value in THREADS.items():
    os.environ.setdefault(_name, _value)


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 80 rows of the sample dataset."""
    path = tmp_path_factory.mktemp("data") / "small.csv"
    with SAMPLE_CSV.open(encoding="utf-8") as file:
        path.write_text("".join(next(file) for _ in range(SMALL_ROWS + 1)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rows(small_csv: Path) -> list[Row]:
    return read_rows(small_csv)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> Path:
    """A Llama of hidden size 32 with one layer, and a tokenizer made from `rows`."""
    from pegbox.inference.starter import build_starter

    return build_starter(tmp_path_factory.mktemp("model") / "tiny", rows, seed=1, hidden_size=32, layers=1)


@pytest.fixture
def folder(tmp_path: Path, small_csv: Path) -> JobFolder:
    """The folder of the job `job_1` with its dataset."""
    folder = JobFolder(tmp_path / "home", "job_1", "model-1")
    folder.create()
    folder.dataset.write_bytes(small_csv.read_bytes())
    return folder
