"""Trackio's calls that read projects, runs, alerts and traces."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Literal

from sqlalchemy import Engine

import monitor.dialects.trackio.names as names
from monitor.artifacts import service as artifacts
from monitor.artifacts import versions
from monitor.dialects.functions import Caller
from monitor.dialects.trackio.entries import parse_timestamp
from monitor.dialects.trackio.media_files import MEDIA_ROOT
from monitor.dialects.trackio.points import find
from monitor.dialects.trackio.rows import media_of, steps_of, views_of
from monitor.dialects.trackio.timestamps import format_timestamp
from monitor.dialects.trackio.typed_values import find_traces, from_media
from monitor.metrics.log import store
from monitor.runs import service
from pegbox.schemas.runs.run import RunView

PALETTE = [
    "#A8769B", "#E89957", "#3B82F6", "#10B981", "#EF4444",
    "#8B5CF6", "#14B8A6", "#F59E0B", "#EC4899", "#06B6D4",
]  # fmt: skip
TRACKIO_LEVELS = {"info": "info", "warning": "warn", "error": "error"}
MAX_EVENTS = 1_000
Sort = Literal["request_time_desc", "request_time_asc", "step_asc", "step_desc"]


def get_all_projects(caller: Caller) -> list[str]:
    """Lists the projects, which are experiments in Pegbox."""
    return service.list_experiments(caller.monitor.engine)


def get_runs_for_project(caller: Caller, project: str) -> list[dict[str, Any]]:
    """Lists the runs of a project, oldest first."""
    return [
        {"id": run.id, "name": run.name, "created_at": created(run)}
        for run in names.list_runs(caller.monitor.engine, project)
    ]


def created(run: RunView) -> str:
    """Returns the creation time of a run in Trackio's format."""
    return run.created_at.astimezone(UTC).isoformat()


def get_run_configs(caller: Caller, project: str) -> dict[str, dict[str, Any]]:
    """Returns configs by run id."""
    return {run.id: run.config for run in names.list_runs(caller.monitor.engine, project)}


def get_project_summary(caller: Caller, project: str) -> dict[str, Any]:
    """Summarizes a project. `last_activity` is the greatest step of all runs."""
    runs = names.list_runs(caller.monitor.engine, project)
    steps = [run.last_step for run in runs if run.last_step is not None]
    return {
        "project": project,
        "num_runs": len(runs),
        "runs": [run.name for run in runs],
        "last_activity": max(steps, default=None),
    }


def get_run_summary(caller: Caller, project: str, run: str | None = None, run_id: str | None = None) -> dict[str, Any]:
    """Summarizes a run for resuming; empty for a run without points."""
    found = find(caller, project, run, run_id)
    empty = {"num_logs": 0, "metrics": [], "config": None, "last_step": None}
    if found is None:
        return {"project": project, "run": run, "run_id": run_id, **empty}
    known = {"project": project, "run": found.name, "run_id": found.id}
    views, media = views_of(caller.monitor, found.id), media_of(caller.monitor, found.id)
    steps = steps_of(views.values(), media)
    if not steps.size:
        return {**known, **empty}
    return {
        **known,
        "num_logs": steps.size,
        "metrics": list(dict.fromkeys([*views, *(item.name for item in media)])),
        "config": found.config,
        "last_step": int(steps[-1]),
    }


def get_alerts(
    caller: Caller,
    project: str,
    run: str | None = None,
    run_id: str | None = None,
    level: str | None = None,
    since: str | None = None,
) -> list[dict[str, Any]]:
    """Returns alerts of a run or of all runs of the project, newest first."""
    named = run is not None or run_id is not None
    found = [find(caller, project, run, run_id)] if named else names.list_runs(caller.monitor.engine, project)
    after = parse_timestamp(since) if since else 0.0
    alerts = [alert for item in found if item is not None for alert in _alerts(caller.monitor.engine, item)]
    chosen = [
        alert for time, alert in sorted(alerts, key=lambda pair: pair[0], reverse=True)
        if time > after and level in (None, alert["level"])
    ]  # fmt: skip
    return chosen[:MAX_EVENTS]


def _alerts(engine: Engine, run: RunView) -> list[tuple[float, dict[str, Any]]]:
    with engine.connect() as connection:
        events = store.read_events(connection, run.id, limit=MAX_EVENTS)
    return [
        (
            event.time,
            {
                "timestamp": format_timestamp(event.time),
                "run": run.name,
                "run_id": run.id,
                "title": event.title,
                "text": event.detail or None,
                "level": TRACKIO_LEVELS.get(event.level or "", "warn"),
                "step": event.step,
            },
        )
        for event in events
        if event.kind == "alert"
    ]


def get_traces(
    caller: Caller,
    project: str,
    run: str | None = None,
    run_id: str | None = None,
    search: str | None = None,
    sort: Sort | None = None,
    limit: int | None = None,
    offset: int | None = 0,
    step: int | None = None,
) -> list[dict[str, Any]]:
    """Returns traces (conversations) of a run, newest first by default."""
    found = find(caller, project, run, run_id)
    traces = [] if found is None else _traces(caller, found)
    needle = (search or "").strip().lower()
    chosen = [
        trace for trace in traces
        if step in (None, trace["step"]) and (not needle or needle in str(trace["messages"]).lower())
    ]  # fmt: skip
    key, _, direction = (sort or "request_time_desc").rpartition("_")
    chosen.sort(key=lambda trace: trace["step" if key == "step" else "timestamp"], reverse=direction == "desc")
    first = max(offset or 0, 0)
    return chosen[first:] if limit is None else chosen[first : first + max(limit, 0)]


def _traces(caller: Caller, run: RunView) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{item.seq}-{index}",
            "key": item.name,
            "trace_index": index,
            "run": run.name,
            "run_id": run.id,
            "step": item.step,
            "timestamp": format_timestamp(item.time),
            "messages": trace.get("messages") or [],
            "metadata": trace.get("metadata") or {},
            "spans": trace.get("spans") or [],
        }
        for item in media_of(caller.monitor, run.id)
        for index, trace in enumerate(find_traces(from_media(item.data)))
    ]


def get_trace_steps(caller: Caller, project: str, run: str | None = None, run_id: str | None = None) -> dict[str, Any]:
    """Counts the traces of each step."""
    found = find(caller, project, run, run_id)
    counts: dict[int, int] = {}
    for trace in [] if found is None else _traces(caller, found):
        counts[trace["step"]] = counts.get(trace["step"], 0) + 1
    return {"steps": [{"step": step, "count": count} for step, count in sorted(counts.items())]}


def get_settings(caller: Caller) -> dict[str, Any]:
    """Returns the settings that Trackio's dashboard reads at start."""
    return {
        "logo_urls": {"light": "", "dark": ""},
        "color_palette": PALETTE,
        "plot_order": [],
        "table_truncate_length": 250,
        "media_dir": MEDIA_ROOT,
        "space_id": None,
    }


def get_run_mutation_status(caller: Caller) -> dict[str, Any]:
    """Reports that foreign clients may neither delete nor rename runs."""
    return {"spaces": False, "allowed": False, "auth": "none"}


def get_tab_availability(caller: Caller, project: str) -> dict[str, bool]:
    """Reports which tabs of the dashboard have content."""
    runs = names.list_runs(caller.monitor.engine, project)
    shown = [from_media(item.data) for run in runs for item in media_of(caller.monitor, run.id)]
    saved = versions.list_versions(caller.monitor, project)
    traces = any(find_traces(value) for value in shown)
    return {
        "metrics": any(views_of(caller.monitor, run.id) for run in runs),
        "system": any(views_of(caller.monitor, run.id, system=True) for run in runs),
        "traces": traces,
        "media": any(artifacts.list_artifacts(caller.monitor, run.id, 1) for run in runs),
        "reports": any(_alerts(caller.monitor.engine, run) for run in runs),
        "files": any(version.type == SAVED_FILE for version in saved),
        "artifacts": any(version.type != SAVED_FILE for version in saved),
    }


SAVED_FILE = "file"
"""The artifact type of files that belong to the project."""
