"""A parser of protocol buffers' wire format, see https://protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

Field = tuple[int, int | bytes]


def fields(message: bytes) -> Iterator[Field]:
    """Yields number and value of each field: an `int` for a varint, `bytes` for other types. Raises `ValueError`."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"a message has a field of the unknown kind {kind}")
        if size > end - at:
            raise ValueError("a message ends within a field")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("a message ends within a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise ValueError("a message has a number of more than ten bytes")


def signed(value: int | bytes) -> int:
    """An int64 or int32. Raises `ValueError` for a field of another type."""
    if not isinstance(value, int):
        raise ValueError("a message has bytes where a number belongs")
    return value - 2**64 if value >= 2**63 else value


def double(value: int | bytes) -> float:
    """A double. Raises `ValueError` for a field of another type."""
    return _unpacked("<d", value)


def single(value: int | bytes) -> float:
    """A float. Raises `ValueError` for a field of another type."""
    return _unpacked("<f", value)


def _unpacked(form: str, value: int | bytes) -> float:
    if not isinstance(value, bytes) or len(value) != struct.calcsize(form):
        raise ValueError("a message has a number of the wrong size")
    return float(struct.unpack(form, value)[0])


def raw(value: int | bytes) -> bytes:
    """Bytes or a nested message. Raises `ValueError` for a field of another type."""
    if not isinstance(value, bytes):
        raise ValueError("a message has a number where bytes belong")
    return value


def text(value: int | bytes) -> str:
    """A string. Raises `ValueError` for a field of another type."""
    return raw(value).decode("utf-8", "replace")
