"""W&B's `.wandb` files: LevelDB's log format behind a header of seven bytes, each piece with a CRC-32."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pegbox.importers.sources import damaged

BLOCK_BYTES = 32_768
MAX_RECORD_BYTES = 64 << 20
START = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
PIECE = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Each record with the position behind it; None for one of more than 64 MiB. A torn end ends the reading.

    Raises `UnusableContentError` for bytes that are no record.
    """
    if file.read(len(START)) != START:
        raise damaged(path, 0, "this is no W&B file, or one of a version that is not known")
    at = len(START)
    parts: list[bytes] = []
    size, within, too_large = 0, False, False
    while True:
        room = BLOCK_BYTES - at % BLOCK_BYTES
        if room < PIECE.size:  # a block's end that has no room for a piece is padding
            padding = file.read(room)
            if padding.strip(b"\0"):
                raise damaged(path, at, "there is something where a block is padded")
            at += room
            continue
        header = file.read(PIECE.size)
        if len(header) < PIECE.size:
            return
        checksum, length, kind = PIECE.unpack(header)
        data = file.read(length)
        if at % BLOCK_BYTES + PIECE.size + length > BLOCK_BYTES or not FULL <= kind <= LAST:
            raise damaged(path, at, "no record of a W&B file begins here")
        if len(data) < length:
            return
        if zlib.crc32(data, zlib.crc32(header[6:])) != checksum:
            raise damaged(path, at, "the record does not fit its checksum")
        if within != (kind in (MIDDLE, LAST)):
            raise damaged(path, at, "a record's pieces are out of order")
        at += PIECE.size + length
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
