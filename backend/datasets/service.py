"""What can be done with datasets: preview, register, change, delete, read. Their versions are in `versions`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from backend.datasets import repository, uses, views
from backend.datasets.files import delete_files, file_path, find_file, forget_unregistered, get_file
from backend.datasets.profile import Profile, read_profile
from backend.datasets.readers.formats import find_format
from backend.datasets.readers.row import Record
from backend.datasets.readers.table import Source, read_table
from backend.datasets.report import read_page, read_report
from backend.datasets.source_files import Bundle, look_at, opened
from backend.datasets.validation import Checked, check, refuse_unusable
from backend.datasets.versions import comparison
from backend.datasets.versions import service as versions
from backend.datasets.versions.training_csv import render
from backend.identifiers import new_dataset_uid, unique_slug
from backend.uploads import service as uploads
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.schemas.dataset import CsvPreview, DatasetCreate, DatasetUpdate, DatasetVersionCreate
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.incoming import keep_file
from pegbox.store.tables import Dataset, now

FIRST_VERSION = "v1.0.0"
NO_FILE = "No file is stored for this dataset; upload its CSV"


@dataclass
class Registration:
    """What someone wants to register: a name for bytes, and what is said of them."""

    name: str
    description: str = ""
    tags: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    new_version: bool = False
    version: str | None = None
    message: str = ""
    strict: bool = False
    """Refuse a file that no training can use (400), rather than keep it with its errors."""


def preview_csv(bundle: Bundle, folder: Path) -> CsvPreview:
    """Checks an uploaded CSV and keeps its bytes; raises `UnusableContentError` and keeps nothing when it is no CSV."""
    if find_format(bundle.name) != "csv":
        raise UnusableContentError("Only CSV files are supported")
    report = read_report([Source.open(bundle.path, bundle.name, "csv")])
    is_new = keep_file(bundle.path, file_path(folder, bundle.sha256))
    return views.show_preview(report, bundle, is_new=is_new)


def preview(bundle: Bundle, settings: Settings) -> CsvPreview:
    """Checks an upload of any format; nothing is kept beside it."""
    with opened(bundle, settings) as arrivals:
        sources, _ = look_at(arrivals)
        return views.show_preview(read_report(sources), bundle, is_new=True)


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
    """What a job with this hash trains on: the stored file, or the CSV that is made of other formats, in parts.

    Raises `NotFoundError` that names the dataset.
    """
    if path := find_file(folder, sha256):
        return path
    version = repository.find_version_by_sha256(db, sha256)
    if version is None:
        return get_file(folder, sha256, name)
    sources = versions.sources_of(folder, repository.list_files(db, version), name)
    return render(version.columns, read_table(sources, version.columns))


def housekeep(db: Session, settings: Settings) -> int:
    """Deletes old uploads that nothing refers to; returns how many. Old versions learn their hashes."""
    folder = settings.datasets_dir
    versions.complete_all(db, folder)
    comparison.forget(settings)
    return forget_unregistered(folder, repository.registered_hashes(db))


def create_from_record(engine: Engine, db: Session, settings: Settings, body: DatasetCreate) -> tuple[Dataset, bool]:
    """Registers an upload or a previewed file, or keeps a record without a file. The flag says whether it is new."""
    wanted = Registration(
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
        return register_arrived(engine, db, settings, body.upload_id, wanted)
    if body.sha256:
        return register(db, settings, _previewed(settings.datasets_dir, body.sha256, body.name), wanted)
    begin_write(db)
    _refuse_known_name(db, body.name)
    dataset = _new_row(db, wanted)
    dataset.columns, dataset.rows = body.columns, body.rows
    dataset.is_valid, dataset.errors = False, [NO_FILE]
    db.add(dataset)
    db.commit()
    return dataset, True


def register(db: Session, settings: Settings, bundle: Bundle, wanted: Registration) -> tuple[Dataset, bool]:
    """Makes bytes a dataset, or a new version of one. Returns the row, and whether anything new came of it.

    Raises ConflictError for a known name with other bytes (unless a new version is wanted), UnusableContentError for what cannot
    be read, and when `strict` for files without a usable input and output; nothing is kept then.
    """
    with opened(bundle, settings) as arrivals:
        sources, files = look_at(arrivals)
        checked = check(sources, files, wanted.mapping, strict=wanted.strict)
        for arrival in arrivals:
            arrival.keep(settings.datasets_dir)
    return _save(db, settings.datasets_dir, wanted, checked)


def register_arrived(
    engine: Engine, db: Session, settings: Settings, upload_id: str, wanted: Registration
) -> tuple[Dataset, bool]:
    """The same for an upload that came in pieces; what is refused can be tried again, what is not is used up."""
    arrived = uploads.claim(engine, settings, upload_id)
    bundle = Bundle(arrived.path, arrived.name, arrived.size_bytes, arrived.sha256, arrived.md5)
    registered = register(db, settings, bundle, wanted)
    uploads.drop(db, settings, upload_id)
    return registered


def add_version(
    engine: Engine, db: Session, settings: Settings, key: str, body: DatasetVersionCreate
) -> tuple[Dataset, bool]:
    """Another version of a dataset, or an old one again. The flag says whether anything new came of it."""
    dataset = get_dataset(db, key)
    if body.rollback_to:
        return versions.roll_back(db, settings.datasets_dir, dataset, body.rollback_to, body.message), True
    wanted = Registration(
        name=dataset.name,
        mapping=body.column_mapping or dataset.column_mapping,
        new_version=True,
        version=body.version,
        message=body.message,
        strict=body.strict,
    )
    db.rollback()  # no connection waits while files are read
    if body.upload_id:
        return register_arrived(engine, db, settings, body.upload_id, wanted)
    return register(db, settings, _previewed(settings.datasets_dir, str(body.sha256), dataset.name), wanted)


def _save(db: Session, folder: Path, wanted: Registration, checked: Checked) -> tuple[Dataset, bool]:
    if known := repository.find_by_name(db, wanted.name):
        versions.complete(db, folder, known)
    begin_write(db)
    known = repository.find_by_name(db, wanted.name)
    if known and known.hash == checked.hash and known.column_mapping == checked.mapping:
        db.commit()  # nobody need wait for the lock any longer
        return known, False
    if known and not (wanted.new_version or wanted.version):
        raise ConflictError(f"Dataset '{wanted.name}' already exists; choose another name or send new_version=true")
    parent = known.version if known and known.sha256 else None
    dataset = known or _new_row(db, wanted)
    if known:
        dataset.version = wanted.version or (versions.next_version(db, known) if known.sha256 else known.version)
        versions.refuse_known(db, dataset)
        dataset.description = wanted.description or dataset.description
        dataset.tags = wanted.tags or dataset.tags
    checked.apply(dataset)
    db.add(dataset)
    db.flush()
    versions.add_version(db, dataset, checked, parent, wanted.message)
    db.commit()
    return dataset, True


def update_dataset(db: Session, settings: Settings, key: str, body: DatasetUpdate) -> Dataset:
    """Changes what the body names; another mapping or another file is checked again."""
    dataset = get_dataset(db, key)
    mapping = dataset.column_mapping if body.column_mapping is None else body.column_mapping
    checked: Checked | None = None
    if body.sha256:
        with opened(_previewed(settings.datasets_dir, body.sha256, dataset.name), settings) as arrivals:
            checked = check(*look_at(arrivals), mapping, strict=True)
    elif body.column_mapping is not None and dataset.sha256:
        checked = versions.check_again(db, settings.datasets_dir, dataset, mapping)
        refuse_unusable(checked.report)
    begin_write(db)
    db.expunge(dataset)
    dataset = get_dataset(db, dataset.uid)  # somebody else may have changed or removed it meanwhile
    if body.name is not None and body.name != dataset.name:
        _refuse_known_name(db, body.name)
        dataset.name = body.name
    if body.description is not None:
        dataset.description = body.description
    if body.tags is not None:
        dataset.tags = body.tags
    if checked is not None:
        replaced = checked.sha256 != dataset.sha256
        parent = dataset.version if dataset.sha256 else None
        if replaced and dataset.sha256:
            dataset.version = versions.next_version(db, dataset)
        checked.apply(dataset)
        if replaced:
            versions.add_version(db, dataset, checked, parent)
        elif current := versions.find_current(db, dataset):
            checked.apply(current)
            db.add(current)
    dataset.updated_at = now()
    db.add(dataset)
    db.commit()
    return dataset


def delete_dataset(db: Session, folder: Path, key: str, *, force: bool = False) -> None:
    """Removes the record with all versions, and the bytes that nothing else needs.

    Raises ConflictError while unfinished jobs or models of the collection rest on it, unless it is `force`d; the jobs keep what
    they train on.
    """
    dataset = get_dataset(db, key)
    used = uses.find_uses(db, dataset)
    if used.hold and not force:
        raise ConflictError(f"{used.sentence}; delete it nevertheless with force=true", errors=used.findings)
    _keep_for_jobs(db, folder, dataset)
    begin_write(db)
    dataset = get_dataset(db, key)
    found = repository.list_versions(db, dataset.uid)
    hashes = repository.hashes_of(db, dataset.uid) | {version.sha256 for version in found} | {dataset.sha256}
    repository.delete_versions(db, dataset.uid)
    db.delete(dataset)
    db.flush()
    free = {value for value in hashes if value} - repository.registered_hashes(db)
    db.commit()
    delete_files(folder, free)


def read_rows(db: Session, folder: Path, dataset: Dataset, offset: int, limit: int, query: str = "") -> list[Record]:
    """Non-empty rows of the files, in their order; with a query those that have each of its words in some cell."""
    sources = versions.sources_of(folder, versions.current_files(db, dataset), dataset.name)
    return read_page(sources, dataset.columns, offset, limit, query.lower().split())


def read_profile_of(db: Session, folder: Path, dataset: Dataset) -> Profile:
    """A look at every row. Raises `NotFoundError` when a file is not here."""
    sources = versions.sources_of(folder, versions.current_files(db, dataset), dataset.name)
    mapping = {"input": "input", "output": "output", **dataset.column_mapping}
    return read_profile(sources, dataset.columns, mapping)


def _previewed(folder: Path, sha256: str, name: str) -> Bundle:
    """A CSV that was uploaded for a preview; its name was not kept."""
    path = get_file(folder, sha256, name)
    filename = f"{unique_slug(name, lambda _: False)}.csv"
    return Bundle(path, filename, path.stat().st_size, sha256, versions.md5_of(path))


def _keep_for_jobs(db: Session, folder: Path, dataset: Dataset) -> None:
    """Writes down what unfinished jobs train on, where it is made of files that are about to go."""
    wanted = repository.hashes_of_unfinished_jobs(db)
    for version in repository.list_versions(db, dataset.uid):
        if version.sha256 in wanted and find_file(folder, version.sha256) is None:
            sources = versions.sources_of(folder, repository.list_files(db, version), dataset.name)
            versions.write_csv(folder, render(version.columns, read_table(sources, version.columns)))


def _new_row(db: Session, wanted: Registration) -> Dataset:
    return Dataset(
        uid=new_dataset_uid(),
        slug=unique_slug(wanted.name, lambda slug: repository.is_slug_taken(db, slug)),
        name=wanted.name,
        description=wanted.description,
        tags=wanted.tags,
        version=wanted.version or FIRST_VERSION,
    )


def _refuse_known_name(db: Session, name: str) -> None:
    if repository.find_by_name(db, name):
        raise ConflictError(f"Dataset '{name}' already exists")
