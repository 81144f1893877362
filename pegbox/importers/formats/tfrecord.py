"""Reads TensorFlow's record files: a sequence of length, checksum of the length, data, checksum of the data."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pegbox.importers.formats.crc32c import masked_crc32c
from pegbox.importers.sources import damage_error

MAX_RECORD_BYTES = 64 << 20
HEADER = struct.Struct("<QI")


def records(file: BinaryIO, path: Path, verified: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Yields end offset and data of each record; `None` as data of a record over 64 MiB. Stops at an incomplete record.

    Does not verify the data before the offset `verified`. Raises `UnusableContentError` for damage.
    """
    size = os.fstat(file.fileno()).st_size
    at = 0
    while len(header := file.read(HEADER.size)) == HEADER.size:
        length, checksum = HEADER.unpack(header)
        if masked_crc32c(header[:8]) != checksum:
            raise damage_error(path, at, "no record of an event file begins here: its length does not fit its checksum")
        end = at + HEADER.size + length + 4
        if end > size:
            return
        if length > MAX_RECORD_BYTES:
            file.seek(end)
            yield end, None
        else:
            data = file.read(length)
            trailer = file.read(4)
            if len(data) < length or len(trailer) < 4:
                return
            if end > verified and masked_crc32c(data) != int.from_bytes(trailer, "little"):
                raise damage_error(path, at, "the record does not fit its checksum")
            yield end, data
        at = end
