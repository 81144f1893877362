"""kill -9 in mid-run: the job goes on from its last checkpoint, and on the CPU its curve equals an undisturbed one bit for bit."""

from __future__ import annotations

import csv
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.stack import ROOT, Stack, http, wait_until

pytestmark = [pytest.mark.train, pytest.mark.slow]

STEPS = 50
KILL_AT = 12
HYPERPARAMETERS = {
    "method": "lora",
    "lora_dropout": 0.2,  # so that the random state matters in every step
    "learning_rate": 0.003,
    "batch_size": 8,
    "max_steps": STEPS,
    "eval_steps": 25,
    "save_steps": 10,
    "seed": 7,
}
Curve = dict[str, dict[int, float]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 rows of the sample data: enough for two epochs within the steps."""
    source = ROOT / "pegbox" / "sample" / "python_docstrings.csv"
    target = tmp_path_factory.mktemp("data") / "rows.csv"
    with source.open(newline="", encoding="utf-8") as read, target.open("w", newline="", encoding="utf-8") as write:
        csv.writer(write).writerows(row for _, row in zip(range(151), csv.reader(read), strict=False))
    return target


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Backend and monitor for all tests of this file."""
    home = tmp_path_factory.mktemp("services") / "home"
    home.mkdir()
    with Stack(home) as stack:
        yield stack


@contextmanager
def working(stack: Stack) -> Iterator[Stack]:
    """The stack with a worker. Services that a failed test left dead are started again."""
    for name in ("backend", "monitor", "worker"):
        if name not in stack.processes:
            stack.start(name)
    yield stack
    if "worker" in stack.processes:
        stack.kill("worker", signal.SIGTERM)


@pytest.fixture
def workshop(services: Stack) -> Iterator[Stack]:
    """Backend, monitor and a worker of the test's own."""
    with working(services) as stack:
        yield stack


@pytest.fixture(scope="module")
def undisturbed(services: Stack, rows: Path) -> Curve:
    """The curve of the same job when nobody disturbs it."""
    with working(services) as stack:
        uid = submit(stack, rows)
        wait_until(lambda: state(stack, uid) in ("completed", "failed"), seconds=150, what="the end of the job")
        assert job(stack, uid)["state"] == "completed", job(stack, uid)
        return curve(stack, uid)


def submit(stack: Stack, rows: Path) -> str:
    """Uploads the rows and queues a job on them."""
    with rows.open("rb") as handle:
        dataset = http.post(
            f"{stack.backend_url}/api/datasets",
            files={"file": ("rows.csv", handle, "text/csv")},
            data={"name": f"rows {secrets.token_hex(4)}"},
        )
    assert dataset.status_code == 201, dataset.text
    answer = http.post(
        f"{stack.backend_url}/api/jobs",
        json={
            "name": "recovery",
            "configuration": {
                "model": {"uid": "starter"},
                "dataset": {"uid": dataset.json()["uid"]},
                "hyperparameters": HYPERPARAMETERS,
            },
        },
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["job"]["status"] == "queued", answer.text
    return str(answer.json()["jobUid"])


def job(stack: Stack, uid: str) -> dict[str, Any]:
    """The job, or nothing while the backend is down."""
    try:
        answer = http.get(f"{stack.backend_url}/api/jobs/{uid}", timeout=5)
        return dict(answer.json()) if answer.status_code == 200 else {}
    except httpx2.HTTPError:
        return {}


def state(stack: Stack, uid: str) -> str:
    return str(job(stack, uid).get("state", ""))


def last_step(stack: Stack, uid: str) -> int:
    try:
        answer = http.get(f"{stack.monitor_url}/api/runs/{uid}", timeout=5)
    except httpx2.HTTPError:
        return 0
    return int(answer.json()["last_step"] or 0) if answer.status_code == 200 else 0


def curve(stack: Stack, uid: str) -> Curve:
    """Loss by step, exact: more columns than points, so that every bucket holds one."""
    answer = http.get(
        f"{stack.monitor_url}/api/runs/{uid}/series",
        params={"metrics": "train_loss,validation_loss,learning_rate,grad_norm", "cols": 10_000},
    )
    assert answer.status_code == 200, answer.text
    series = answer.json()["series"]
    for name, one in series.items():
        assert set(one["count"]) == {1}, f"{name} has a step twice"
    return {name: dict(zip(map(int, one["x"]), one["mean"], strict=True)) for name, one in series.items()}


def trainer_of(stack: Stack, uid: str) -> psutil.Process:
    """The child that trains the job: the one whose output goes to the job's folder."""
    folder = f"/jobs/{uid}/"
    for child in psutil.Process(stack.processes["worker"].pid).children(recursive=True):
        if any(folder in file.path for file in child.open_files()):
            return child
    raise AssertionError("no trainer found")


def assert_same_curve(found: Curve, expected: Curve) -> None:
    assert sorted(found["train_loss"]) == list(range(1, STEPS + 1))
    assert found == expected


def finish(stack: Stack, uid: str) -> None:
    wait_until(lambda: state(stack, uid) in ("completed", "failed"), seconds=180, what="the end of the job")
    assert state(stack, uid) == "completed", f"{job(stack, uid)}\n{stack.output('worker')[-3000:]}"


@pytest.mark.parametrize("victim", ["trainer", "worker", "backend", "monitor"])
def test_kill_nine_in_mid_run_changes_nothing(workshop: Stack, rows: Path, undisturbed: Curve, victim: str) -> None:
    uid = submit(workshop, rows)
    wait_until(lambda: last_step(workshop, uid) >= KILL_AT, seconds=90, what=f"step {KILL_AT}")
    trainer = trainer_of(workshop, uid)
    if victim == "trainer":
        os.kill(trainer.pid, signal.SIGKILL)
    else:
        workshop.kill(victim)
        time.sleep(1.5)  # an outage, not a blink
        workshop.start(victim)
    finish(workshop, uid)
    # The last points may still be on their way from the outbox when the job is reported done.
    wait_until(lambda: last_step(workshop, uid) >= STEPS, what="the last point")
    assert_same_curve(curve(workshop, uid), undisturbed)
    workshop.kill("worker", signal.SIGTERM)
    wait_until(
        lambda: not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE, what="the end of the trainer"
    )
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(workshop.home) in " ".join(p.info["cmdline"] or [])]


def test_pause_and_resume_continue_the_same_curve(workshop: Stack, rows: Path, undisturbed: Curve) -> None:
    uid = submit(workshop, rows)
    wait_until(lambda: last_step(workshop, uid) >= KILL_AT, seconds=90, what=f"step {KILL_AT}")
    assert http.post(f"{workshop.backend_url}/api/jobs/{uid}/pause").status_code == 200
    wait_until(lambda: state(workshop, uid) == "paused", what="the pause")
    paused_at = last_step(workshop, uid)
    assert KILL_AT <= paused_at < STEPS
    assert http.post(f"{workshop.backend_url}/api/jobs/{uid}/resume").status_code == 200
    finish(workshop, uid)
    assert_same_curve(curve(workshop, uid), undisturbed)


def test_cancel_ends_the_trainer_and_keeps_what_was_learned(workshop: Stack, rows: Path) -> None:
    uid = submit(workshop, rows)
    wait_until(lambda: last_step(workshop, uid) >= 5, seconds=90, what="step 5")
    trainer = trainer_of(workshop, uid)
    assert http.post(f"{workshop.backend_url}/api/jobs/{uid}/cancel").status_code == 200
    wait_until(lambda: state(workshop, uid) == "cancelled", what="the cancellation")
    wait_until(lambda: not trainer.is_running(), what="the end of the trainer")
    assert list((workshop.home / "jobs" / uid / "work").glob("**/checkpoint-*"))
    assert http.post(f"{workshop.backend_url}/api/jobs/{uid}/resume").status_code == 409


def test_a_trainer_that_always_dies_fails_with_the_reason(workshop: Stack, rows: Path) -> None:
    uid = submit(workshop, rows)
    seen: set[int] = set()

    def kill_the_next() -> bool:
        if state(workshop, uid) == "failed":
            return True
        try:
            trainer = trainer_of(workshop, uid)
        except (AssertionError, psutil.Error):
            return False
        if trainer.pid not in seen:
            seen.add(trainer.pid)
            os.kill(trainer.pid, signal.SIGKILL)
        return False

    wait_until(kill_the_next, seconds=150, what="the failure")
    assert "SIGKILL" in str(job(workshop, uid)["error_message"])
    assert len(seen) == 3
