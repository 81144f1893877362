"""Plots of experiments for Gradio: Plotly figures as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.dialects.functions import Caller
from monitor.dialects.spaces.experiments import get_experiment, parse_ids, title
from monitor.dialects.trackio.rows import thinned_points, views_of
from monitor.metrics.series.history import SeriesView
from pegbox.errors import UnusableContentError
from pegbox.schemas.runs.metric_names import CANONICAL_NAMES

MAX_POINTS = 2_000
"""Maximum points per curve."""

MAX_COMPARED = 20
MAX_CURVES = 60


def create_metrics_plot(caller: Caller, experiment_id: str, metric_name: str = "loss") -> dict[str, str]:
    """Plots one metric over the steps."""
    run = get_experiment(caller, experiment_id)
    views = views_of(caller.monitor, run.id)
    name = metric_name if metric_name in views else CANONICAL_NAMES.get(metric_name, metric_name)
    if name not in views:
        known = ", ".join(list(views)[:20]) or "nothing yet"
        return _plot([], f"{title(run)}: no values of {metric_name[:100]} (logged: {known})", metric_name)
    return _plot([_curve(name, views[name])], f"{title(run)}: {name}", name)


def create_experiment_comparison(caller: Caller, experiment_ids: str) -> dict[str, str]:
    """Plots the metrics of several experiments over the steps; ids are comma separated."""
    ids = parse_ids(experiment_ids)
    if not 1 <= len(ids) <= MAX_COMPARED:
        raise UnusableContentError(f"experiment_ids: 1 to {MAX_COMPARED} ids, separated by commas")
    runs = [get_experiment(caller, experiment_id) for experiment_id in ids]
    curves = [
        _curve(f"{title(run)}: {name}", view) for run in runs for name, view in views_of(caller.monitor, run.id).items()
    ]
    return _plot(curves[:MAX_CURVES], "Comparison: " + ", ".join(title(run) for run in runs), "value")


def _curve(name: str, view: SeriesView) -> dict[str, Any]:
    steps, _, numbers = thinned_points(view, MAX_POINTS)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": steps.tolist(),
        "y": numbers.tolist(),
    }


def _plot(curves: list[dict[str, Any]], heading: str, axis: str) -> dict[str, str]:
    layout = {"title": {"text": heading}, "xaxis": {"title": {"text": "step"}}, "yaxis": {"title": {"text": axis}}}
    return {"type": "plotly", "plot": msgspec.json.encode({"data": curves, "layout": layout}).decode()}
