"""The worker against a real backend: outages, signals, a lost lease."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, ReportRequest
from pegbox.sdk.client import Client
from pegbox.sdk.resources.queue import Queue
from tests.stack import Stack, wait_until

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.backend_url) as client:
        yield client


def queue_job(client: Client, csv: Path, **values: object) -> str:
    dataset = client.datasets.add(csv, name="rows")
    uid: str = client.jobs.create(name="a job", model="starter", dataset=dataset["uid"], hyperparameters=values)["uid"]
    return uid


def trainers(stack: Stack) -> list[psutil.Process]:
    """Trainer processes of the stack's worker, the spare one included."""
    children = psutil.Process(stack.processes["worker"].pid).children()
    return [child for child in children if "pegbox.trainer.child" in child.cmdline()]


def test_an_idle_worker_waits_for_the_backend_and_leaves_when_told(stack: Stack) -> None:
    stack.kill("backend")
    worker = stack.start("worker")
    wait_until(lambda: "waiting for the backend" in stack.output("worker"), seconds=90, what="the worker's patience")

    stack.start("backend")
    wait_until(lambda: "the backend answers again" in stack.output("worker"), what="the reunion")
    spares = trainers(stack)
    assert len(spares) == 1

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert not spares[0].is_running() or spares[0].status() == psutil.STATUS_ZOMBIE
    assert "Traceback" not in stack.output("worker")


def test_a_job_trains_in_its_experiment(stack: Stack, client: Client, small_csv: Path) -> None:
    dataset = client.datasets.add(small_csv, name="rows")
    job = client.jobs.create(
        name="a job",
        model="starter",
        dataset=dataset["uid"],
        experiment="first tries",
        hyperparameters={"max_steps": 2},
    )
    assert [run["status"] for run in client.experiments.runs("first tries")] == ["queued"]
    stack.start("worker")
    wait_until(lambda: client.jobs.get(job["uid"])["state"] == "completed", seconds=180, what="the training")
    best = client.experiments.best("first tries")
    assert (best["run"]["id"], best["run"]["status"]) == (job["uid"], "completed")
    assert best["value"] == client.jobs.get(job["uid"])["metrics"]["validation_loss"]
    assert [found["name"] for found in client.experiments.list()] == ["first tries"]


def test_a_worker_that_lost_its_lease_lets_go(stack: Stack, client: Client, small_csv: Path) -> None:
    worker = stack.start("worker")
    uid = queue_job(client, small_csv, max_steps=100_000, eval_steps=50_000)
    wait_until(lambda: client.jobs.get(uid)["training"]["currentStep"] > 0, seconds=120, what="the first step")
    (child,) = trainers(stack)

    worker.send_signal(signal.SIGSTOP)
    # Its lease runs out, and somebody else takes the job.
    queue = Queue(client)
    request = ClaimRequest(
        worker_id="somebody-else", capabilities=Capabilities(methods=["full", "lora"]), wait_seconds=1
    )
    claimed = wait_until(lambda: queue.claim(request), what="the second claim")
    assert claimed.job.uid == uid
    assert claimed.job.attempt == 2
    worker.send_signal(signal.SIGCONT)

    wait_until(lambda: "the lease was lost" in stack.output("worker"), what="the worker's notice")
    wait_until(lambda: not child.is_running(), what="the end of the trainer")
    assert client.jobs.get(uid)["state"] == "running", "the job is the other worker's, untouched"
    queue.report(uid, ReportRequest(claim_token=claimed.claim_token, outcome="failed", error="enough"))
    assert client.jobs.get(uid)["error_message"] == "enough"


def test_a_worker_that_is_told_to_leave_saves_and_gives_the_job_back(
    stack: Stack, client: Client, small_csv: Path
) -> None:
    worker = stack.start("worker")
    uid = queue_job(client, small_csv, max_steps=100_000, eval_steps=50_000)
    wait_until(lambda: client.jobs.get(uid)["training"]["currentStep"] > 2, seconds=120, what="the first steps")

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0
    assert client.jobs.get(uid)["state"] == "queued"
    assert list((stack.home / "jobs" / uid / "work" / "checkpoints").glob("*/complete.json"))


def test_a_wrong_token_ends_the_worker_with_one_line(home: Path) -> None:
    with Stack(home, {"PEGBOX_TOKEN": "right"}) as stack:
        stack.env["PEGBOX_TOKEN"] = "wrong"
        worker = stack.start("worker")

        assert worker.wait(90) == 1
        told = "pegbox: The token is not valid; sign in with `pegbox login`, or set PEGBOX_TOKEN"
        assert stack.output("worker").splitlines()[-1] == told
