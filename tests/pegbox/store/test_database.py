"""The engine, and migrations under a lock."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlmodel import Session, SQLModel

from pegbox.settings import Settings
from pegbox.store.database import NEWEST, open_engine, upgrade
from pegbox.store.tables import Experiment, now


@pytest.fixture
def settings(home: Path) -> Settings:
    """On a data folder that no migration has seen yet."""
    return Settings(home=home)


def test_migrations_make_exactly_the_tables(settings: Settings) -> None:
    engine = open_engine(settings)
    upgrade(engine, settings)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_sqlite_keeps_an_acknowledged_commit(settings: Settings) -> None:
    engine = open_engine(settings)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_upgrade_from_several_processes_at_once(home: Path) -> None:
    script = (
        "from pegbox.settings import Settings; from pegbox.store.database import open_engine, upgrade;"
        "s = Settings(); upgrade(open_engine(s), s)"
    )
    several = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in several] == [(b"", 0)] * 4


def test_moments_come_back_aware_and_naive_ones_are_refused(db: Session) -> None:
    moment = now()
    db.add(Experiment(id="exp-1", name="first", created_at=moment))
    db.commit()
    db.expire_all()
    stored = db.get(Experiment, "exp-1")
    assert stored is not None
    assert stored.created_at == moment
    assert stored.created_at.tzinfo is not None
    db.add(Experiment(id="exp-2", name="second", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(Exception, match="naive"):
        db.commit()


def test_the_newest_migration_is_the_one_that_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("pegbox.store") / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_jobs_of_an_older_schema_are_in_the_experiment_of_their_run(settings: Settings) -> None:
    engine = open_engine(settings)
    config = Config()
    config.set_main_option("script_location", str(files("pegbox.store") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(text("INSERT INTO experiment VALUES ('exp-1', 'digits', '', '2026-11-21')"))
        for uid in ("begun", "waiting"):
            values = _not_null(connection, "job", uid=uid, run_id=f"run-{uid}", configuration="{}")
            connection.execute(text(f"INSERT INTO job ({', '.join(values)}) VALUES (:{', :'.join(values)})"), values)
        values = _not_null(connection, "run", id="run-begun", experiment_id="exp-1", job_uid="begun")
        connection.execute(text(f"INSERT INTO run ({', '.join(values)}) VALUES (:{', :'.join(values)})"), values)
    upgrade(engine, settings)
    with engine.connect() as connection:
        placed = connection.execute(text("SELECT uid, experiment_id FROM job ORDER BY uid")).all()
        assert [tuple(row) for row in placed] == [("begun", "exp-1"), ("waiting", None)]
    with Session(engine) as db:
        experiment = db.get(Experiment, "exp-1")
        assert experiment is not None
        assert (experiment.tags, experiment.starred) == ({}, False)
    engine.dispose()


def _not_null(connection: Connection, table: str, **values: str) -> dict[str, str]:
    """The values, and something for every other column that must have one."""
    columns = connection.execute(text(f"PRAGMA table_info({table})")).all()
    return {column.name: values.get(column.name, "0") for column in columns if column.notnull or column.name in values}


def test_a_schema_that_is_current_needs_no_alembic(db: Session, home: Path) -> None:
    script = (
        "import sys; from pegbox.settings import Settings; from pegbox.store.database import open_engine, upgrade;"
        "s = Settings(); upgrade(open_engine(s), s); print('alembic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    assert said.strip() == "False"
