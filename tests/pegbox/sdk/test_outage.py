"""Outages and crashes: every point that was acknowledged or reached the outbox is stored exactly once."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import time
from pathlib import Path

import pytest

import pegbox
from pegbox.sdk.recording.outbox import outbox_files
from tests.pegbox.sdk.monitor_process import MonitorProcess, script
from tests.stack import wait_until


def checksum(series: dict[int, float]) -> str:
    return hashlib.sha256(json.dumps(sorted(series.items())).encode()).hexdigest()


def test_an_outage_loses_nothing(monitor: MonitorProcess, home: Path) -> None:
    run = pegbox.init(url=monitor.url)
    logged = {}
    for step in range(3_000):
        if step == 1_000:
            assert run.flush(20)
            monitor.kill()
        if step == 2_000:
            wait_until(lambda: sum(path.stat().st_size for path in outbox_files(home / "worker" / "outbox")) > 10_000)
            monitor.start()
        logged[step] = random.Random(step).random()
        run.log({"y": logged[step]}, step=step)
    assert run.finish()
    assert checksum(monitor.series(run.id, "y")) == checksum(logged)
    assert monitor.get(f"/api/runs/{run.id}")["record_count"] == 3_000
    assert not list(outbox_files(home / "worker" / "outbox"))


def test_logging_is_not_disturbed_by_an_outage(monitor: MonitorProcess) -> None:
    run = pegbox.init(url=monitor.url)
    run.flush(10)
    monitor.kill()
    for step in range(2_000):
        run.log({"y": 1.0}, step=step)  # would block if it waited for the monitor
    assert not run.flush(0.2)
    monitor.start()
    assert run.finish()
    assert len(monitor.series(run.id, "y")) == 2_000


@pytest.mark.slow
def test_the_monitor_is_killed_again_and_again(monitor: MonitorProcess, tmp_path: Path) -> None:
    """Four scripts log while the monitor dies again and again, up to twenty times at random moments; each says at its
    end how much it logged."""
    text = """
import pathlib, pegbox, random, sys, time
run = pegbox.init(id="run-NUMBER")
source = random.Random("NUMBER")
step = 0
while not pathlib.Path(STOP).exists():
    if step < 20_000:
        run.log({"y": source.random()}, step=step)
        step += 1
    time.sleep(0.003)
print(step)
sys.exit(0 if run.finish(timeout=240) else 1)
"""
    stop = tmp_path / "stop"
    text = text.replace("STOP", repr(str(stop)))
    scripts = [
        script(text.replace("NUMBER", str(number)), tmp_path / f"home-{number}", monitor.url) for number in range(4)
    ]
    wait_until(lambda: len(monitor.get("/api/runs")) == 4, what="four runs")
    dice = random.Random(7)
    began, kills = time.monotonic(), 0
    while kills < 4 or (kills < 20 and time.monotonic() - began < 20):
        time.sleep(dice.uniform(0.05, 0.8))
        monitor.kill()
        monitor.start()
        kills += 1
    stop.touch()
    counts = [int(process.communicate(timeout=300)[0]) for process in scripts]
    assert [process.returncode for process in scripts] == [0, 0, 0, 0]
    for number, count in enumerate(counts):
        source = random.Random(str(number))
        logged = {step: source.random() for step in range(count)}
        assert len(logged) > 1_000
        assert checksum(monitor.series(f"run-{number}", "y")) == checksum(logged)
        assert monitor.get(f"/api/runs/run-{number}")["record_count"] == count


def test_what_a_dead_process_left_is_sent_by_the_next(monitor: MonitorProcess, tmp_path: Path) -> None:
    home = tmp_path / "home"
    text = """
import pegbox, time
run = pegbox.init(id="run-left")
run.log({"y": 0.0}, step=0)
run.flush()
print("ready", flush=True)
input()
for step in range(1, 500):
    run.log({"y": float(step)}, step=step)
time.sleep(0.3)
print("logged", flush=True)
time.sleep(60)
"""
    process = script(text.replace("input()", "time.sleep(0.5)"), home, monitor.url)
    assert process.stdout is not None
    process.stdout.readline()
    monitor.kill()
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    monitor.start()
    assert monitor.series("run-left", "y") == {0: 0.0}
    other = pegbox.init(url=monitor.url, home=home)
    assert monitor.wait_for("run-left", "y", 500) == {step: float(step) for step in range(500)}
    other.finish()
    wait_until(lambda: not list(outbox_files(home / "worker" / "outbox")), what="an empty outbox")


def test_a_resumed_run_sends_the_old_points_before_its_rewind(monitor: MonitorProcess, tmp_path: Path) -> None:
    home = tmp_path / "home"
    text = """
import pegbox, time
run = pegbox.init(id="run-resumed", require_monitor=False)
for step in range(10):
    run.log({"y": float(step)}, step=step)
run.update(status="failed")
time.sleep(0.3)
print("logged", flush=True)
time.sleep(60)
"""
    monitor.kill()
    process = script(text, home, monitor.url)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    monitor.start()
    run = pegbox.init(id="run-resumed", url=monitor.url, home=home)
    run.rewind(5)
    run.log({"y": 60.0}, step=6)
    assert run.flush(20)
    assert monitor.series("run-resumed", "y") == {**{step: float(step) for step in range(6)}, 6: 60.0}
    assert monitor.get("/api/runs/run-resumed")["status"] == "running"  # the status of the dead process is not applied
    run.finish()


def test_a_run_may_start_during_an_outage(monitor: MonitorProcess, home: Path) -> None:
    monitor.kill()
    run = pegbox.init(id="run-early", url=monitor.url, require_monitor=False, job_uid="job_1", total_steps=7)
    run.log({"y": 1.0}, step=0)
    assert not run.flush(0.3)
    monitor.start()
    assert run.finish()
    shown = monitor.get("/api/runs/run-early")
    assert (shown["job_uid"], shown["total_steps"], shown["status"]) == ("job_1", 7, "finished")
    assert monitor.series("run-early", "y") == {0: 1.0}


def test_a_monitor_with_a_new_data_folder_gets_the_run_again(tmp_path: Path) -> None:
    with MonitorProcess(tmp_path / "first" / "home") as first:
        run = pegbox.init(id="run-moved", url=first.url, config={"lr": 1.0})
        run.log({"y": 0.0}, step=0)
        assert run.flush(10)
        first.kill()
        second = MonitorProcess(tmp_path / "second" / "home")
        second.stack.monitor_port, second.url = first.stack.monitor_port, first.url
        with second:
            run.log({"y": 1.0}, step=1)
            assert run.finish()
            assert second.series("run-moved", "y") == {1: 1.0}
            assert second.get("/api/runs/run-moved")["config"] == {"lr": 1.0}


def test_two_processes_write_one_run(monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import pegbox
run = pegbox.init(id="run-shared")
for step in range(START, 2_000, 2):
    run.log({"y": float(step)}, step=step)
run.finish()
"""
    scripts = [script(text.replace("START", str(first)), tmp_path / "home", monitor.url) for first in (0, 1)]
    for process in scripts:
        process.communicate(timeout=60)
    assert [process.returncode for process in scripts] == [0, 0]
    assert monitor.series("run-shared", "y") == {step: float(step) for step in range(2_000)}
