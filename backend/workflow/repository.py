"""Queries on the document of the workflow session."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from backend.identifiers import now_ms
from pegbox.schemas.base import utc_text
from pegbox.store.tables import Document, now

DOCUMENT = "metadata"


def find_document(db: Session) -> Document | None:
    return db.get(Document, DOCUMENT)


def empty_body() -> dict[str, Any]:
    """A new session without picks."""
    moment = utc_text(now())
    return {
        "finetuningSession": {
            "id": f"session_{now_ms()}",
            "createdAt": moment,
            "lastModified": moment,
            "status": "started",
        },
        "dataset": {"uid": None, "name": None, "selectedAt": None},
        "model": {"uid": None, "baseModel": None, "modelName": None, "provider": None},
        "hyperparameters": {"uid": None},
    }
