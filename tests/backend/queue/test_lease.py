"""Leases: a worker that falls silent loses the job, one that was only cut off gets it back, and nothing runs for ever.

The leases of these tests last an hour; the tests say when one expires, so that no pause of the machine does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, col, update

from backend.queue.service import sweep_leases
from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session
from pegbox.store.tables import Job, now
from tests.apps import open_backend
from tests.backend.conftest import Hand
from tests.stack import wait_until

CreateJob = Callable[..., dict[str, Any]]
Expire = Callable[..., None]

INSTANT = timedelta(microseconds=1)


@pytest.fixture
def expire(hand: Hand, db: Session, settings: Settings) -> Expire:
    """Sweeps as if the hand's lease had expired."""

    def sweep(state: str = "queued") -> None:
        assert sweep_leases(db, settings, now() + timedelta(seconds=settings.lease_seconds)) == [hand.uid]
        assert hand.state() == state

    return sweep


def lease_end(db: Session, uid: str) -> datetime:
    db.rollback()
    job = db.get(Job, uid)
    assert job
    db.refresh(job)
    assert job.lease_expires_at
    return job.lease_expires_at


def test_heartbeats_keep_the_claim(create_job: CreateJob, hand: Hand, db: Session, settings: Settings) -> None:
    create_job()
    hand.claim()
    for _ in range(5):
        before = lease_end(db, hand.uid)
        answer = hand.beat(step=3, max_steps=10)
        assert answer.status_code == 200
        assert answer.json() == {"wanted": "run", "lease_seconds": settings.lease_seconds}
        assert lease_end(db, hand.uid) > before
        assert sweep_leases(db, settings, before + INSTANT) == []
    assert hand.state() == "running"
    assert sweep_leases(db, settings, lease_end(db, hand.uid) + INSTANT) == [hand.uid]


def test_the_backend_sweeps_by_itself(create_job: CreateJob, hand: Hand, db: Session) -> None:
    create_job()
    hand.claim()
    db.exec(update(Job).where(col(Job.uid) == hand.uid).values(lease_expires_at=now() - INSTANT))
    db.commit()
    wait_until(lambda: hand.state() == "queued", what="the sweep of the expired lease")


def test_a_silent_worker_loses_the_job_to_the_next(
    client: TestClient, create_job: CreateJob, hand: Hand, expire: Expire
) -> None:
    create_job()
    hand.claim()
    hand.beat(step=5)
    expire()
    other = Hand(client, "hand-2")
    claim = other.claim()
    assert claim
    assert claim["job"]["attempt"] == 2
    for answer in (hand.beat(step=6), hand.report("completed")):
        assert answer.status_code == 409
        assert answer.json()["error_type"] == "LeaseLostError"
    assert other.beat(step=6).status_code == 200
    assert other.report("completed").json() == {"state": "completed"}


def test_a_worker_that_was_cut_off_goes_on(
    client: TestClient, create_job: CreateJob, hand: Hand, expire: Expire
) -> None:
    create_job()
    hand.claim()
    hand.beat(step=5)
    expire()
    assert hand.beat(step=8).json()["wanted"] == "run"
    assert hand.state() == "running"
    assert client.get(f"/api/jobs/{hand.uid}").json()["attempt"] == 1
    assert Hand(client, "hand-2").claim() is None


def test_a_late_report_of_the_newest_claim_counts(create_job: CreateJob, hand: Hand, expire: Expire) -> None:
    create_job()
    hand.claim()
    expire()
    assert hand.report("completed", result={"steps": 9}).json() == {"state": "completed"}


def test_three_attempts_without_a_step_are_enough(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    create_job()
    for number in range(3):
        assert hand.claim(), f"attempt {number + 1}"
        answer = hand.report("interrupted", error="the trainer was killed by signal 9", exit_code=-9)
    assert answer.json() == {"state": "failed"}
    job = client.get(f"/api/jobs/{hand.uid}").json()
    assert job["error_message"] == (
        "Interrupted 3 times in a row without a new step. The last time: the trainer was killed by signal 9"
    )
    assert (job["attempt"], job["exit_code"]) == (3, -9)


def test_silence_counts_as_an_attempt_too(
    client: TestClient, create_job: CreateJob, hand: Hand, expire: Expire
) -> None:
    create_job()
    for state in ("queued", "queued", "failed"):
        assert hand.claim()
        expire(state)
    assert "stopped answering" in client.get(f"/api/jobs/{hand.uid}").json()["error_message"]


def test_new_steps_start_the_count_again(create_job: CreateJob, hand: Hand) -> None:
    create_job()
    for step in (0, 0, 4, 4, 4):
        assert hand.claim()
        state = hand.report("interrupted", step=step).json()["state"]
        assert state == "queued"
    hand.claim()
    assert hand.report("interrupted", step=4).json()["state"] == "failed"


def test_falling_back_to_a_checkpoint_is_not_progress(create_job: CreateJob, hand: Hand) -> None:
    """Every attempt starts at the checkpoint of step 0 and dies at step 9: the second to reach 9 has gained nothing."""
    create_job()
    states = []
    for _ in range(4):
        hand.claim()
        hand.beat(step=0)
        hand.beat(step=9)
        states.append(hand.report("interrupted").json()["state"])
    assert states == ["queued", "queued", "queued", "failed"]


@pytest.mark.parametrize("outcome", ["completed", "failed", "paused", "cancelled", "interrupted"])
def test_the_same_report_twice_counts_once(client: TestClient, create_job: CreateJob, hand: Hand, outcome: str) -> None:
    create_job()
    hand.claim()
    if outcome in ("paused", "cancelled"):
        client.post(f"/api/jobs/{hand.uid}/{'pause' if outcome == 'paused' else 'cancel'}")
    first = hand.report(outcome)
    before = client.get(f"/api/jobs/{hand.uid}").json()
    again = hand.report(outcome)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert client.get(f"/api/jobs/{hand.uid}").json() == before
    assert hand.beat().status_code == 409


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_what_the_user_wanted_holds_when_the_worker_dies(
    client: TestClient, create_job: CreateJob, hand: Hand, expire: Expire, verb: str, state: str
) -> None:
    create_job()
    hand.claim()
    assert client.post(f"/api/jobs/{hand.uid}/{verb}").json()["state"] == "running"
    expire(state)


@pytest.mark.parametrize(("verb", "wanted"), [("pause", "pause"), ("cancel", "cancel")])
def test_a_worker_learns_what_was_decided_while_it_was_away(
    client: TestClient, create_job: CreateJob, hand: Hand, expire: Expire, verb: str, wanted: str
) -> None:
    create_job()
    hand.claim()
    expire()
    client.post(f"/api/jobs/{hand.uid}/{verb}")
    state = hand.state()
    assert hand.beat(step=2).json()["wanted"] == wanted
    assert hand.report("paused" if verb == "pause" else "cancelled", step=3).json() == {"state": state}


def test_a_pause_taken_back_goes_on_even_if_the_trainer_has_stopped(
    client: TestClient, create_job: CreateJob, hand: Hand
) -> None:
    create_job()
    hand.claim()
    client.post(f"/api/jobs/{hand.uid}/pause")
    assert hand.beat().json()["wanted"] == "pause"
    client.post(f"/api/jobs/{hand.uid}/resume")
    assert hand.report("paused", step=7).json() == {"state": "queued"}
    assert hand.claim()


def test_a_restart_of_the_backend_is_not_the_workers_silence(settings: Settings) -> None:
    """While the backend is down no lease can be kept; after its start each one begins anew."""
    with open_backend(settings) as client:
        files = {"file": ("a.csv", b"input,output\nq,a\n")}
        dataset = client.post("/api/datasets", files=files).json()["uid"]
        configuration = {"model": {"uid": "starter"}, "dataset": {"uid": dataset}}
        client.post("/api/jobs", json={"name": "x", "configuration": configuration})
        hand = Hand(client)
        hand.claim()
    engine = open_engine(settings)
    with open_session(engine) as db:
        db.exec(update(Job).where(col(Job.uid) == hand.uid).values(lease_expires_at=now() - timedelta(minutes=1)))
        db.commit()
    engine.dispose()
    with open_backend(settings) as client:
        hand.client = client
        assert hand.state() == "running"
        assert hand.beat(step=4).status_code == 200
