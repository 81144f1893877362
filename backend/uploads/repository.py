"""Queries on uploads."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from pegbox.store.tables import Upload


def find_upload(db: Session, upload_id: str) -> Upload | None:
    return db.get(Upload, upload_id)


def count_uploads(db: Session) -> int:
    return db.exec(select(func.count()).select_from(Upload)).one()


def list_older(db: Session, moment: datetime) -> list[Upload]:
    """Uploads unchanged since the moment."""
    return list(db.exec(select(Upload).where(col(Upload.updated_at) < moment)).all())


def list_ids(db: Session) -> set[str]:
    return set(db.exec(select(Upload.id)).all())
