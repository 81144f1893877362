"""HTTP routes for jobs. Routes with fixed paths are declared before routes with a uid."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from backend.dependencies import Config, Db
from backend.jobs import copies, lists, service, views
from backend.jobs.dependencies import list_needed
from backend.jobs.kinds import kind_of
from backend.workers.service import list_live_workers
from pegbox.schemas.base import Done, JsonObject
from pegbox.schemas.jobs.job import JobAction, JobCreate, JobCreated, JobOutcome, JobView, StatusFilter
from pegbox.schemas.jobs.lists import CompareRequest, Comparison, JobList, JobStatistics
from pegbox.store.tables import Job
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Jobs"])

JobKey = Annotated[str, Path(min_length=1, max_length=100, description="The job's uid or id.")]


@router.get("/api/jobs", response_model=JobList | list[JobView], responses=error_responses(422), summary="Get All Jobs")
def list_jobs(
    db: Db,
    response: Response,
    status: Annotated[StatusFilter | None, Query(description="pending means created or queued")] = None,
    limit: Annotated[int | None, Query(ge=1, le=500)] = None,
    offset: Annotated[int | None, Query(ge=0, le=1_000_000_000)] = None,
    view: Annotated[Literal["object", "array"], Query(description="array: the bare list")] = "object",
) -> JobList | list[JobView]:
    """Newest first: all of them (1,000 at most), or a page of 20 when any of status, limit or offset is given."""
    found = lists.list_jobs(db, lists.states_of(status), limit, offset)
    response.headers["X-Total-Count"] = str(found.total)
    return found.jobs if view == "array" else found


@router.post(
    "/api/jobs",
    status_code=201,
    response_model=JobCreated,
    responses=error_responses(400, 413, 422),
    summary="Create Job",
)
def create_job(
    body: JobCreate,
    db: Db,
    settings: Config,
    strict: Annotated[bool, Query(description="422 instead of a job that cannot be queued")] = False,
) -> JobCreated:
    """Creates a fine-tuning job (`configuration`) or a command job (`command`) and queues it.

    A fine-tuning job whose model, dataset or hyperparameters cannot be resolved is kept as `created`; `validation.errors` says why.
    """
    job = service.create_job(db, settings, body, strict=strict)
    return _created(db, job)


@router.get("/api/jobs/current", response_model=JobList, summary="Get Current Jobs")
def list_current_jobs(db: Db) -> JobList:
    """Jobs that are running, queued, paused or created."""
    return lists.list_current(db)


@router.get("/api/jobs/past", response_model=JobList, summary="Get Past Jobs")
def list_past_jobs(db: Db) -> JobList:
    """Jobs that completed, failed or were cancelled."""
    return lists.list_past(db)


@router.get("/api/jobs/statistics", response_model=JobStatistics, summary="Get Job Statistics")
def get_statistics(db: Db) -> JobStatistics:
    return lists.statistics(db)


@router.post(
    "/api/jobs/compare",
    response_model=Comparison,
    responses=error_responses(400, 404, 413, 422),
    summary="Compare Jobs",
)
def compare_jobs(body: CompareRequest, db: Db) -> Comparison:
    """Metrics and hyperparameters of several jobs side by side."""
    return lists.compare(db, body)


@router.get(
    "/api/jobs/{uid}",
    response_model=JobView,
    responses=error_responses(404, 422),
    summary="Get Job by UID",
    response_model_exclude_none=False,
)
def get_job(uid: JobKey, db: Db) -> JobView:
    """One job; `live_metrics` is there while it runs."""
    return lists.show_job(db, service.get_job(db, uid))


@router.delete("/api/jobs/{uid}", response_model=Done, responses=error_responses(404, 409, 422), summary="Delete Job")
def delete_job(uid: JobKey, db: Db, settings: Config) -> Done:
    """Removes a job that has ended or never started, with its logs and checkpoints. Its model stays."""
    service.delete_job(db, settings, uid)
    return Done(message="Job deleted successfully")


@router.post(
    "/api/jobs/{uid}/clone",
    status_code=201,
    response_model=JobCreated,
    responses=error_responses(400, 404, 413, 422),
    summary="Clone Job",
)
def clone_job(uid: JobKey, db: Db, settings: Config, body: JsonObject | None = None) -> JobCreated:
    """A new job like this one; keys of the body replace those of its request (`{"name": "again", "priority": 5}`)."""
    job = copies.clone_job(db, settings, uid, body or {})
    return _created(db, job)


@router.post(
    "/api/jobs/{uid}/restart",
    status_code=201,
    response_model=JobCreated,
    responses=error_responses(404, 409, 422),
    summary="Restart Job",
)
def restart_job(uid: JobKey, db: Db, settings: Config) -> JobCreated:
    """The same job again as a new one, once it has ended. Nothing of the old one changes."""
    job = copies.restart_job(db, settings, uid)
    return _created(db, job)


@router.post(
    "/api/jobs/{uid}/start", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Start Job"
)
def start_job(uid: JobKey, db: Db, settings: Config) -> JobAction:
    """Queues a created job; 422 while something it refers to is missing."""
    job = service.start_job(db, settings, uid)
    return views.show_action(job, "Job queued")


@router.post(
    "/api/jobs/{uid}/pause", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Pause Job"
)
def pause_job(uid: JobKey, db: Db) -> JobAction:
    """Finishes the step, saves a checkpoint, frees the worker. A queued job pauses at once."""
    job = service.pause_job(db, uid)
    return views.show_action(job, "Job paused" if job.state == "paused" else "Job pauses after its current step")


@router.post(
    "/api/jobs/{uid}/resume", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Resume Job"
)
def resume_job(uid: JobKey, db: Db) -> JobAction:
    """Queues a paused job again; it goes on from its last checkpoint."""
    job = service.resume_job(db, uid)
    return views.show_action(job, "Job queued" if job.state == "queued" else "Job goes on")


@router.post(
    "/api/jobs/{uid}/cancel", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Cancel Job"
)
def cancel_job(uid: JobKey, db: Db) -> JobAction:
    """Ends the job: at once while it waits, a training after its current step, a command as soon as its worker hears of it.
    409 when it has ended."""
    job = service.cancel_job(db, uid)
    if job.state == "cancelled":
        return views.show_action(job, "Job cancelled")
    return views.show_action(job, kind_of(job).cancelling_message)


@router.post(
    "/api/jobs/{uid}/archive", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Archive Job"
)
def archive_job(uid: JobKey, db: Db) -> JobAction:
    """Takes a job out of the dashboard's list; nothing of it is lost. 409 while it waits or runs."""
    return views.show_action(service.archive_job(db, uid, archived=True), "Job archived")


@router.post(
    "/api/jobs/{uid}/restore", response_model=JobAction, responses=error_responses(404, 422), summary="Restore Job"
)
def restore_job(uid: JobKey, db: Db) -> JobAction:
    """Brings an archived job back into the list."""
    return views.show_action(service.archive_job(db, uid, archived=False), "Job restored")


@router.get(
    "/api/jobs/{uid}/result", response_model=JobOutcome, responses=error_responses(404, 422), summary="Get Job Result"
)
def get_result(uid: JobKey, db: Db) -> JobOutcome:
    """What the job came to: model, checkpoints, losses, answers before and after; or the error."""
    return views.show_outcome(service.get_job(db, uid))


def _created(db: Db, job: Job) -> JobCreated:
    needed = list_needed(db, [job]).get(job.uid, ())
    return views.show_created(job, workers=len(list_live_workers(db)), needed=needed)
