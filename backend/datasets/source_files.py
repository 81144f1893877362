"""From an uploaded file to the files of a dataset: the file itself, or the members of an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backend.datasets.readers.archive import unpack
from backend.datasets.readers.formats import find_format, is_archive
from backend.datasets.readers.table import SourceFile, prefix_errors
from backend.uploads.service import UploadedFile
from pegbox.errors import UnusableContentError
from pegbox.settings import Settings
from pegbox.store.tables import DatasetFile


@contextmanager
def open_source_files(
    uploaded: UploadedFile, settings: Settings
) -> Iterator[tuple[list[SourceFile], list[DatasetFile]]]:
    """The files to read and their future rows, both sorted by path. Unpacked members are deleted on exit unless kept.

    Raises `UnusableContentError` for other formats and for invalid archives.
    """
    kind = find_format(uploaded.name)
    if kind:
        source = SourceFile.open(uploaded.path, uploaded.name, kind)
        yield [source], [_row(source, 0, uploaded.sha256, uploaded.md5, uploaded.size_bytes)]
        return
    if not is_archive(uploaded.name):
        raise UnusableContentError("Only CSV files are supported, besides JSONL, Parquet, and ZIP archives of them")
    members = unpack(uploaded.path, settings.datasets_dir, settings.max_upload_bytes)
    try:
        sources = []
        for member, file in members:
            with prefix_errors(member.relpath, several=len(members) > 1):
                sources.append(SourceFile.open(file.path, member.relpath, member.format))
        rows = [
            _row(source, position, file.sha256, file.md5, file.size_bytes)
            for position, (source, (_, file)) in enumerate(zip(sources, members, strict=True))
        ]
        yield sources, rows
    finally:
        for _, file in members:
            file.discard()


def _row(source: SourceFile, position: int, sha256: str, md5: str, size_bytes: int) -> DatasetFile:
    is_csv = source.format == "csv"
    return DatasetFile(
        version_id=0,
        position=position,
        relpath=source.relpath,
        sha256=sha256,
        md5=md5,
        size_bytes=size_bytes,
        format=source.format,
        encoding=source.dialect.encoding if is_csv else None,
        delimiter=source.dialect.delimiter if is_csv else None,
    )
