"""Column names from the first line of a CSV."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from backend.datasets.readers.csv_dialect import unreadable_csv
from backend.datasets.readers.row import MAX_COLUMN_NAME, Row


@dataclass(frozen=True)
class Header:
    """`columns` are unique names; `named` holds those that occur in the file."""

    columns: list[str]
    named: frozenset[str]
    errors: list[str]
    line: int | None


def name_columns(header: Row) -> Header:
    """Trimmed and unique column names, with errors for duplicates. Raises `UnusableContentError` for overlong names."""
    names = [cell.strip() for cell in header.cells]
    overlong = next((name for name in names if len(name) > MAX_COLUMN_NAME), None)
    if overlong is not None:
        raise unreadable_csv(f"a column name is {len(overlong)} characters long; is the line with the names missing?")
    errors = [
        f"Column name '{name}' occurs {count} times" for name, count in Counter(names).items() if name and count > 1
    ]
    unique: list[str] = []
    for number, name in enumerate(names, start=1):
        candidate = name or f"column_{number}"
        while candidate in unique:
            candidate = f"{candidate}_{number}"
        unique.append(candidate)
    return Header(unique, frozenset(name for name in names if name), errors, header.line)
