"""What a run keeps beside numbers: histograms, texts, tables, files."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from pegbox.store.tables import RunArtifact, RunMedia


def newest_media(db: Session, run_id: str, limit: int) -> list[tuple[RunMedia, int]]:
    """The newest of each name, and how many steps have one; by name."""
    newest = (
        select(func.max(RunMedia.seq).label("seq"), func.count().label("count"))
        .where(RunMedia.run_id == run_id)
        .group_by(col(RunMedia.name))
        .subquery()
    )
    query = select(RunMedia, newest.c.count).join(newest, newest.c.seq == RunMedia.seq)
    found = db.exec(query.order_by(col(RunMedia.name)).limit(limit)).all()
    return [(media, int(count)) for media, count in found]


def list_artifacts(db: Session, run_id: str, limit: int) -> list[RunArtifact]:
    """The run's files by name."""
    query = select(RunArtifact).where(RunArtifact.run_id == run_id).order_by(col(RunArtifact.name)).limit(limit)
    return list(db.exec(query).all())
