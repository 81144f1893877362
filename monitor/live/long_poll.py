"""`GET /api/runs/{id}/feed`: the feed by long polling, for clients without WebSockets."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Response

from monitor.context import MonitorDep
from monitor.live.backlog import read_backlog, read_page
from monitor.live.envelopes import reset
from monitor.live.snapshot import find_target
from pegbox.errors import NotFoundError
from pegbox.schemas.runs.live import Envelope
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Live"])
MAX_WAIT_SECONDS = 30.0
MAX_PAGE = 5_000


@router.get("/{run_id}/feed", response_model=list[Envelope], responses=error_responses(404, 422))
async def get_feed(
    run_id: str,
    monitor: MonitorDep,
    after: Annotated[int | None, Query(ge=0, le=2**53, description="Only what has a greater seq.")] = None,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for something new.")] = 0,
    limit: Annotated[
        int | None, Query(ge=1, le=MAX_PAGE, description="Record by record, at most so many: for copying a run.")
    ] = None,
) -> Response:
    """Returns the messages after the cursor; waits if there are none. The last message is `status`, or `end` for an ended run.

    A client that is far behind gets a `reset`, which tells it to read the series instead. With `limit` it gets the records
    themselves, page by page.
    """
    target = await run_sync(find_target, monitor.engine, run_id)
    if target is None:
        raise NotFoundError(f"Run not found: {run_id}")
    async with monitor.hub.watching(target, "feed") as (topic, ring):

        async def read_missed() -> list[str]:
            if after is None:
                return []
            if limit is None:
                return await run_sync(read_backlog, monitor.engine, target.run_id, after, ring.published_seq)
            return await run_sync(read_page, monitor.engine, target.run_id, after, ring.published_seq, limit)

        position = ring.end
        texts = await read_missed()
        if not texts and after is not None and topic.ended is None:
            await ring.wait(wait)
            if limit is not None:
                texts = await read_missed()
        if limit is None:
            fresh = ring.read(position)
            texts.extend([reset(ring.published_seq)] if fresh is None else fresh)
        elif len(texts) >= limit:
            return _answer([*texts, topic.status_message()])
        is_over = topic.snapshot is not None and topic.snapshot.is_over
        if topic.ended is not None or (is_over and topic.snapshot is not None and topic.snapshot.run_has_ended):
            topic.ended = topic.ended or (topic.snapshot.state if topic.snapshot else None)
            texts.append(topic.end_message())
        else:
            texts.append(topic.status_message())
    return _answer(texts)


def _answer(texts: list[str]) -> Response:
    return Response(f"[{','.join(texts)}]", media_type="application/json")
