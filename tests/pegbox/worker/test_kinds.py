"""A new kind of job takes one module and one line of the registry: a made-up kind runs through the worker's own code."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pegbox.schemas.jobs.queue import (
    Capabilities,
    ClaimRequest,
    ClaimResponse,
    Device,
    HeartbeatRequest,
    HeartbeatResponse,
    ReportRequest,
    ReportResponse,
)
from pegbox.sdk.client import Client
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.assignment import ProgressLine
from pegbox.worker.attempt import Attempt
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.kinds.registry import KINDS
from pegbox.worker.lease import Lease
from pegbox.worker.worker import Worker


class CountingSpec(BaseModel):
    """The spec of a made-up kind: a job that counts to a number."""

    uid: str = "job_1"
    name: str = "count"
    attempt: int = 1
    devices: list[Device] = []
    number: int = 3


class CountingAttempt(Attempt[CountingSpec]):
    """All that the worker needs to know about the made-up kind."""

    first_phase = "prepare"

    def execute(self, lease: Lease) -> ReportRequest:
        numbers = list(range(1, self.job.number + 1))
        return ReportRequest(claim_token=self.claim_token, outcome="completed", step=numbers[-1])


class CountingWithTrainer(CountingAttempt):
    """The same for a kind that needs a trainer process."""

    needs_trainer = True

    def execute(self, lease: Lease) -> ReportRequest:
        assert self.trainer is not None
        lease.report_progress(lambda: ProgressLine(step=1))
        return super().execute(lease)


class StubQueue(Queue):
    """A backend with one job."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.worker: Worker | None = None
        self.lanes: list[str] = []
        self.phases: list[str | None] = []
        self.reports: list[tuple[str, ReportRequest]] = []

    def claim(self, request: ClaimRequest) -> ClaimResponse | None:
        self.lanes.append(request.lane)
        if len(self.lanes) > 1:
            return None
        return ClaimResponse.model_construct(job=CountingSpec(), claim_token=request.claim_token, lease_seconds=30.0)

    def heartbeat(self, uid: str, request: HeartbeatRequest) -> HeartbeatResponse:
        self.phases.append(request.phase)
        return HeartbeatResponse(wanted="run", lease_seconds=30)

    def report(self, uid: str, request: ReportRequest) -> ReportResponse:
        self.reports.append((uid, request))
        assert self.worker is not None
        self.worker.stop()
        return ReportResponse(state=request.outcome)

    def leave(self, worker_id: str) -> None:
        pass


class IdleTrainer:
    """A trainer process that is ready and does nothing."""

    latest = ProgressLine()
    capabilities = Capabilities(methods=["full"])

    def wait_until_ready(self, timeout: float | None = None) -> Capabilities:
        return self.capabilities

    def assign(self, assignment: Any) -> None:
        raise AssertionError("the made-up kind assigns nothing")

    def poll(self) -> int | None:
        return None

    def wait(self, timeout: float | None = None) -> int | None:
        return None

    def stop(self) -> None:
        pass

    def kill(self) -> None:
        pass


class IdleExecutor:
    """An executor of idle trainers."""

    def __init__(self) -> None:
        self.is_closed = False

    def spare(self) -> IdleTrainer:
        return IdleTrainer()

    def take(self, devices: Sequence[Device] = ()) -> IdleTrainer:
        return IdleTrainer()

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def restore_signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("kind", "lane"), [(CountingAttempt, "command"), (CountingWithTrainer, "training")])
def test_a_made_up_kind_is_executed_and_reported(kind: type[CountingAttempt], lane: str, home: Path) -> None:
    identity = WorkerIdentity(home=home, monitor_url="http://127.0.0.1:9")
    executor = IdleExecutor() if kind.needs_trainer else None
    with Client("http://127.0.0.1:9") as client:
        queue = StubQueue(client)
        worker = Worker(identity, queue, executor, slots=0 if executor else 1, kinds={**KINDS, CountingSpec: kind})
        queue.worker = worker
        worker.run()

    ((uid, report),) = queue.reports
    assert (uid, report.outcome, report.step) == ("job_1", "completed", 3)
    assert set(queue.lanes) == {lane}
    assert set(queue.phases) == {"prepare"}
    assert executor is None or executor.is_closed
