"""`pegbox.init`, `log`, `finish` against a real monitor."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import pegbox
from pegbox.errors import AuthenticationError, ConflictError, NotFoundError, UnreachableError
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT, free_port, wait_until


@pytest.fixture(autouse=True)
def _address(shared_monitor: MonitorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_MONITOR_URL", shared_monitor.url)


def script(text: str, home: Path, url: str, **env: str) -> subprocess.Popen[bytes]:
    """A training script in a process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(home), "PEGBOX_MONITOR_URL": url, **env}
    return subprocess.Popen([sys.executable, "-c", text], env=variables, stdout=subprocess.PIPE)


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
    values["y"] = 99  # what was logged stays as it was
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


def test_resume_words() -> None:
    with pytest.raises(NotFoundError):
        pegbox.init(id="run-nobody-knows", resume="must")
    pegbox.init(id="run-known").finish()
    with pytest.raises(ConflictError):
        pegbox.init(id="run-known", resume="never")


def test_a_wrong_address_is_said_at_once() -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        pegbox.init(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ValueError, match="address"):
        pegbox.init(url="ftp://127.0.0.1")


def test_something_else_answers_there(shared_monitor: MonitorProcess) -> None:
    with pytest.raises(UnreachableError, match="not a Pegbox monitor"):
        pegbox.init(url=f"{shared_monitor.url}/elsewhere")


def test_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MonitorProcess(tmp_path / "guarded" / "home", {"PEGBOX_TOKEN": "s3cret"}) as guarded:
        guarded.headers = {"Authorization": "Bearer s3cret"}
        for token in (None, "wrong"):
            with pytest.raises(AuthenticationError, match=guarded.url):
                pegbox.init(url=guarded.url, token=token)
        monkeypatch.setenv("PEGBOX_TOKEN", "s3cret")
        run = pegbox.init(url=guarded.url)
        run.log({"y": 1.0}, step=0)
        assert run.finish()
        assert guarded.series(run.id, "y") == {0: 1.0}


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
