"""Formats of dataset files, by file name extension."""

from __future__ import annotations

from typing import Literal

from pegbox.errors import UnusableContentError

Format = Literal["csv", "jsonl", "parquet"]

ENDINGS: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
LABELS: dict[Format, str] = {"csv": "CSV", "jsonl": "JSONL", "parquet": "Parquet"}
MEDIA_TYPES: dict[str, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
ARCHIVE = ".zip"


def find_format(name: str) -> Format | None:
    """The format by extension; `None` for other extensions."""
    return next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), None)


def is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVE)


def without_ending(name: str) -> str:
    """The file name without its extension, as a dataset name."""
    ending = next((ending for ending in (*ENDINGS, ARCHIVE) if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)][:200] or "dataset"


def unreadable_as(kind: Format, reason: str) -> UnusableContentError:
    """The error for a file that cannot be read in its format."""
    return UnusableContentError(f"Failed to parse {LABELS[kind]} file: {reason}")
