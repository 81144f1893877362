"""Retention keeps the outline of a run's charts, and skips runs that are not old enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import text

from monitor.context import Monitor
from pegbox.settings import Settings
from pegbox.store.tables import now
from tests.monitor.cast import START, create_run
from tests.monitor.metrics.maintenance.test_compaction import count_rows, open_monitor

POINTS = 30_000


def log_noise(client: Any, run: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Noise with two spikes, a NaN and an infinity."""
    values = np.random.default_rng(4).normal(size=POINTS)
    values[12_345], values[777] = 1e6, -1e6
    cells: list[Any] = values.tolist()
    cells[5_000], cells[29_000] = "NaN", "Infinity"
    for sequence, start in enumerate(range(0, POINTS, 1000)):
        steps = list(range(start, start + 1000))
        points = {
            "step": steps,
            "time": [START + step for step in steps],
            "metrics": {"y": cells[start : start + 1000]},
        }
        rare = {"step": [start], "time": [START + start], "metrics": {"rare": [float(start)]}}
        for number, part in enumerate((points, rare)):
            body = {"writer": "w", "sequence": 2 * sequence + number, "points": part}
            client.post(f"/api/runs/{run}/batches", json=body).raise_for_status()
    values[[5_000, 29_000]] = np.nan, np.inf
    return values


def test_an_old_run_keeps_its_outline(settings: Settings) -> None:
    with open_monitor(settings.model_copy(update={"raw_days": 7.0})) as client:
        parts: Monitor = client.app.state.monitor  # type: ignore[attr-defined]
        for run in ("run-old", "run-new"):
            create_run(client, run)
            values = log_noise(client, run)
            client.patch(f"/api/runs/{run}", json={"status": "finished"})
        long_ago = now() - timedelta(days=8)
        age = text("UPDATE run SET finished_at = :then WHERE id = 'run-old'").bindparams(then=long_ago)
        parts.writer.call(lambda connection: connection.execute(age))
        before = client.get("/api/runs/run-old/series?cols=200").json()["series"]
        for _ in range(2):  # a second round has no effect
            parts.maintenance._thin_at = (
                0.0  # the thread of the monitor may have used this hour's round before the run was old
            )
            parts.maintenance.run_once()
            after = client.get("/api/runs/run-old/series?cols=200").json()["series"]
            assert after["y"]["min"] == before["y"]["min"]
            assert after["y"]["max"] == before["y"]["max"]
            assert after["y"]["x"] == before["y"]["x"]
            assert after["rare"] == before["rare"]
            full = client.get("/api/runs/run-old/export?format=jsonl").text
            assert 3_000 < full.count("\n") <= 4_000 + 40
            assert '"NaN"' in full
            assert '"Infinity"' in full
        assert client.get("/api/runs/run-old").json()["thinned_at"]
        assert client.get("/api/runs/run-new").json()["thinned_at"] is None
        assert client.get("/api/runs/run-new/export?format=jsonl").text.count("\n") == POINTS
        rows = count_rows(parts)
        again = {"writer": "w", "sequence": 3, "points": {"step": [1], "time": [START], "metrics": {"y": [5.0]}}}
        client.post("/api/runs/run-old/batches", json=again).raise_for_status()
        assert count_rows(parts) == rows, "a repeated batch counts once, thinned out or not"
        assert values[12_345] in after["y"]["max"]
