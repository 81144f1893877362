"""ZIP archives that nobody vouches for."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.datasets.readers.archive import unpack
from pegbox.errors import PayloadTooLargeError, PegboxError, UnusableContentError
from tests.backend.datasets.archives import zip_of

CSV = b"input,output\nq1,a1\n"
LARGE = 10**9


def with_entry(name: str, content: bytes = CSV, *, mode: int = 0, flags: int = 0) -> bytes:
    """An archive whose only member has this name as it is, and this mode."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("placeholder.csv")
        info.external_attr = mode << 16
        archive.writestr(info, content)
    encoded = name.encode()
    raw = file.getvalue()
    placeholder = b"placeholder.csv"
    assert len(encoded) <= len(placeholder)
    # Same length, so that every offset stays right; zipfile itself would not write such names.
    raw = raw.replace(placeholder, encoded.ljust(len(placeholder), b"v"))
    return raw.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00" + struct.pack("<H", flags))


def bomb(size: int) -> bytes:
    return zip_of({"x.csv": b"input,output\n" + b"0" * size})


def overlapping(count: int) -> bytes:
    """Members that share one packed file: small one by one, large together."""
    content = io.BytesIO(zip_of({"000.csv": CSV + b"q,a\n" * 500_000}))
    with zipfile.ZipFile(content, "a") as archive:
        first = archive.infolist()[0]
        for number in range(1, count):
            info = zipfile.ZipInfo(f"{number:03}.csv", first.date_time)
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "external_attr"):
                setattr(info, field, getattr(first, field))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    return content.getvalue()


def long_directory() -> bytes:
    raw = bytearray(zip_of({"x.csv": CSV}))
    place = raw.rindex(b"PK\x05\x06")
    raw[place + 12 : place + 16] = struct.pack("<L", 200_000_000)
    return bytes(raw)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "out of the folder": (with_entry("../../../ev.csv"), "points out of it"),
    "out in the middle": (with_entry("a/../../../.csv"), "points out of it"),
    "absolute": (with_entry("/etc/evil/x.csv"), "points out of it"),
    "drive": (with_entry("C:/evil/ev1.csv"), "points out of it"),
    "backslashes": (with_entry("..\\..\\evi1.csv"), "forbidden character"),
    "a NUL": (with_entry("x.csv\0evil1.csv"), "forbidden character"),
    "link": (with_entry("placeholder.csv", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link or a device"),
    "device": (with_entry("placeholder.csv", mode=stat.S_IFCHR), "link or a device"),
    "encrypted": (with_entry("placeholder.csv", flags=1), "encrypted"),
    "bomb": (bomb(50_000_000), "would unpack to"),
    "overlapping": (overlapping(200), ""),
    "long directory": (long_directory(), "too long"),
    "nothing in it": (zip_of({}), "holds no file"),
    "only leftovers": (zip_of({"__MACOSX/._x.csv": b"x", "a/.DS_Store": b"x"}), "holds no file"),
    "an archive inside": (zip_of({"x.zip": zip_of({"x.csv": CSV})}), "is no CSV, JSONL or Parquet file"),
    "an image": (zip_of({"x.csv": CSV, "x.png": b"\x89PNG"}), "is no CSV, JSONL or Parquet file"),
    "no archive": (b"PK\x03\x04" + b"\0" * 100, "no ZIP archive"),
    "half": (zip_of({"x.csv": CSV})[:40], "no ZIP archive"),
    "damaged": (
        zip_of({"x.csv": CSV * 50}, method=zipfile.ZIP_STORED).replace(b"q1,a1", b"q1,b1", 1),
        "cannot be read",
    ),
    "too many": (zip_of({f"{n}.csv": b"" for n in range(10_001)}, method=zipfile.ZIP_STORED), "10001 files"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_leave_nothing_behind(client: TestClient, home: Path, name: str) -> None:
    content, says = HOSTILE[name]
    answer = client.post("/api/datasets", files={"file": ("x.zip", content)}, data={"name": "x"})
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["detail"]
    assert not list((home / "datasets").iterdir())
    assert client.get("/api/datasets").json() == []


def test_a_broken_file_in_an_archive_is_named(client: TestClient, home: Path) -> None:
    content = zip_of({"a.csv": CSV, "b.jsonl": b"{"})
    answer = client.post("/api/datasets", files={"file": ("x.zip", content)}, data={"name": "x"})
    assert answer.json()["detail"].startswith("b.jsonl: Failed to parse JSONL file: line 1")
    unclosed = zip_of({"a.csv": CSV, "b.csv": CSV + b'"open,x\n'})
    answer = client.post("/api/datasets", files={"file": ("x.zip", unclosed)}, data={"name": "x"})
    assert answer.json()["detail"].startswith("b.csv: Failed to parse CSV file: the quote opened")
    empty = zip_of({"a.csv": CSV, "b.csv": b""})
    answer = client.post("/api/datasets", files={"file": ("x.zip", empty)}, data={"name": "x"})
    assert answer.json()["detail"].startswith("b.csv: CSV file appears to be empty")
    assert not list((home / "datasets").iterdir())


def test_more_than_is_allowed_in_all(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of({"a.csv": CSV, "b.csv": CSV}))
    with pytest.raises(PayloadTooLargeError, match="unpacked it is 38"):
        unpack(path, tmp_path, 37)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.zip"]


def test_two_files_of_one_name(tmp_path: Path) -> None:
    raw = zip_of({"a.csv": CSV, "b.csv": CSV}).replace(b"b.csv", b"a.csv")
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(UnusableContentError, match="two files of the same name"):
        unpack(tmp_path / "x.zip", tmp_path, LARGE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_breaks_more_than_the_archive(tmp_path: Path, data: st.DataObject) -> None:
    raw = bytearray(zip_of({"a/b.csv": CSV * 3, "c.jsonl": b"{}"}))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.zip"
    path.write_bytes(raw)
    try:
        for _, incoming in unpack(path, tmp_path, LARGE):
            assert incoming.path.parent == tmp_path
            incoming.discard()
    except PegboxError as error:
        assert error.status in (400, 413)  # noqa: PT017 - anything else fails the test by itself
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.zip"]
