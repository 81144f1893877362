"""Detects encoding and delimiter of a CSV, and refuses files of other formats."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.columns import REQUIRED_COLUMNS
from backend.datasets.readers.formats import unreadable_as
from pegbox.errors import UnusableContentError

CHUNK_BYTES = 1024 * 1024
SAMPLE_CHARACTERS = 64 * 1024
SAMPLE_RECORDS = 50
DELIMITERS = (",", ";", "\t", "|")

SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook; export the sheet as CSV"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; export the sheet as CSV"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PAR1", "a Parquet file; give it a name that ends in .parquet"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
)
WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True)
class Dialect:
    """How to read a file; `encoding` is a Python codec name."""

    encoding: str
    delimiter: str

    @property
    def is_utf8(self) -> bool:
        return self.encoding.startswith("utf-8")


def unreadable_csv(reason: str) -> UnusableContentError:
    """The error for a file that cannot be read as CSV."""
    return unreadable_as("csv", reason)


def detect(path: Path) -> Dialect:
    """Encoding and delimiter of the file. Raises `UnusableContentError` for binary files, UTF-16 and UTF-32."""
    encoding = _detect_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE_CHARACTERS)
    return Dialect(encoding, _detect_delimiter(sample))


def _detect_encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
        _refuse_signature(head)
        file.seek(0)
        utf8 = codecs.getincrementaldecoder("utf-8")()
        is_utf8, high_controls, position = True, False, 0
        while chunk := file.read(CHUNK_BYTES):
            nul = chunk.find(b"\x00")
            if nul >= 0:
                raise _not_text(chunk, position + nul)
            if is_utf8:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            high_controls = high_controls or any(0x80 <= byte < 0xA0 for byte in set(chunk))
            position += len(chunk)
        if is_utf8:
            try:
                utf8.decode(b"", final=True)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_utf8:
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    # Windows-1252 has printable characters where Latin-1 has control characters.
    return "cp1252" if high_controls and _decodes(path, "cp1252") else "latin-1"


def _refuse_signature(head: bytes) -> None:
    for mark, name in WIDE_MARKS:
        if head.startswith(mark):
            raise unreadable_csv(f"the text is {name}; save it as UTF-8")
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            raise unreadable_csv(f"this is not text but {name}")


def _not_text(chunk: bytes, position: int) -> UnusableContentError:
    sample = chunk[:2000]
    if sample.count(0) > len(sample) // 4:
        return unreadable_csv("the text is UTF-16 or binary; save it as UTF-8")
    return unreadable_csv(f"it contains a NUL byte (at byte {position + 1}), so it is not plain text")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return False
    return True


def _detect_delimiter(sample: str) -> str:
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0.0, 0) else ","


def _score(sample: str, delimiter: str) -> tuple[int, float, int]:
    """(required columns found, share of rows as wide as the header, width); higher is better."""
    widths: list[int] = []
    header: list[str] = []
    for cells in _sample_records(sample, delimiter):
        if not widths:
            header = [cell.strip().lower() for cell in cells]
        widths.append(len(cells))
    if not widths or widths[0] < 2:
        return (0, 0.0, 0)
    found = sum(name in header for name in REQUIRED_COLUMNS)
    return (found, sum(width == widths[0] for width in widths) / len(widths), widths[0])


def _sample_records(sample: str, delimiter: str) -> Iterator[list[str]]:
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)):
            if number >= SAMPLE_RECORDS:
                return
            if cells:
                yield cells
    except csv.Error:
        return
