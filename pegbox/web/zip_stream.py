"""An archive of files, written while it is sent: constant memory, nothing on the disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pegbox.web.writable_stream import Outflow

BLOCK_BYTES = 1024 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same files give the same archive."""


def stream_zip(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """(name in the archive, where it lies) pairs as a ZIP archive, stored as they are: weights and Parquet pack badly."""
    drain = Outflow()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.external_attr = 0o644 << 16
            with path.open("rb") as file, archive.open(info, "w", force_zip64=True) as member:
                while block := file.read(BLOCK_BYTES):
                    member.write(block)
                    yield drain.take()
            yield drain.take()
    yield drain.take()
