"""TensorFlow's record files: length, its checksum, data, its checksum, over and over."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pegbox.importers.formats.crc32c import masked_crc32c
from pegbox.importers.sources import damaged

MAX_RECORD_BYTES = 64 << 20
HEADER = struct.Struct("<QI")


def records(file: BinaryIO, path: Path, checked: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Each record with the position behind it; None for one of more than 64 MiB, which is passed over.

    Records before the position `checked` are not checked again. A record that is not yet whole ends the reading. Raises
    `UnusableContentError` for bytes that are no record.
    """
    size = os.fstat(file.fileno()).st_size
    at = 0
    while len(header := file.read(HEADER.size)) == HEADER.size:
        length, checksum = HEADER.unpack(header)
        if masked_crc32c(header[:8]) != checksum:
            raise damaged(path, at, "no record of an event file begins here: its length does not fit its checksum")
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
            if end > checked and masked_crc32c(data) != int.from_bytes(trailer, "little"):
                raise damaged(path, at, "the record does not fit its checksum")
            yield end, data
        at = end
