"""Aspara's real client, 0.1.0 as it is published, against a running monitor."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.dialects.aspara.names import RunPath
from tests.dialects.foreign_client import ForeignScript
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http, wait_until

Json = dict[str, Any]


def show(monitor: MonitorProcess, project: str, name: str) -> Json:
    run: Json = monitor.get(f"/api/runs/{RunPath(project, name).run_id}")
    return run


def play(python: Path, text: str, folder: Path) -> ForeignScript:
    with ForeignScript(python, text, folder) as script:
        script.wait()
        return script


@pytest.mark.parametrize("base", ["", "/tracker"])
def test_a_whole_run(monitor: MonitorProcess, aspara_python: Path, tmp_path: Path, base: str) -> None:
    project = f"whole{base.replace('/', '-')}"
    (tmp_path / "model.bin").write_bytes(b"weights")
    script = play(
        aspara_python,
        f"""
import aspara
run = aspara.init(project={project!r}, name="first", tracker_uri={monitor.url + base!r}, config={{"lr": 0.001}},
                  tags=["a", "b"], notes="hello", project_tags=["team"])
for step in range(100):
    run.log({{"loss": 1 / (step + 1), "accuracy": step, "flag": step > 50}}, step=step)
run.config.batch = 8
run.summary["best"] = 0.01
run.log_artifact("model.bin", name="final.bin", description="the last one", category="model")
run.finish()
tell(run.id)
""",
        tmp_path,
    )
    assert "Failed" not in script.log
    run = show(monitor, project, "first")
    assert script.told == [run["id"]]
    assert (run["experiment"], run["name"], run["status"]) == (project, "first", "finished")
    assert run["tags"] == ["a", "b"]
    assert run["config"] == {
        "lr": 0.001,
        "batch": 8,
        "_notes": "hello",
        "_project_tags": ["team"],
        "_origin": "aspara",
    }
    assert run["summary"] == {"train_loss": 0.01, "accuracy": 99.0, "flag": 1.0, "best": 0.01}
    assert (run["record_count"], run["last_step"]) == (100, 99)
    assert monitor.series(run["id"], "train_loss") == {step: 1 / (step + 1) for step in range(100)}
    (artifact,) = monitor.get(f"/api/runs/{run['id']}/artifacts")
    assert (artifact["name"], artifact["description"], artifact["category"]) == ("final.bin", "the last one", "model")
    assert http.get(f"{monitor.url}/api/runs/{run['id']}/artifacts/final.bin").content == b"weights"


def test_a_failed_run(monitor: MonitorProcess, aspara_python: Path, tmp_path: Path) -> None:
    text = f"""
import aspara
run = aspara.init(project="broken", name="r", tracker_uri={monitor.url!r})
run.finish(exit_code=3)
"""
    play(aspara_python, text, tmp_path)
    assert show(monitor, "broken", "r")["status"] == "failed"


def test_a_name_of_the_clients_own_and_one_that_is_taken(
    monitor: MonitorProcess, aspara_python: Path, tmp_path: Path
) -> None:
    script = play(
        aspara_python,
        f"""
import aspara
run = aspara.init(tracker_uri={monitor.url!r})
run.finish()
tell(run.project, run.name)
try:
    aspara.init(name=run.name, tracker_uri={monitor.url!r})
except RuntimeError as error:
    tell(error)
""",
        tmp_path,
    )
    named, refusal = script.told
    project, name = named.split()
    assert show(monitor, project, name)["name"] == name
    assert "409" in refusal


def test_nan_survives_the_clients_offline_queue(monitor: MonitorProcess, aspara_python: Path, tmp_path: Path) -> None:
    """Its JSON cannot carry NaN: it keeps the point on disk as null and sends that when the run finishes."""
    play(
        aspara_python,
        f"""
import aspara
run = aspara.init(project="nan", name="r", tracker_uri={monitor.url!r})
for step in range(5):
    run.log({{"loss": float("nan") if step == 3 else 1.0, "peak": float("inf") if step == 4 else 2.0}}, step=step)
run.finish()
""",
        tmp_path,
    )
    run = show(monitor, "nan", "r")
    series = monitor.get(f"/api/runs/{run['id']}/series")["series"]
    assert (series["train_loss"]["x"], series["train_loss"]["nonfinite"]) == ([0, 1, 2, 4], [3])
    assert (series["peak"]["x"], series["peak"]["nonfinite"]) == ([0, 1, 2, 3], [4])


def test_nothing_is_lost_when_the_monitor_is_killed(aspara_python: Path, tmp_path: Path) -> None:
    """What fails goes into the client's queue on disk, which `finish` empties; a point that was answered is kept."""
    with MonitorProcess(tmp_path / "monitor" / "home") as monitor:
        text = f"""
import aspara
run = aspara.init(project="outage", name="r", tracker_uri={monitor.url!r})
for first in (0, 40, 80):
    for step in range(first, first + 40):
        run.log({{"loss": float(step)}}, step=step)
    wait_for_us()
run.finish()
"""
        with ForeignScript(aspara_python, text, tmp_path / "script") as script:
            script.wait_for_pause()
            monitor.kill()
            script.go_on()
            script.wait_for_pause()
            monitor.start()
            stored = monitor.series(RunPath("outage", "r").run_id, "train_loss")
            # Points that were answered are kept. The client's thread may already have sent queued points, 40 to 79, as well.
            assert set(range(40)) <= set(stored) <= set(range(80))
            assert stored == {step: float(step) for step in stored}
            script.go_on()
            script.wait_for_pause()
            script.go_on()
            script.wait()
            assert script.log.count("Queueing for retry") == 40
        run = show(monitor, "outage", "r")
        assert monitor.series(run["id"], "train_loss") == {step: float(step) for step in range(120)}
        assert (run["status"], run["record_count"]) == ("finished", 120)


def test_a_kill_in_the_middle_of_logging(aspara_python: Path, tmp_path: Path) -> None:
    """The script logs without a pause while the monitor dies and comes back; every step is there once."""
    with MonitorProcess(tmp_path / "monitor" / "home") as monitor:
        text = f"""
import pathlib, time, aspara
run = aspara.init(project="outage", name="r", tracker_uri={monitor.url!r})
step = 0
while not pathlib.Path("enough").exists():
    run.log({{"loss": float(step)}}, step=step)
    step += 1
    time.sleep(0.005)
run.finish()
tell(step)
"""
        run_id = RunPath("outage", "r").run_id
        with ForeignScript(aspara_python, text, tmp_path / "script") as script:
            monitor_has(monitor, run_id, 30)
            monitor.kill()
            time.sleep(0.5)  # an outage has a length
            monitor.start()
            monitor_has(monitor, run_id, 1 + max(monitor.series(run_id, "train_loss")))
            (tmp_path / "script" / "enough").touch()
            steps = int(script.wait()[0])
        assert monitor.series(run_id, "train_loss") == {step: float(step) for step in range(steps)}


def monitor_has(monitor: MonitorProcess, run_id: str, steps: int) -> None:
    """Waits until the run has come so far."""

    def there() -> bool:
        answer = http.get(f"{monitor.url}/api/runs/{run_id}")
        return answer.status_code == 200 and (answer.json()["last_step"] or 0) >= steps

    wait_until(there, seconds=60, what=f"step {steps}")


def test_the_token_travels_in_the_address(aspara_python: Path, tmp_path: Path) -> None:
    with MonitorProcess(tmp_path / "monitor" / "home", {"PEGBOX_TOKEN": "right"}) as monitor:
        address = monitor.url.removeprefix("http://")
        script = play(
            aspara_python,
            f"""
import aspara
for given in ("", ":wrong@"):
    try:
        aspara.init(project="p", name="r", tracker_uri=f"http://{{given}}{address}")
    except RuntimeError as error:
        tell(error)
run = aspara.init(project="p", name="r", tracker_uri="http://:right@{address}")
run.log({{"loss": 1.0}})
run.finish()
""",
            tmp_path / "script",
        )
        assert ["401" in refusal for refusal in script.told] == [True, True]
        monitor.headers["Authorization"] = "Bearer right"
        assert show(monitor, "p", "r")["record_count"] == 1
        assert http.get(f"{monitor.url}/api/v1/health").json() == {"status": "ok"}


def test_two_viewers_see_every_point(monitor: MonitorProcess, aspara_python: Path, tmp_path: Path) -> None:
    from websockets.sync.client import connect

    text = f"""
import aspara
run = aspara.init(project="watched", name="r", tracker_uri={monitor.url!r})
wait_for_us()
for step in range(20):
    run.log({{"loss": float(step)}}, step=step)
run.finish()
"""
    address = f"{monitor.url.replace('http', 'ws', 1)}/ws/runs/{RunPath('watched', 'r').run_id}?after=0"
    with ForeignScript(aspara_python, text, tmp_path) as script:
        script.wait_for_pause()
        with connect(address) as one, connect(address) as other:
            script.go_on()
            seen = [[json.loads(frame) for frame in viewer] for viewer in (one, other)]
        script.wait()
    for envelopes in seen:
        points = [envelope["data"] for envelope in envelopes if envelope["kind"] == "point"]
        assert [point["values"]["train_loss"] for point in points] == [float(step) for step in range(20)]
        assert envelopes[-1]["kind"] == "end"
        assert all(math.isclose(point["time"], time.time(), abs_tol=600) for point in points)
