"""What the rows of a dataset are like: how long their texts are, which cells are empty, which rows repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from backend.datasets.readers.table import Source, read_table

MOST_REMEMBERED = 1_000_000
"""Rows among which repeated ones are looked for: their hashes take some sixty megabytes."""

BINS = 16
"""Lengths in powers of two: 0, 1, 2 to 3, 4 to 7, … and the last bin for all that is longer."""


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
    """`empty` has the columns with empty cells only; `duplicates` counts rows that repeat an earlier one in every cell."""

    rows: int
    empty: tuple[tuple[str, int], ...]
    duplicates: int
    looked_at: int
    lengths: tuple[Lengths, ...]


def read_profile(sources: Sequence[Source], columns: Sequence[str], mapping: Mapping[str, str]) -> Profile:
    """Reads every file once: not for the event loop. The same files under the same mapping are read only once."""
    return _profile(tuple(sources), tuple(columns), tuple(sorted(mapping.items())))


@lru_cache(maxsize=64)
def _profile(sources: tuple[Source, ...], columns: tuple[str, ...], mapping: tuple[tuple[str, str], ...]) -> Profile:
    width = len(columns)
    places = [(role, columns.index(name)) for role, name in mapping if name in columns]
    empty = [0] * width
    bins = [[0] * BINS for _ in places]
    totals, longest, longest_line = [0] * len(places), [0] * len(places), [0] * len(places)
    seen: set[int] = set()
    rows = duplicates = looked_at = 0
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
        if len(seen) < MOST_REMEMBERED:
            looked_at = rows
            key = hash(tuple(padded))
            duplicates += key in seen
            seen.add(key)
    return Profile(
        rows=rows,
        empty=tuple((name, count) for name, count in zip(columns, empty, strict=True) if count),
        duplicates=duplicates,
        looked_at=looked_at,
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
