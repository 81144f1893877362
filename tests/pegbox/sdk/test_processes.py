"""Scripts that fork, end without `finish`, fail, or are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import pegbox
from tests.pegbox.sdk.monitor_process import MonitorProcess, script
from tests.stack import wait_until


@pytest.fixture(autouse=True)
def _address(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)


def test_a_forked_child_logs_too(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()
    run.log({"parent": 1.0}, step=0)
    child = os.fork()
    if child == 0:
        try:
            run.log({"child": 2.0}, step=0)
            os._exit(0 if run.flush(20) else 1)
        except BaseException:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    run.log({"parent": 3.0}, step=1)
    assert run.finish()
    assert shared_monitor.series(run.id, "parent") == {0: 1.0, 1: 3.0}
    assert shared_monitor.series(run.id, "child") == {0: 2.0}


@pytest.mark.parametrize(("end", "status"), [("", "finished"), ("raise SystemError", "failed")])
def test_a_script_that_forgets_to_finish(shared_monitor: MonitorProcess, tmp_path: Path, end: str, status: str) -> None:
    run_id = f"run-forgotten-{status}"
    text = f"import pegbox\nrun = pegbox.init(id={run_id!r})\nrun.log({{'y': 1.0}}, step=0)\n{end}"
    process = script(text, tmp_path / "home", shared_monitor.url)
    process.communicate()
    assert shared_monitor.get(f"/api/runs/{run_id}")["status"] == status
    assert shared_monitor.series(run_id, "y") == {0: 1.0}
    assert not list((tmp_path / "home" / "worker" / "outbox").iterdir())


def test_a_killed_script_loses_at_most_the_last_moment(shared_monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import pegbox, time, sys
run = pegbox.init(id="run-killed")
for step in range(100_000):
    run.log({"y": float(step)}, step=step)
    if step == 50:
        run.flush()
        print("go", flush=True)
    time.sleep(0.001)
"""
    process = script(text, tmp_path / "home", shared_monitor.url)
    assert process.stdout is not None
    process.stdout.readline()
    wait_until(lambda: len(shared_monitor.series("run-killed", "y")) > 300, what="300 points")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    series = shared_monitor.series("run-killed", "y")
    assert list(series) == list(range(len(series)))


def test_a_forked_child_that_ends_does_not_finish_the_run(shared_monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import os, sys, time, pegbox
run = pegbox.init(id="run-with-children")
for number in range(3):
    if os.fork() == 0:
        if number:
            run.log({"child": float(number)}, step=number)
        sys.exit(0)
    os.wait()
run.log({"parent": 1.0}, step=0)
run.flush()
print("children are gone", flush=True)
time.sleep(60)
"""
    process = script(text, tmp_path / "home", shared_monitor.url)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        assert shared_monitor.get("/api/runs/run-with-children")["status"] == "running"
        assert shared_monitor.series("run-with-children", "child") == {1: 1.0, 2: 2.0}
        assert shared_monitor.series("run-with-children", "parent") == {0: 1.0}
    finally:
        process.kill()
        process.communicate()


def test_a_run_nobody_holds_is_finished_too(shared_monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import pegbox
def train(number):
    pegbox.init(id=f"run-dropped-{number}").log({"y": 1.0}, step=0)
for number in range(3):
    train(number)
"""
    process = script(text, tmp_path / "home", shared_monitor.url)
    process.communicate()
    for number in range(3):
        assert shared_monitor.get(f"/api/runs/run-dropped-{number}")["status"] == "finished"
        assert shared_monitor.series(f"run-dropped-{number}", "y") == {0: 1.0}
