"""The state, progress and plan of a streamed job. Read at most twice a second per run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from monitor.metrics.series.history_cache import HistoryCache
from monitor.runs import service as runs
from monitor.training.records import TrainingPlan
from monitor.training.status import plan_of, progress_percent, remaining_seconds, shown_status
from pegbox.schemas.jobs.state import TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a job or run at one moment. `data` is the body of a `status` message."""

    state: str
    job_id: str
    has_run: bool
    run_has_ended: bool
    plan: TrainingPlan
    data: dict[str, Any]

    @property
    def is_over(self) -> bool:
        """Whether the job, or the run without a job, has ended."""
        return self.state in TERMINAL_STATES

    @property
    def is_running_with_known_length(self) -> bool:
        """Whether messages about new points can use this snapshot without a refresh."""
        return self.has_run and self.state == "running" and bool(self.plan.total_steps)


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """The run that a viewer streams, and its job if there is one."""

    run_id: str
    job_uid: str | None


def find_target(engine: Engine, name: str) -> StreamTarget | None:
    """Finds a run by its id or its job's uid, or a job whose run has not begun. None when there is neither."""
    with engine.connect() as connection:
        run = runs.find_row(connection, name)
        if run is not None:
            return StreamTarget(run.id, run.job_uid)
        job = runs.find_job(connection, name)
        return None if job is None else StreamTarget(job.run_id, job.uid)


def read_snapshot(engine: Engine, histories: HistoryCache, target: StreamTarget) -> Snapshot | None:
    """Reads the current state. None when run and job are deleted."""
    with engine.connect() as connection:
        run = runs.find_row(connection, target.run_id)
        job = runs.find_job(connection, target.job_uid) if run is None and target.job_uid else None
    if run is None:
        if job is None:
            return None
        data = _data(job.state, 0.0, 0, job.max_steps, None, job.phase)
        return Snapshot(job.state, job.uid, False, True, TrainingPlan(None, job.max_steps, None), data)
    plan = plan_of(run)
    word = shown_status(run)
    with histories.reading(run.id) as history:
        remaining = None if word in TERMINAL_STATES else remaining_seconds(history, run)
        step = max(0, history.last_step or 0)
    progress = progress_percent(step, plan.total_steps, word)
    data = _data(word, progress, step, plan.total_steps, remaining, run.job_phase)
    return Snapshot(word, run.job_uid or run.id, True, run.status != "running", plan, data)


def _data(
    state: str, progress: float, step: int, total: int | None, remaining: float | None, phase: str | None
) -> dict[str, Any]:
    return {
        "state": state,
        "progress_percent": progress,
        "step": step,
        "total_steps": total,
        "eta_seconds": None if remaining is None else round(remaining, 1),
        "phase": phase,
    }
