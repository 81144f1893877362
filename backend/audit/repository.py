"""Queries on the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, delete, select

from pegbox.store.tables import AuditEntry

REFUSED_FROM = 400


def insert_entries(db: Session, entries: Iterable[AuditEntry]) -> None:
    """The caller commits."""
    db.add_all(entries)


def list_entries(
    db: Session,
    *,
    actor: str | None,
    action: str | None,
    refused: bool | None,
    before: int | None,
    limit: int,
) -> list[AuditEntry]:
    """Entries newest first, older than the entry with id `before`."""
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if actor is not None:
        query = query.where(col(AuditEntry.actor) == actor)
    if action is not None:
        query = query.where(col(AuditEntry.action) == action)
    if refused is not None:
        status = col(AuditEntry.status)
        query = query.where(status >= REFUSED_FROM if refused else status < REFUSED_FROM)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return list(db.exec(query).all())


def list_actions(db: Session) -> list[str]:
    """Names of all recorded actions, sorted."""
    return list(db.exec(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all())


def remove_before(db: Session, moment: datetime) -> None:
    """Deletes entries before the moment. The caller commits."""
    db.exec(delete(AuditEntry).where(col(AuditEntry.at) < moment))
