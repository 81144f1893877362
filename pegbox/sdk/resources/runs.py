"""Runs as the monitor knows them: of jobs, of scripts, of other trackers' clients. Reading them; `pegbox.init` writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx2

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, one, plain, segment
from pegbox.sdk.record import Record
from pegbox.sdk.records import RunRecord

ALL = "/api/runs"


class RunPage(list[RunRecord]):
    """A page of runs. `next_cursor` is None on the last one."""

    def __init__(self, runs: Iterable[RunRecord], next_cursor: str | None) -> None:
        super().__init__(runs)
        self.next_cursor = next_cursor


class RunCalls:
    """`client.runs`. Where one run is asked for, the uid of its job will do."""

    @endpoint
    def get(self, run_id: str) -> Call[RunRecord]:
        """One run. Raises NotFoundError."""
        return Call("GET", f"{ALL}/{segment(run_id)}", one(RunRecord), at_monitor=True)

    @endpoint
    def series(
        self, run_id: str, metrics: Sequence[str] | None = None, *, cols: int | None = None, x: str | None = None
    ) -> Call[Record]:
        """Metrics as chart columns, `cols` of them at most; `x` is `step`, `time` or `epoch`."""
        params = {"metrics": None if metrics is None else ",".join(metrics), "cols": cols, "x": x}
        return Call("GET", f"{ALL}/{segment(run_id)}/series", one(Record), params=params, at_monitor=True)

    @endpoint
    def export(self, run_id: str, to: Path, *, format: str = "csv") -> Call[Path]:
        """Writes every point to a file: `csv`, `jsonl` or `parquet`."""
        return Call(
            "GET",
            f"{ALL}/{segment(run_id)}/export",
            lambda _: Path(to),
            params={"format": format},
            save_to=Path(to),
            accept="*/*",
            at_monitor=True,
        )

    @endpoint
    def events(self, run_id: str, *, after: int | None = None, limit: int | None = None) -> Call[list[Record]]:
        """What happened: evaluations, checkpoints, warnings; oldest first."""
        params = {"after": after, "limit": limit}
        return Call("GET", f"{ALL}/{segment(run_id)}/events", many(Record), params=params, at_monitor=True)

    @endpoint
    def samples(self, run_id: str) -> Call[list[Record]]:
        """Answers of the model on the way."""
        return Call("GET", f"{ALL}/{segment(run_id)}/samples", many(Record), at_monitor=True)

    @endpoint
    def artifacts(self, run_id: str) -> Call[Any]:
        """The files that the run keeps."""
        return Call("GET", f"{ALL}/{segment(run_id)}/artifacts", plain, at_monitor=True)

    @endpoint
    def download(self, run_id: str, name: str, to: Path) -> Call[Path]:
        """Writes a file that the run keeps to `to`."""
        return Call(
            "GET",
            f"{ALL}/{segment(run_id)}/artifacts/{segment(name)}",
            lambda _: Path(to),
            save_to=Path(to),
            accept="*/*",
            at_monitor=True,
        )

    @endpoint
    def list(
        self,
        *,
        query: str | None = None,
        experiment: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Call[RunPage]:
        """A page of runs, newest first; `cursor` is the `next_cursor` of the page before."""
        params = {
            "q": query,
            "experiment": experiment,
            "status": status,
            "tag": tag,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return Call("GET", ALL, _page, params=params, at_monitor=True)


class Runs(RunCalls, Resource):
    """Of a blocking client."""


class AsyncRuns(RunCalls, AsyncResource):
    """Of an async client."""


def _page(response: httpx2.Response) -> RunPage:
    return RunPage([RunRecord(item) for item in response.json()], response.headers.get("X-Next-Cursor"))
