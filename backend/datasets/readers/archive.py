"""Unpacks untrusted ZIP archives: names, links, counts and sizes are checked first."""

from __future__ import annotations

import errno
import shutil
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.datasets.readers.formats import Format, find_format
from pegbox.errors import PayloadTooLargeError, UnavailableError, UnusableContentError
from pegbox.store.incoming import Incoming

MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
"""Size limit of the central directory, which is read as a whole."""

MAX_RATIO = 200
"""Uncompressed over compressed size. Text reaches 3 to 20, rarely 100; decompression bombs some thousand."""

FREE_BYTES = 10 * 1024 * 1024
"""Uncompressed bytes allowed at any ratio: a short file of equal rows compresses well."""

MAX_NAME = 1000
BLOCK_BYTES = 1024 * 1024
END_RECORD = b"PK\x05\x06"
END_BYTES = 22 + 65535
ZIP64_LOCATOR, ZIP64_END = b"PK\x06\x07", b"PK\x06\x06"
LEFTOVERS = ("__MACOSX/", ".DS_Store", "Thumbs.db")
"""Files that operating systems add to archives."""


@dataclass(frozen=True)
class Member:
    relpath: str
    format: Format


def unpack(path: Path, folder: Path, max_bytes: int) -> list[tuple[Member, Incoming]]:
    """Unpacks all files, sorted by path, to closed incoming files in `folder`; removes them on failure.

    Raises `UnusableContentError` for invalid or malicious archives, `PayloadTooLargeError` for more than `max_bytes` in total,
    `UnavailableError` when the disk has too little space.
    """
    unpacked: list[tuple[Member, Incoming]] = []
    try:
        with path.open("rb") as file:
            _refuse_long_directory(file)
        with zipfile.ZipFile(path) as archive:
            for member, info in _checked(archive, path.stat().st_size, max_bytes, shutil.disk_usage(folder).free):
                incoming = Incoming(folder, with_md5=True)
                unpacked.append((member, incoming))
                _extract(archive, info, incoming)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        struct.error,
        OSError,
    ) as error:
        _discard(unpacked)
        # Damaged archives cause seeks to negative offsets (EINVAL); other OS errors come from our disk.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise UnusableContentError(f"The ZIP archive cannot be read: {error}") from error
    except BaseException:
        _discard(unpacked)
        raise
    return unpacked


def _discard(unpacked: list[tuple[Member, Incoming]]) -> None:
    for _, incoming in unpacked:
        incoming.discard()


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, incoming: Incoming) -> None:
    """Unpacks one member. zipfile stops at the declared size and checks the CRC."""
    with archive.open(info) as member:
        while block := member.read(BLOCK_BYTES):
            incoming.write(block)
    incoming.close()


def _checked(
    archive: zipfile.ZipFile, packed_bytes: int, max_bytes: int, free_bytes: int
) -> list[tuple[Member, zipfile.ZipInfo]]:
    infos = [info for info in archive.infolist() if not info.is_dir() and not _is_leftover(info.filename)]
    if not infos:
        raise UnusableContentError("The ZIP archive holds no file")
    if len(infos) > MAX_MEMBERS:
        raise UnusableContentError(f"The ZIP archive holds {len(infos)} files; at most {MAX_MEMBERS} are possible")
    members = [(_member(info), info) for info in infos]
    if len({member.relpath for member, _ in members}) < len(members):
        raise UnusableContentError("The ZIP archive holds two files of the same name")
    total = sum(info.file_size for info in infos)
    if total > max_bytes:
        raise PayloadTooLargeError(
            f"File size exceeds maximum allowed size of {max_bytes} bytes: unpacked it is {total}"
        )
    # The total ratio too: overlapping members share compressed bytes, each with a small ratio.
    if total > FREE_BYTES and total > packed_bytes * MAX_RATIO:
        raise UnusableContentError(f"The ZIP archive would unpack to {total // packed_bytes} times its size")
    if total > free_bytes:
        raise UnavailableError(f"The disk has {free_bytes} bytes left, too few for {total} unpacked ones")
    return sorted(members, key=lambda item: item[0].relpath)


def _member(info: zipfile.ZipInfo) -> Member:
    name = info.filename
    shown = repr(name[:100])
    parts = name.split("/")
    if name != info.orig_filename or "\0" in info.orig_filename or "\\" in name or any(ord(char) < 32 for char in name):
        raise UnusableContentError(f"The ZIP archive holds a file with a forbidden character in its name: {shown}")
    if name.startswith("/") or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        raise UnusableContentError(f"The ZIP archive holds a file that points out of it: {shown}")
    if len(name) > MAX_NAME or any(len(part.encode()) > 255 for part in parts):
        raise UnusableContentError(f"The ZIP archive holds a file with too long a name: {shown}")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise UnusableContentError(f"The ZIP archive holds a link or a device: {shown}")
    if info.flag_bits & 0x1:
        raise UnusableContentError(f"The ZIP archive holds an encrypted file: {shown}")
    if info.file_size > FREE_BYTES and info.file_size > info.compress_size * MAX_RATIO:
        raise UnusableContentError(f"{shown} in the ZIP archive would unpack to more than {MAX_RATIO} times its size")
    found = find_format(name)
    if found is None:
        raise UnusableContentError(f"{shown} in the ZIP archive is no CSV, JSONL or Parquet file")
    return Member(name, found)


def _is_leftover(name: str) -> bool:
    return name.startswith(LEFTOVERS[0]) or name.rpartition("/")[2] in LEFTOVERS[1:]


def _refuse_long_directory(file: BinaryIO) -> None:
    """Checks the size of the central directory before zipfile reads it. Layouts: APPNOTE 4.3.14 to 4.3.16."""
    size = file.seek(0, 2)
    start = max(0, size - END_BYTES)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(END_RECORD)
    if place < 0 or len(tail) - place < 22:
        raise UnusableContentError("This is no ZIP archive, or its end is missing")
    sizes = [struct.unpack_from("<L", tail, place + 12)[0]]
    locator = tail[place - 20 : place] if place >= 20 else b""
    if locator.startswith(ZIP64_LOCATOR):
        # Readers look for the ZIP64 record at the locator's offset, or right before the locator.
        file.seek(min(struct.unpack_from("<Q", locator, 8)[0], size))
        records = [
            record for record in (file.read(56), tail[max(place - 76, 0) :][:56]) if record.startswith(ZIP64_END)
        ]
        sizes = [struct.unpack_from("<Q", record, 40)[0] for record in records if len(record) == 56] or sizes
    if max(sizes) > MAX_DIRECTORY_BYTES:
        raise UnusableContentError("The list of files in the ZIP archive is too long")
