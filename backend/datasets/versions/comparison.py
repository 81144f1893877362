"""Compares two versions of a dataset; the result is cached for a day and read in pages."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from backend.datasets import repository
from backend.datasets.versions import service as versions
from backend.datasets.versions.diff import MOST_KEPT, DiffSide, Entry, Kind, read_entries, read_totals, write_diff
from pegbox.errors import NotFoundError, ValidationError
from pegbox.schemas.dataset import DatasetDiff, DiffEntry
from pegbox.settings import Settings
from pegbox.store.tables import Dataset, DatasetVersion

KEPT_SECONDS = 24 * 3600
CACHE_FORMAT = "1"
"""Increase it when the content of cached files changes."""


@dataclass(frozen=True)
class DiffQuery:
    """The versions to compare and the page to return. `older` defaults to the parent of `newer`, `newer` to the newest version."""

    older: str | None
    newer: str | None
    key: str | None
    kind: Kind | None
    offset: int
    limit: int


def compare(db: Session, settings: Settings, dataset: Dataset, query: DiffQuery) -> DatasetDiff:
    """A page of the differing rows. Raises `NotFoundError` for unknown versions, `ValidationError` for an unknown key column."""
    versions.backfill(db, settings.datasets_dir, dataset)
    newer = versions.get_version(db, dataset, query.newer or dataset.version)
    if not (query.older or newer.parent):
        raise NotFoundError(f"Version {newer.version} is the first one; there is nothing to compare it with")
    older = versions.get_version(db, dataset, query.older or str(newer.parent))
    key = query.key or None
    for version in (older, newer):
        if key and key not in version.columns:
            raise ValidationError(f"Version {version.version} has no column '{key}' to tell rows apart by")
    before, after = (_side(db, settings, dataset, version) for version in (older, newer))
    db.rollback()  # releases the connection while files are read
    path = _path(settings, older, newer, key)
    if path.is_file():
        os.utime(path)
    else:
        write_diff(path, before, after, key)
    totals = read_totals(path)
    total = totals[query.kind] if query.kind else sum(totals.values())
    return DatasetDiff(
        older=older.version,
        newer=newer.version,
        key=key,
        columns=list(dict.fromkeys([*newer.columns, *older.columns])),
        added=totals["added"],
        removed=totals["removed"],
        changed=totals["changed"],
        total=total,
        kept=MOST_KEPT,
        offset=query.offset,
        limit=query.limit,
        rows=[_show(entry, before, after) for entry in read_entries(path, query.kind, query.offset, query.limit)],
    )


def delete_old(settings: Settings) -> int:
    """Deletes comparisons unused for a day. Returns their number."""
    oldest = time.time() - KEPT_SECONDS
    old = [path for path in _folder(settings).glob("*") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _side(db: Session, settings: Settings, dataset: Dataset, version: DatasetVersion) -> DiffSide:
    files = repository.list_files(db, version)
    sources = versions.source_files(settings.datasets_dir, files, dataset.name)
    return DiffSide(sources, version.columns, [f"{file.sha256}.{file.format}" for file in files])


def _folder(settings: Settings) -> Path:
    return settings.home / "cache" / "diffs"


def _path(settings: Settings, older: DatasetVersion, newer: DatasetVersion, key: str | None) -> Path:
    parts = (CACHE_FORMAT, older.hash, newer.hash, older.sha256, newer.sha256, key)
    return _folder(settings) / hashlib.sha256(repr(parts).encode()).hexdigest()


def _show(entry: Entry, before: DiffSide, after: DiffSide) -> DiffEntry:
    return DiffEntry(
        kind=entry.kind,
        before=entry.before,
        after=entry.after,
        before_line=entry.before_line,
        after_line=entry.after_line,
        before_file=None if entry.before_file is None else before.sources[entry.before_file].relpath,
        after_file=None if entry.after_file is None else after.sources[entry.after_file].relpath,
    )
