"""What can be done with datasets: preview, register, change, delete, read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from backend.datasets import repository, views
from backend.datasets.csv_dialect import Dialect
from backend.datasets.csv_records import Record
from backend.datasets.csv_report import CsvReport, read_page, read_report
from backend.datasets.files import find_file, forget_unregistered, get_file
from backend.datasets.profile import Profile, read_profile
from backend.datasets.upload import Upload
from backend.identifiers import new_dataset_uid, unique_slug
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.schemas.dataset import CsvPreview, DatasetCreate, DatasetUpdate
from pegbox.store.database import begin_write
from pegbox.store.tables import Dataset, DatasetVersion, now

FIRST_VERSION = "v1.0.0"
NO_FILE = "No file is stored for this dataset; upload its CSV"


@dataclass
class Registration:
    """What someone wants to register: a name for bytes that are here already."""

    name: str
    sha256: str | None
    description: str = ""
    tags: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    new_version: bool = False
    version: str | None = None
    strict: bool = False
    """Refuse a file that no training can use (400), rather than keep it with its errors."""


def preview_upload(upload: Upload) -> CsvPreview:
    """Checks an uploaded CSV and keeps its bytes; raises `UnusableContentError` and keeps nothing when it is no CSV."""
    try:
        if not upload.filename.lower().endswith(".csv"):
            raise UnusableContentError("Only CSV files are supported")
        report = read_report(upload.file.path)
        is_new = upload.file.keep()
    finally:
        upload.file.discard()
    return views.show_preview(
        report, filename=upload.filename, size_bytes=upload.file.size_bytes, sha256=upload.file.sha256, is_new=is_new
    )


def list_datasets(db: Session) -> list[Dataset]:
    """Newest first."""
    return repository.list_datasets(db)


def find_dataset(db: Session, key: str) -> Dataset | None:
    """By uid or slug; `None` when there is none."""
    return repository.find_dataset(db, key)


def has_file(folder: Path, sha256: str | None) -> bool:
    """Whether the bytes with this hash are stored."""
    return find_file(folder, sha256) is not None


def get_stored_file(folder: Path, sha256: str | None, name: str) -> Path:
    """The file with this hash; raises `NotFoundError` that names the dataset."""
    return get_file(folder, sha256, name)


def forget_uploads(db: Session, folder: Path) -> int:
    """Deletes old uploads that nothing refers to; returns how many."""
    return forget_unregistered(folder, repository.registered_hashes(db))


def get_dataset(db: Session, key: str, *, message: str = "Dataset not found") -> Dataset:
    """By uid or slug; raises `NotFoundError`."""
    found = repository.find_dataset(db, key)
    if found is None:
        raise NotFoundError(message)
    return found


def create_from_record(db: Session, folder: Path, body: DatasetCreate) -> tuple[Dataset, bool]:
    """Registers a previewed file for training, or keeps a record without a file. The flag says whether it is new."""
    wanted = Registration(
        name=body.name,
        sha256=body.sha256,
        description=body.description,
        tags=body.tags,
        mapping=body.column_mapping,
        new_version=body.new_version,
        strict=True,
    )
    if body.sha256:
        return register(db, folder, wanted)
    begin_write(db)
    _refuse_known_name(db, body.name)
    dataset = _new_row(db, wanted)
    dataset.columns, dataset.rows = body.columns, body.rows
    dataset.is_valid, dataset.errors = False, [NO_FILE]
    db.add(dataset)
    db.commit()
    return dataset, True


def register_upload(db: Session, folder: Path, upload: Upload, wanted: Registration) -> tuple[Dataset, bool]:
    """Registers a file that has just arrived; what cannot be read as CSV is refused before its bytes are kept."""
    if not upload.filename.lower().endswith(".csv"):
        raise UnusableContentError("Only CSV files are supported")
    report = _checked(upload.file.path, wanted)
    upload.file.keep()
    return _save(db, folder, wanted, report)


def register(db: Session, folder: Path, wanted: Registration) -> tuple[Dataset, bool]:
    """Makes stored bytes a dataset, or a new version of one. Returns the row, and whether anything new came of it.

    Raises ConflictError for a known name with other bytes (unless a new version is wanted), UnusableContentError when
    `strict` and the file has no usable input and output.
    """
    return _save(db, folder, wanted, _checked(get_file(folder, wanted.sha256, wanted.name), wanted))


def _checked(path: Path, wanted: Registration) -> CsvReport:
    report = read_report(path, wanted.mapping)
    if wanted.strict:
        refuse_unusable(report)
    return report


def _save(db: Session, folder: Path, wanted: Registration, report: CsvReport) -> tuple[Dataset, bool]:
    path = get_file(folder, wanted.sha256, wanted.name)
    begin_write(db)
    known = repository.find_by_name(db, wanted.name)
    if known and known.sha256 == wanted.sha256 and known.column_mapping == _usable_mapping(report):
        return known, False
    if known and not (wanted.new_version or wanted.version):
        raise ConflictError(f"Dataset '{wanted.name}' already exists; choose another name or send new_version=true")
    parent = known.version if known and known.sha256 else None
    dataset = known or _new_row(db, wanted)
    if known:
        dataset.version = wanted.version or (next_version(known.version) if known.sha256 else known.version)
        if any(version.version == dataset.version for version in repository.list_versions(db, known.uid)):
            raise ConflictError(f"Dataset '{wanted.name}' already has a version {dataset.version}")
        dataset.description = wanted.description or dataset.description
        dataset.tags = wanted.tags or dataset.tags
    apply_report(dataset, report, path, str(wanted.sha256))
    db.add(dataset)
    db.flush()
    _add_version(db, dataset, parent)
    db.commit()
    return dataset, True


def update_dataset(db: Session, folder: Path, key: str, body: DatasetUpdate) -> Dataset:
    """Changes what the body names; another mapping or another file is checked again."""
    dataset = get_dataset(db, key)
    sha256 = body.sha256 or dataset.sha256
    report: CsvReport | None = None
    if body.sha256 or (body.column_mapping is not None and sha256):
        path = get_file(folder, sha256, dataset.name)
        mapping = dataset.column_mapping if body.column_mapping is None else body.column_mapping
        report = read_report(path, mapping)
        refuse_unusable(report)
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
    if report is not None:
        replaced = sha256 != dataset.sha256
        parent = dataset.version if dataset.sha256 else None
        if replaced and dataset.sha256:
            dataset.version = next_version(dataset.version)
        apply_report(dataset, report, get_file(folder, sha256, dataset.name), str(sha256))
        if replaced:
            _add_version(db, dataset, parent)
    dataset.updated_at = now()
    db.add(dataset)
    db.commit()
    return dataset


def delete_dataset(db: Session, folder: Path, key: str) -> None:
    """Removes the record, and its bytes unless another dataset or an unfinished job needs them."""
    begin_write(db)
    dataset = get_dataset(db, key)
    hashes = {version.sha256 for version in repository.list_versions(db, dataset.uid)} | {dataset.sha256}
    for version in repository.list_versions(db, dataset.uid):
        db.delete(version)
    db.flush()
    db.delete(dataset)
    db.flush()
    free = {value for value in hashes if value} - repository.registered_hashes(db)
    db.commit()
    for sha256 in free:
        if path := find_file(folder, sha256):
            path.unlink(missing_ok=True)


def read_rows(folder: Path, dataset: Dataset, offset: int, limit: int, query: str = "") -> list[Record]:
    """Non-empty rows of the file, in its order; with a query those that have each of its words in some cell."""
    path = get_file(folder, dataset.sha256, dataset.name)
    return read_page(path, Dialect(dataset.encoding, dataset.delimiter), offset, limit, query.lower().split())


def read_profile_of(folder: Path, dataset: Dataset) -> Profile:
    """A look at every row. Raises `NotFoundError` when the file is not here."""
    path = get_file(folder, dataset.sha256, dataset.name)
    mapping = {"input": "input", "output": "output", **dataset.column_mapping}
    return read_profile(path, Dialect(dataset.encoding, dataset.delimiter), dataset.columns, mapping)


def refuse_unusable(report: CsvReport) -> None:
    """Raises `UnusableContentError` when no training can use the file under its mapping."""
    if not report.errors:
        return
    findings = [{"loc": ["file"], "msg": message, "type": "csv"} for message in report.errors]
    if report.missing:
        role = report.missing[0]
        mapped = report.mapping.get(role)
        reason = (
            f"Column '{mapped}' (mapped to '{role}') is not in the file"
            if mapped and mapped != role
            else f"Missing required '{role}' column"
        )
        raise UnusableContentError(f"Failed to parse CSV file: {reason}", errors=findings)
    raise UnusableContentError(f"Failed to parse CSV file: {report.errors[0]}", errors=findings)


def apply_report(dataset: Dataset, report: CsvReport, path: Path, sha256: str) -> None:
    """Takes over what the check of a file found."""
    dataset.sha256 = sha256
    dataset.size_bytes = path.stat().st_size
    dataset.columns = report.columns
    dataset.column_mapping = _usable_mapping(report)
    dataset.rows = report.usable_rows if report.has_required_columns else report.total_rows
    dataset.encoding, dataset.delimiter = report.dialect.encoding, report.dialect.delimiter
    dataset.errors, dataset.warnings = report.errors, report.warnings
    dataset.is_valid = not report.errors
    dataset.updated_at = now()


def _usable_mapping(report: CsvReport) -> dict[str, str]:
    return report.mapping if report.has_required_columns else {}


def next_version(version: str) -> str:
    """`v1.0.0` → `v1.1.0`."""
    major, minor, *_ = [*version.lstrip("v").split("."), "0", "0"]
    return f"v{major}.{int(minor) + 1}.0" if minor.isdigit() else f"{version}.1"


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


def _add_version(db: Session, dataset: Dataset, parent: str | None) -> None:
    db.add(
        DatasetVersion(
            dataset_uid=dataset.uid,
            version=dataset.version,
            sha256=str(dataset.sha256),
            rows=dataset.rows,
            size_bytes=dataset.size_bytes,
            parent=parent,
        )
    )
