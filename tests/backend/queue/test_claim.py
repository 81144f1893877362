"""Claims: one worker per job, in turn, only what it can run, and without delay."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from backend.queue.service import claim_job
from backend.workers.service import delete_old_workers
from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, TrainingSpec
from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session
from pegbox.store.tables import Worker, now
from tests.backend.conftest import Hand
from tests.cast import SUPPORT_CSV
from tests.stack import Stack, http

CreateJob = Callable[..., dict[str, Any]]


def test_the_claim_carries_everything_decided(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    job = create_job({"epochs": 2}, modelSaving={"modelName": "bot"})
    claim = hand.claim()
    assert claim
    spec = TrainingSpec.model_validate(claim["job"])
    assert (spec.uid, spec.run_id, spec.attempt) == (job["uid"], job["run_id"], 1)
    assert (spec.model.source, spec.model.location) == ("starter", "")
    assert spec.dataset.sha256 == hashlib.sha256(SUPPORT_CSV.read_bytes()).hexdigest()
    assert spec.dataset.rows == 6
    assert spec.model_saving.model_name == "bot"
    values = spec.hyperparameters
    assert (values.method, values.learning_rate, values.batch_size, values.epochs) == ("full", 3e-3, 16, 2)
    shown = client.get(f"/api/jobs/{job['uid']}").json()
    assert (shown["state"], shown["worker_id"], shown["training"]["phase"]) == ("running", "hand-1", "prepare")
    assert hand.claim() is None


def test_dataset_bytes_need_the_claim(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    create_job()
    hand.claim()
    url = f"/api/queue/{hand.uid}/dataset"
    assert client.get(url, params={"claim_token": hand.token}).content == SUPPORT_CSV.read_bytes()
    assert client.get(url, params={"claim_token": "wrong"}).status_code == 409
    assert client.get(url).status_code == 422
    assert client.get("/api/queue/job_1/dataset", params={"claim_token": hand.token}).status_code == 409


def test_higher_priority_first_then_the_oldest(create_job: CreateJob, hand: Hand) -> None:
    jobs = {name: create_job(name=name, priority=priority)["uid"] for name, priority in (("a", 0), ("b", 5), ("c", 5))}
    order = []
    for _ in jobs:
        hand.claim()
        order.append(hand.uid)
        hand.report("completed")
    assert order == [jobs["b"], jobs["c"], jobs["a"]]


def test_a_worker_gets_only_methods_it_can_run(client: TestClient, create_job: CreateJob) -> None:
    full, lora = Hand(client, "only-full", ("full",)), Hand(client, "only-lora", ("lora",))
    assert full.claim() is None
    assert lora.claim() is None
    create_job({"method": "lora"})
    assert full.claim() is None
    assert lora.claim()


def test_exactly_one_worker_gets_each_job(client: TestClient, create_job: CreateJob, settings: Settings) -> None:
    """Eight threads, each on a connection of its own, fight over thirty jobs."""
    wanted = {create_job()["uid"] for _ in range(30)}
    engine = open_engine(settings)
    barrier = threading.Barrier(8)

    def work(number: int) -> list[str]:
        body = ClaimRequest(worker_id=f"w{number}", capabilities=Capabilities(methods=["full"]))
        barrier.wait()
        got: list[str] = []
        while True:
            with open_session(engine) as db:
                claim = claim_job(db, settings, body)
            if claim is None:
                return got
            got.append(claim.job.uid)

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(work, range(8)))
    engine.dispose()
    counts = Counter(uid for uids in got for uid in uids)
    # An expired lease may hand a job out again; the first hand-out of each is what must be unique.
    attempts = {job["uid"]: job["attempt"] for job in client.get("/api/jobs").json()["jobs"]}
    assert set(counts) == wanted
    assert counts == Counter(attempts)


def test_the_worker_becomes_known(client: TestClient, hand: Hand, create_job: CreateJob) -> None:
    hand.claim()
    create_job()
    hand.claim()
    worker = client.get("/api/workers").json()[0]
    assert (worker["id"], worker["hostname"], worker["present"], worker["job_uid"]) == (
        "hand-1",
        "bench",
        True,
        hand.uid,
    )
    hand.report("completed")
    assert client.get("/api/workers").json()[0]["job_uid"] is None
    assert client.get("/api/health").json()["workers"] == 1


def test_workers_of_long_ago_are_forgotten(client: TestClient, db: Session, hand: Hand) -> None:
    hand.claim()
    db.add(Worker(id="old", last_seen_at=now() - timedelta(days=8)))
    db.commit()
    delete_old_workers(db)
    assert [worker["id"] for worker in client.get("/api/workers").json()] == ["hand-1"]


@pytest.fixture
def backend(home: Path) -> Any:
    stack = Stack(home)
    try:
        stack.start("backend")
        yield stack
    finally:
        stack.stop()


def test_a_waiting_claim_gets_a_new_job(backend: Stack) -> None:
    url = backend.backend_url
    files = {"file": ("support.csv", SUPPORT_CSV.read_bytes())}
    dataset = http.post(f"{url}/api/datasets", files=files).json()["uid"]
    body = {"worker_id": "w", "capabilities": {"methods": ["full"]}, "wait_seconds": 20}
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(lambda: http.post(f"{url}/api/queue/claim", json=body, timeout=60))
        while not http.get(f"{url}/api/workers").json():
            assert not waiting.done()
        configuration = {"model": {"uid": "starter"}, "dataset": {"uid": dataset}}
        http.post(f"{url}/api/jobs", json={"name": "x", "configuration": configuration}).raise_for_status()
    assert waiting.result().status_code == 200


def test_a_claim_waits_as_long_as_asked(backend: Stack) -> None:
    before = time.monotonic()
    body = {"worker_id": "w", "capabilities": {"methods": ["full"]}, "wait_seconds": 1.2}
    assert http.post(f"{backend.backend_url}/api/queue/claim", json=body, timeout=60).status_code == 204
    assert time.monotonic() - before > 1.1


def test_bad_claims_are_refused(client: TestClient, db: Session) -> None:
    for body in ({}, {"worker_id": ""}, {"worker_id": "a b"}, {"worker_id": "w", "wait_seconds": 21}):
        assert client.post("/api/queue/claim", json=body).status_code == 422
    assert client.get("/api/workers").json() == []
