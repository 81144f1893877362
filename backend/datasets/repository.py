"""Queries on datasets and their versions."""

from __future__ import annotations

from sqlmodel import Session, col, delete, func, or_, select

from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Dataset, DatasetFile, DatasetVersion, Job


def list_datasets(db: Session) -> list[Dataset]:
    """Newest first."""
    return list(db.exec(select(Dataset).order_by(col(Dataset.created_at).desc(), col(Dataset.uid).desc())).all())


def count_datasets(db: Session) -> int:
    return int(db.exec(select(func.count()).select_from(Dataset)).one())


def find_dataset(db: Session, key: str) -> Dataset | None:
    """By uid, else by slug."""
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


def find_version(db: Session, dataset_uid: str, version: str) -> DatasetVersion | None:
    query = select(DatasetVersion).where(DatasetVersion.dataset_uid == dataset_uid, DatasetVersion.version == version)
    return db.exec(query).first()


def find_version_by_sha256(db: Session, sha256: str) -> DatasetVersion | None:
    """A version whose training CSV has this hash."""
    return db.exec(select(DatasetVersion).where(DatasetVersion.sha256 == sha256)).first()


def list_files(db: Session, version: DatasetVersion) -> list[DatasetFile]:
    """Files of the version by position."""
    query = select(DatasetFile).where(DatasetFile.version_id == version.id)
    return list(db.exec(query.order_by(col(DatasetFile.position))).all())


def hashes_of(db: Session, dataset_uid: str) -> set[str]:
    """Hashes of the files of all versions of a dataset."""
    query = select(DatasetFile.sha256).join(DatasetVersion).where(DatasetVersion.dataset_uid == dataset_uid).distinct()
    return set(db.exec(query).all())


def delete_versions(db: Session, dataset_uid: str) -> None:
    """Deletes all versions of a dataset and their file rows. The caller commits."""
    versions = select(DatasetVersion.id).where(DatasetVersion.dataset_uid == dataset_uid)
    db.exec(delete(DatasetFile).where(col(DatasetFile.version_id).in_(versions)))
    db.exec(delete(DatasetVersion).where(col(DatasetVersion.dataset_uid) == dataset_uid))


def list_incomplete(db: Session) -> list[Dataset]:
    """Datasets with versions that need a backfill."""
    versions = select(DatasetVersion.dataset_uid).where(col(DatasetVersion.hash).is_(None))
    return list(db.exec(select(Dataset).where(col(Dataset.uid).in_(versions))).all())


def registered_hashes(db: Session) -> set[str]:
    """Hashes of all files that a dataset, a version or an unfinished job needs."""
    current = db.exec(select(Dataset.sha256).where(col(Dataset.sha256).is_not(None))).all()
    files = db.exec(select(DatasetFile.sha256).distinct()).all()
    return {str(value) for value in current} | set(files) | hashes_of_unfinished_jobs(db)


def hashes_of_unfinished_jobs(db: Session) -> set[str]:
    """Hashes of their training CSVs."""
    specs = db.exec(select(Job.spec).where(col(Job.state).not_in(TERMINAL_STATES), col(Job.spec).is_not(None))).all()
    return {str(spec["dataset"]["sha256"]) for spec in specs if spec and "dataset" in spec}
