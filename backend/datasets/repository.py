"""Queries on datasets and their versions."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from pegbox.store.tables import TERMINAL_STATES, Dataset, DatasetVersion, Job


def list_datasets(db: Session) -> list[Dataset]:
    """Newest first."""
    return list(db.exec(select(Dataset).order_by(col(Dataset.created_at).desc(), col(Dataset.uid).desc())).all())


def find_dataset(db: Session, key: str) -> Dataset | None:
    """By uid or slug; the uid wins."""
    found = db.get(Dataset, key)
    return found or db.exec(select(Dataset).where(Dataset.slug == key)).first()


def find_by_name(db: Session, name: str) -> Dataset | None:
    return db.exec(select(Dataset).where(Dataset.name == name)).first()


def is_slug_taken(db: Session, slug: str) -> bool:
    return db.exec(select(Dataset.uid).where(or_(Dataset.slug == slug, Dataset.uid == slug))).first() is not None


def list_versions(db: Session, dataset_uid: str) -> list[DatasetVersion]:
    """Newest first."""
    query = select(DatasetVersion).where(DatasetVersion.dataset_uid == dataset_uid)
    return list(db.exec(query.order_by(col(DatasetVersion.id).desc())).all())


def registered_hashes(db: Session) -> set[str]:
    """Hashes of all files that a dataset, an old version or an unfinished job still needs."""
    current = db.exec(select(Dataset.sha256).where(col(Dataset.sha256).is_not(None))).all()
    versions = db.exec(select(DatasetVersion.sha256)).all()
    specs = db.exec(select(Job.spec).where(col(Job.state).not_in(TERMINAL_STATES), col(Job.spec).is_not(None))).all()
    wanted = {str(spec["dataset"]["sha256"]) for spec in specs if spec and "dataset" in spec}
    return {str(value) for value in current} | set(versions) | wanted
