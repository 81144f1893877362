"""`/api/runs/{id}/…`: routes that accept batches and return series, exports, samples, events and media."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from monitor.context import MonitorDep
from monitor.metrics.export.formats import MEDIA_TYPES, Format, file_name, writer_for
from monitor.metrics.ingest.batches import ingest_batch
from monitor.metrics.log import store
from monitor.metrics.series.etag import REVALIDATE, etag_matches, series_etag
from monitor.runs.service import find_run_id
from pegbox.errors import ValidationError
from pegbox.schemas.runs.media import RunMedia
from pegbox.schemas.runs.metric import BatchAccepted, BatchCreate, SeriesSet, WriterView
from pegbox.schemas.runs.run import RunEvent, SampleRow, SampleSet
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Metrics"])
MAX_METRICS_PER_ANSWER = 200


class PlainRoute(APIRoute):
    """A documented route without FastAPI's request parsing: the handler receives the raw request."""

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
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/BatchCreate"}},
                "application/msgpack": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)


Names = Annotated[str | None, Query(description="Names, comma separated; all by default.", max_length=50_000)]
Bound = float | None


@router.get(
    "/{run_id}/series",
    response_model=SeriesSet,
    responses={304: {"description": "What `If-None-Match` names still holds"}, **error_responses(404, 422)},
)
def get_series(
    run_id: str,
    monitor: MonitorDep,
    metrics: Names = None,
    cols: Annotated[int, Query(ge=1, le=20_000, description="Chart columns, one per pixel.")] = 1200,
    x: Literal["step", "time", "epoch"] = "step",
    start: Annotated[Bound, Query(alias="from", allow_inf_nan=False)] = None,
    end: Annotated[Bound, Query(alias="to", allow_inf_nan=False)] = None,
    if_none_match: Annotated[str | None, Header(description="The `ETag` of an answer that the client has.")] = None,
) -> Response:
    """Returns series as chart columns, each with its minimum, maximum and mean, so that no spike is lost."""
    from monitor.metrics.series.chart_series import read_series  # noqa: PLC0415 - NumPy, which an idle monitor never loads

    names = _names(metrics)
    if names is not None and len(names) > MAX_METRICS_PER_ANSWER:
        raise ValidationError(f"metrics: at most {MAX_METRICS_PER_ANSWER} in one answer")
    known = find_run_id(monitor.engine, run_id)
    query = (names, cols, x, start, end)
    if if_none_match is not None:
        etag = series_etag(known, monitor.histories.last_seq(known), *query)
        if etag_matches(etag, if_none_match):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": REVALIDATE})
    body = read_series(monitor.histories, known, metrics=names, columns=cols, x=x, start=start, end=end)
    headers = {"ETag": series_etag(known, body["last_seq"], *query), "Cache-Control": REVALIDATE}
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


@router.get(
    "/{run_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()},
            "description": "One row per step, as a file",
        },
        **error_responses(404, 422, 503),
    },
)
def export_points(
    run_id: str,
    monitor: MonitorDep,
    file_format: Annotated[Format, Query(alias="format")] = "csv",
    metrics: Names = None,
    start: Annotated[Bound, Query(alias="from", allow_inf_nan=False, description="First step.")] = None,
    end: Annotated[Bound, Query(alias="to", allow_inf_nan=False, description="Last step.")] = None,
) -> StreamingResponse:
    """Exports all points of the run: a row per step with its time, its epoch and a column for each metric."""
    from monitor.metrics.export.table import read_table  # noqa: PLC0415 - NumPy, which an idle monitor never loads

    write = writer_for(file_format)
    known = find_run_id(monitor.engine, run_id)
    table = read_table(monitor.histories, known, metrics=_names(metrics), start=start, end=end)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(known, file_format)}"'}
    return StreamingResponse(write(table), media_type=MEDIA_TYPES[file_format], headers=headers)


def _names(metrics: str | None) -> list[str] | None:
    return None if metrics is None else [name for name in metrics.split(",") if name]


@router.get("/{run_id}/writers/{writer}", response_model=WriterView, responses=error_responses(404, 422))
def get_writer(
    run_id: str, writer: Annotated[str, Path(min_length=1, max_length=64)], monitor: MonitorDep
) -> WriterView:
    """Returns the last committed sequence number of a writer of batches, which a resuming writer continues from."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        return WriterView(writer=writer, sequence=store.last_sequence(connection, known, writer))


@router.get("/{run_id}/samples", response_model=list[SampleSet], responses=error_responses(404, 422))
def get_samples(run_id: str, monitor: MonitorDep) -> list[SampleSet]:
    """Returns the answers that the model gave during the run, oldest first."""
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
    """Returns the events of the run, oldest first."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        events = store.read_events(connection, known, after, limit)
    return [RunEvent.model_validate(event.model_dump()) for event in events]


@router.get("/{run_id}/media", response_model=list[RunMedia], responses=error_responses(404, 422))
def get_media(
    run_id: str,
    monitor: MonitorDep,
    name: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[RunMedia]:
    """Returns the histograms, texts and tables of the run, oldest first."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        media = store.read_media(connection, known, after, limit, name)
    return [RunMedia.model_validate(item.model_dump()) for item in media]


__all__ = ["BatchCreate", "plain", "router"]
