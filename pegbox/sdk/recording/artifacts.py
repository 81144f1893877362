"""Copies of artifacts, stored beside the outbox until the monitor acknowledges them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from pegbox.sdk.recording.batch import ArtifactFile

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. ()+=@-]{0,254}")


def copy_file(
    folder: Path, run_id: str, source: str | os.PathLike[str], name: str | None, query: dict[str, str]
) -> ArtifactFile:
    """Copies the file, so that the script can change the original afterwards.

    Raises `FileNotFoundError` or `IsADirectoryError` for the source, `ValueError` for an invalid name.
    """
    path = Path(source)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: log its files one by one, or an archive of it")
    artifact_name = name or path.name
    if not NAME.fullmatch(artifact_name):
        raise ValueError(
            f"an artifact's name has 1 to 255 letters, digits, blanks and _.-()+=@, and begins with neither of . and -:"
            f" not {artifact_name!r}"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f"{run_id}-{secrets.token_hex(8)}.file"
    try:
        shutil.copyfile(path, copy)
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    return ArtifactFile(artifact_name, str(copy), copy.stat().st_size, query)
