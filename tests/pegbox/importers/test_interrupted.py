"""An import that is killed and repeated."""

from __future__ import annotations

import signal
from pathlib import Path

from pegbox.importers.tensorboard import read_run
from tests.pegbox.importers.conftest import Import, importing, stored
from tests.pegbox.importers.written import event_file, scalar_event
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http, wait_until

STEPS = 40_000


def test_a_killed_import_goes_on_where_it_was(monitor: MonitorProcess, tmp_path: Path, import_all: Import) -> None:
    file = event_file(tmp_path / "long", (scalar_event(step, "train/loss", step / 4) for step in range(STEPS)))
    run_id = read_run(file.parent, file.parent, [file]).run_id

    def count() -> int:
        answer = http.get(f"{monitor.url}/api/runs/{run_id}")
        return int(answer.json()["record_count"]) if answer.status_code == 200 else 0

    reached = 0
    for _ in range(3):
        process = importing(monitor, str(file))
        before = reached
        wait_until(lambda before=before: count() > before, seconds=60, what="the first points of an import")  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reached = count()
        assert before < reached < STEPS

    (outcome,) = import_all(file)

    assert 0 < outcome["points"] <= STEPS - reached  # the count of a run is written after its points
    assert count() == STEPS
    assert stored(monitor, run_id) == {"train_loss": {step: step / 4 for step in range(STEPS)}}


def test_two_imports_at_once_are_told_apart(monitor: MonitorProcess, tmp_path: Path) -> None:
    file = event_file(tmp_path / "busy", (scalar_event(step, "x", 1.0) for step in range(STEPS)))
    run_id = read_run(file.parent, file.parent, [file]).run_id
    first = importing(monitor, str(file))
    try:
        wait_until(
            lambda: http.get(f"{monitor.url}/api/runs/{run_id}").status_code == 200, seconds=60, what="the first import"
        )
        second = importing(monitor, str(file))
        _, err = second.communicate(timeout=60)

        assert second.returncode == 1
        assert err == "pegbox: Another import is running; what it brings need not be brought again\n"
        assert first.wait(timeout=120) == 0
    finally:
        first.kill()
        first.communicate()


def test_a_monitor_that_restarts_meanwhile_costs_nothing(tmp_path: Path) -> None:
    file = event_file(tmp_path / "outage", (scalar_event(step, "x", step / 2) for step in range(STEPS)))
    run_id = read_run(file.parent, file.parent, [file]).run_id
    with MonitorProcess(tmp_path / "monitor" / "home") as monitor:
        process = importing(monitor, str(file))
        wait_until(
            lambda: http.get(f"{monitor.url}/api/runs/{run_id}").status_code == 200, seconds=60, what="the import"
        )
        monitor.kill()
        monitor.start()
        _, err = process.communicate(timeout=240)

        assert process.returncode == 0, err
        assert stored(monitor, run_id) == {"x": {step: step / 2 for step in range(STEPS)}}
        assert monitor.get(f"/api/runs/{run_id}")["record_count"] == STEPS
