"""The table of transitions: what it promises, checked on the table and on every path a job can take over the API."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.app import create_app
from backend.jobs.lifecycle import TRANSITIONS, after_interruption, next_state
from pegbox.errors import ConflictError
from pegbox.schemas.jobs.state import TERMINAL_STATES, JobState
from pegbox.settings import Settings
from tests.backend.conftest import Hand
from tests.cast import SUPPORT_CSV

STATES: tuple[JobState, ...] = get_args(JobState)


def test_nothing_leaves_a_terminal_state() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in TERMINAL_STATES]


def test_every_state_can_be_reached_and_left_unless_terminal() -> None:
    reached = set(TRANSITIONS.values()) | {"created"}
    assert reached == set(STATES)
    assert {state for state, _ in TRANSITIONS} == set(STATES) - set(TERMINAL_STATES)


def test_only_claim_and_revival_make_a_job_run() -> None:
    assert {verb for (_, verb), state in TRANSITIONS.items() if state == "running"} == {"claim", "revive"}


def test_a_verb_that_the_state_does_not_allow_is_refused() -> None:
    with pytest.raises(ConflictError, match="A job that is completed cannot be paused"):
        next_state("completed", "pause")


def test_after_interruption() -> None:
    assert after_interruption("run", 2, 3) == "interrupt"
    assert after_interruption("run", 3, 3) == "fail"
    assert after_interruption("pause", 3, 3) == "pause"
    assert after_interruption("cancel", 0, 3) == "cancel"


class JobMachine(RuleBasedStateMachine):
    """Users and a worker do things in any order; the API and a small model of it must agree all the way."""

    home: Path
    client: TestClient
    dataset: str

    @initialize()
    def create(self) -> None:
        configuration = {"model": {"uid": "starter"}, "dataset": {"uid": self.dataset}}
        body = {"name": "machine", "configuration": configuration, "autoStart": False}
        self.uid = self.client.post("/api/jobs", json=body).json()["jobUid"]
        self.state: JobState = "created"
        self.wanted = "run"
        self.hand = Hand(self.client, "machine")
        self.hand.uid = self.uid

    def act(self, verb: str) -> int:
        return int(self.client.post(f"/api/jobs/{self.uid}/{verb}").status_code)

    @rule()
    def start(self) -> None:
        allowed = self.state in ("created", "paused")
        assert self.act("start") == (200 if allowed else 409)
        if allowed:
            self.state, self.wanted = "queued", "run"

    @rule()
    def pause(self) -> None:
        allowed = self.state == "queued" or (self.state == "running" and self.wanted != "cancel")
        assert self.act("pause") == (200 if allowed else 409)
        if allowed:
            self.wanted = "pause"
            self.state = "paused" if self.state == "queued" else self.state

    @rule()
    def resume(self) -> None:
        unpausing = self.state == "running" and self.wanted == "pause"
        allowed = self.state == "paused" or unpausing
        assert self.act("resume") == (200 if allowed else 409)
        if allowed:
            self.wanted = "run"
            self.state = "running" if unpausing else "queued"

    @rule()
    def cancel(self) -> None:
        allowed = self.state not in TERMINAL_STATES
        assert self.act("cancel") == (200 if allowed else 409)
        if allowed:
            self.wanted = "cancel"
            self.state = self.state if self.state == "running" else "cancelled"

    @rule()
    def claim(self) -> None:
        claim = self.hand.claim()
        assert (claim is not None) == (self.state == "queued")
        if claim:
            assert self.hand.uid == self.uid
            self.state = "running"
        self.hand.uid = self.uid

    @precondition(lambda self: self.state == "running")
    @rule()
    def beat(self) -> None:
        assert self.hand.beat(step=1, max_steps=10).json()["wanted"] == self.wanted

    @precondition(lambda self: self.state == "running")
    @rule()
    def obey(self) -> None:
        """The worker does what is wanted, or ends the job."""
        outcome = {"run": "completed", "pause": "paused", "cancel": "cancelled"}[self.wanted]
        self.state = cast(JobState, outcome)
        assert self.hand.report(outcome).json()["state"] == self.state
        assert self.hand.report(outcome).json()["state"] == self.state

    @precondition(lambda self: self.state == "running")
    @rule()
    def fail(self) -> None:
        assert self.hand.report("failed", error="out of memory").json()["state"] == "failed"
        self.state = "failed"

    @rule()
    def delete(self) -> None:
        if self.state in TERMINAL_STATES:
            assert self.client.delete(f"/api/jobs/{self.uid}").status_code == 200
            self.create()
        elif self.state != "created":
            assert self.client.delete(f"/api/jobs/{self.uid}").status_code == 409

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "uid"):
            return
        job = self.client.get(f"/api/jobs/{self.uid}").json()
        assert job["state"] == job["status"] == self.state
        assert (job["completed_at"] is not None) == (self.state in TERMINAL_STATES)
        assert ("live_metrics" in job) == (self.state == "running")

    def teardown(self) -> None:
        if hasattr(self, "uid"):
            self.act("cancel")
            if self.state == "running":
                self.hand.report("cancelled")


def test_any_order_of_actions_keeps_to_the_lifecycle(home: Path) -> None:
    with TestClient(create_app(Settings(home=home)), base_url="http://127.0.0.1:8000") as client:
        files = {"file": ("support.csv", SUPPORT_CSV.read_bytes())}
        JobMachine.client = client
        JobMachine.dataset = client.post("/api/datasets", files=files).json()["uid"]
        run_state_machine_as_test(
            JobMachine,
            settings=settings(
                max_examples=15,
                stateful_step_count=15,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
