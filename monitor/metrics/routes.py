"""`/api/runs/{id}/…`: batches in, series, samples and events out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.routing import APIRoute

from monitor.context import MonitorDep
from monitor.metrics import store
from monitor.metrics.ingest import ingest_batch
from monitor.runs.service import find_run_id
from pegbox.errors import ValidationError
from pegbox.schemas.metric import BatchAccepted, BatchCreate, SeriesSet
from pegbox.schemas.run import RunEvent, SampleRow, SampleSet
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Metrics"])
MAX_METRICS_PER_ANSWER = 200


class PlainRoute(APIRoute):
    """Documented like every route, but called without FastAPI's parsing: the handler takes the request as it is."""

    def get_route_handler(self) -> Any:
        return self.endpoint


plain = APIRouter(prefix="/api/runs", tags=["Metrics"], route_class=PlainRoute)
plain.add_api_route(
    "/{run_id}/batches",
    ingest_batch,
    methods=["POST"],
    response_model=BatchAccepted,
    summary="Log a batch of points, samples and events",
    responses=error_responses(404, 413, 422, 429, 503),
    openapi_extra={
        "parameters": [{"name": "run_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchCreate"}}},
        },
    },
)


@router.get("/{run_id}/series", response_model=SeriesSet, responses=error_responses(404, 422))
def get_series(
    run_id: str,
    monitor: MonitorDep,
    metrics: Annotated[
        str | None, Query(description="Names, comma separated; all by default.", max_length=50_000)
    ] = None,
    cols: Annotated[int, Query(ge=1, le=20_000, description="Chart columns, one per pixel.")] = 1200,
    x: Literal["step", "time", "epoch"] = "step",
    start: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    end: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
) -> Response:
    """Series as chart columns: least, greatest and mean value of each, so that no spike is lost."""
    from monitor.metrics.series import read_series  # noqa: PLC0415 - NumPy, which an idle monitor does without

    names = None if metrics is None else [name for name in metrics.split(",") if name]
    if names is not None and len(names) > MAX_METRICS_PER_ANSWER:
        raise ValidationError(f"metrics: at most {MAX_METRICS_PER_ANSWER} in one answer")
    known = find_run_id(monitor.engine, run_id)
    body = read_series(monitor.histories, known, metrics=names, columns=cols, x=x, start=start, end=end)
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get("/{run_id}/samples", response_model=list[SampleSet], responses=error_responses(404, 422))
def get_samples(run_id: str, monitor: MonitorDep) -> list[SampleSet]:
    """Answers the model gave during the run, oldest first."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        samples = store.read_samples(connection, known)
    return [
        SampleSet(step=sample.step, time=sample.time, name=sample.name, rows=[SampleRow(**row) for row in sample.rows])
        for sample in samples
    ]


@router.get("/{run_id}/events", response_model=list[RunEvent], responses=error_responses(404, 422))
def get_events(
    run_id: str,
    monitor: MonitorDep,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> list[RunEvent]:
    """What happened in the run, oldest first."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        events = store.read_events(connection, known, after, limit)
    return [RunEvent.model_validate(event.model_dump()) for event in events]


__all__ = ["BatchCreate", "plain", "router"]
