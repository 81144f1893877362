"""Command jobs: runs a command, keeps its output, reads its metrics, and ends the command when it must."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ClaimResponse, CommandSpec, Outcome, ReportRequest
from pegbox.worker.attempt import Attempt, WorkerContext
from pegbox.worker.executors.executor import TrainerProcess
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.lease import Lease
from pegbox.worker.output.log_file import LogFile
from pegbox.worker.output.masking import find_secrets
from pegbox.worker.output.metric_forwarder import MetricForwarder
from pegbox.worker.output.metric_lines import MetricLineParser
from pegbox.worker.processes.environment import command_environment
from pegbox.worker.processes.process_group import ProcessGroup

log = logging.getLogger("pegbox.worker")

EndReason = Literal["cancel", "stop", "limit", "lost"]
"""Why the worker ends a command: cancelled, the worker stops, over the time limit, or the lease was lost."""

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0
"""Time between SIGTERM and SIGKILL."""

DRAIN_SECONDS = 2.0
"""How long output is read after the process group has ended: a process that left the group may hold the pipe open for ever."""

LOCK_TIMEOUT_SECONDS = 30.0
"""How long to wait for an earlier attempt on this machine to release the job's folder."""

BLOCK_BYTES = 64 * 1024


class CommandAttempt(Attempt[CommandSpec]):
    """One attempt at a command job."""

    def __init__(
        self, context: WorkerContext, claimed: ClaimResponse, job: CommandSpec, trainer: TrainerProcess | None = None
    ) -> None:
        super().__init__(context, claimed, job, trainer)
        self._metrics = MetricLineParser()
        self._end_reason: EndReason | None = None

    def execute(self, lease: Lease) -> ReportRequest:
        assert self.reaper is not None
        job, token, inherited = self.job, self.identity.token, dict(os.environ)
        folder = JobFolder(self.identity.home, job.uid, "")
        environment = command_environment(job, self.identity, inherited)
        secrets = find_secrets(inherited, job.environment) | ({token} if token else set())
        try:
            folder.work.mkdir(parents=True, exist_ok=True)
            with (
                folder.locked(LOCK_TIMEOUT_SECONDS),
                LogFile(folder.stdout_log, secrets) as stdout,
                LogFile(folder.stderr_log, secrets) as stderr,
            ):
                process = ProcessGroup(job.argv, environment, folder.root, self.reaper)
                forwarder = MetricForwarder(self.identity, job)
                code = self._watch(process, lease, stdout, stderr, forwarder)
                outcome, error = self._outcome(code, stderr)
                forwarder.finish({"completed": "finished", "cancelled": "cancelled"}.get(outcome, "failed"))
        except (PegboxError, OSError) as start_error:
            return self._report("failed", f"The command could not be started: {start_error}", None)
        return self._report(outcome, error, code, forwarder)

    def _watch(
        self, process: ProcessGroup, lease: Lease, stdout: LogFile, stderr: LogFile, forwarder: MetricForwarder
    ) -> int:
        """Reads the output until the command has ended, ends the command when it must, and returns the exit code."""
        started_at, terminated_at = time.monotonic(), 0.0
        limit = self.job.timeout_seconds
        with contextlib.closing(process), selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, partial(self._read_stdout, stdout, forwarder))
            selector.register(process.stderr, selectors.EVENT_READ, stderr.write)
            with _wake_on_exit(process, selector):
                while not process.has_ended():
                    _read(selector, POLL_SECONDS)
                    now = time.monotonic()
                    reason = self._reason_to_end(lease, limit is not None and now - started_at > limit)
                    if reason == "lost":
                        process.kill()
                    elif reason and not self._end_reason:
                        log.info("job %s: ending the command (%s)", self.job.uid, reason)
                        process.terminate()
                        terminated_at = now
                    elif self._end_reason and now - terminated_at > GRACE_SECONDS:
                        process.kill()
                    self._end_reason = self._end_reason or reason
            code = process.finish()
            deadline = time.monotonic() + DRAIN_SECONDS
            while selector.get_map() and time.monotonic() < deadline:
                _read(selector, POLL_SECONDS)
        for point in self._metrics.close():
            forwarder.log(point)
        return code

    def _read_stdout(self, stdout: LogFile, forwarder: MetricForwarder, data: bytes) -> None:
        stdout.write(data)
        for point in self._metrics.feed(data):
            forwarder.log(point)

    def _reason_to_end(self, lease: Lease, over_limit: bool) -> EndReason | None:
        if lease.lost:
            return "lost"
        if lease.wanted == "cancel":
            return "cancel"
        if over_limit:
            return "limit"
        return "stop" if self.stopping.is_set() else None

    def _outcome(self, code: int, stderr: LogFile) -> tuple[Outcome, str | None]:
        """The outcome of the attempt and its error message, from the exit code and the reason why the command was ended."""
        if self._end_reason == "cancel":
            return "cancelled", None
        if self._end_reason == "stop":
            return "interrupted", "The worker was stopped while the command ran"
        if self._end_reason == "limit":
            return (
                "failed",
                f"The command ran longer than its time limit of {self.job.timeout_seconds:g} s and was ended",
            )
        if code == 0:
            return "completed", None
        return "failed", "\n".join([_describe_exit(code), *stderr.tail()])

    def _report(
        self, outcome: Outcome, error: str | None, code: int | None, forwarder: MetricForwarder | None = None
    ) -> ReportRequest:
        return ReportRequest(
            claim_token=self.claim_token,
            outcome=outcome,
            error=error,
            exit_code=code,
            metric_points=forwarder.accepted if forwarder else 0,
            bad_metric_lines=self._metrics.invalid + (forwarder.refused if forwarder else 0),
        )


def _read(selector: selectors.BaseSelector, timeout: float) -> None:
    """Waits up to `timeout` seconds for output of the command and passes one block per stream to its handler."""
    for key, _ in selector.select(timeout):
        handle: Callable[[bytes], None] | None = key.data
        if handle is None:  # the descriptor of `_wake_on_exit`
            continue
        data = os.read(key.fd, BLOCK_BYTES)
        if data:
            handle(data)
        else:
            selector.unregister(key.fileobj)


@contextlib.contextmanager
def _wake_on_exit(process: ProcessGroup, selector: selectors.BaseSelector) -> Iterator[None]:
    """Inside the context, the selector also wakes when the command exits. Linux only; elsewhere nothing changes."""
    if not hasattr(os, "pidfd_open"):
        yield
        return
    descriptor = os.pidfd_open(process.id)
    selector.register(descriptor, selectors.EVENT_READ, None)
    try:
        yield
    finally:
        selector.unregister(descriptor)
        os.close(descriptor)


def _describe_exit(code: int) -> str:
    if code < 0:
        try:
            return f"Killed by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:  # a real-time signal has no name
            return f"Killed by signal {-code}"
    return f"The command ended with exit code {code}"
