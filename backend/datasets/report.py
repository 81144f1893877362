"""Reads a whole dataset once and says what is in it: columns, counts, the first rows, and every kind of trouble."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from backend.datasets.readers.csv_dialect import REQUIRED, Dialect
from backend.datasets.readers.formats import unreadable_as
from backend.datasets.readers.row import Record
from backend.datasets.readers.table import UTF8, Source, merge_headers, read_header, read_table
from backend.datasets.versions.training_csv import Rendition, is_rendered
from pegbox.errors import UnusableContentError
from pegbox.schemas.dataset import CsvIssue

PREVIEW_ROWS = 5
MAX_ISSUES = 200
ADVISED_ROWS = 100
DUPLICATE_MEMORY = 200_000
"""Rows among which duplicates are looked for; with more of them memory would grow with the file."""

FORMULA = re.compile(r"[=@]\S|[+-][A-Za-z]+\(")
COMMAND = re.compile(r"\w\|\s*['\"][^'\"]*['\"]\s*!|=\s*(?:DDE|CALL|EXEC|REGISTER)\s*\(", re.IGNORECASE)
"""In a formula: starts a program when a spreadsheet opens the file (`=cmd|'/c calc'!A0`), so no row of questions and answers."""

GUESSES = {
    "input": ("input", "prompt", "question", "instruction", "query", "request", "text", "source"),
    "output": ("output", "completion", "answer", "response", "reply", "target", "label"),
}


@dataclass
class Report:
    """What is known of files after reading them. Rows in which every cell is empty count only as `empty_rows`.

    `columns` gives every column a name of its own; `named` holds those that the files themselves name. `rendered_sha256` is the
    hash of the CSV that trainings get in place of the files, if they do.
    """

    sources: Sequence[Source]
    columns: list[str]
    header_errors: list[str]
    mapping: dict[str, str]
    named: frozenset[str] = frozenset()
    preview: list[dict[str, str | None]] = field(default_factory=list)
    total_rows: int = 0
    usable_rows: int = 0
    empty_rows: int = 0
    ragged_rows: int = 0
    rows_with_empty_cells: int = 0
    duplicate_rows: int = 0
    formula_cells: int = 0
    issues: list[CsvIssue] = field(default_factory=list)
    rendered_sha256: str | None = None

    @property
    def dialect(self) -> Dialect:
        """How trainings read what they get."""
        return UTF8 if self.rendered_sha256 else self.sources[0].dialect

    @property
    def foreign_encodings(self) -> list[str]:
        """Encodings of the files that are not UTF-8."""
        return sorted({source.dialect.encoding for source in self.sources if not source.dialect.is_utf8})

    @property
    def missing(self) -> list[str]:
        """Required columns that the file lacks under the mapping."""
        return [role for role in REQUIRED if self.mapping.get(role) not in self.named]

    @property
    def has_required_columns(self) -> bool:
        return not self.missing

    @property
    def errors(self) -> list[str]:
        """Why the file cannot be trained on as it is."""
        found = [f'Missing required "{name}" column' for name in self.missing] + self.header_errors
        if self.has_required_columns and not self.usable_rows:
            found.append("No row has both an input and an output")
        return found

    @property
    def warnings(self) -> list[str]:
        """What a training will leave out, or what looks unintended."""
        return _warnings(self)

    def note(self, kind: str, line: int | None, message: str, file: int = 0) -> None:
        if len(self.issues) < MAX_ISSUES:
            name = self.sources[file].relpath if len(self.sources) > 1 else None
            self.issues.append(CsvIssue(line=line, kind=kind, message=message, file=name))


def read_report(sources: Sequence[Source], mapping: Mapping[str, str] | None = None) -> Report:
    """Checks the files. Raises `UnusableContentError` (400) for what cannot be read in its format; all else is in the report."""
    header = merge_headers([read_header(source, several=len(sources) > 1) for source in sources], sources)
    columns = header.columns
    report = Report(sources, columns, header.errors, resolve_mapping(columns, mapping), header.named)
    for message in header.errors:
        report.note("header", header.line, message)
    records = read_table(sources, columns)
    rendition = Rendition(columns) if is_rendered(sources) else None
    _count(report, rendition.passing(records) if rendition else records)
    if not report.total_rows:
        raise UnusableContentError(f"{sources[0].format.upper()} file appears to be empty or has no valid data")
    report.rendered_sha256 = rendition.sha256 if rendition else None
    return report


def resolve_mapping(columns: list[str], mapping: Mapping[str, str] | None) -> dict[str, str]:
    """The file's column for `input` and for `output`: as mapped, else the column of that very name."""
    chosen = {role: name.strip() for role, name in (mapping or {}).items() if role in REQUIRED and name.strip()}
    return {role: chosen.get(role, role) for role in REQUIRED if chosen.get(role, role) in columns or role in chosen}


def guess_mapping(columns: list[str]) -> dict[str, str]:
    """Likely columns by their names; empty unless both roles find a different one."""
    by_lower = {name.lower(): name for name in reversed(columns)}
    found = {
        role: next((by_lower[word] for word in words if word in by_lower), None) for role, words in GUESSES.items()
    }
    source, target = found["input"], found["output"]
    return {"input": source, "output": target} if source and target and source != target else {}


def as_row(columns: list[str], cells: list[str]) -> dict[str, str | None]:
    """One row by column name; an absent or empty cell is `None`, cells beyond the header are dropped."""
    padded = cells + [""] * (len(columns) - len(cells))
    return {name: cell or None for name, cell in zip(columns, padded, strict=False)}


def read_page(
    sources: Sequence[Source], columns: Sequence[str], offset: int, limit: int, words: Sequence[str] = ()
) -> list[Record]:
    """Of the non-empty rows that have each of the words (in lower case) in some cell, `offset` to `offset + limit`."""
    rows = (record for record in read_table(sources, columns) if any(map(str.strip, record.cells)))
    if words:
        rows = (record for record in rows if _has_all(record, words))
    return list(islice(rows, offset, offset + limit))


def _has_all(record: Record, words: Sequence[str]) -> bool:
    text = "\n".join(record.cells).lower()
    return all(word in text for word in words)


def _count(report: Report, records: Iterator[Record]) -> None:
    """Looks at every row once. Written for speed: a file may hold tens of millions of them."""
    seen: set[int] = set()
    width = len(report.columns)
    roles = [(role, report.columns.index(name)) for role, name in report.mapping.items() if name in report.columns]
    places = [place for _, place in roles]
    has_both = len(roles) == len(REQUIRED)
    for line, cells, file in records:
        is_regular = len(cells) == width
        is_usable = is_regular and has_both and all(cells[place] and not cells[place].isspace() for place in places)
        if not is_usable and not any(map(str.strip, cells)):
            report.empty_rows += 1
            report.note("empty_row", line, "The row is empty", file)
            continue
        report.total_rows += 1
        if is_usable:
            report.usable_rows += 1
        else:
            _count_irregular(report, line, cells, roles, file)
        for cell in cells:
            if cell and cell[0] in "=@+-" and FORMULA.match(cell):
                if COMMAND.search(cell):
                    raise unreadable_as(
                        report.sources[file].format,
                        f"a formula on line {line} would start a program in a spreadsheet; put ' before it if you mean it",
                    )
                report.formula_cells += 1
                report.note("formula", line, "A cell looks like a spreadsheet formula; it is kept as text", file)
        if report.total_rows <= DUPLICATE_MEMORY:
            key = hash(tuple(cells))
            if key in seen:
                report.duplicate_rows += 1
                report.note("duplicate", line, "The same row stands further up", file)
            seen.add(key)
            if report.total_rows <= PREVIEW_ROWS:
                report.preview.append(as_row(report.columns, cells))


def _count_irregular(report: Report, line: int, cells: list[str], roles: list[tuple[str, int]], file: int) -> None:
    width = len(report.columns)
    if len(cells) < width or any(cells[width:]):
        report.ragged_rows += 1
        report.note("ragged", line, f"The row has {len(cells)} cells where the header has {width}", file)
    empty = [role for role, place in roles if place >= len(cells) or not cells[place].strip()]
    if empty:
        report.rows_with_empty_cells += 1
        report.note("empty_cell", line, f"No {' and no '.join(empty)}", file)
    elif len(roles) == len(REQUIRED):
        report.usable_rows += 1


def _warnings(report: Report) -> list[str]:
    found: list[str] = []
    for encoding in report.foreign_encodings:
        found.append(f"The file is not UTF-8; it was read as {encoding}")
    if report.empty_rows:
        found.append(f"Found {_plural(report.empty_rows, 'empty row')}{_where(report, 'empty_row')}; left out")
    if report.ragged_rows:
        found.append(
            f"Found {_plural(report.ragged_rows, 'row')} with too many or too few cells{_where(report, 'ragged')}"
        )
    if report.rows_with_empty_cells:
        count = _plural(report.rows_with_empty_cells, "row")
        found.append(f"Found {count} without an input or an output{_where(report, 'empty_cell')}; left out")
    if report.duplicate_rows:
        found.append(f"Found {_plural(report.duplicate_rows, 'duplicate row')}{_where(report, 'duplicate')}")
    if report.formula_cells:
        count = _plural(report.formula_cells, "cell")
        found.append(f"Found {count} that look like spreadsheet formulas{_where(report, 'formula')}; kept as text")
    if report.total_rows < ADVISED_ROWS:
        found.append(f"Only {_plural(report.total_rows, 'row')}; {ADVISED_ROWS} or more are advised")
    return found


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _where(report: Report, kind: str) -> str:
    found = [issue for issue in report.issues if issue.kind == kind][:5]
    if any(issue.file for issue in found):
        places = [f"{issue.file} line {issue.line}" for issue in found]
        return f" ({', '.join(places)}{', …' if len(places) == 5 else ''})"
    lines = [str(issue.line) for issue in found]
    return (
        f" (line{'' if len(lines) == 1 else 's'} {', '.join(lines)}{', …' if len(lines) == 5 else ''})" if lines else ""
    )
