"""The process that trains one job: `python -m pegbox.trainer.child --progress-fd N`.

It loads torch first and only then reads its assignment, so that a worker can keep one warm. Exit codes: 0 done (the result lies
in the job's folder), 75 stopped on request with everything saved, 1 failed (the reason lies in the job's folder).
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

LOCK_PATIENCE_SECONDS = 120.0
"""An earlier attempt whose worker died may still be saving."""

PROGRESS_INTERVAL_SECONDS = 0.5

FLUSH_SECONDS = 0.25
"""Between two batches of metrics: live to the eye, and on a CPU the monitor's share of the cores stays small."""

DELIVERY_SECONDS = 5.0
"""How long the end waits for a monitor that is away; what it does not get now, the worker sends later."""


class ProgressPipe:
    """Tells the worker where the training stands, at most twice a second unless the phase changes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._told_at = 0.0
        self._phase: str | None = None

    def __call__(self, phase: str, step: int, max_steps: int | None) -> None:
        now = time.monotonic()
        if phase != self._phase or now - self._told_at >= PROGRESS_INTERVAL_SECONDS:
            self._phase, self._told_at = phase, now
            self.tell(ProgressLine.model_validate({"phase": phase, "step": step, "max_steps": max_steps}))

    def tell(self, line: ProgressLine) -> None:
        """Writes one line; a worker that is gone is no reason to stop."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, line.model_dump_json(exclude_none=True).encode() + b"\n")


def main() -> int:
    """Warms up, waits for an assignment, trains it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--progress-fd", type=int, required=True)
    pipe = ProgressPipe(parser.parse_args().progress_fd)
    stop = StopRequest()
    die_with_parent()

    from pegbox.trainer.preload import preload

    pipe.tell(ProgressLine(capabilities=preload()))
    line = sys.stdin.readline()
    if not line:
        return 0
    stop.listen()
    assignment = Assignment.model_validate_json(line)
    folder = JobFolder(assignment.home, assignment.job.uid, assignment.job.model_id)
    folder.create()
    redirect_output(folder)
    try:
        with folder.locked(LOCK_PATIENCE_SECONDS):
            return run(assignment, folder, stop, pipe)
    except Exception as error:
        write_atomically(folder.failure, Failure(error=explain(error)).model_dump_json())
        if not isinstance(error, PegboxError):
            traceback.print_exc()
        return 1


def run(assignment: Assignment, folder: JobFolder, stop: StopRequest, pipe: ProgressPipe) -> int:
    """Trains within a run of the monitor; returns the exit code."""
    from pegbox.sdk.recording.current import init
    from pegbox.trainer.sft import Stopped, train

    job = assignment.job
    if folder.result.is_file():
        return 0  # an earlier attempt finished, and its worker died before it could say so
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
            # Without the uid, which only spells the others in one word.
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
        record.finish("running", DELIVERY_SECONDS)  # whether it is paused or cancelled is for the worker to say
        print(f"Stopped on request; everything is saved in {folder.checkpoints}", flush=True)  # noqa: T201 - job log
        return EXIT_STOPPED
    except Exception as error:
        record.log_event("failed", "Training failed", explain(error))
        record.finish("failed", DELIVERY_SECONDS)
        raise
    exact = result.exact_match
    record.update(summary={"exact_match": exact.correct / exact.total} if exact and exact.total else {})
    detail = f"{exact.correct} of {exact.total} held-out questions answered word for word" if exact else ""
    record.log_event("finished", f"Model saved to {result.model_path}", detail, step=result.steps)
    record.finish("finished", DELIVERY_SECONDS)
    print(f"Model saved to {result.model_path}. {detail}", flush=True)  # noqa: T201 - job log
    return 0


def explain(error: BaseException) -> str:
    """One sentence for the person who started the job."""
    if isinstance(error, PegboxError):
        return error.message
    text = str(error).strip().splitlines()
    return f"The trainer broke: {type(error).__name__}{': ' + text[0] if text else ''}. The job's error log holds the details."


def redirect_output(folder: JobFolder) -> None:
    """From here on all output, that of libraries included, goes to the job's two log files."""
    for path, stream in ((folder.stdout_log, sys.stdout), (folder.stderr_log, sys.stderr)):
        stream.flush()
        descriptor = os.open(Path(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
