"""Operations on the audit log."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from backend.audit import repository
from pegbox.schemas.account import AuditEntryView, AuditPage
from pegbox.store.database import begin_write
from pegbox.store.tables import AuditEntry, now


def record(db: Session, *entries: AuditEntry) -> None:
    """Adds entries."""
    begin_write(db)
    repository.insert_entries(db, entries)
    db.commit()


def list_entries(
    db: Session,
    *,
    actor: str | None = None,
    action: str | None = None,
    refused: bool | None = None,
    before: int | None = None,
    limit: int,
) -> AuditPage:
    """A page, newest first; `before` is the `next_before` of the previous page."""
    found = repository.list_entries(db, actor=actor, action=action, refused=refused, before=before, limit=limit + 1)
    shown = [AuditEntryView.model_validate(entry, from_attributes=True) for entry in found[:limit]]
    return AuditPage(entries=shown, next_before=shown[-1].id if len(found) > limit else None)


def list_actions(db: Session) -> list[str]:
    """Names of all recorded actions."""
    return repository.list_actions(db)


def forget_older_than(db: Session, days: float) -> None:
    """Deletes entries older than this many days."""
    begin_write(db)
    repository.remove_before(db, now() - timedelta(days=days))
    db.commit()
