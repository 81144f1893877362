"""Writers of the file formats, implemented from the specifications, to test the parsers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

from pegbox.importers.formats.crc32c import masked_crc32c
from pegbox.importers.formats.leveldb_log import BLOCK_BYTES, START


def varint(value: int) -> bytes:
    value %= 2**64
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | float | bytes | str, *, wide: bool = True) -> bytes:
    """A protobuf field: an int as varint, a float as double or single, bytes and text with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | (1 if wide else 5)) + struct.pack("<d" if wide else "<f", value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tfrecord(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def scalar_event(step: int, tag: str, value: float) -> bytes:
    """A record of an Event with one simple_value."""
    summary = field(1, field(1, tag) + field(2, value, wide=False))
    return tfrecord(field(1, 1000.0 + step) + field(2, step) + field(5, summary))


def event_file(folder: Path, records: Iterable[bytes]) -> Path:
    """An event file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "events.out.tfevents.1000.host"
    file.write_bytes(tfrecord(field(1, 1000.0) + field(3, "brain.Event:2")) + b"".join(records))
    return file


def leveldb_log(records: Iterable[bytes]) -> bytes:
    """The content of a `.wandb` file."""
    out = bytearray(START)
    for record in records:
        rest, first = record, True
        while first or rest:
            room = BLOCK_BYTES - len(out) % BLOCK_BYTES
            if room < 7:
                out += bytes(room)
                room = BLOCK_BYTES
            fragment, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if not rest else 2) if first else (4 if not rest else 3)
            out += struct.pack("<IHB", zlib.crc32(fragment, zlib.crc32(bytes([kind]))), len(fragment), kind) + fragment
            first = False
    return bytes(out)
