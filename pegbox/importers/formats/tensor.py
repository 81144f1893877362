"""Converts tensors and histograms of event files to NumPy arrays and Pegbox's histograms."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pegbox.importers.formats.protobuf import double, fields, raw, signed
from pegbox.importers.values import histogram

MAX_VALUES = 1 << 20
BFLOAT16 = 14
STRING = 7
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
"""TensorFlow's DataType → NumPy's dtype."""

Numbers = NDArray[np.float64]


def numbers_of(message: bytes) -> Numbers | None:
    """The numbers of a TensorProto, flattened; `None` for strings and unsupported types. Raises `ValueError`."""
    kind, content, listed = 0, b"", []
    for number, value in fields(message):
        if number == 1:
            kind = signed(value)
        elif number == 4:
            content = raw(value)
        elif number in (5, 6, 7, 10, 13):
            listed.append((number, value))
    if kind == BFLOAT16 and content:
        return (np.frombuffer(_checked_size(content, 2), "<u2").astype("<u4") << 16).view("<f4").astype(np.float64)
    if kind not in DTYPES:
        return None
    if content:
        form = np.dtype(DTYPES[kind])
        return np.frombuffer(_checked_size(content, form.itemsize), form).astype(np.float64)
    return np.array([item for number, value in listed for item in _listed(number, value)], np.float64)


def _checked_size(content: bytes, size: int) -> bytes:
    if len(content) % size:
        raise ValueError("a tensor's content ends within a number")
    return content


def _listed(number: int, value: int | bytes) -> list[float]:
    """The values of a tensor's repeated field, packed or not."""
    if number in (5, 6) and isinstance(value, bytes):
        form = "<f4" if number == 5 else "<f8"
        return [float(item) for item in np.frombuffer(_checked_size(value, np.dtype(form).itemsize), form)]
    if isinstance(value, int):
        return [float(signed(value))]
    packed = b"\x08" + value  # packed fields hold the values without their keys
    return [float(signed(item)) for item in _packed(packed)] if value else []


def _packed(message: bytes) -> list[int]:
    values, at, value, shift = [], 1, 0, 0
    while at < len(message):
        value |= (message[at] & 0x7F) << shift
        shift += 7
        if message[at] < 0x80:
            values.append(value & 0xFFFFFFFFFFFFFFFF)
            value = shift = 0
        elif shift > 63:
            raise ValueError("a tensor has a number of more than ten bytes")
        at += 1
    return values


def texts_of(message: bytes) -> list[str]:
    """The strings of a TensorProto. Raises `ValueError`."""
    return [raw(value).decode("utf-8", "replace") for number, value in fields(message) if number == 8]


def histogram_of(message: bytes) -> dict[str, Any] | None:
    """The data of a HistogramProto, whose limits are the upper edges of the bins. Raises `ValueError`."""
    least, limits, counts = 0.0, np.zeros(0), np.zeros(0)
    greatest = 0.0
    for number, value in fields(message):
        if number == 1:
            least = double(value)
        elif number == 2:
            greatest = double(value)
        elif number in (6, 7) and len(raw(value)) <= 8 * MAX_VALUES:
            row = np.frombuffer(_checked_size(raw(value), 8), "<f8")
            limits, counts = (row, counts) if number == 6 else (limits, row)
    if not 0 < len(limits) == len(counts):
        return None
    upper = np.minimum(limits, max(greatest, float(limits[-2]) if len(limits) > 1 else greatest))
    edges = [min(least, float(upper[0])), *upper.tolist()]
    return _trimmed(edges, counts.tolist())


def histogram_of_rows(numbers: Numbers) -> dict[str, Any] | None:
    """The data of the histogram plugin's tensor, whose rows are left edge, right edge and count."""
    if not len(numbers) or len(numbers) % 3:
        return None
    rows = numbers.reshape(-1, 3)
    return _trimmed([float(rows[0, 0]), *rows[:, 1].tolist()], rows[:, 2].tolist())


def _trimmed(edges: list[float], counts: list[float]) -> dict[str, Any] | None:
    """Drops empty bins at both ends: TensorFlow writes up to 1,549 bins, Pegbox stores at most 1,000."""
    first = next((index for index, count in enumerate(counts) if count), 0)
    last = next((index for index in range(len(counts) - 1, -1, -1) if counts[index]), len(counts) - 1)
    try:
        return histogram(edges[first : last + 2], counts[first : last + 1])
    except (ValueError, OverflowError, struct.error):
        return None
