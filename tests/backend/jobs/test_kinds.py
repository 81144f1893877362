"""A new kind of job is one module and one line in the registry: a kind made up here goes from its request to its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, col

from backend.identifiers import base36, new_job_uid, now_ms
from backend.jobs import service
from backend.jobs.kinds import KINDS
from backend.jobs.kinds.kind import Kind
from backend.jobs.lifecycle import Verb
from backend.jobs.progress import Progress
from backend.jobs.transition import move
from pegbox.schemas.jobs.job import JobValidation, JobView
from pegbox.schemas.jobs.queue import Capabilities, ReportRequest
from pegbox.schemas.jobs.request import JobRequest
from pegbox.settings import Settings
from pegbox.store.tables import Job, Run, now
from tests.backend.conftest import Hand


class EchoRequest(JobRequest):
    kind: Literal["echo"] = "echo"
    text: str


class Echo(Kind):
    """Prints a text, as a command."""

    name = "echo"
    lane = "command"
    spec_kind = "command"

    def create(
        self, db: Session, settings: Settings, body: EchoRequest, *, strict: bool = False, source: Job | None = None
    ) -> Job:
        job = Job(
            uid=new_job_uid({"name": body.name}, now_ms()),
            kind=self.name,
            name=body.name,
            description="",
            tags=[],
            validation=JobValidation(is_valid=True).model_dump(mode="json", by_alias=True),
            command=body.text,
            run_id=f"run-{base36(8)}",
            model_id="",
            source_job=source.uid if source else None,
        )
        job.spec = {"uid": job.uid, "id": job.uid, "name": job.name, "run_id": job.run_id, "argv": ["echo", body.text]}
        job.queued_at = now()
        move(db, job, "start")
        db.commit()
        return job

    def clone_request(self, db: Session, source: Job, changes: dict[str, Any]) -> EchoRequest:
        return EchoRequest.model_validate({"name": source.name, "text": source.command, **changes})

    def queue(self, db: Session, settings: Settings, uid: str) -> Job:
        raise AssertionError("no echo is saved without being queued")

    def is_runnable_by(self, able: Capabilities) -> Any:
        return col(Job.gpu_count) == (0 if able.commands else -1)

    def can_run(self, able: Capabilities, job: Job) -> bool:
        return able.commands

    def no_worker_reason(self, job: Job) -> str:
        return "No worker echoes"

    def after_interruption(self, job: Job, reason: str, max_stalled_attempts: int) -> Verb:
        return "interrupt"

    def keep_report(self, db: Session, job: Job, body: ReportRequest) -> None:
        job.results = {"echoed": body.outcome}

    def show(
        self, common: dict[str, Any], job: Job, run: Run | None, progress: Progress, metrics: dict[str, Any]
    ) -> JobView:
        return JobView(**{**common, "command": f"echo {job.command}"})

    def parameters(self, job: Job) -> dict[str, Any]:
        return {"text": job.command}


@pytest.fixture(autouse=True)
def echo() -> Iterator[None]:
    KINDS["echo"] = Echo()
    yield
    del KINDS["echo"]


def test_a_new_kind_needs_its_module_and_one_line(
    client: TestClient, db: Session, settings: Settings, hand: Hand
) -> None:
    uid = service.create_job(db, settings, EchoRequest(name="Echo", text="hello")).uid
    shown = client.get(f"/api/jobs/{uid}").json()
    assert (shown["kind"], shown["status"], shown["command"]) == ("echo", "queued", "echo hello")
    assert shown["queue"]["reason"] == "No worker is running (pegbox worker)"

    assert hand.claim(lane="command") is None
    assert client.get(f"/api/jobs/{uid}").json()["queue"]["reason"] == "No worker echoes"
    hand.capabilities["commands"] = True
    claim = hand.claim(lane="command")
    assert claim
    assert (claim["job"]["uid"], claim["job"]["argv"]) == (uid, ["echo", "hello"])
    assert client.post(f"/api/jobs/{uid}/pause").status_code == 409
    assert hand.beat(phase=None).json()["wanted"] == "run"
    assert hand.report("completed", exit_code=0).json()["state"] == "completed"

    assert client.get("/api/jobs", params={"status": "completed"}).json()["jobs"][0]["uid"] == uid
    page = client.get(f"/jobs/{uid}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "echo hello" in page.text
    assert "Echo" in client.get("/jobs", headers={"Accept": "text/html"}).text
    copy = client.post(f"/api/jobs/{uid}/clone", json={"text": "again"})
    assert copy.status_code == 201
    assert copy.json()["job"]["command"] == "echo again"
