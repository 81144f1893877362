"""Shared fixtures: a data folder of its own for every test, both services in process, and both as real processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session, upgrade
from tests.apps import open_backend, open_monitor
from tests.stack import Stack, free_port
from tests.stub_hub import StubHub

hypothesis.settings.register_profile("pegbox", deadline=None)  # a slow machine is no fault of the code
hypothesis.settings.load_profile("pegbox")

SCRUBBED = ("PEGBOX_", "HF_", "TRACKIO_", "WANDB_", "MLFLOW_", "CUDA_VISIBLE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's machine reaches a test, and no test reaches the hub or the real data folder."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PEGBOX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The data folder."""
    path = tmp_path / "home"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that the migrations have just made: copying it is eight times faster than making another."""
    settings = Settings(home=tmp_path_factory.mktemp("empty"), database_url=None)
    engine = open_engine(settings)
    upgrade(engine, settings)
    engine.dispose()
    return settings.home / "pegbox.db"


@pytest.fixture
def settings(home: Path, empty_database: Path) -> Settings:
    """Settings on free ports, in a data folder without data, with a hub that nobody answers.

    A lease outlasts every test: the time that a busy machine takes between two requests expires none.
    """
    if not (home / "pegbox.db").exists():
        shutil.copy(empty_database, home)
    return Settings(home=home, port=free_port(), monitor_port=free_port(), lease_seconds=3600)


@pytest.fixture
def db(settings: Settings) -> Iterator[Session]:
    """A session on a database made by the migrations."""
    engine = open_engine(settings)
    upgrade(engine, settings)
    with open_session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def backend_client(settings: Settings) -> Iterator[TestClient]:
    """The backend in this process, lifespan included."""
    with open_backend(settings) as client:
        yield client


@pytest.fixture
def monitor_client(settings: Settings) -> Iterator[TestClient]:
    """The monitor in this process, on the same data folder as `backend_client`."""
    with open_monitor(settings) as client:
        yield client


@pytest.fixture
def stack(home: Path) -> Iterator[Stack]:
    """Backend and monitor as real processes on free ports; either can be killed and started again."""
    with Stack(home) as running:
        yield running


@pytest.fixture
def stub_hub() -> Iterator[StubHub]:
    """A model hub on a free port; hand its `url` to settings or to a stack's HF_ENDPOINT."""
    with StubHub() as hub:
        yield hub
