"""Files that have arrived and are not kept yet: one of a form, a finished upload, or the members of an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.files import file_path
from backend.datasets.readers.archive import unpack
from backend.datasets.readers.formats import Format, find_format, is_archive
from backend.datasets.readers.table import Source, telling
from backend.datasets.upload_form import Upload
from pegbox.errors import UnusableContentError
from pegbox.settings import Settings
from pegbox.store.incoming import keep_file
from pegbox.store.tables import DatasetFile


@dataclass(frozen=True)
class Bundle:
    """One file as it was sent: a dataset's only file, or an archive of several."""

    path: Path
    name: str
    size_bytes: int
    sha256: str
    md5: str

    @classmethod
    def of_form(cls, upload: Upload) -> Bundle:
        file = upload.file
        file.close()
        return cls(file.path, upload.filename, file.size_bytes, file.sha256, file.md5)


@dataclass(frozen=True)
class Arrival:
    """One file of a dataset to be, in its order."""

    path: Path
    relpath: str
    format: Format
    size_bytes: int
    sha256: str
    md5: str

    def keep(self, folder: Path) -> None:
        """Gives the bytes their address in the store, unless they are there."""
        keep_file(self.path, file_path(folder, self.sha256, self.format))


@contextmanager
def opened(bundle: Bundle, settings: Settings) -> Iterator[list[Arrival]]:
    """The files in it, sorted by path. What an archive was unpacked to is gone afterwards unless it was kept.

    Raises UnusableContentError for other formats and for archives that are not what they should be.
    """
    kind = find_format(bundle.name)
    if kind:
        yield [Arrival(bundle.path, bundle.name, kind, bundle.size_bytes, bundle.sha256, bundle.md5)]
        return
    if not is_archive(bundle.name):
        raise UnusableContentError("Only CSV files are supported, besides JSONL, Parquet, and ZIP archives of them")
    members = unpack(bundle.path, settings.datasets_dir, settings.max_upload_bytes)
    try:
        yield [
            Arrival(file.path, member.relpath, member.format, file.size_bytes, file.sha256, file.md5)
            for member, file in members
        ]
    finally:
        for _, file in members:
            file.discard()


def look_at(arrivals: list[Arrival]) -> tuple[list[Source], list[DatasetFile]]:
    """How to read the files, and the rows that a version will have for them."""
    sources = []
    for arrival in arrivals:
        with telling(arrival.relpath, several=len(arrivals) > 1):
            sources.append(Source.open(arrival.path, arrival.relpath, arrival.format))
    files = [
        DatasetFile(
            version_id=0,
            position=position,
            relpath=arrival.relpath,
            sha256=arrival.sha256,
            md5=arrival.md5,
            size_bytes=arrival.size_bytes,
            format=arrival.format,
            encoding=source.dialect.encoding if arrival.format == "csv" else None,
            delimiter=source.dialect.delimiter if arrival.format == "csv" else None,
        )
        for position, (arrival, source) in enumerate(zip(arrivals, sources, strict=True))
    ]
    return sources, files
