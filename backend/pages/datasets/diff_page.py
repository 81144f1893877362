"""Differences between two versions of a dataset by row and cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from backend.datasets import service
from backend.datasets.versions import comparison
from backend.datasets.versions import service as versions
from backend.datasets.versions.comparison import DiffQuery
from backend.datasets.versions.diff import Kind
from backend.dependencies import Config, Database
from backend.pages.datasets.list_page import PAGE_SIZE, DatasetKey
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError
from pegbox.schemas.dataset import DatasetDiff, DiffEntry
from pegbox.settings import Settings
from pegbox.store.database import open_session

router = APIRouter(include_in_schema=False)

WORDS: dict[Kind, str] = {"added": "Added", "removed": "Removed", "changed": "Changed"}
MARKS: dict[Kind, str] = {"added": "+", "removed": "−", "changed": "~"}
KINDS: dict[str, Kind] = {"added": "added", "removed": "removed", "changed": "changed"}


@dataclass(frozen=True)
class Cell:
    """`old` and `new` where they differ, else both the same text."""

    old: str
    new: str

    @property
    def differs(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class DiffRow:
    kind: Kind
    word: str
    mark: str
    place: str
    cells: list[Cell]


@dataclass(frozen=True)
class DiffPage:
    """`filters` are (label, count, address, is it shown); `keys` columns that both versions have."""

    uid: str
    name: str
    versions: list[str]
    older: str
    newer: str
    key: str
    keys: list[str]
    columns: list[str]
    filters: list[tuple[str, int, str, bool]]
    rows: list[DiffRow]
    offset: int
    total: int
    kept: int
    previous: str | None
    next: str | None
    error: str


@router.get("/datasets/{key}/diff", response_class=HTMLResponse)
async def show_diff(
    key: DatasetKey,
    request: Request,
    settings: Config,
    engine: Database,
    older: Annotated[str, Query(alias="from", max_length=30)] = "",
    newer: Annotated[str, Query(alias="to", max_length=30)] = "",
    by: Annotated[str, Query(max_length=500)] = "",
    kind: Annotated[str, Query(max_length=10)] = "",
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> HTMLResponse:
    """The query selects the versions, the key column and the kind of rows."""
    query = DiffQuery(older or None, newer or None, by or None, KINDS.get(kind), offset, PAGE_SIZE)
    return await run_in_threadpool(_page, request, engine, settings, key, query)


def _page(request: Request, engine: Database, settings: Settings, key: str, query: DiffQuery) -> HTMLResponse:
    with open_session(engine) as db:
        dataset = service.get_dataset(db, key)
        known = versions.list_versions(db, dataset)
        found: DatasetDiff | None = None
        error: PegboxError | None = None
        try:
            found = comparison.compare(db, settings, dataset, query)
        except PegboxError as refusal:
            error = refusal
        older, newer = (found.older, found.newer) if found else (query.older or "", query.newer or dataset.version)
        columns = {version.version: version.columns for version in known}

        def href(**changes: object) -> str:
            values = {"from": older, "to": newer, "by": query.key, "kind": query.kind, "offset": "", **changes}
            return f"?{urlencode({name: value for name, value in values.items() if value})}"

        page = DiffPage(
            uid=dataset.uid,
            name=dataset.name,
            versions=[version.version for version in known],
            older=older,
            newer=newer,
            key=query.key or "",
            keys=[name for name in columns.get(newer, []) if name in columns.get(older, [])],
            columns=found.columns if found else [],
            filters=_filters(found, query, href) if found else [],
            rows=[_row(entry, found.columns) for entry in found.rows] if found else [],
            offset=query.offset,
            total=found.total if found else 0,
            kept=found.kept if found else 0,
            previous=href(offset=max(0, query.offset - PAGE_SIZE)) if query.offset else None,
            next=href(offset=query.offset + PAGE_SIZE) if found and len(found.rows) == PAGE_SIZE else None,
            error=error.message if error else "",
        )
        layout = layout_for(request, db, settings, "Datasets")
    status = error.status if error else 200
    return render(request, "datasets/diff.html", "dataset", layout=layout, page=page, status=status)


def _filters(found: DatasetDiff, query: DiffQuery, href: object) -> list[tuple[str, int, str, bool]]:
    assert callable(href)
    counts = {"added": found.added, "removed": found.removed, "changed": found.changed}
    rows = [("All", sum(counts.values()), href(kind=""), query.kind is None)]
    return rows + [
        (WORDS[kind], counts[kind], href(kind=kind), query.kind == kind)
        for kind in KINDS.values()
        if kind != "changed" or query.key
    ]


def _row(entry: DiffEntry, columns: list[str]) -> DiffRow:
    before, after = entry.before or {}, entry.after or {}
    one = entry.kind != "changed"
    cells = []
    for name in columns:
        old, new = before.get(name, ""), after.get(name, "")
        cells.append(Cell(old or new, old or new) if one else Cell(old, new))
    line = entry.after_line if entry.after_line is not None else entry.before_line
    file = entry.after_file or entry.before_file or ""
    return DiffRow(entry.kind, WORDS[entry.kind], MARKS[entry.kind], f"{file}:{line}", cells)
