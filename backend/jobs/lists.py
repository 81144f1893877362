"""Lists, statistics and comparisons of jobs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from backend.jobs import dependencies, repository, service, views
from backend.jobs.counts import count_by_state
from backend.jobs.progress import number
from backend.queue.order import place_of
from pegbox.errors import ConflictError
from pegbox.schemas.jobs.job import FinetuneView, JobView
from pegbox.schemas.jobs.lists import (
    ComparedJob,
    CompareRequest,
    Comparison,
    CurrentCounts,
    JobList,
    JobStatistics,
    PastCounts,
)
from pegbox.schemas.jobs.state import CURRENT_STATES, TERMINAL_STATES
from pegbox.store.tables import Job, now

DEFAULT_LIMIT = 20


def list_jobs(db: Session, states: Sequence[str] | None, limit: int | None, offset: int | None) -> JobList:
    """All jobs up to `HARD_CAP` if no parameter is given, otherwise one page."""
    is_unfiltered = states is None and limit is None and offset is None
    return _list(db, states, repository.HARD_CAP if is_unfiltered else limit or DEFAULT_LIMIT, offset or 0)


def list_current(db: Session) -> JobList:
    """Jobs that have not ended, up to `HARD_CAP`."""
    return _list(db, CURRENT_STATES)


def list_past(db: Session) -> JobList:
    """Jobs that have ended, up to `HARD_CAP`."""
    return _list(db, TERMINAL_STATES)


def _list(db: Session, states: Sequence[str] | None, limit: int = repository.HARD_CAP, offset: int = 0) -> JobList:
    counts = count_by_state(db)
    total = sum(counts.values()) if states is None else sum(counts.get(state, 0) for state in states)
    return JobList(
        jobs=show_jobs(db, repository.list_jobs(db, states, limit=limit, offset=offset, total=total)),
        total=total,
        current_count=sum(counts.get(state, 0) for state in CURRENT_STATES),
        past_count=sum(counts.get(state, 0) for state in TERMINAL_STATES),
        limit=limit,
        offset=offset,
        timestamp=now(),
    )


def states_of(status: str | None) -> list[str] | None:
    """The stored states for a status filter. `pending` covers `created` and `queued`."""
    if status is None:
        return None
    return ["created", "queued"] if status == "pending" else [status]


def show_jobs(db: Session, jobs: Sequence[Job]) -> list[JobView]:
    runs = repository.find_runs(db, jobs)
    needed = dependencies.list_needed(db, jobs)
    return [views.show_job(job, runs.get(job.run_id), needed=needed.get(job.uid, ())) for job in jobs]


def show_job(db: Session, job: Job) -> JobView:
    """The view of one job, with its position in the queue if the job is queued."""
    runs = repository.find_runs(db, [job])
    needed = dependencies.list_needed(db, [job]).get(job.uid, ())
    return views.show_job(job, runs.get(job.run_id), needed=needed, queue=place_of(db, job))


def show_finetune(db: Session, job: Job) -> FinetuneView:
    """The view of one fine-tuning job. Raises `ConflictError` for a job of another kind."""
    view = show_job(db, job)
    if not isinstance(view, FinetuneView):
        raise ConflictError(f"Job '{view.id}' runs a command; it trains nothing")
    return view


def statistics(db: Session) -> JobStatistics:
    counts = count_by_state(db)
    current = {state: counts.get(state, 0) for state in CURRENT_STATES}
    past = {state: counts.get(state, 0) for state in TERMINAL_STATES}
    ended = past["completed"] + past["failed"]
    return JobStatistics(
        total=sum(counts.values()),
        current=CurrentCounts(total=sum(current.values()), **current),
        past=PastCounts(total=sum(past.values()), **past),
        success_rate=f"{100 * past['completed'] / ended:.1f}%" if ended else "0%",
        last_updated=now(),
    )


def compare(db: Session, body: CompareRequest) -> Comparison:
    """Compares the last metrics and the hyperparameters of jobs. Raises `NotFoundError` for an unknown job."""
    jobs = [service.get_job(db, uid) for uid in dict.fromkeys(body.job_ids)]
    runs = repository.find_runs(db, jobs)
    summaries = {job.uid: runs[job.run_id].summary if job.run_id in runs else {} for job in jobs}
    names = body.metrics or sorted(
        {name for summary in summaries.values() for name in summary if number(summary, name) is not None}
    )
    rows = [
        ComparedJob(
            uid=job.uid,
            name=job.name,
            state=job.state,
            hyperparameters={name: value for name, value in job.hyperparameters.items() if name != "uid"},
            metrics={name: number(summaries[job.uid], name) for name in names},
        )
        for job in jobs
    ]
    keys = sorted({name for row in rows for name in row.hyperparameters})
    return Comparison(
        metrics=names,
        jobs=rows,
        differences=[key for key in keys if len({repr(row.hyperparameters.get(key)) for row in rows}) > 1],
        best={name: found for name in names if name.endswith("loss") and (found := _job_with_lowest(rows, name))},
    )


def _job_with_lowest(rows: list[ComparedJob], name: str) -> str | None:
    values = [(value, row.uid) for row in rows if (value := row.metrics[name]) is not None]
    return min(values)[1] if values else None
