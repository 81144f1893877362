"""Reads W&B's `.wandb` files: LevelDB's log format after a header of seven bytes, each fragment with a CRC-32."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pegbox.importers.sources import damage_error

BLOCK_BYTES = 32_768
MAX_RECORD_BYTES = 64 << 20
START = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
FRAGMENT = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Yields end offset and data of each record; `None` as data of a record over 64 MiB. Stops at an incomplete record.

    Raises `UnusableContentError` for damage.
    """
    if file.read(len(START)) != START:
        raise damage_error(path, 0, "this is no W&B file, or one of a version that is not known")
    at = len(START)
    parts: list[bytes] = []
    size, within, too_large = 0, False, False
    while True:
        room = BLOCK_BYTES - at % BLOCK_BYTES
        if room < FRAGMENT.size:  # too small for a fragment: padding
            padding = file.read(room)
            if padding.strip(b"\0"):
                raise damage_error(path, at, "there is something where a block is padded")
            at += room
            continue
        header = file.read(FRAGMENT.size)
        if len(header) < FRAGMENT.size:
            return
        checksum, length, kind = FRAGMENT.unpack(header)
        data = file.read(length)
        if at % BLOCK_BYTES + FRAGMENT.size + length > BLOCK_BYTES or not FULL <= kind <= LAST:
            raise damage_error(path, at, "no record of a W&B file begins here")
        if len(data) < length:
            return
        if zlib.crc32(data, zlib.crc32(header[6:])) != checksum:
            raise damage_error(path, at, "the record does not fit its checksum")
        if within != (kind in (MIDDLE, LAST)):
            raise damage_error(path, at, "a record's pieces are out of order")
        at += FRAGMENT.size + length
        if not within:
            parts, size, too_large = [], 0, False
        size += length
        too_large = too_large or size > MAX_RECORD_BYTES
        parts.append(data)
        if too_large:
            parts.clear()
        within = kind in (FIRST, MIDDLE)
        if not within:
            yield at, None if too_large else b"".join(parts)
