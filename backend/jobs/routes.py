"""Jobs over HTTP. Fixed words come before ids."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from backend.bell import ring
from backend.dependencies import Config, Db
from backend.jobs import lists, service, views
from backend.jobs.logs import read_tail
from backend.workers.service import list_live_workers
from pegbox.schemas.base import Done
from pegbox.schemas.job import JobAction, JobCreate, JobCreated, JobLog, JobOutcome, JobView, StatusFilter
from pegbox.schemas.job_lists import CompareRequest, Comparison, JobList, JobStatistics
from pegbox.store.tables import Job
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Jobs"])

JobKey = Annotated[str, Path(min_length=1, max_length=100, description="The job's uid.")]


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
    request: Request,
    db: Db,
    settings: Config,
    strict: Annotated[bool, Query(description="422 instead of a job that cannot be queued")] = False,
) -> JobCreated:
    """Creates a fine-tuning job and queues it.

    A job whose model, dataset or hyperparameters cannot be resolved is kept as `created`; `validation.errors` says why.
    """
    job = service.create_job(db, settings, body, strict=strict)
    ring(request.app)
    return views.show_created(job, workers=len(list_live_workers(db)))


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
    "/api/jobs/{uid}/start", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Start Job"
)
def start_job(uid: JobKey, request: Request, db: Db, settings: Config) -> JobAction:
    """Queues a created job; 422 while something it refers to is missing."""
    job = service.start_job(db, settings, uid)
    ring(request.app)
    return _acted(job, "Job queued")


@router.post(
    "/api/jobs/{uid}/pause", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Pause Job"
)
def pause_job(uid: JobKey, db: Db) -> JobAction:
    """Finishes the step, saves a checkpoint, frees the worker. A queued job pauses at once."""
    job = service.pause_job(db, uid)
    return _acted(job, "Job paused" if job.state == "paused" else "Job pauses after its current step")


@router.post(
    "/api/jobs/{uid}/resume", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Resume Job"
)
def resume_job(uid: JobKey, request: Request, db: Db) -> JobAction:
    """Queues a paused job again; it goes on from its last checkpoint."""
    job = service.resume_job(db, uid)
    ring(request.app)
    return _acted(job, "Job queued" if job.state == "queued" else "Job goes on")


@router.post(
    "/api/jobs/{uid}/cancel", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Cancel Job"
)
def cancel_job(uid: JobKey, db: Db) -> JobAction:
    """Ends the job: at once while it waits, after its current step while it runs. 409 when it has ended."""
    job = service.cancel_job(db, uid)
    return _acted(job, "Job cancelled" if job.state == "cancelled" else "Job ends after its current step")


@router.post(
    "/api/jobs/{uid}/archive", response_model=JobAction, responses=error_responses(404, 409, 422), summary="Archive Job"
)
def archive_job(uid: JobKey, db: Db) -> JobAction:
    """Takes a job out of the dashboard's list; nothing of it is lost. 409 while it waits or runs."""
    return _acted(service.archive_job(db, uid, archived=True), "Job archived")


@router.post(
    "/api/jobs/{uid}/restore", response_model=JobAction, responses=error_responses(404, 422), summary="Restore Job"
)
def restore_job(uid: JobKey, db: Db) -> JobAction:
    """Brings an archived job back into the list."""
    return _acted(service.archive_job(db, uid, archived=False), "Job restored")


@router.get(
    "/api/jobs/{uid}/logs",
    responses={
        200: {"model": JobLog, "content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Last lines"},
        **error_responses(404, 422),
    },
    summary="Get Job Logs",
)
def get_logs(
    uid: JobKey,
    request: Request,
    db: Db,
    settings: Config,
    stream: Annotated[Literal["stdout", "stderr"], Query()] = "stdout",
    tail: Annotated[int, Query(ge=1, le=100_000, description="How many of the last lines")] = 1000,
) -> Any:
    """What the trainer printed, as text; as JSON on `Accept: application/json`."""
    job = service.get_job(db, uid)
    found = read_tail(settings.jobs_dir, job.uid, stream, tail)
    if "application/json" in request.headers.get("accept", ""):
        log = JobLog(stream=stream, lines=found.lines, truncated=found.truncated)
        return JSONResponse(log.model_dump(mode="json"), headers={"Vary": "Accept"})
    return PlainTextResponse("".join(f"{line}\n" for line in found.lines), headers={"Vary": "Accept"})


@router.get(
    "/api/jobs/{uid}/result", response_model=JobOutcome, responses=error_responses(404, 422), summary="Get Job Result"
)
def get_result(uid: JobKey, db: Db) -> JobOutcome:
    """What the job came to: model, checkpoints, losses, answers before and after; or the error."""
    return views.show_outcome(service.get_job(db, uid))


def _acted(job: Job, message: str) -> JobAction:
    return JobAction(
        id=job.uid,
        uid=job.uid,
        status=job.state,
        state=job.state,
        wanted=job.wanted,
        message=message,
    )
