"""Queries on the document of hyperparameter configurations and on completed jobs."""

from __future__ import annotations

from sqlmodel import Session, col, select

from pegbox.store.tables import Document, Job

DOCUMENT = "hyperparameter_config"


def find_document(db: Session) -> Document:
    """The stored document, else an empty unsaved one."""
    return db.get(Document, DOCUMENT) or Document(name=DOCUMENT, body={"configs": {}, "aliases": {}})


def list_completed_jobs(db: Session, limit: int = 500) -> list[Job]:
    """Newest first."""
    query = select(Job).where(Job.state == "completed").order_by(col(Job.completed_at).desc()).limit(limit)
    return list(db.exec(query).all())
