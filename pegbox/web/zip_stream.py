"""A ZIP archive that is written while it is sent: constant memory, no temporary file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pegbox.web.writable_stream import WritableStream

BLOCK_BYTES = 1024 * 1024
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same files give the same archive."""


def stream_zip(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """A ZIP archive of (name in the archive, path) pairs, uncompressed: weights and Parquet hardly compress."""
    stream = WritableStream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.external_attr = 0o644 << 16
            with path.open("rb") as file, archive.open(info, "w", force_zip64=True) as member:
                while block := file.read(BLOCK_BYTES):
                    member.write(block)
                    yield stream.take()
            yield stream.take()
    yield stream.take()
