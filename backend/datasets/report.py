"""Reads the files of a dataset once and reports columns, counts, the first rows and all problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from backend.datasets.columns import REQUIRED_COLUMNS, resolve_mapping
from backend.datasets.readers.csv_dialect import Dialect
from backend.datasets.readers.formats import unreadable_as
from backend.datasets.readers.row import Row
from backend.datasets.readers.table import UTF8, SourceFile, merge_headers, read_header, read_table
from backend.datasets.versions.training_csv import RenderedHash, needs_rendering
from pegbox.errors import UnusableContentError
from pegbox.schemas.dataset import CsvIssue

PREVIEW_ROWS = 5
MAX_ISSUES = 200
ADVISED_ROWS = 100
DUPLICATE_MEMORY = 200_000
"""Rows checked for duplicates; limits memory."""

FORMULA = re.compile(r"[=@]\S|[+-][A-Za-z]+\(")
COMMAND = re.compile(r"\w\|\s*['\"][^'\"]*['\"]\s*!|=\s*(?:DDE|CALL|EXEC|REGISTER)\s*\(", re.IGNORECASE)
"""A formula that starts a program when a spreadsheet opens the file: `=cmd|'/c calc'!A0`."""


@dataclass
class DatasetReport:
    """The result of checking files. Rows in which every cell is empty count only as `empty_rows`.

    `columns` are unique names; `named` holds those that occur in the files. `rendered_sha256` is the hash of the training CSV
    when it is rendered from the files.
    """

    sources: Sequence[SourceFile]
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
        """The dialect of the training CSV."""
        return UTF8 if self.rendered_sha256 else self.sources[0].dialect

    @property
    def foreign_encodings(self) -> list[str]:
        """Encodings other than UTF-8."""
        return sorted({source.dialect.encoding for source in self.sources if not source.dialect.is_utf8})

    @property
    def missing(self) -> list[str]:
        """Required columns that are missing under the mapping."""
        return [role for role in REQUIRED_COLUMNS if self.mapping.get(role) not in self.named]

    @property
    def has_required_columns(self) -> bool:
        return not self.missing

    @property
    def errors(self) -> list[str]:
        """Why no training can use the files."""
        found = [f'Missing required "{name}" column' for name in self.missing] + self.header_errors
        if self.has_required_columns and not self.usable_rows:
            found.append("No row has both an input and an output")
        return found

    @property
    def warnings(self) -> list[str]:
        """Rows that trainings skip, and content that looks unintended."""
        return _warnings(self)

    def add_issue(self, kind: str, line: int | None, message: str, file: int = 0) -> None:
        if len(self.issues) < MAX_ISSUES:
            name = self.sources[file].relpath if len(self.sources) > 1 else None
            self.issues.append(CsvIssue(line=line, kind=kind, message=message, file=name))


def read_report(sources: Sequence[SourceFile], mapping: Mapping[str, str] | None = None) -> DatasetReport:
    """Reads and checks the files. Raises `UnusableContentError` for unreadable files; other problems are in the report."""
    header = merge_headers([read_header(source, several=len(sources) > 1) for source in sources], sources)
    columns = header.columns
    report = DatasetReport(sources, columns, header.errors, resolve_mapping(columns, mapping), header.named)
    for message in header.errors:
        report.add_issue("header", header.line, message)
    records = read_table(sources, columns)
    rendition = RenderedHash(columns) if needs_rendering(sources) else None
    _count(report, rendition.hash_rows(records) if rendition else records)
    if not report.total_rows:
        raise UnusableContentError(f"{sources[0].format.upper()} file appears to be empty or has no valid data")
    report.rendered_sha256 = rendition.sha256 if rendition else None
    return report


def as_row(columns: list[str], cells: list[str]) -> dict[str, str | None]:
    """Cells by column name; missing and empty cells are `None`, cells beyond the header are dropped."""
    padded = cells + [""] * (len(columns) - len(cells))
    return {name: cell or None for name, cell in zip(columns, padded, strict=False)}


def read_page(
    sources: Sequence[SourceFile], columns: Sequence[str], offset: int, limit: int, words: Sequence[str] = ()
) -> list[Row]:
    """A page of the non-empty rows that contain each of the words (lower case) in some cell."""
    rows = (record for record in read_table(sources, columns) if any(map(str.strip, record.cells)))
    if words:
        rows = (record for record in rows if _has_all(record, words))
    return list(islice(rows, offset, offset + limit))


def _has_all(record: Row, words: Sequence[str]) -> bool:
    text = "\n".join(record.cells).lower()
    return all(word in text for word in words)


def _count(report: DatasetReport, records: Iterator[Row]) -> None:
    """Reads every row once. Optimized for files with tens of millions of rows."""
    seen: set[int] = set()
    width = len(report.columns)
    roles = [(role, report.columns.index(name)) for role, name in report.mapping.items() if name in report.columns]
    places = [place for _, place in roles]
    has_both = len(roles) == len(REQUIRED_COLUMNS)
    for line, cells, file in records:
        is_regular = len(cells) == width
        is_usable = is_regular and has_both and all(cells[place] and not cells[place].isspace() for place in places)
        if not is_usable and not any(map(str.strip, cells)):
            report.empty_rows += 1
            report.add_issue("empty_row", line, "The row is empty", file)
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
                report.add_issue("formula", line, "A cell looks like a spreadsheet formula; it is kept as text", file)
        if report.total_rows <= DUPLICATE_MEMORY:
            key = hash(tuple(cells))
            if key in seen:
                report.duplicate_rows += 1
                report.add_issue("duplicate", line, "The same row stands further up", file)
            seen.add(key)
            if report.total_rows <= PREVIEW_ROWS:
                report.preview.append(as_row(report.columns, cells))


def _count_irregular(
    report: DatasetReport, line: int, cells: list[str], roles: list[tuple[str, int]], file: int
) -> None:
    width = len(report.columns)
    if len(cells) < width or any(cells[width:]):
        report.ragged_rows += 1
        report.add_issue("ragged", line, f"The row has {len(cells)} cells where the header has {width}", file)
    empty = [role for role, place in roles if place >= len(cells) or not cells[place].strip()]
    if empty:
        report.rows_with_empty_cells += 1
        report.add_issue("empty_cell", line, f"No {' and no '.join(empty)}", file)
    elif len(roles) == len(REQUIRED_COLUMNS):
        report.usable_rows += 1


def _warnings(report: DatasetReport) -> list[str]:
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


def _where(report: DatasetReport, kind: str) -> str:
    found = [issue for issue in report.issues if issue.kind == kind][:5]
    if any(issue.file for issue in found):
        places = [f"{issue.file} line {issue.line}" for issue in found]
        return f" ({', '.join(places)}{', …' if len(places) == 5 else ''})"
    lines = [str(issue.line) for issue in found]
    return (
        f" (line{'' if len(lines) == 1 else 's'} {', '.join(lines)}{', …' if len(lines) == 5 else ''})" if lines else ""
    )
