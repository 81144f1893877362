"""Copies of files that a run keeps, lying beside the outbox until the monitor has them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from pegbox.sdk.recording.batch import File

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. ()+=@-]{0,254}")


def copy_file(
    folder: Path, run_id: str, source: str | os.PathLike[str], name: str | None, query: dict[str, str]
) -> File:
    """Copies the file, so that the script may go on changing it.

    Raises `FileNotFoundError` or `IsADirectoryError` for the source, `ValueError` for a name that is none.
    """
    path = Path(source)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: log its files one by one, or an archive of it")
    wanted = name or path.name
    if not NAME.fullmatch(wanted):
        raise ValueError(
            f"an artifact's name has 1 to 255 letters, digits, blanks and _.-()+=@, and begins with neither of . and -:"
            f" not {wanted!r}"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f"{run_id}-{secrets.token_hex(8)}.file"
    try:
        shutil.copyfile(path, copy)
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    return File(wanted, str(copy), copy.stat().st_size, query)
