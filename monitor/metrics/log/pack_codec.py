"""Encodes a pack: the points of several batches of a run as one payload, with the cursor of each point.

Decoding one pack replaces reading and decoding a row for each small batch.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec

from monitor.metrics.log.columns import Columns


class _Payload(msgspec.Struct, array_like=True):
    places: list[tuple[int, int]]  # ranges of cursors: (first, count)
    columns: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Payload)


def encode_pack(seqs: Sequence[int], columns: Columns) -> bytes:
    """Encodes points with their cursors. `seqs` holds one cursor per point, ascending."""
    places: list[tuple[int, int]] = []
    start, expected = 0, None
    for index, seq in enumerate(seqs):
        if seq != expected:
            if index:
                places.append((seqs[start], index - start))
            start = index
        expected = seq + 1
    if len(seqs):
        places.append((seqs[start], len(seqs) - start))
    return _encoder.encode(_Payload(places, columns.encode()))


def decode_pack(payload: bytes) -> tuple[array[int], Columns]:
    """Decodes the output of `encode_pack`. Raises `msgspec.DecodeError` or `ValueError` for a damaged payload."""
    raw = _decoder.decode(payload)
    seqs = array("q")
    for first, count in raw.places:
        seqs.extend(range(first, first + count))
    columns = Columns.decode(raw.columns)
    if len(seqs) != len(columns):
        raise ValueError("a pack's cursors and points differ in number")
    return seqs, columns
