"""The process that trains one job: `python -m pegbox.trainer.child --progress-fd N`.

The process imports torch before it reads its assignment from stdin, so that the worker can preload a process for the next job.
Exit codes: 0 completed (the job folder holds the result), 75 stopped on request after saving, 1 failed (the job folder holds the
reason).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from pegbox.errors import PegboxError
from pegbox.trainer.stop import StopRequest
from pegbox.worker.assignment import EXIT_STOPPED, Assignment, Failure, ProgressLine
from pegbox.worker.job_folder import JobFolder, write_atomically
from pegbox.worker.processes.parent import die_with_parent

LOCK_TIMEOUT_SECONDS = 120.0
"""Timeout for the lock of the job folder: an earlier attempt whose worker died may still be saving."""

PROGRESS_INTERVAL_SECONDS = 0.5

FLUSH_SECONDS = 0.25
"""Interval between batches of metrics: short enough for live charts, long enough to keep the monitor's CPU usage low."""

FINISH_SECONDS = 5.0
"""Timeout for sending the last metrics at the end; the worker sends the rest later."""


class ProgressPipe:
    """Sends progress to the worker: at each change of phase, otherwise at most every `PROGRESS_INTERVAL_SECONDS`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sent_at = 0.0
        self._phase: str | None = None

    def __call__(self, phase: str, step: int, max_steps: int | None) -> None:
        now = time.monotonic()
        if phase != self._phase or now - self._sent_at >= PROGRESS_INTERVAL_SECONDS:
            self._phase, self._sent_at = phase, now
            self.send(ProgressLine.model_validate({"phase": phase, "step": step, "max_steps": max_steps}))

    def send(self, line: ProgressLine) -> None:
        """Writes one line. Ignores errors: the training continues when the worker has died."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, line.model_dump_json(exclude_none=True).encode() + b"\n")


def main() -> int:
    """Preloads, waits for an assignment and trains. Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--progress-fd", type=int, required=True)
    pipe = ProgressPipe(parser.parse_args().progress_fd)
    stop = StopRequest()
    die_with_parent()

    from pegbox.trainer.preload import preload

    pipe.send(ProgressLine(capabilities=preload()))
    line = sys.stdin.readline()
    if not line:
        return 0
    stop.listen()
    assignment = Assignment.model_validate_json(line)
    folder = JobFolder(assignment.home, assignment.job.uid, assignment.job.model_id)
    folder.create()
    redirect_output(folder)
    try:
        with folder.locked(LOCK_TIMEOUT_SECONDS):
            return run(assignment, folder, stop, pipe)
    except Exception as error:
        write_atomically(folder.failure, Failure(error=explain(error)).model_dump_json())
        if not isinstance(error, PegboxError):
            traceback.print_exc()
        return 1


def run(assignment: Assignment, folder: JobFolder, stop: StopRequest, pipe: ProgressPipe) -> int:
    """Trains a job and records a run. Returns the exit code."""
    from pegbox.sdk.recording.current import init
    from pegbox.trainer.sft import Stopped, train

    job = assignment.job
    if folder.result.is_file():
        return 0  # an earlier attempt finished, but its worker died before reporting the result
    folder.failure.unlink(missing_ok=True)
    record = init(
        id=job.run_id,
        job_uid=job.uid,
        name=job.name,
        experiment=job.experiment,
        config={
            "model": job.model.name,
            "dataset": job.dataset.name,
            "dataset_sha256": job.dataset.sha256,
            # The uid is omitted: a text made of the other values.
            **job.hyperparameters.model_dump(exclude={"uid"}, exclude_none=True),
        },
        tags=["job"],
        url=assignment.monitor_url,
        token=assignment.token,
        home=assignment.home,
        require_monitor=False,
        flush_interval=FLUSH_SECONDS,
    )
    try:
        result = train(job, folder, record, stop, pipe)
    except Stopped:
        record.finish("running", FINISH_SECONDS)  # the worker sets the final state: paused or cancelled
        print(f"Stopped on request; everything is saved in {folder.checkpoints}", flush=True)  # noqa: T201 - job log
        return EXIT_STOPPED
    except Exception as error:
        record.log_event("failed", "Training failed", explain(error))
        record.finish("failed", FINISH_SECONDS)
        raise
    exact = result.exact_match
    record.update(summary={"exact_match": exact.correct / exact.total} if exact and exact.total else {})
    detail = f"{exact.correct} of {exact.total} held-out questions answered word for word" if exact else ""
    record.log_event("finished", f"Model saved to {result.model_path}", detail, step=result.steps)
    record.finish("finished", FINISH_SECONDS)
    print(f"Model saved to {result.model_path}. {detail}", flush=True)  # noqa: T201 - job log
    return 0


def explain(error: BaseException) -> str:
    """The error as one sentence for users."""
    if isinstance(error, PegboxError):
        return error.message
    text = str(error).strip().splitlines()
    return f"The trainer broke: {type(error).__name__}{': ' + text[0] if text else ''}. The job's error log holds the details."


def redirect_output(folder: JobFolder) -> None:
    """Redirects all further output, including that of libraries, to the two log files of the job."""
    for path, stream in ((folder.stdout_log, sys.stdout), (folder.stderr_log, sys.stderr)):
        stream.flush()
        descriptor = os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
