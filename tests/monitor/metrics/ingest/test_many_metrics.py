"""A run with ten thousand metrics, the documented limit."""

from __future__ import annotations

from pegbox.settings import Settings
from tests.monitor.cast import START, create_run
from tests.monitor.metrics.maintenance.test_compaction import count_rows, open_monitor

NAMES = 10_000


def test_ten_thousand_metrics_in_one_run(settings: Settings) -> None:
    with open_monitor(settings) as client:
        create_run(client)
        for step in range(3):
            metrics = {f"layer.{number}.norm": [float(number + step)] for number in range(NAMES)}
            body = {
                "writer": "w",
                "sequence": step,
                "points": {"step": [step], "time": [START + step], "metrics": metrics},
            }
            client.post("/api/runs/run-alpha/batches", json=body).raise_for_status()
        client.patch("/api/runs/run-alpha", json={"status": "finished"}).raise_for_status()
        client.app.state.monitor.maintenance.run_once()  # type: ignore[attr-defined]
        assert count_rows(client.app.state.monitor) == 1  # type: ignore[attr-defined]
        client.app.state.monitor.histories.evict("run-alpha")  # type: ignore[attr-defined]
        asked = "layer.0.norm,layer.9999.norm"
        series = client.get(f"/api/runs/run-alpha/series?metrics={asked}").json()["series"]
        assert series["layer.9999.norm"]["mean"] == [9999.0, 10000.0, 10001.0]
        assert client.get("/api/runs/run-alpha").json()["summary"]["layer.0.norm"] == 2.0
