"""Attends to one command job: runs it, keeps its output, reads its metrics, ends it when it must, and reports how it ended."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ClaimResponse, CommandSpec, Outcome, ReportRequest
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.lease import Lease
from pegbox.worker.output.log_file import KeptOutput
from pegbox.worker.output.masking import secrets_of
from pegbox.worker.output.metric_forwarder import RunRecord
from pegbox.worker.output.metric_lines import MetricLines
from pegbox.worker.processes.environment import environment_of
from pegbox.worker.processes.process_group import ProcessGroup
from pegbox.worker.processes.reaper import Reaper
from pegbox.worker.report import send_report

log = logging.getLogger("pegbox.worker")

Reason = Literal["cancel", "stop", "limit", "lost"]
"""Why a command was ended: on request, because the worker leaves, by its time limit, or because the claim is somebody else's."""

LOOK_SECONDS = 0.1
GRACE_SECONDS = 10.0
"""Between the request to end and the kill."""

DRAIN_SECONDS = 2.0
"""How long output is still read when the group is gone: what has left the group may hold the pipe open for ever."""

PATIENCE_SECONDS = 30.0
"""For an earlier attempt on this machine to let go of the job's folder."""

BLOCK = 64 * 1024


class CommandJob:
    """`run` in a thread of its own; `stopping` is set when the worker is told to leave."""

    def __init__(
        self,
        identity: WorkerIdentity,
        queue: Queue,
        claimed: ClaimResponse,
        job: CommandSpec,
        reaper: Reaper,
        stopping: threading.Event,
    ) -> None:
        self._identity = identity
        self._queue = queue
        self._claimed = claimed
        self._job = job
        self._reaper = reaper
        self._stopping = stopping
        self._metrics = MetricLines()
        self._reason: Reason | None = None

    def run(self) -> None:
        job = self._job
        log.info("job %s: attempt %d of '%s'", job.uid, job.attempt, job.name)
        lease = Lease(self._queue, self._claimed)
        lease.start()
        try:
            report = self._attend(lease)
        finally:
            lease.stop()
        if lease.lost:
            log.warning("job %s: the lease was lost; the job is no longer this worker's", job.uid)
            return
        log.info("job %s: %s%s", job.uid, report.outcome, f": {report.error}" if report.error else "")
        send_report(self._queue, job.uid, report, self._stopping)

    def _attend(self, lease: Lease) -> ReportRequest:
        job, own = self._job, dict(os.environ)
        folder = JobFolder(self._identity.home, job.uid, "")
        environment = environment_of(job, self._identity, own)
        secrets = secrets_of(own, job.environment) | ({self._identity.token} if self._identity.token else set())
        try:
            folder.work.mkdir(parents=True, exist_ok=True)
            with (
                folder.locked(PATIENCE_SECONDS),
                KeptOutput(folder.stdout_log, secrets) as stdout,
                KeptOutput(folder.stderr_log, secrets) as stderr,
            ):
                process = ProcessGroup(job.argv, environment, folder.root, self._reaper)
                record = RunRecord(self._identity, job)
                code = self._watch(process, lease, stdout, stderr, record)
                outcome, error = self._conclude(code, stderr)
                record.finish({"completed": "finished", "cancelled": "cancelled"}.get(outcome, "failed"))
        except (PegboxError, OSError) as error_here:
            return self._report("failed", f"The command could not be started: {error_here}", None)
        return self._report(outcome, error, code, record)

    def _watch(
        self, process: ProcessGroup, lease: Lease, stdout: KeptOutput, stderr: KeptOutput, record: RunRecord
    ) -> int:
        """Keeps the output until the command has ended; its exit code."""
        began, asked_at = time.monotonic(), 0.0
        limit = self._job.timeout_seconds
        with contextlib.closing(process), selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, partial(self._take, stdout, record))
            selector.register(process.stderr, selectors.EVENT_READ, stderr.write)
            with _end_of(process, selector):
                while not process.has_ended():
                    _read(selector, LOOK_SECONDS)
                    now = time.monotonic()
                    reason = self._reason_to_end(lease, limit is not None and now - began > limit)
                    if reason == "lost":
                        process.kill()
                    elif reason and not self._reason:
                        log.info("job %s: ending the command (%s)", self._job.uid, reason)
                        process.terminate()
                        asked_at = now
                    elif self._reason and now - asked_at > GRACE_SECONDS:
                        process.kill()
                    self._reason = self._reason or reason
            code = process.finish()
            deadline = time.monotonic() + DRAIN_SECONDS
            while selector.get_map() and time.monotonic() < deadline:
                _read(selector, LOOK_SECONDS)
        for point in self._metrics.close():
            record.log(point)
        return code

    def _take(self, stdout: KeptOutput, record: RunRecord, data: bytes) -> None:
        stdout.write(data)
        for point in self._metrics.feed(data):
            record.log(point)

    def _reason_to_end(self, lease: Lease, over_time: bool) -> Reason | None:
        if lease.lost:
            return "lost"
        if lease.wanted == "cancel":
            return "cancel"
        if over_time:
            return "limit"
        return "stop" if self._stopping.is_set() else None

    def _conclude(self, code: int, stderr: KeptOutput) -> tuple[Outcome, str | None]:
        """What the exit code means, given why the command was ended, if it was."""
        if self._reason == "cancel":
            return "cancelled", None
        if self._reason == "stop":
            return "interrupted", "The worker was stopped while the command ran"
        if self._reason == "limit":
            return (
                "failed",
                f"The command ran longer than its time limit of {self._job.timeout_seconds:g} s and was ended",
            )
        if code == 0:
            return "completed", None
        return "failed", "\n".join([_sentence(code), *stderr.tail()])

    def _report(
        self, outcome: Outcome, error: str | None, code: int | None, record: RunRecord | None = None
    ) -> ReportRequest:
        return ReportRequest(
            claim_token=self._claimed.claim_token,
            outcome=outcome,
            error=error,
            exit_code=code,
            metric_points=record.taken if record else 0,
            bad_metric_lines=self._metrics.bad + (record.refused if record else 0),
        )


def _read(selector: selectors.BaseSelector, seconds: float) -> None:
    """Passes on what the command has printed, waiting up to `seconds` for something to happen."""
    for key, _ in selector.select(seconds):
        take: Callable[[bytes], None] | None = key.data
        if take is None:  # the command has ended
            continue
        data = os.read(key.fd, BLOCK)
        if data:
            take(data)
        else:
            selector.unregister(key.fileobj)


@contextlib.contextmanager
def _end_of(process: ProcessGroup, selector: selectors.BaseSelector) -> Iterator[None]:
    """Within, the selector wakes at the end of the command, where the kernel can tell (Linux)."""
    if not hasattr(os, "pidfd_open"):
        yield
        return
    descriptor = os.pidfd_open(process.group)
    selector.register(descriptor, selectors.EVENT_READ, None)
    try:
        yield
    finally:
        selector.unregister(descriptor)
        os.close(descriptor)


def _sentence(code: int) -> str:
    if code < 0:
        try:
            return f"Killed by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:  # a real-time signal
            return f"Killed by signal {-code}"
    return f"The command ended with exit code {code}"
