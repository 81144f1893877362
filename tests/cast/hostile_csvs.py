"""Invalid and malicious CSV files, each with the reason for which it is rejected."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
from typing import NamedTuple

MIB = 1024 * 1024


class Hostile(NamedTuple):
    """A file and a part of the expected error message."""

    content: bytes
    expected_error: str
    filename: str = "data.csv"


def _zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "input,output\nq,a\n")
    return buffer.getvalue()


def _rows(count: int) -> bytes:
    return b"".join(b"question %d,answer %d\n" % (number, number) for number in range(count))


HEADER = b"input,output\n"
PLAIN = HEADER + b"q,a\n"

HOSTILE_CSVS: dict[str, Hostile] = {
    "nothing at all": Hostile(b"", "empty"),
    "only a byte order mark": Hostile(b"\xef\xbb\xbf", "empty"),
    "only line breaks": Hostile(b"\n\n\n", "first line is blank"),
    "only commas": Hostile(b",,,\n,,,\n", "first line is blank"),
    "a header and nothing below": Hostile(HEADER, "empty"),
    "a header and empty rows": Hostile(HEADER + b",\n , \n\n", "empty"),
    "a blank line above the header": Hostile(b"\n" + PLAIN, "first line is blank"),
    "a NUL byte in a cell": Hostile(HEADER + b"q\x00,a\n", "NUL byte (at byte 15)"),
    "NUL bytes only": Hostile(b"\x00" * 5000, "UTF-16 or binary"),
    "a NUL byte at the end of a big file": Hostile(HEADER + _rows(100_000) + b"\x00", "NUL byte"),
    "UTF-16 little endian": Hostile(PLAIN.decode().encode("utf-16-le").join([b"\xff\xfe", b""]), "UTF-16"),
    "UTF-16 big endian": Hostile(b"\xfe\xff" + PLAIN.decode().encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": Hostile(PLAIN.decode().encode("utf-16-le"), "UTF-16"),
    "UTF-32": Hostile(PLAIN.decode().encode("utf-32"), "UTF-32"),
    "a ZIP archive": Hostile(_zip("data.csv"), "ZIP archive"),
    "an Excel workbook": Hostile(_zip("xl/workbook.xml"), "Excel workbook"),
    "an old Excel workbook": Hostile(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, "old Excel workbook"),
    "a gzip archive": Hostile(gzip.compress(PLAIN), "gzip archive"),
    "a bzip2 archive": Hostile(bz2.compress(PLAIN), "bzip2 archive"),
    "an xz archive": Hostile(lzma.compress(PLAIN), "xz archive"),
    "a PDF": Hostile(b"%PDF-1.7\n1 0 obj\n", "PDF"),
    "a PNG": Hostile(b"\x89PNG\r\n\x1a\n" + b"\x01" * 64, "PNG"),
    "a JPEG": Hostile(b"\xff\xd8\xff\xe0" + b"\x01" * 64, "JPEG"),
    "a Parquet file": Hostile(b"PAR1" + b"\x01" * 64 + b"PAR1", "Parquet"),
    "an SQLite database": Hostile(b"SQLite format 3\x00" + b"\x01" * 64, "SQLite"),
    "a program": Hostile(b"\x7fELF" + b"\x02" * 64, "program"),
    "noise": Hostile(random.Random(7).randbytes(100_000), "Failed to parse CSV file"),
    "10,000 columns": Hostile(b",".join(b"c%d" % number for number in range(10_000)) + b"\n1\n", "10000 columns"),
    "10,000 cells in a later row": Hostile(PLAIN + b"," * 9_999 + b"x\n", "row at line 3 has 10000 columns"),
    "a megabyte as a column name": Hostile(b"a" * MIB + b",output\nq,a\n", "column name is 1048576 characters"),
    "no line break for five megabytes": Hostile(b"a," * (5 * MIB // 2), "longer than"),
    "five megabytes of quotes": Hostile(b'"' * 5 * MIB, "longer than"),
    "quotes on a million lines": Hostile(HEADER + b'"\n' * 999_999, "Failed to parse CSV file"),
    "a cell of two megabytes": Hostile(HEADER + b"q," + b"a" * 2 * MIB + b"\n", "line 2 is longer than 1048576"),
    "a quote that is never closed": Hostile(HEADER + b'q,"a\nq2,a2\n', "starts at line 2 is never closed"),
    "a quote left open far above": Hostile(HEADER + b'"q,a\n' + _rows(300_000), "a quote left open"),
    "a formula that starts a program": Hostile(HEADER + b"q,=cmd|'/C calc'!A0\n", "a formula on line 2 would start"),
    "a command behind a sum": Hostile(HEADER + b"q,a\n@SUM(1+1)*cmd|' /C calc'!A0,a\n", "a formula on line 3 would"),
    "a formula that calls a library": Hostile(HEADER + b'q,"=CALL(""urlmon"",""x"",1)"\n', "a formula on line 2 would"),
    "a spreadsheet by its name": Hostile(PLAIN, "Only CSV files are supported", "data.xlsx"),
    "a name without an ending": Hostile(PLAIN, "Only CSV files are supported", "data"),
}
"""Files that the preview rejects with 400."""

UNTRAINABLE_CSVS: dict[str, Hostile] = {
    "other column names": Hostile(b"q,a\n1,2\n", "Missing required 'input' column"),
    "upper-case column names": Hostile(b"Input,Output\n1,2\n", "Missing required 'input' column"),
    "no output column": Hostile(b"input,answer\n1,2\n", "Missing required 'output' column"),
    "the same column twice": Hostile(b"input,output,input\n1,2,3\n", "Column name 'input' occurs 2 times"),
    "no row with both": Hostile(b"input,output\nq,\n,a\n", "No row has both an input and an output"),
    "a web page": Hostile(b"<!doctype html>\n<p>Not found</p>\n", "Missing required 'input' column"),
    "JSON": Hostile(b'[\n{"input": "q", "output": "a"}\n]\n', "Missing required 'input' column"),
}
"""Files that the preview accepts with a problem (200) and that registration for training rejects with 400."""
