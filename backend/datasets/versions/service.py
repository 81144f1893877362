"""Versions of a dataset: their files, rollback, and the backfill of rows written by old releases."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlmodel import Session

from backend.datasets import repository
from backend.datasets.files import get_file
from backend.datasets.readers.csv_dialect import Dialect
from backend.datasets.readers.formats import Format
from backend.datasets.readers.table import SourceFile
from backend.datasets.validation import VersionContent, check_files
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.store.database import begin_write
from pegbox.store.incoming import Incoming
from pegbox.store.tables import Dataset, DatasetFile, DatasetVersion, now

FORMATS: dict[str, Format] = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet"}


def list_versions(db: Session, dataset: Dataset) -> list[DatasetVersion]:
    """All versions of the dataset, newest first."""
    return repository.list_versions(db, dataset.uid)


def find_current(db: Session, dataset: Dataset) -> DatasetVersion | None:
    """The current version; `None` for a record without a file."""
    return repository.find_version(db, dataset.uid, dataset.version)


def get_version(db: Session, dataset: Dataset, version: str) -> DatasetVersion:
    """By name: `v1.0.0` or `1.0.0`. Raises `NotFoundError`."""
    prefixed = version if version.startswith("v") else f"v{version}"
    found = repository.find_version(db, dataset.uid, version) or repository.find_version(db, dataset.uid, prefixed)
    if found is None:
        raise NotFoundError(f"Dataset '{dataset.name}' has no version {version}")
    return found


def list_files(db: Session, version: DatasetVersion) -> list[DatasetFile]:
    """Files of the version in order."""
    return repository.list_files(db, version)


def current_files(db: Session, dataset: Dataset) -> list[DatasetFile]:
    """Files of the current version; empty for a record without a file."""
    current = find_current(db, dataset)
    return repository.list_files(db, current) if current else []


def source_files(folder: Path, files: Sequence[DatasetFile], name: str) -> list[SourceFile]:
    """Stored files to read. Raises `NotFoundError`, which names the dataset, for missing ones."""
    if not files:
        raise NotFoundError(f"The file of dataset '{name}' is not stored here; upload it again")
    return [_source(folder, file, name) for file in files]


def add_version(db: Session, dataset: Dataset, content: VersionContent, parent: str | None, message: str = "") -> None:
    """Adds a row for the dataset's current version. The caller commits."""
    version = DatasetVersion(
        dataset_uid=dataset.uid, version=dataset.version, sha256=content.sha256, parent=parent, message=message
    )
    content.apply(version)
    _add(db, version, content.files)


def roll_back(db: Session, folder: Path, dataset: Dataset, word: str, message: str) -> Dataset:
    """Adds a version with the content of an old one; copies no file. Raises `ConflictError` if the content is current."""
    backfill(db, folder, dataset)
    begin_write(db)
    known = repository.find_dataset(db, dataset.uid)
    if known is None:
        raise NotFoundError("Dataset not found")
    old = get_version(db, known, word)
    if old.hash == known.hash and old.column_mapping == known.column_mapping:
        raise ConflictError(f"Dataset '{known.name}' is what it was in {old.version}")
    if old.hash is None:
        raise NotFoundError(f"The file of version {old.version} is not stored here")
    files = repository.list_files(db, old)
    dialect = _source(folder, files[0], known.name).dialect if len(files) == 1 else Dialect("utf-8", ",")
    parent, known.version = known.version, next_version(db, known)
    for name in ("sha256", "hash", "format", "size_bytes", "rows", "columns", "column_mapping", "errors", "warnings"):
        setattr(known, name, getattr(old, name))
    known.encoding, known.delimiter = dialect.encoding, dialect.delimiter
    known.is_valid, known.updated_at = not old.errors, now()
    db.add(known)
    fields = old.model_dump(exclude={"id", "version", "parent", "message", "created_at"})
    version = DatasetVersion(
        **fields, version=known.version, parent=parent, message=message or f"Back to {old.version}"
    )
    _add(db, version, files)
    db.commit()
    return known


def check_again(db: Session, folder: Path, dataset: Dataset, mapping: Mapping[str, str]) -> VersionContent:
    """Checks the current version's files under another mapping."""
    backfill(db, folder, dataset)
    files = current_files(db, dataset)
    return check_files(source_files(folder, files, dataset.name), files, mapping, strict=False)


def backfill(db: Session, folder: Path, dataset: Dataset) -> None:
    """Fills in hash, columns and encoding of versions written by releases that did not store them."""
    for version in repository.list_versions(db, dataset.uid):
        if version.hash is None:
            with contextlib.suppress(NotFoundError, UnusableContentError):  # the file is missing or was changed
                _backfill(db, folder, dataset, version)


def backfill_all(db: Session, folder: Path) -> None:
    """Backfills all datasets."""
    for dataset in repository.list_incomplete(db):
        backfill(db, folder, dataset)


def next_version(db: Session, dataset: Dataset) -> str:
    """The next free minor version: `v1.0.0` → `v1.1.0`."""
    known = {version.version for version in repository.list_versions(db, dataset.uid)}
    following = increment_version(dataset.version)
    while following in known:
        following = increment_version(following)
    return following


def increment_version(version: str) -> str:
    """`v1.0.0` → `v1.1.0`."""
    major, minor, *_ = [*version.lstrip("v").split("."), "0", "0"]
    return f"v{major}.{int(minor) + 1}.0" if minor.isdigit() else f"{version}.1"


def require_new_version(db: Session, dataset: Dataset) -> None:
    """Raises `ConflictError` when the dataset's version name exists."""
    if repository.find_version(db, dataset.uid, dataset.version):
        raise ConflictError(f"Dataset '{dataset.name}' already has a version {dataset.version}")


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def write_csv(folder: Path, parts: Iterable[bytes]) -> None:
    """Stores a CSV under its hash."""
    incoming = Incoming(folder, ".csv")
    try:
        for part in parts:
            incoming.write(part)
        incoming.keep()
    finally:
        incoming.discard()


def _source(folder: Path, file: DatasetFile, name: str) -> SourceFile:
    path = get_file(folder, file.sha256, name, file.format)
    kind = FORMATS[file.format]
    if file.encoding and file.delimiter:
        return SourceFile(path, file.relpath, kind, Dialect(file.encoding, file.delimiter))
    return SourceFile.open(path, file.relpath, kind) if kind == "csv" else SourceFile(path, file.relpath, kind)


def _add(db: Session, version: DatasetVersion, files: Sequence[DatasetFile]) -> None:
    db.add(version)
    db.flush()
    assert version.id is not None
    for file in files:
        db.add(DatasetFile(**{**file.model_dump(), "version_id": version.id}))


def _backfill(db: Session, folder: Path, dataset: Dataset, version: DatasetVersion) -> None:
    files = repository.list_files(db, version)
    sources = source_files(folder, files, dataset.name)
    md5s = [md5_of(source.path) for source in sources]
    content = check_files(sources, _with_encodings(files, sources, md5s), dataset.column_mapping, strict=False)
    db.rollback()
    begin_write(db)
    found = repository.find_version(db, dataset.uid, version.version)
    if found is None:
        return
    content.apply(found)
    db.add(found)
    for file, fresh in zip(repository.list_files(db, found), content.files, strict=True):
        file.md5, file.encoding, file.delimiter = fresh.md5, fresh.encoding, fresh.delimiter
        db.add(file)
    current = repository.find_dataset(db, dataset.uid)
    if current and current.version == found.version:
        current.hash = found.hash
        db.add(current)
    db.commit()
    db.refresh(dataset)


def _with_encodings(
    files: Sequence[DatasetFile], sources: Sequence[SourceFile], md5s: Sequence[str]
) -> list[DatasetFile]:
    return [
        DatasetFile(
            **{
                **file.model_dump(),
                "md5": md5,
                "encoding": source.dialect.encoding,
                "delimiter": source.dialect.delimiter,
            }
        )
        for file, source, md5 in zip(files, sources, md5s, strict=True)
    ]
