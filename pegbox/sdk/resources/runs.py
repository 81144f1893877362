"""Reads runs from the monitor: of jobs, of scripts, of other trackers' clients. `pegbox.init` records runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx2

from pegbox.sdk.call import Call, quote_segment, read_json, read_record, read_records
from pegbox.sdk.records import Record, RunRecord
from pegbox.sdk.resource import AsyncResource, Resource, endpoint

ROOT = "/api/runs"


class RunPage(list[RunRecord]):
    """A page of runs. `next_cursor` is `None` on the last page."""

    def __init__(self, runs: Iterable[RunRecord], next_cursor: str | None) -> None:
        super().__init__(runs)
        self.next_cursor = next_cursor


class RunCalls:
    """`client.runs`. Every method accepts a run's id or the uid of its job."""

    @endpoint
    def get(self, run_id: str) -> Call[RunRecord]:
        """One run. Raises NotFoundError."""
        return Call("GET", f"{ROOT}/{quote_segment(run_id)}", read_record(RunRecord), at_monitor=True)

    @endpoint
    def series(
        self, run_id: str, metrics: Sequence[str] | None = None, *, cols: int | None = None, x: str | None = None
    ) -> Call[Record]:
        """Downsampled series for charts, at most `cols` columns; `x` is `step`, `time` or `epoch`."""
        params = {"metrics": None if metrics is None else ",".join(metrics), "cols": cols, "x": x}
        return Call(
            "GET", f"{ROOT}/{quote_segment(run_id)}/series", read_record(Record), params=params, at_monitor=True
        )

    @endpoint
    def export(self, run_id: str, to: Path, *, format: str = "csv") -> Call[Path]:
        """Writes all points to a file as `csv`, `jsonl` or `parquet`."""
        return Call(
            "GET",
            f"{ROOT}/{quote_segment(run_id)}/export",
            lambda _: Path(to),
            params={"format": format},
            save_to=Path(to),
            accept="*/*",
            at_monitor=True,
        )

    @endpoint
    def events(self, run_id: str, *, after: int | None = None, limit: int | None = None) -> Call[list[Record]]:
        """Events such as evaluations, checkpoints and warnings, oldest first."""
        params = {"after": after, "limit": limit}
        return Call(
            "GET", f"{ROOT}/{quote_segment(run_id)}/events", read_records(Record), params=params, at_monitor=True
        )

    @endpoint
    def samples(self, run_id: str) -> Call[list[Record]]:
        """Answers of the model during training."""
        return Call("GET", f"{ROOT}/{quote_segment(run_id)}/samples", read_records(Record), at_monitor=True)

    @endpoint
    def artifacts(self, run_id: str) -> Call[Any]:
        """The artifacts of a run."""
        return Call("GET", f"{ROOT}/{quote_segment(run_id)}/artifacts", read_json, at_monitor=True)

    @endpoint
    def download(self, run_id: str, name: str, to: Path) -> Call[Path]:
        """Downloads an artifact of a run to `to`."""
        return Call(
            "GET",
            f"{ROOT}/{quote_segment(run_id)}/artifacts/{quote_segment(name)}",
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
        """A page of runs, newest first; `cursor` is `next_cursor` of the previous page."""
        params = {
            "q": query,
            "experiment": experiment,
            "status": status,
            "tag": tag,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        }
        return Call("GET", ROOT, _read_page, params=params, at_monitor=True)


class Runs(RunCalls, Resource):
    """Blocking."""


class AsyncRuns(RunCalls, AsyncResource):
    """Async."""


def _read_page(response: httpx2.Response) -> RunPage:
    return RunPage([RunRecord(item) for item in response.json()], response.headers.get("X-Next-Cursor"))
