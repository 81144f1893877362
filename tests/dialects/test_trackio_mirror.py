"""`pegbox run mirror` from one monitor to another and to Trackio's own server: killed, cut off, started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dialects.foreign_client import ForeignScript, client_python
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT, free_port, http, wait_until

STEPS = 24_000
BATCH = 4_000
SERVER = """
import os, trackio
app, url, share, full = trackio.show(open_browser=False, block_thread=False)
tell(full)
wait_for_us()
"""


@contextmanager
def mirror(source: MonitorProcess, run: str, to: str, home: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_MONITOR_URL": source.url, "PEGBOX_HOME": str(home)}
    command = [sys.executable, "-m", "pegbox", "run", "mirror", run, "--to", to, *more]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def copied(process: subprocess.Popen[str], seconds: float = 90) -> str:
    """What it has said when it has ended well."""
    said, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, said
    return said


def begin(source: MonitorProcess, run: str) -> None:
    body = {"id": run, "experiment": "digits", "name": f"{run} of digits", "config": {"lr": 0.1}}
    http.post(f"{source.url}/api/runs", json=body).raise_for_status()


def send(source: MonitorProcess, run: str, sequence: int, first: int, count: int, **more: Any) -> None:
    steps = list(range(first, first + count))
    metrics = {"loss": [1 / (step + 1) for step in steps], "system/cpu": [step % 100 for step in steps]}
    points = {"step": steps, "time": [1.7e9 + step / 10 for step in steps], "metrics": metrics}
    batch = {"writer": "script", "sequence": sequence, "points": points, **more}
    http.post(f"{source.url}/api/runs/{run}/batches", json=batch, timeout=30).raise_for_status()


def end(source: MonitorProcess, run: str) -> None:
    http.patch(f"{source.url}/api/runs/{run}", json={"status": "finished"}).raise_for_status()


def runs_of(target: MonitorProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = target.get("/api/runs?experiment=digits")
    return found


def rows_at(monitor: MonitorProcess, run: str) -> list[str]:
    """The table of the run's points, in lines."""
    answer = http.get(f"{monitor.url}/api/runs/{run}/export?format=csv&metrics=loss", timeout=60)
    answer.raise_for_status()
    return answer.text.splitlines()


def points_at(server: str, run: str) -> list[dict[str, Any]]:
    """Of Trackio's own server; empty while it does not know the run."""
    parts = urlsplit(server)
    headers = {"x-trackio-write-token": parse_qs(parts.query)["write_token"][0]}
    body = {"args": [], "kwargs": {"project": "digits", "run": run, "metric_name": "loss"}}
    url = f"{parts.scheme}://{parts.netloc}/api/get_metric_values"
    found: list[dict[str, Any]] = http.post(url, json=body, headers=headers, timeout=60).json()["data"]
    return found


@pytest.fixture
def source(tmp_path: Path) -> Iterator[MonitorProcess]:
    with MonitorProcess(tmp_path / "source") as process:
        yield process


@pytest.fixture
def target(tmp_path: Path) -> Iterator[MonitorProcess]:
    with MonitorProcess(tmp_path / "target") as process:
        yield process


def test_everything_a_run_shows_is_copied_while_it_runs(
    source: MonitorProcess, target: MonitorProcess, tmp_path: Path
) -> None:
    begin(source, "whole")
    moment = 1.7e9
    shown = [
        {"step": 2, "time": moment, "name": "weights", "data": {"kind": "histogram", "edges": [0, 1], "counts": [3]}},
        {"step": 2, "time": moment, "name": "said", "data": {"kind": "text", "text": "hi"}},
        {"step": 2, "time": moment, "name": "rows", "data": {"kind": "table", "columns": ["a"], "rows": [[1]]}},
    ]
    events = [
        {"time": moment, "kind": "alert", "title": "spike", "detail": "at once", "level": "error", "step": 2},
        {"time": moment, "kind": "note", "title": "nobody needs to see it"},
    ]
    answers = [{"step": 2, "time": moment, "name": "answers", "rows": [{"prompt": "2+2", "expected": "4"}]}]
    send(source, "whole", 0, 0, 10, media=shown, events=events, samples=answers)
    with mirror(source, "whole", target.url, tmp_path / "home") as process:
        copy = wait_until(lambda: runs_of(target), seconds=60, what="the run at the target")[0]
        odd = {"step": [10], "time": [moment], "metrics": {"loss": ["NaN"], "step": [7]}}
        http.post(f"{source.url}/api/runs/whole/batches", json={"writer": "script", "sequence": 1, "points": odd})
        end(source, "whole")
        said = copied(process)
    assert "the run has ended: " in said

    def shown_whole() -> dict[str, Any] | None:
        run: dict[str, Any] = target.get(f"/api/runs/{copy['id']}")
        return run if "__step" in run["summary"] else None  # run rows follow their points a moment later

    run = wait_until(shown_whole, what="the last step at the target")
    assert run["config"].items() >= {"lr": 0.1}.items()
    assert (run["name"], run["summary"]["loss"], run["summary"]["__step"]) == ("whole of digits", "NaN", 7)
    assert run["summary"]["system/cpu"] == 9
    assert rows_at(target, copy["id"])[:11] == rows_at(source, "whole")[:11]
    found = {item["name"]: item["data"] for item in target.get(f"/api/runs/{copy['id']}/media")}
    assert found["weights"] == {"kind": "histogram", "edges": [0.0, 1.0], "counts": [3], "nonfinite": 0}
    assert (found["said"]["text"], found["rows"]["rows"]) == ("hi", [[1]])
    assert found["answers"]["rows"] == [["2+2", "4", ""]]
    [event] = target.get(f"/api/runs/{copy['id']}/events")
    assert (event["title"], event["detail"], event["level"], event["step"]) == ("spike", "at once", "error", 2)


def test_killed_in_the_middle_and_started_again_it_doubles_nothing(
    source: MonitorProcess, target: MonitorProcess, tmp_path: Path
) -> None:
    begin(source, "long")
    for number in range(STEPS // BATCH):
        send(source, "long", number, number * BATCH, BATCH)
    with mirror(source, "long", target.url, tmp_path / "home") as process:
        wait_until(lambda: any(run["record_count"] for run in runs_of(target)), seconds=60, what="points at the target")
        process.kill()
    [half] = runs_of(target)
    end(source, "long")
    with mirror(source, "long", target.url, tmp_path / "home") as process:
        copied(process)
    [copy] = runs_of(target)
    assert copy["id"] == half["id"]
    assert rows_at(target, copy["id"]) == rows_at(source, "long")
    complete = wait_until(
        lambda: (found := target.get(f"/api/runs/{copy['id']}")["record_count"]) >= 2 * STEPS and found,
        what="the count of records",
    )  # fmt: skip
    assert complete == 2 * STEPS  # loss, and the readings beside it
    with mirror(source, "long", target.url, tmp_path / "another home") as process:  # its place is lost
        copied(process)
    assert target.get(f"/api/runs/{copy['id']}")["record_count"] == 2 * STEPS
    assert rows_at(source, "long")[-1].startswith(f"{STEPS - 1},")


def test_a_target_that_is_away_catches_up(source: MonitorProcess, target: MonitorProcess, tmp_path: Path) -> None:
    begin(source, "cut")
    send(source, "cut", 0, 0, 100)
    with mirror(source, "cut", target.url, tmp_path / "home") as process:
        wait_until(lambda: runs_of(target), seconds=60, what="the run at the target")
        target.kill()
        for number in range(1, 20):
            send(source, "cut", number, number * 100, 100)
        end(source, "cut")
        target.start()
        said = copied(process)
    assert "waiting: " in said
    assert rows_at(target, runs_of(target)[0]["id"]) == rows_at(source, "cut")
    assert len(rows_at(source, "cut")) == 2_001


def test_what_cannot_be_mirrored_is_said(source: MonitorProcess, tmp_path: Path) -> None:
    begin(source, "here")
    for run, to, words in (
        ("here", source.url, "has the run already"),
        ("here", "nonsense", "neither an address"),
        ("nowhere", "http://127.0.0.1:9", "Run not found: nowhere"),
    ):
        with mirror(source, run, to, tmp_path / "home") as process:
            said, _ = process.communicate(timeout=60)
            assert (process.returncode, words in said) == (1, True), said


def test_trackios_own_server_has_every_point_once(source: MonitorProcess, tmp_path: Path) -> None:
    begin(source, "abroad")
    for number in range(4):
        send(source, "abroad", number, number * BATCH, BATCH)
    alert = {"time": 1.7e9, "kind": "alert", "title": "spike", "level": "error", "step": 2}
    send(source, "abroad", 4, 4 * BATCH, 1, events=[alert])
    env = {"TRACKIO_DIR": str(tmp_path / "data"), "GRADIO_SERVER_PORT": str(free_port())}
    with ForeignScript(client_python("trackio-client"), SERVER, tmp_path / "server", env) as script:
        script.wait_for_pause()
        server = script.told[0]
        with mirror(source, "abroad", server, tmp_path / "home") as process:
            wait_until(lambda: points_at(server, "abroad of digits"), seconds=60, what="points at Trackio's server")
            process.kill()
        end(source, "abroad")
        with mirror(source, "abroad", server, tmp_path / "home") as process:
            copied(process)
        found = sorted((point["step"], point["value"]) for point in points_at(server, "abroad of digits"))
        assert found == [(step, 1 / (step + 1)) for step in range(4 * BATCH + 1)]
        with mirror(source, "abroad", server, tmp_path / "another home") as process:
            copied(process)
        assert len(points_at(server, "abroad of digits")) == 4 * BATCH + 1
