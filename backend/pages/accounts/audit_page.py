"""The audit log in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from backend.audit import service
from backend.dependencies import Config, Db
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.schemas.account import AuditEntryView

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
OUTCOMES = (("", "Everything"), ("done", "Done"), ("refused", "Refused"))


@dataclass(frozen=True)
class AuditLogPage:
    """`newest` and `older` are addresses; `words` maps actions to labels."""

    entries: list[AuditEntryView]
    words: dict[str, str]
    actions: list[tuple[str, str]]
    outcomes: tuple[tuple[str, str], ...]
    actor: str
    action: str
    outcome: str
    is_filtered: bool
    newest: str | None
    older: str | None


@router.get("/audit", response_class=HTMLResponse)
def show_audit(
    request: Request,
    db: Db,
    settings: Config,
    actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
    outcome: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> HTMLResponse:
    """Newest first."""
    refused = {"done": False, "refused": True}.get(outcome)
    found = service.list_entries(
        db, actor=actor.strip() or None, action=action or None, refused=refused, before=before, limit=PAGE_SIZE
    )
    query = {name: value for name, value in (("actor", actor), ("action", action), ("outcome", outcome)) if value}

    def href(**more: int) -> str:
        text = urlencode({**query, **more})
        return f"/audit?{text}" if text else "/audit"

    context = AuditLogPage(
        entries=found.entries,
        words={entry.action: words(entry.action) for entry in found.entries},
        actions=[(name, words(name)) for name in service.list_actions(db)],
        outcomes=OUTCOMES,
        actor=actor,
        action=action,
        outcome=outcome,
        is_filtered=bool(query),
        newest=href() if before is not None else None,
        older=href(before=found.next_before) if found.next_before is not None else None,
    )
    return render(request, "accounts/audit.html", layout=layout_for(request, db, settings, "Audit"), page=context)


def words(action: str) -> str:
    """`create_job` → `Create job`."""
    return action.replace("_", " ").capitalize() if action.islower() else action
