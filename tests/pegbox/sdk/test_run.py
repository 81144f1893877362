"""`pegbox.init`, `log`, `finish` against a real monitor."""

from __future__ import annotations

import math
import threading

import pytest

import pegbox
from pegbox.errors import ConflictError
from tests.pegbox.sdk.monitor_process import MonitorProcess


@pytest.fixture(autouse=True)
def _address(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)


def test_a_whole_run(shared_monitor: MonitorProcess) -> None:
    with pegbox.init(experiment="digits", name="first", config={"lr": 0.1}, tags=["t"], total_steps=3) as run:
        for step in (1, 2, 3):
            pegbox.log({"train_loss": 1 / step, "step_seconds": 1}, step=step)
        run.log_samples("validation", [{"prompt": "p", "expected": "e", "answer": "a"}], step=3)
        run.log_event("checkpoint", "Checkpoint at step 3", step=3)
        run.update(summary={"score": 0.9}, config={"seed": 1})
        assert run.flush(10)
        assert shared_monitor.series(run.id, "train_loss") == {1: 1.0, 2: 0.5, 3: 1 / 3}
        assert run.summary == {"score": 0.9}
    shown = shared_monitor.get(f"/api/runs/{run.id}")
    assert shown["status"] == "finished"
    assert shown["experiment"] == "digits"
    assert shown["name"] == "first"
    assert shown["config"] == {"lr": 0.1, "seed": 1}
    assert shown["tags"] == ["t"]
    assert shown["summary"]["score"] == 0.9
    assert shown["summary"]["train_loss"] == 1 / 3
    assert shown["record_count"] == 3
    assert shared_monitor.get(f"/api/runs/{run.id}/samples")[0]["rows"] == [
        {"prompt": "p", "expected": "e", "answer": "a"}
    ]
    assert [event["kind"] for event in shared_monitor.get(f"/api/runs/{run.id}/events")] == ["checkpoint"]


def test_steps_count_by_themselves(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()
    for value in (5.0, 4.0):
        run.log({"y": value})
    run.log({"y": 3.0}, step=10)
    run.log({"y": 2.0})
    run.finish()
    assert shared_monitor.series(run.id, "y") == {0: 5.0, 1: 4.0, 10: 3.0, 11: 2.0}
    again = pegbox.init(id=run.id, resume="must")
    again.log({"y": 1.0})
    again.finish()
    assert shared_monitor.series(run.id, "y")[12] == 1.0


def test_numbers_that_are_not_finite(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()
    run.log({"y": math.nan, "z": 1.0}, step=1)
    run.log({"y": math.inf, "z": 2.0}, step=2)
    run.log({"y": 3.0, "z": -math.inf}, step=3)
    run.finish()
    series = shared_monitor.get(f"/api/runs/{run.id}/series")["series"]
    assert series["y"]["nonfinite"] == [1, 2]
    assert series["z"]["nonfinite"] == [3]
    assert series["y"]["x"] == [3]


def test_a_rewind(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()
    for step in range(1, 7):
        run.log({"y": float(step)}, step=step)
    run.rewind(3)
    run.log({"y": 40.0})
    run.finish()
    assert shared_monitor.series(run.id, "y") == {1: 1.0, 2: 2.0, 3: 3.0, 4: 40.0}


def test_many_threads(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()

    def work(thread: int) -> None:
        for step in range(500):
            run.log({f"thread-{thread}": float(step)}, step=step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.finish()
    for number in range(8):
        assert shared_monitor.series(run.id, f"thread-{number}") == {step: float(step) for step in range(500)}


def test_steps_of_threads_do_not_collide(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()

    def work() -> None:
        for _ in range(200):
            run.log({"y": 1.0})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()
    assert list(shared_monitor.series(run.id, "y")) == list(range(800))


def test_many_runs_in_one_process(shared_monitor: MonitorProcess) -> None:
    runs = [pegbox.init(name=f"run {number}") for number in range(20)]
    for number, run in enumerate(runs):
        run.log({"y": float(number)}, step=0)
    assert all(run.finish() for run in runs)
    assert [shared_monitor.series(run.id, "y") for run in runs] == [{0: float(number)} for number in range(20)]


@pytest.mark.parametrize("value", ["high", None, [1], object()])
def test_a_value_that_is_no_number(value: object) -> None:
    run = pegbox.init()
    with pytest.raises(TypeError, match="'y' must be a number"):
        run.log({"y": value})  # type: ignore[dict-item]
    run.finish()


def test_names_steps_and_dictionaries_are_checked(shared_monitor: MonitorProcess) -> None:
    run = pegbox.init()
    for name in ("", "n" * 201, 7):
        with pytest.raises(ValueError, match="name"):
            run.log({name: 1.0})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="whole"):
        run.log({"y": 1.0}, step=1.5)  # type: ignore[arg-type]
    values = {"y": 1}
    run.log(values, step=0)
    values["y"] = 99  # the logged values are not changed
    run.log({"y": True}, step=1)
    run.log({"y": 10**400}, step=2)
    run.finish()
    series = shared_monitor.get(f"/api/runs/{run.id}/series")["series"]["y"]
    assert series["mean"] == [1.0, 1.0]
    assert series["nonfinite"] == [2]


def test_a_finished_run_takes_no_more() -> None:
    run = pegbox.init()
    assert run.finish()
    assert run.finish()
    with pytest.raises(ConflictError):
        run.log({"y": 1.0})


def test_log_needs_a_run() -> None:
    pegbox.init()
    pegbox.finish()
    with pytest.raises(ConflictError, match="init"):
        pegbox.log({"y": 1.0})


def test_an_exception_marks_the_run_as_failed(shared_monitor: MonitorProcess) -> None:
    def train() -> None:
        with pegbox.init(id="run-that-fails"):
            raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError):
        train()
    assert shared_monitor.get("/api/runs/run-that-fails")["status"] == "failed"
