"""Operations on datasets: preview, register, change, delete, read. Versions are in `versions`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from backend.datasets import repository, uses, views
from backend.datasets.columns import full_mapping
from backend.datasets.files import delete_files, delete_unregistered, file_path, find_file, get_file
from backend.datasets.profile import Profile, read_profile
from backend.datasets.readers.formats import find_format
from backend.datasets.readers.row import Row
from backend.datasets.readers.table import SourceFile, read_table
from backend.datasets.registration import Registration
from backend.datasets.report import read_page, read_report
from backend.datasets.source_files import open_source_files
from backend.datasets.validation import VersionContent, check_files, require_trainable
from backend.datasets.versions import comparison
from backend.datasets.versions import service as versions
from backend.datasets.versions.training_csv import render
from backend.identifiers import new_dataset_uid, unique_slug
from backend.uploads import service as uploads
from backend.uploads.service import UploadedFile
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.schemas.dataset import CsvPreview, DatasetCreate, DatasetUpdate, DatasetVersionCreate
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.incoming import keep_file
from pegbox.store.tables import Dataset, now

FIRST_VERSION = "v1.0.0"
NO_FILE = "No file is stored for this dataset; upload its CSV"


def preview_csv(uploaded: UploadedFile, folder: Path) -> CsvPreview:
    """Checks an uploaded CSV and stores it. Raises `UnusableContentError`, and stores nothing, for anything else."""
    if find_format(uploaded.name) != "csv":
        raise UnusableContentError("Only CSV files are supported")
    report = read_report([SourceFile.open(uploaded.path, uploaded.name, "csv")])
    is_new = keep_file(uploaded.path, file_path(folder, uploaded.sha256))
    return views.show_preview(report, uploaded, is_new=is_new)


def preview(uploaded: UploadedFile, settings: Settings) -> CsvPreview:
    """Checks an upload of any format; stores nothing."""
    with open_source_files(uploaded, settings) as (sources, _):
        return views.show_preview(read_report(sources), uploaded, is_new=True)


def list_datasets(db: Session) -> list[Dataset]:
    """Newest first."""
    return repository.list_datasets(db)


def count_datasets(db: Session) -> int:
    return repository.count_datasets(db)


def find_dataset(db: Session, key: str) -> Dataset | None:
    """By uid or slug; `None` when there is none."""
    return repository.find_dataset(db, key)


def get_dataset(db: Session, key: str, *, message: str = "Dataset not found") -> Dataset:
    """By uid or slug; raises `NotFoundError`."""
    found = repository.find_dataset(db, key)
    if found is None:
        raise NotFoundError(message)
    return found


def has_file(db: Session, folder: Path, dataset: Dataset) -> bool:
    """Whether all bytes of the newest version are stored."""
    files = versions.current_files(db, dataset)
    return bool(files) and all(find_file(folder, file.sha256, file.format) for file in files)


def open_training_csv(db: Session, folder: Path, sha256: str, name: str) -> Path | Iterator[bytes]:
    """The CSV with this hash: its path, or its bytes in parts when it is rendered from other formats.

    Raises `NotFoundError`, which names the dataset.
    """
    if path := find_file(folder, sha256):
        return path
    version = repository.find_version_by_sha256(db, sha256)
    if version is None:
        return get_file(folder, sha256, name)
    sources = versions.source_files(folder, repository.list_files(db, version), name)
    return render(version.columns, read_table(sources, version.columns))


def clean_up(db: Session, settings: Settings) -> int:
    """Deletes unregistered files and old comparisons, fills in hashes of old versions. Returns the number of deleted files."""
    folder = settings.datasets_dir
    versions.backfill_all(db, folder)
    comparison.delete_old(settings)
    return delete_unregistered(folder, repository.registered_hashes(db))


def create_from_record(engine: Engine, db: Session, settings: Settings, body: DatasetCreate) -> tuple[Dataset, bool]:
    """Registers an upload or a previewed file, or a record without a file. Returns the dataset, and whether it is new."""
    registration = Registration(
        name=body.name,
        description=body.description,
        tags=body.tags,
        mapping=body.column_mapping,
        new_version=body.new_version,
        version=body.version,
        message=body.message,
        strict=body.strict,
    )
    if body.upload_id:
        return register_upload(engine, db, settings, body.upload_id, registration)
    if body.sha256:
        return register(db, settings, _previewed_file(settings.datasets_dir, body.sha256, body.name), registration)
    begin_write(db)
    _refuse_known_name(db, body.name)
    dataset = _new_row(db, registration)
    dataset.columns, dataset.rows = body.columns, body.rows
    dataset.is_valid, dataset.errors = False, [NO_FILE]
    db.add(dataset)
    db.commit()
    return dataset, True


def register(
    db: Session, settings: Settings, uploaded: UploadedFile, registration: Registration
) -> tuple[Dataset, bool]:
    """Registers a file as a dataset or as a new version. Returns the row, and whether a dataset or version was added.

    Raises `ConflictError` for an existing name with other bytes (unless `new_version`), `UnusableContentError` for unreadable
    files, with `strict` also for files without usable input and output; nothing is stored then.
    """
    with open_source_files(uploaded, settings) as (sources, files):
        content = check_files(sources, files, registration.mapping, strict=registration.strict)
        for source, file in zip(sources, files, strict=True):
            keep_file(source.path, file_path(settings.datasets_dir, file.sha256, file.format))
    return _save(db, settings.datasets_dir, registration, content)


def register_upload(
    engine: Engine, db: Session, settings: Settings, upload_id: str, registration: Registration
) -> tuple[Dataset, bool]:
    """Registers a resumable upload, and deletes the upload afterwards. A refused upload stays for another try."""
    registered = register(db, settings, uploads.get_uploaded_file(engine, settings, upload_id), registration)
    uploads.delete_upload(db, settings, upload_id)
    return registered


def add_version(
    engine: Engine, db: Session, settings: Settings, key: str, body: DatasetVersionCreate
) -> tuple[Dataset, bool]:
    """Adds a version, or rolls back to an old one. Returns the dataset, and whether a version was added."""
    dataset = get_dataset(db, key)
    if body.rollback_to:
        return versions.roll_back(db, settings.datasets_dir, dataset, body.rollback_to, body.message), True
    registration = Registration(
        name=dataset.name,
        mapping=body.column_mapping or dataset.column_mapping,
        new_version=True,
        version=body.version,
        message=body.message,
        strict=body.strict,
    )
    db.rollback()  # releases the connection while files are read
    if body.upload_id:
        return register_upload(engine, db, settings, body.upload_id, registration)
    return register(db, settings, _previewed_file(settings.datasets_dir, str(body.sha256), dataset.name), registration)


def _save(db: Session, folder: Path, registration: Registration, content: VersionContent) -> tuple[Dataset, bool]:
    if known := repository.find_by_name(db, registration.name):
        versions.backfill(db, folder, known)
    begin_write(db)
    known = repository.find_by_name(db, registration.name)
    if known and known.hash == content.hash and known.column_mapping == content.mapping:
        db.commit()  # releases the write lock
        return known, False
    if known and not (registration.new_version or registration.version):
        raise ConflictError(
            f"Dataset '{registration.name}' already exists; choose another name or send new_version=true"
        )
    parent = known.version if known and known.sha256 else None
    dataset = known or _new_row(db, registration)
    if known:
        dataset.version = registration.version or (versions.next_version(db, known) if known.sha256 else known.version)
        versions.require_new_version(db, dataset)
        dataset.description = registration.description or dataset.description
        dataset.tags = registration.tags or dataset.tags
    content.apply(dataset)
    db.add(dataset)
    db.flush()
    versions.add_version(db, dataset, content, parent, registration.message)
    db.commit()
    return dataset, True


def update_dataset(db: Session, settings: Settings, key: str, body: DatasetUpdate) -> Dataset:
    """Changes the given fields; a new mapping or file is checked."""
    dataset = get_dataset(db, key)
    mapping = dataset.column_mapping if body.column_mapping is None else body.column_mapping
    content: VersionContent | None = None
    if body.sha256:
        previewed = _previewed_file(settings.datasets_dir, body.sha256, dataset.name)
        with open_source_files(previewed, settings) as (sources, files):
            content = check_files(sources, files, mapping, strict=True)
    elif body.column_mapping is not None and dataset.sha256:
        content = versions.check_again(db, settings.datasets_dir, dataset, mapping)
        require_trainable(content.report)
    begin_write(db)
    db.expunge(dataset)
    dataset = get_dataset(db, dataset.uid)  # may have changed or been deleted since it was read
    if body.name is not None and body.name != dataset.name:
        _refuse_known_name(db, body.name)
        dataset.name = body.name
    if body.description is not None:
        dataset.description = body.description
    if body.tags is not None:
        dataset.tags = body.tags
    if content is not None:
        replaced = content.sha256 != dataset.sha256
        parent = dataset.version if dataset.sha256 else None
        if replaced and dataset.sha256:
            dataset.version = versions.next_version(db, dataset)
        content.apply(dataset)
        if replaced:
            versions.add_version(db, dataset, content, parent)
        elif current := versions.find_current(db, dataset):
            content.apply(current)
            db.add(current)
    dataset.updated_at = now()
    db.add(dataset)
    db.commit()
    return dataset


def delete_dataset(db: Session, folder: Path, key: str, *, force: bool = False) -> None:
    """Deletes the dataset with all versions, and the files that nothing else needs.

    Raises `ConflictError` while unfinished jobs or models use the dataset, unless `force`; the jobs keep their training CSV.
    """
    dataset = get_dataset(db, key)
    used = uses.find_uses(db, dataset)
    if used.in_use and not force:
        raise ConflictError(f"{used.sentence}; delete it nevertheless with force=true", errors=used.findings)
    _keep_for_jobs(db, folder, dataset)
    begin_write(db)
    dataset = get_dataset(db, key)
    stored = repository.list_versions(db, dataset.uid)
    hashes = repository.hashes_of(db, dataset.uid) | {version.sha256 for version in stored} | {dataset.sha256}
    repository.delete_versions(db, dataset.uid)
    db.delete(dataset)
    db.flush()
    free = {value for value in hashes if value} - repository.registered_hashes(db)
    db.commit()
    delete_files(folder, free)


def read_rows(db: Session, folder: Path, dataset: Dataset, offset: int, limit: int, query: str = "") -> list[Row]:
    """Non-empty rows in file order; with a query, rows that contain each of its words in some cell."""
    sources = versions.source_files(folder, versions.current_files(db, dataset), dataset.name)
    return read_page(sources, dataset.columns, offset, limit, query.lower().split())


def read_profile_of(db: Session, folder: Path, dataset: Dataset) -> Profile:
    """Profiles every row. Raises `NotFoundError` when a file is missing."""
    sources = versions.source_files(folder, versions.current_files(db, dataset), dataset.name)
    return read_profile(sources, dataset.columns, full_mapping(dataset))


def _previewed_file(folder: Path, sha256: str, name: str) -> UploadedFile:
    """A CSV that was uploaded for a preview. The name is made up: previews do not store the name."""
    path = get_file(folder, sha256, name)
    filename = f"{unique_slug(name, lambda _: False)}.csv"
    return UploadedFile(path, filename, path.stat().st_size, sha256, versions.md5_of(path))


def _keep_for_jobs(db: Session, folder: Path, dataset: Dataset) -> None:
    """Stores the rendered training CSV of unfinished jobs before the files it is rendered from are deleted."""
    wanted = repository.hashes_of_unfinished_jobs(db)
    for version in repository.list_versions(db, dataset.uid):
        if version.sha256 in wanted and find_file(folder, version.sha256) is None:
            sources = versions.source_files(folder, repository.list_files(db, version), dataset.name)
            versions.write_csv(folder, render(version.columns, read_table(sources, version.columns)))


def _new_row(db: Session, registration: Registration) -> Dataset:
    return Dataset(
        uid=new_dataset_uid(),
        slug=unique_slug(registration.name, lambda slug: repository.is_slug_taken(db, slug)),
        name=registration.name,
        description=registration.description,
        tags=registration.tags,
        version=registration.version or FIRST_VERSION,
    )


def _refuse_known_name(db: Session, name: str) -> None:
    if repository.find_by_name(db, name):
        raise ConflictError(f"Dataset '{name}' already exists")
