"""Entries other than numbers: media, artifacts, alerts, system metrics."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pegbox
from tests.pegbox.sdk.monitor_process import MonitorProcess, script
from tests.stack import http, wait_until


@pytest.fixture
def run(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> pegbox.Run:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)
    return pegbox.init()


def test_media_beside_scalars(shared_monitor: MonitorProcess, run: pegbox.Run) -> None:
    values = np.concatenate([np.linspace(0, 1, 100), [math.nan, math.inf]])
    table = pegbox.Table(["word", "count", "share", "known"], [["a", 3, 0.5, True], ["b", None, math.nan, Path("x")]])
    run.log({"y": 1.0, "weights": pegbox.Histogram(values, bins=4), "answers": table, "note": pegbox.Text("ü")}, step=5)
    run.log({"counts": pegbox.Histogram([0, 1, 2], counts=[7, 8])}, step=6)
    run.finish()
    media = shared_monitor.get(f"/api/runs/{run.id}/media")
    assert [(item["step"], item["name"], item["data"]["kind"]) for item in media] == [
        (5, "weights", "histogram"),
        (5, "answers", "table"),
        (5, "note", "text"),
        (6, "counts", "histogram"),
    ]
    assert media[0]["data"] == {
        "kind": "histogram",
        "edges": [0.0, 0.25, 0.5, 0.75, 1.0],
        "counts": [25, 25, 25, 25],
        "nonfinite": 2,
    }
    assert media[1]["data"]["rows"] == [["a", 3, 0.5, True], ["b", None, "nan", "x"]]
    assert shared_monitor.series(run.id, "y") == {5: 1.0}
    assert [
        item["name"] for item in shared_monitor.get(f"/api/runs/{run.id}/media?name=note&after={media[0]['seq']}")
    ] == ["note"]
    feed = shared_monitor.get(f"/api/runs/{run.id}/feed?after=0&wait=0")
    assert [message["data"]["name"] for message in feed if message["kind"] == "media"] == [
        "weights",
        "answers",
        "note",
        "counts",
    ]


def test_a_rewind_takes_media_back(shared_monitor: MonitorProcess, run: pegbox.Run) -> None:
    for step in (1, 2, 3):
        run.log({"note": pegbox.Text(str(step))}, step=step)
    run.rewind(1)
    run.finish()
    assert [item["step"] for item in shared_monitor.get(f"/api/runs/{run.id}/media")] == [1]


def test_what_is_no_table_or_histogram_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="row 1 has 1 cells"):
        pegbox.Table(["a", "b"], [[1, 2], [3]])
    with pytest.raises(ValueError, match="1000 rows"):
        pegbox.Table(["a"], [[1]] * 1001)
    with pytest.raises(ValueError, match="bins"):
        pegbox.Histogram([1.0], bins=0)
    with pytest.raises(ValueError, match="one edge more"):
        pegbox.Histogram([0.0, 1.0], counts=[1, 2])


def test_alerts_carry_their_level(shared_monitor: MonitorProcess, run: pegbox.Run) -> None:
    run.alert("Loss is NaN", "at step 7", level="error", step=7)
    run.alert("Slow")
    with pytest.raises(ValueError, match="info, warning, error"):
        run.alert("x", level="loud")  # type: ignore[arg-type]
    run.finish()
    events = shared_monitor.get(f"/api/runs/{run.id}/events")
    assert [(event["kind"], event["title"], event["level"], event["step"]) for event in events] == [
        ("alert", "Loss is NaN", "error", 7),
        ("alert", "Slow", "warning", None),
    ]


def test_files_are_kept_with_the_run(shared_monitor: MonitorProcess, run: pegbox.Run, tmp_path: Path) -> None:
    big = tmp_path / "weights.bin"
    big.write_bytes(os.urandom(3_000_000))
    digest = hashlib.sha256(big.read_bytes()).hexdigest()
    run.log_artifact(big, description="the best ones", category="model", step=4)
    run.log_artifact(big, "again.bin")
    big.write_bytes(b"changed after the call")
    run.log_artifact(big, "again.bin")
    assert run.flush(20)
    found = shared_monitor.get(f"/api/runs/{run.id}/artifacts")
    assert [(item["name"], item["size_bytes"], item["step"]) for item in found] == [
        ("again.bin", 22, None),
        ("weights.bin", 3_000_000, 4),
    ]
    assert found[1]["sha256"] == digest
    assert found[1]["category"] == "model"
    answer = http.get(f"{shared_monitor.url}/api/runs/{run.id}/artifacts/weights.bin")
    assert hashlib.sha256(answer.content).hexdigest() == digest
    assert answer.headers["content-disposition"].startswith("attachment")
    part = http.get(f"{shared_monitor.url}/api/runs/{run.id}/artifacts/weights.bin", headers={"Range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert not list(run._folder.glob("*.file")), "copies that were uploaded are gone"
    with pytest.raises(FileNotFoundError):
        run.log_artifact(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError, match="archive"):
        run.log_artifact(tmp_path)
    with pytest.raises(ValueError, match="name"):
        run.log_artifact(big, "../up")
    run.finish()


def test_a_file_outlives_the_script_and_an_outage(monitor: MonitorProcess, tmp_path: Path) -> None:
    work = """
import os, pegbox, signal, pathlib
run = pegbox.init(id="run-left")
path = pathlib.Path(os.environ["SOURCE"]); path.write_bytes(b"x" * 1000)
print("ready", flush=True); input()
run.log_artifact(path); run.log({"y": 1.0}); run.settle()
os.kill(os.getpid(), signal.SIGKILL)
"""
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "PEGBOX_HOME": str(tmp_path / "client"),
        "PEGBOX_MONITOR_URL": monitor.url,
        "SOURCE": str(tmp_path / "file.bin"),
    }
    process = subprocess.Popen([sys.executable, "-c", work], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    monitor.kill()
    process.communicate(b"\n", timeout=30)
    (tmp_path / "file.bin").unlink()
    monitor.start()
    sender = script("import pegbox, time; pegbox.init(); time.sleep(60)", tmp_path / "client", monitor.url)
    wait_until(
        lambda: [item["size_bytes"] for item in monitor.get("/api/runs/run-left/artifacts")] == [1000],
        what="the file of the dead script",
    )
    assert monitor.wait_for("run-left", "y", 1) == {0: 1.0}
    sender.kill()
    sender.communicate()


def test_a_damaged_or_too_large_file_leaves_nothing(tmp_path: Path) -> None:
    with MonitorProcess(tmp_path / "home", {"PEGBOX_MAX_ARTIFACT_BYTES": "1000"}) as monitor:
        http.post(f"{monitor.url}/api/runs", json={"id": "run-a"}).raise_for_status()
        url = f"{monitor.url}/api/runs/run-a/artifacts"
        damaged = http.put(f"{url}/a.bin?sha256={'0' * 64}", content=b"abc")
        assert (damaged.status_code, "damaged on the way" in damaged.json()["detail"]) == (422, True)
        assert http.put(f"{url}/a.bin", content=b"x" * 1001).status_code == 413
        assert http.put(f"{url}/a.bin", content=iter([b"x" * 600] * 2)).status_code == 413
        assert http.put(f"{url}/..", content=b"x").status_code in (404, 405, 422)
        assert http.put(f"{monitor.url}/api/runs/none/artifacts/a.bin", content=b"x").status_code == 404
        assert http.get(f"{url}/a.bin").status_code == 404
        assert list((tmp_path / "home" / "artifacts").iterdir()) == []
        assert http.put(f"{url}/a.bin", content=b"x" * 1000).status_code == 201
        assert http.put(f"{url}/a.bin", content=b"").status_code == 200
        assert [item["size_bytes"] for item in monitor.get("/api/runs/run-a/artifacts")] == [0]


def test_readings_of_the_machine(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)
    with pegbox.init(system_metrics=0.05) as run:
        run.log({"y": 1.0})
        run.log({"y": 2.0})
        shared_monitor.wait_for(run.id, "system/process_memory_bytes", 1)
        assert run.log({"y": 3.0}) is None
    names = shared_monitor.get(f"/api/runs/{run.id}/series")["series"]
    assert {"system/cpu_percent", "system/memory_used_bytes", "y"} <= names.keys()
    assert shared_monitor.series(run.id, "y") == {0: 1.0, 1: 2.0, 2: 3.0}
    assert all(value > 1e6 for value in shared_monitor.series(run.id, "system/process_memory_bytes").values())
