"""Trackio's unmodified client against the running monitor."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.foreign_client import ForeignScript
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http, wait_until

START = """
import os, sys, time
import trackio

def init(name, project="digits", token="any", **more):
    return trackio.init(project=project, name=name, server_url=os.environ["MONITOR"] + "/?write_token=" + token,
                        embed=False, auto_log_gpu=False, **{"auto_log_cpu": False, **more})
"""


def script(python: Path, text: str, folder: Path, monitor: MonitorProcess, **env: str) -> ForeignScript:
    variables = {"MONITOR": monitor.url, "TRACKIO_DIR": str(folder / "trackio"), **env}
    return ForeignScript(python, START + text, folder, variables)


def ask(monitor: MonitorProcess, name: str, *args: Any, **kwargs: Any) -> Any:
    answer = http.post(f"{monitor.url}/api/{name}", json={"args": args, "kwargs": kwargs}, headers=monitor.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def run_named(monitor: MonitorProcess, name: str, project: str = "digits") -> dict[str, Any]:
    [found] = [run for run in monitor.get(f"/api/runs?experiment={project}&limit=200") if run["name"] == name]
    return found


def test_a_whole_run(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import numpy as np
run = init("whole", group="g1", config={"lr": 1e-4, "nested": {"a": [1, 2]}})
for step in range(20):
    trackio.log({"loss": 1 / (step + 1), "acc": float("nan"), "big": float("inf"), "small": float("-inf")}, step=step)
trackio.log({"picture": trackio.Image(np.zeros((4, 4, 3), dtype=np.uint8), caption="black"),
             "weights": trackio.Histogram([1, 2, 3, 4], num_bins=2), "note": trackio.Markdown("# hi")}, step=20)
trackio.log({"rows": trackio.Table(data=[[1, "x"], [2, "y"]], columns=["a", "b"]), "said": "plain text"}, step=21)
trackio.log({"chat": trackio.Trace(messages=[{"role": "user", "content": "ping"}], metadata={"k": 1})}, step=22)
trackio.alert("loss spike", text="went up", level=trackio.AlertLevel.ERROR)
trackio.finish()
"""
    with script(trackio_python, text, tmp_path / "script", monitor) as client:
        client.wait()
    assert "warn" not in client.log.lower()
    run = run_named(monitor, "whole")
    assert run["config"].items() >= {"lr": 1e-4, "nested": {"a": [1, 2]}, "_Group": "g1"}.items()
    assert run["tags"] == ["trackio", "group:g1"]
    assert monitor.series(run["id"], "loss") == {step: pytest.approx(1 / (step + 1)) for step in range(20)}
    assert (run["summary"]["acc"], run["summary"]["big"], run["summary"]["small"]) == ("NaN", "Infinity", "-Infinity")
    media = {item["name"]: item["data"] for item in monitor.get(f"/api/runs/{run['id']}/media")}
    assert media["weights"] == {"kind": "histogram", "edges": [1.0, 2.5, 4.0], "counts": [2, 2], "nonfinite": 0}
    assert media["rows"] == {"kind": "table", "columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}
    assert media["note"]["text"] == "# hi"
    assert media["said"]["text"] == "plain text"
    [event] = monitor.get(f"/api/runs/{run['id']}/events")
    assert (event["kind"], event["title"], event["detail"], event["level"]) == (
        "alert", "loss spike", "went up", "error"
    )  # fmt: skip
    [picture] = monitor.get(f"/api/runs/{run['id']}/artifacts")
    assert (picture["step"], picture["category"]) == (20, "media")

    logs = ask(monitor, "get_logs", "digits", "whole")
    assert logs[0].items() >= {"loss": 1.0, "acc": None, "big": None, "step": 0}.items()
    shown = {name: value for row in logs for name, value in row.items() if isinstance(value, dict)}
    assert shown["weights"] == {"_type": "trackio.histogram", "bins": [1.0, 2.5, 4.0], "values": [2, 2]}
    assert shown["picture"]["caption"] == "black"
    content = http.get(f"{monitor.url}/file", params={"path": f"media/{shown['picture']['file_path']}"})
    assert content.content.startswith(b"\x89PNG")
    [trace] = ask(monitor, "get_traces", "digits", "whole")
    assert (trace["step"], trace["messages"], trace["metadata"]) == (
        22,
        [{"role": "user", "content": "ping"}],
        {"k": 1},
    )
    [alert] = ask(monitor, "get_alerts", "digits", "whole", None, "error")
    assert (alert["title"], alert["level"]) == ("loss spike", "error")


def test_resume_goes_on_where_the_run_was(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
run = init("again", config={"lr": 1}, resume="allow")
trackio.log({"loss": 2.0}); trackio.log({"loss": 1.0})
trackio.finish()
run = init("again", config={"lr": 2}, resume="must")
trackio.log({"loss": 0.5})
tell(run.id)
trackio.finish()
"""
    with script(trackio_python, text, tmp_path / "script", monitor) as client:
        [run_id] = client.wait()
    assert run_named(monitor, "again")["id"] == run_id
    assert monitor.series(run_id, "loss") == {0: 2.0, 1: 1.0, 2: 0.5}


def test_artifacts_are_made_used_and_fetched(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
run = init("maker")
for content in ("one", "two", "two"):
    open("note.txt", "w").write(content)
    art = run.log_artifact("note.txt", name="weights", type="model", aliases=["best"])
    tell(art.version, *art.aliases)
os.makedirs("folder", exist_ok=True)
open("folder/saved.txt", "w").write("kept")
trackio.save("folder/saved.txt")
used = run.use_artifact("weights:latest")
tell(open(os.path.join(used.download(), "note.txt")).read())
tell(open(os.path.join(run.use_artifact("weights:v0").download(), "note.txt")).read())
trackio.finish()
"""
    with script(trackio_python, text, tmp_path / "script", monitor) as client:
        told = client.wait()
    assert told == ["v0 latest best", "v1 latest best", "v1 latest best", "two", "one"]
    [newest, first] = ask(monitor, "get_artifacts", "digits")
    assert (newest["version"], newest["size_bytes"], newest["producer_run_name"], first["aliases"]) == (
        1,
        3,
        "maker",
        [],
    )
    assert [use["run_name"] for use in ask(monitor, "get_artifact_consumers", "digits", newest["version_id"])] == [
        "maker"
    ]
    [saved] = ask(monitor, "get_project_files", "digits")
    assert saved["name"].endswith(".txt")
    assert http.get(f"{monitor.url}/{saved['path']}").content == b"kept"


def test_readings_of_the_machine(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
run = init("reader", auto_log_cpu=True, cpu_log_interval=0.3)
for step in range(6):
    trackio.log({"loss": 1.0}, step=step); time.sleep(0.4)
trackio.finish()
"""
    with script(trackio_python, text, tmp_path / "script", monitor) as client:
        client.wait()
    names = ask(monitor, "get_system_metrics_for_run", "digits", "reader")
    assert {"cpu/utilization", "memory/percent"} <= set(names)
    readings = ask(monitor, "get_system_logs", "digits", "reader")
    assert len(readings) >= 2
    assert "step" not in readings[0]
    assert ask(monitor, "get_metrics_for_run", "digits", "reader") == ["loss"]


def test_an_outage_in_the_middle_loses_and_repeats_nothing(trackio_python: Path, tmp_path: Path) -> None:
    text = """
run = init("outage")
for step in range(50):
    trackio.log({"loss": float(step)}, step=step)
time.sleep(2)
wait_for_us()
for step in range(50, 100):
    trackio.log({"loss": float(step)}, step=step)
time.sleep(2)
wait_for_us()
trackio.log({"loss": 100.0}, step=100)
trackio.finish()
"""
    with MonitorProcess(tmp_path / "home") as monitor, script(trackio_python, text, tmp_path / "s", monitor) as client:
        client.wait_for_pause()
        monitor.kill()
        client.go_on()
        client.wait_for_pause()
        monitor.start()
        client.go_on()
        client.wait()
        run = run_named(monitor, "outage")
        series = wait_until(lambda: complete(monitor, run["id"]), what="101 points")
        assert series == {step: float(step) for step in range(101)}
        assert monitor.get(f"/api/runs/{run['id']}")["record_count"] == 101


def complete(monitor: MonitorProcess, run_id: str) -> dict[int, float] | None:
    """The series once the run's row, which follows its points within a moment, counts them all."""
    series = monitor.series(run_id, "loss")
    return series if len(series) == 101 and monitor.get(f"/api/runs/{run_id}")["record_count"] >= 101 else None


def test_a_wrong_token_keeps_the_data_with_the_client(trackio_python: Path, tmp_path: Path) -> None:
    text = """
run = init(os.environ["NAME"], token=os.environ["TOKEN"])
trackio.log({"loss": 1.0}, step=0)
time.sleep(1)
trackio.finish()
"""
    home = tmp_path / "home"
    with MonitorProcess(home, {"PEGBOX_TOKEN": "right"}) as monitor:
        monitor.headers = {"Authorization": "Bearer right"}
        for token in ("right", "wrong"):
            folder = tmp_path / token
            with script(trackio_python, text, folder, monitor, TOKEN=token, NAME=token) as client:
                client.wait()
        assert [run["name"] for run in monitor.get("/api/runs")] == ["right"]
        [kept] = (tmp_path / "wrong").rglob("digits.db")
        with sqlite3.connect(kept) as connection:
            assert connection.execute("SELECT count(*) FROM metrics").fetchone() == (1,)
        connection.close()


def test_the_command_line_reads(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    text = """
import subprocess
run = init("seen", project="cli", config={"lr": 1})
for step in range(5):
    trackio.log({"loss": step / 2}, step=step)
trackio.alert("look", text="here")
trackio.finish()

def cli(*words):
    command = [sys.executable, "-m", "trackio.cli", "--space", os.environ["MONITOR"], *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    tell(done.returncode, " ".join(done.stdout.split()) or done.stderr[-600:])

cli("list", "projects")
cli("list", "runs", "--project", "cli")
cli("list", "metrics", "--project", "cli", "--run", "seen")
cli("get", "metric", "--project", "cli", "--run", "seen", "--metric", "loss", "--step", "4")
cli("get", "run", "--project", "cli", "--run", "seen")
cli("list", "alerts", "--project", "cli")
"""
    with script(trackio_python, text, tmp_path / "script", monitor) as client:
        told = client.wait()
    assert [line[0] for line in told] == ["0"] * 6, told
    for line, word in zip(told, ("cli", "seen", "loss", "2.0", '"last_step": 4', "look"), strict=True):
        assert word in line
