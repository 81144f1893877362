"""The queue as a state machine on a real SQLite file: whatever happens in whatever order, no GPU is given out twice or lost, turns
are kept, and every job ends as it must."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from sqlmodel import Session, col, select, update

from backend.jobs import service as jobs
from backend.queue import service as queue
from backend.queue import settle
from pegbox.errors import ConflictError, LeaseLostError, ValidationError
from pegbox.schemas.jobs.command import CommandCreate
from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, ClaimResponse, Device, HeartbeatRequest, ReportRequest
from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session, upgrade
from pegbox.store.tables import GpuLease, Job, JobDependency, now

A, B, C, D, E = (Device(uuid=f"GPU-{letter}", index=index) for index, letter in enumerate("abcde"))
WORKERS = {"one": [A, B], "two": [C, D, E], "twin": [A, B], "none": []}
"""`one` and `twin` are two workers on one machine: they hand out the same devices."""

OUTCOMES = ("completed", "failed", "interrupted", "declined", "cancelled")
TERMINAL = ("completed", "failed", "cancelled")


class QueueMachine(RuleBasedStateMachine):
    """Every rule is one call of a real service function in a session of its own, as a request would be."""

    template: ClassVar[Path]
    submitted = Bundle("submitted")
    claims = Bundle("claims")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        home = Path(self.folder.name)
        shutil.copy(self.template, home / "pegbox.db")
        self.settings = Settings(home=home, lease_seconds=3600, max_stalled_attempts=2)
        self.engine = open_engine(self.settings)
        self.ended: dict[str, str] = {}
        self.is_sound = True
        for worker in WORKERS:
            for lane in ("command", "gpu"):
                assert self.ask(worker, lane) is None

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            if self.is_sound:
                self.finish_everything()
            self.engine.dispose()
            self.folder.cleanup()

    @contextmanager
    def promise(self) -> Iterator[Session]:
        """A session to look through. What is broken need not run dry as well, again and again while the example is made smaller."""
        self.is_sound = False
        with self.session() as db:
            yield db
        self.is_sound = True

    def session(self) -> Session:
        return open_session(self.engine)

    def ask(self, worker: str, lane: str, token: str | None = None) -> ClaimResponse | None:
        body = ClaimRequest(
            worker_id=worker,
            capabilities=Capabilities(devices=WORKERS[worker], commands=True),
            lane=lane,  # type: ignore[arg-type]
            claim_token=token or secrets.token_urlsafe(24),
        )
        with self.session() as db:
            return queue.claim_job(db, self.settings, body)

    @rule(
        target=submitted,
        priority=st.integers(-2, 2),
        gpu_count=st.integers(0, 3),
        needed=st.lists(submitted, max_size=2),
        max_retries=st.integers(0, 1),
        wanted=st.sampled_from([None, None, None, "2", "GPU-d", "0,1"]),
    )
    def submit(self, priority: int, gpu_count: int, needed: list[str], max_retries: int, wanted: str | None) -> Any:
        if wanted:
            gpu_count = wanted.count(",") + 1
        body = CommandCreate(
            name="x",
            command="true",
            priority=priority,
            gpu_count=gpu_count,
            depends_on=needed,
            max_retries=max_retries,
            environment={"CUDA_VISIBLE_DEVICES": wanted} if wanted else {},
        )
        with self.session() as db:
            states = {db.get_one(Job, uid).state for uid in needed}
            try:
                return jobs.create_job(db, self.settings, body).uid
            except ValidationError:
                assert states & {"failed", "cancelled"}, "refused although everything could still complete"
                return multiple()

    @rule(target=claims, worker=st.sampled_from(sorted(WORKERS)), lane=st.sampled_from(["command", "gpu"]))
    def claim(self, worker: str, lane: str) -> Any:
        expected = self.expected(worker, lane)
        claimed = self.ask(worker, lane)
        assert (claimed and claimed.job.uid) == expected
        return (worker, lane, claimed.claim_token, claimed.job.uid) if claimed else multiple()

    @rule(claim=claims)
    def repeat_claim(self, claim: tuple[str, str, str, str]) -> None:
        worker, lane, token, uid = claim
        with self.session() as db:
            job = db.get_one(Job, uid)
            holds = job.state == "running" and job.claim_token == token
        if holds:
            again = self.ask(worker, lane, token)
            assert again is not None
            assert (again.job.uid, again.claim_token) == (uid, token)

    @rule(claim=claims)
    def beat(self, claim: tuple[str, str, str, str]) -> None:
        _, _, token, uid = claim
        with self.session() as db:
            before = db.get_one(Job, uid).state
            db.rollback()
            try:
                queue.record_heartbeat(db, self.settings, uid, HeartbeatRequest(claim_token=token, phase=None))
            except LeaseLostError:
                assert before != "running" or db.get_one(Job, uid).claim_token != token
            else:
                assert db.get_one(Job, uid).claim_token == token

    @rule(claim=claims, outcome=st.sampled_from(OUTCOMES))
    def report(self, claim: tuple[str, str, str, str], outcome: Any) -> None:
        _, _, token, uid = claim
        with self.session() as db:
            try:
                settle.report(db, uid, ReportRequest(claim_token=token, outcome=outcome, exit_code=1), 2)
            except LeaseLostError:
                db.rollback()
                assert db.get_one(Job, uid).claim_token != token

    @rule(uid=submitted)
    def cancel(self, uid: str) -> None:
        with self.session() as db:
            before = db.get_one(Job, uid).state
            db.rollback()
            try:
                after = jobs.cancel_job(db, uid)
            except ConflictError:
                assert before in TERMINAL
            else:
                assert after.state == ("running" if before == "running" else "cancelled")

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def lose_worker(self, worker: str) -> None:
        with self.session() as db:
            past = now() - timedelta(seconds=1)
            db.exec(
                update(Job)
                .where(col(Job.worker_id) == worker, col(Job.state) == "running")
                .values(lease_expires_at=past)
            )
            db.commit()
            queue.sweep_leases(db, self.settings)

    @precondition(lambda self: hasattr(self, "engine"))
    @rule()
    def time_passes(self) -> None:
        with self.session() as db:
            db.exec(update(Job).where(col(Job.retry_at).is_not(None)).values(retry_at=now() - timedelta(seconds=1)))
            db.commit()

    @invariant()
    def leases_are_those_of_running_jobs(self) -> None:
        if not hasattr(self, "engine"):
            return
        with self.promise() as db:
            held: dict[str, list[str]] = {}
            for lease in db.exec(select(GpuLease)).all():
                held.setdefault(lease.job_uid, []).append(lease.device_uuid)
            for job in db.exec(select(Job)).all():
                devices = held.pop(job.uid, [])
                if job.state == "running":
                    assert sorted(devices) == sorted(device["uuid"] for device in job.devices)
                    assert len(devices) == job.gpu_count
                    assert set(devices) <= {device.uuid for device in WORKERS[job.worker_id or ""]}
                else:
                    assert devices == [], f"a job that is {job.state} holds {devices}"
            assert held == {}

    @invariant()
    def dependencies_are_kept(self) -> None:
        if not hasattr(self, "engine"):
            return
        with self.promise() as db:
            states = dict(db.exec(select(Job.uid, Job.state)).all())
            for edge in db.exec(select(JobDependency)).all():
                job, needed = states[edge.job_uid], states[edge.needs_uid]
                if job in ("running", "completed"):
                    assert needed == "completed"
                if needed in ("failed", "cancelled"):
                    assert job in ("failed", "cancelled")

    @invariant()
    def an_end_is_an_end(self) -> None:
        if not hasattr(self, "engine"):
            return
        with self.promise() as db:
            for uid, state in db.exec(select(Job.uid, Job.state)).all():
                assert self.ended.get(uid, state) == state
                if state in TERMINAL:
                    self.ended[uid] = state

    def expected(self, worker: str, lane: str) -> str | None:
        """Whose turn it is, worked out from all rows in plain Python."""
        devices = WORKERS[worker]
        with self.session() as db:
            every = {job.uid: job for job in db.exec(select(Job)).all()}
            needs: dict[str, list[str]] = {}
            for edge in db.exec(select(JobDependency)).all():
                needs.setdefault(edge.job_uid, []).append(edge.needs_uid)
            held = {lease.device_uuid for lease in db.exec(select(GpuLease)).all()}
        free = [device for device in devices if device.uuid not in held]
        ready = [
            job
            for job in every.values()
            if job.state == "queued"
            and (job.retry_at is None or job.retry_at <= now())
            and all(every[uid].state == "completed" for uid in needs.get(job.uid, []))
            and (job.gpu_count == 0) == (lane == "command")
        ]
        for job in sorted(ready, key=lambda job: (-job.priority, job.queued_at, job.uid)):
            if lane == "command":
                return job.uid
            names = job.wanted_devices
            could = [d for d in devices if names is None or d.uuid in names or str(d.index) in names]
            if len(could) < job.gpu_count:
                continue
            can = [device for device in could if device in free]
            return job.uid if len(can) >= job.gpu_count else None
        return None

    def finish_everything(self) -> None:
        """Whatever was going on, the queue runs dry: every claim ends, every job that can run does."""
        with self.session() as db:
            running = [(job.uid, job.claim_token) for job in db.exec(select(Job).where(Job.state == "running")).all()]
        for uid, token in running:
            with self.session() as db:
                settle.report(db, uid, ReportRequest(claim_token=token or "", outcome="completed"), 2)
        for _ in range(1000):
            self.time_passes()
            claimed = next((c for w in WORKERS for lane in ("command", "gpu") if (c := self.ask(w, lane))), None)
            if claimed is None:
                break
            with self.session() as db:
                report = ReportRequest(claim_token=claimed.claim_token, outcome="completed")
                settle.report(db, claimed.job.uid, report, 2)
        with self.session() as db:
            assert {job.state for job in db.exec(select(Job)).all()} <= set(TERMINAL)
            assert db.exec(select(GpuLease)).all() == []


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """An empty database made by the migrations, to be copied for each run of the machine."""
    made = Settings(home=tmp_path / "template")
    engine = open_engine(made)
    upgrade(engine, made)
    engine.dispose()
    return made.home / "pegbox.db"


def test_the_queue_keeps_its_promises(template: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    QueueMachine.template = template
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        QueueMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
