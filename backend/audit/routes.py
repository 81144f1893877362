"""The audit log over HTTP, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from backend.audit import service
from backend.dependencies import Db
from pegbox.schemas.account import AuditPage
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Audit"])


@router.get("/api/audit", response_model=AuditPage, responses=error_responses(422), summary="List Audit Entries")
def list_entries(
    db: Db,
    actor: Annotated[str | None, Query(max_length=200, description="Who: a user's name.")] = None,
    action: Annotated[str | None, Query(max_length=100, description="What: for example `create_job`.")] = None,
    refused: Annotated[bool | None, Query(description="Only what was refused, or only what was done.")] = None,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="`next_before` of the page above.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who changed what, from where, and how it ended; newest first. Sign-ins and refusals included, secrets never."""
    return service.list_entries(db, actor=actor, action=action, refused=refused, before=before, limit=limit)
