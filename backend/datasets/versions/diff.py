"""Finds differing rows of two versions on disk, in bounded memory.

A row is hashed over its named, non-empty cells, so the order of columns and the format do not matter. Rows are paired by their key
column, or by that hash; the n-th occurrence with the n-th. Files that both versions contain are skipped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from backend.datasets.readers.row import Row
from backend.datasets.readers.table import SourceFile, read_table

Kind = Literal["added", "removed", "changed"]

MOST_KEPT = 10_000
"""Differing rows whose cells are stored; further rows are only counted."""

MOST_KEPT_BYTES = 256 * 1024 * 1024
SHOWN_CHARACTERS = 4_000
"""Stored characters per cell."""

BATCH_ROWS = 5_000
CACHE_KIB = 32 * 1024

PAIRING = """
CREATE TABLE work.b AS SELECT *, row_number() OVER (PARTITION BY key ORDER BY file, line) AS n FROM work.before;
CREATE TABLE work.a AS SELECT *, row_number() OVER (PARTITION BY key ORDER BY file, line) AS n FROM work.after;
CREATE INDEX work.b_key ON b (key, n);
CREATE INDEX work.a_key ON a (key, n);
CREATE TABLE work.found (kind TEXT, bfile INTEGER, bline INTEGER, afile INTEGER, aline INTEGER);
INSERT INTO work.found
    SELECT 'removed', b.file, b.line, NULL, NULL FROM work.b LEFT JOIN work.a USING (key, n) WHERE a.line IS NULL;
INSERT INTO work.found
    SELECT 'added', NULL, NULL, a.file, a.line FROM work.a LEFT JOIN work.b USING (key, n) WHERE b.line IS NULL;
INSERT INTO work.found
    SELECT 'changed', b.file, b.line, a.file, a.line FROM work.b JOIN work.a USING (key, n) WHERE a.hash <> b.hash;
CREATE TABLE entry (position INTEGER PRIMARY KEY, kind TEXT, bfile INTEGER, bline INTEGER, afile INTEGER, aline INTEGER,
                    before TEXT, after TEXT);
CREATE TABLE total (kind TEXT PRIMARY KEY, rows INTEGER);
INSERT INTO total SELECT kind, count(*) FROM work.found GROUP BY kind;
"""
SORTING = """
INSERT INTO entry (kind, bfile, bline, afile, aline)
SELECT * FROM work.found
ORDER BY coalesce(afile, bfile), coalesce(aline, bline), kind = 'added', kind LIMIT ?
"""


@dataclass(frozen=True)
class DiffSide:
    """One of the two versions. `identities` are the hashes of the files in order."""

    sources: Sequence[SourceFile]
    columns: Sequence[str]
    identities: Sequence[str]


@dataclass(frozen=True)
class Entry:
    """A differing row; `before` and `after` are its cells by column, `None` in the version without the row."""

    kind: Kind
    before_file: int | None
    before_line: int | None
    after_file: int | None
    after_line: int | None
    before: dict[str, str] | None
    after: dict[str, str] | None


def write_diff(target: Path, before: DiffSide, after: DiffSide, key: str | None) -> None:
    """Writes the comparison to a SQLite file for `read_entries`. Reads both versions twice; blocking."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made, work = (target.with_name(f"{target.name}.{os.urandom(6).hex()}.{name}") for name in ("made", "work"))
    try:
        with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as db:
            db.execute("ATTACH ? AS work", (str(work),))
            for name in ("main", "work"):
                db.execute(f"PRAGMA {name}.journal_mode=OFF")
                db.execute(f"PRAGMA {name}.synchronous=OFF")
                db.execute(f"PRAGMA {name}.cache_size=-{CACHE_KIB}")
            db.execute("PRAGMA temp_store=FILE")
            shared = Counter(before.identities) & Counter(after.identities)
            for name, side in (("before", before), ("after", after)):
                db.execute(f"CREATE TABLE work.{name} (file INTEGER, line INTEGER, key BLOB, hash BLOB)")
                _load(db, name, side, shared, key)
            db.execute("BEGIN")
            for statement in filter(str.strip, PAIRING.split(";")):
                db.execute(statement)
            db.execute(SORTING, (MOST_KEPT,))
            _keep_cells(db, "b", "before", before)
            _keep_cells(db, "a", "after", after)
            db.execute("COMMIT")
            db.execute("DETACH work")
        made.rename(target)
    finally:
        for path in (made, work):
            path.unlink(missing_ok=True)


def read_totals(path: Path) -> dict[str, int]:
    """Number of differing rows by kind."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {"added": 0, "removed": 0, "changed": 0, **dict(db.execute("SELECT kind, rows FROM total"))}


def read_entries(path: Path, kind: Kind | None, offset: int, limit: int) -> list[Entry]:
    """A page of the differing rows in the order of the newer version; removed rows at their old place."""
    where, values = ("WHERE kind = ?", [kind]) if kind else ("", [])
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT kind, bfile, bline, afile, aline, before, after "  # noqa: S608 - names of this file's own, values are bound
            f"FROM entry {where} ORDER BY position LIMIT ? OFFSET ?",
            [*values, limit, offset],
        ).fetchall()
    return [Entry(*row[:5], *(json.loads(cells) if cells else None for cells in row[5:])) for row in rows]


def _load(db: sqlite3.Connection, name: str, side: DiffSide, shared: Counter[str], key: str | None) -> None:
    rows = _hashed(side, Counter(shared), key)
    while batch := list(islice(rows, BATCH_ROWS)):
        db.execute("BEGIN")
        db.executemany(f"INSERT INTO work.{name} VALUES (?, ?, ?, ?)", batch)  # noqa: S608 - names of this file's own, values are bound
        db.execute("COMMIT")


def _hashed(side: DiffSide, shared: Counter[str], key: str | None) -> Iterator[tuple[int, int, bytes, bytes]]:
    order = sorted(range(len(side.columns)), key=lambda place: side.columns[place])
    names = [f"{side.columns[place]}\0".encode() for place in order]
    at = side.columns.index(key) if key else -1
    for number, source in enumerate(side.sources):
        if shared[side.identities[number]]:
            shared[side.identities[number]] -= 1
            continue
        for line, cells, _ in read_table([source], side.columns):
            if not any(map(str.strip, cells)):
                continue
            digest = hashlib.blake2b(digest_size=16)
            for place, name in zip(order, names, strict=True):
                if place < len(cells) and cells[place]:
                    digest.update(name + cells[place].encode("utf-8", "surrogatepass") + b"\0")
            whole = digest.digest()
            if key is None:
                yield number, line, whole, whole
            else:
                cell = cells[at] if at < len(cells) else ""
                yield (
                    number,
                    line,
                    hashlib.blake2b(cell.encode("utf-8", "surrogatepass"), digest_size=16).digest(),
                    whole,
                )


def _keep_cells(db: sqlite3.Connection, letter: str, column: str, side: DiffSide) -> None:
    """Reads the files with differing rows again and stores their cells."""
    taken = 0
    for (number,) in db.execute(f"SELECT DISTINCT {letter}file FROM entry WHERE {letter}file IS NOT NULL").fetchall():  # noqa: S608 - names of this file's own, values are bound
        wanted = dict(db.execute(f"SELECT {letter}line, position FROM entry WHERE {letter}file = ?", (number,)))  # noqa: S608 - names of this file's own, values are bound
        for record in read_table([side.sources[number]], side.columns):
            if (position := wanted.pop(record.line, None)) is None:
                continue
            text = json.dumps(_shown(side.columns, record), ensure_ascii=False)
            taken += len(text)
            if taken > MOST_KEPT_BYTES:
                return
            db.execute(f"UPDATE entry SET {column} = ? WHERE position = ?", (text, position))  # noqa: S608 - names of this file's own, values are bound
            if not wanted:
                break


def _shown(columns: Sequence[str], record: Row) -> dict[str, str]:
    return {
        name: cell if len(cell) <= SHOWN_CHARACTERS else f"{cell[:SHOWN_CHARACTERS]}…"
        for name, cell in zip(columns, record.cells, strict=False)
        if cell
    }
