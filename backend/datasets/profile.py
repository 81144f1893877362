"""Profile of a dataset: text lengths, empty cells, duplicate rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from backend.datasets.readers.table import SourceFile, read_table

MAX_HASHED_ROWS = 1_000_000
"""Rows checked for duplicates; their hashes take about 60 MB."""

BINS = 16
"""Lengths in powers of two: 0, 1, 2 to 3, 4 to 7, …; the last bin is open."""


@dataclass(frozen=True)
class Lengths:
    """Characters of one column's cells; `bins[k]` counts cells of 2^(k-1) to 2^k - 1 characters, `bins[0]` empty ones."""

    column: str
    role: str
    mean: float
    longest: int
    longest_line: int
    bins: tuple[int, ...]


@dataclass(frozen=True)
class Profile:
    """`empty` has the columns with empty cells only; `duplicates` counts rows equal to an earlier
    row, among the first `checked_rows`."""

    rows: int
    empty: tuple[tuple[str, int], ...]
    duplicates: int
    checked_rows: int
    lengths: tuple[Lengths, ...]


def read_profile(sources: Sequence[SourceFile], columns: Sequence[str], mapping: Mapping[str, str]) -> Profile:
    """Reads every file once, cached by files and mapping. Blocking: not for the event loop."""
    return _profile(tuple(sources), tuple(columns), tuple(sorted(mapping.items())))


@lru_cache(maxsize=64)
def _profile(
    sources: tuple[SourceFile, ...], columns: tuple[str, ...], mapping: tuple[tuple[str, str], ...]
) -> Profile:
    width = len(columns)
    places = [(role, columns.index(name)) for role, name in mapping if name in columns]
    empty = [0] * width
    bins = [[0] * BINS for _ in places]
    totals, longest, longest_line = [0] * len(places), [0] * len(places), [0] * len(places)
    seen: set[int] = set()
    rows = duplicates = checked_rows = 0
    for line, cells, _ in read_table(sources, columns):
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        padded = [*cells, *[""] * width][:width]
        for place, cell in enumerate(padded):
            empty[place] += not cell.strip()
        for index, (_, place) in enumerate(places):
            length = len(padded[place])
            bins[index][min(length.bit_length(), BINS - 1)] += 1
            totals[index] += length
            if length > longest[index]:
                longest[index], longest_line[index] = length, line
        if len(seen) < MAX_HASHED_ROWS:
            checked_rows = rows
            key = hash(tuple(padded))
            duplicates += key in seen
            seen.add(key)
    return Profile(
        rows=rows,
        empty=tuple((name, count) for name, count in zip(columns, empty, strict=True) if count),
        duplicates=duplicates,
        checked_rows=checked_rows,
        lengths=tuple(
            Lengths(
                columns[place],
                role,
                totals[index] / rows if rows else 0.0,
                longest[index],
                longest_line[index],
                tuple(bins[index]),
            )
            for index, (role, place) in enumerate(places)
        ),
    )
