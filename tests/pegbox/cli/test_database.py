"""`pegbox db`: backups made under load are complete, and a restore loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from pegbox.settings import Settings
from pegbox.store.tables import Experiment, now
from tests.monitor.cast import START
from tests.pegbox.cli.conftest import Pegbox
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http


def test_a_backup_is_made_while_the_monitor_writes(tmp_path: Path, pegbox: Pegbox) -> None:
    with MonitorProcess(tmp_path / "home") as monitor:
        http.post(f"{monitor.url}/api/runs", json={"id": "run-alpha", "experiment": "digits"}).raise_for_status()
        for sequence in range(30):
            points = {"step": [sequence], "time": [START], "metrics": {"y": [float(sequence)]}}
            body = {"writer": "w", "sequence": sequence, "points": points}
            http.post(f"{monitor.url}/api/runs/run-alpha/batches", json=body).raise_for_status()
            if sequence == 19:
                made = pegbox("db", "backup", str(tmp_path / "copy.db"), env={"PEGBOX_HOME": str(tmp_path / "home")})
                assert made.code == 0, made.err
        refused = pegbox(
            *("db", "restore", str(tmp_path / "copy.db")),
            env={"PEGBOX_HOME": str(tmp_path / "home"), "PEGBOX_MONITOR_PORT": str(monitor.stack.monitor_port)},
        )
        assert (refused.code, "stop Pegbox first" in refused.err) == (1, True)
        monitor.kill()
        restored = pegbox(
            *("db", "restore", str(tmp_path / "copy.db")),
            env={"PEGBOX_HOME": str(tmp_path / "home"), "PEGBOX_MONITOR_PORT": str(monitor.stack.monitor_port)},
        )
        assert restored.code == 0, restored.err
        assert len(list((tmp_path / "home").glob("pegbox.db.before-*"))) >= 1
        monitor.start()
        assert monitor.series("run-alpha", "y") == {step: float(step) for step in range(20)}


def test_damage_is_found_and_named(settings: Settings, db: Session, pegbox: Pegbox) -> None:
    env = {"PEGBOX_HOME": str(settings.home)}
    assert "is whole" in pegbox("db", "check", env=env).out
    columns = "first_seq, count, run_id, writer, sequence, payload"
    insert = f"INSERT INTO metric_batch ({columns}) VALUES (7, 1, 'run-x', 'w', 1, x'00ff')"
    db.connection().execute(text("PRAGMA foreign_keys=OFF"))
    db.connection().execute(text(insert))
    db.commit()
    found = pegbox("db", "check", env=env)
    assert found.code == 1
    assert "run-x" in found.out or "metric_batch" in found.out


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "not one of Pegbox"), (b"no database at all" * 100, "is no whole database")]
)
def test_what_is_no_backup_replaces_nothing(
    content: bytes, says: str, settings: Settings, db: Session, pegbox: Pegbox, tmp_path: Path
) -> None:
    db.add(Experiment(id="exp-1", name="kept", created_at=now()))
    db.commit()
    (tmp_path / "other").write_bytes(content)
    refused = pegbox("db", "restore", str(tmp_path / "other"), env={"PEGBOX_HOME": str(settings.home)})
    assert refused.code == 1
    assert says in refused.err
    assert [one.name for one in db.exec(select(Experiment))] == ["kept"]


def test_a_backup_replaces_nothing(settings: Settings, db: Session, pegbox: Pegbox, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    refused = pegbox("db", "backup", str(tmp_path / "there"), env={"PEGBOX_HOME": str(settings.home)})
    assert (refused.code, (tmp_path / "there").read_text()) == (1, "precious")
