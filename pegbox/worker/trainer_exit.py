"""The report for a trainer process that has ended."""

from __future__ import annotations

import signal

from pegbox.schemas.jobs.queue import JobResult, ReportRequest, Wanted
from pegbox.worker.assignment import EXIT_STOPPED, Failure
from pegbox.worker.job_folder import JobFolder

TAIL_LINES = 5


def report_exit(code: int, wanted: Wanted, folder: JobFolder, claim_token: str, step: int | None) -> ReportRequest:
    """The report for exit code `code` (negative: ended by that signal); `step` is the last step that the trainer reported."""
    if code == 0 and folder.result.is_file():
        result = JobResult.model_validate_json(folder.result.read_bytes())
        return ReportRequest(
            claim_token=claim_token, outcome="completed", exit_code=0, step=result.steps, result=result
        )
    if code == EXIT_STOPPED or (code < 0 and wanted != "run"):
        outcome = {"pause": "paused", "cancel": "cancelled", "run": "interrupted"}[wanted]
        return ReportRequest.model_validate(
            {"claim_token": claim_token, "outcome": outcome, "exit_code": code, "step": step}
        )
    if code < 0:
        error = f"The trainer was killed by {signal.Signals(-code).name}."
        return ReportRequest(claim_token=claim_token, outcome="interrupted", error=error, exit_code=code, step=step)
    return ReportRequest(
        claim_token=claim_token, outcome="failed", error=_failure(folder, code), exit_code=code, step=step
    )


def _failure(folder: JobFolder, code: int) -> str:
    """The trainer's own explanation, else the end of its error log."""
    if folder.failure.is_file():
        return Failure.model_validate_json(folder.failure.read_bytes()).error
    tail = (
        folder.stderr_log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
        if folder.stderr_log.is_file()
        else []
    )
    return "\n".join([f"The trainer ended with exit code {code} and gave no reason.", *tail])
