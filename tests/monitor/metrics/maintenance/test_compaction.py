"""Compaction changes rows of the log, but no response that is read from the log."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.app import create_app
from monitor.context import Monitor
from monitor.live.backlog import read_backlog
from monitor.metrics.log import integrity
from monitor.metrics.maintenance import compaction
from pegbox.settings import Settings
from tests.monitor.cast import START, create_run, train

RUNS = ("run-alpha", "run-beta")
Batch = tuple[str, dict[str, Any]]


def make_batches(seed: int, count: int) -> list[Batch]:
    """Batches of two clients and two runs: gaps, late steps, rewinds, events, empty and large batches."""
    draw = random.Random(seed)
    sequences: dict[tuple[str, str], int] = {}
    batches: list[Batch] = []
    for _ in range(count):
        run, writer = draw.choice(RUNS), "w" if draw.random() < 0.9 else "v"
        sequence = sequences.get((run, writer), 0) + (1 if draw.random() < 0.95 else 2)
        sequences[run, writer] = sequence
        length = draw.choice([0, 1, 1, 1, 3, 40])
        steps = [draw.randint(1, 400) for _ in range(length)]
        names = draw.sample(["train_loss", "validation_loss", "epoch", "z"], draw.randint(1, 4))
        metrics = {name: [draw.choice([None, "NaN", draw.random()]) for _ in range(length)] for name in names}
        body: dict[str, Any] = {"writer": writer, "sequence": sequence}
        body["points"] = {"step": steps, "time": [START + sequence] * length, "metrics": metrics}
        if draw.random() < 0.1:
            body["events"] = [{"time": START, "kind": "note", "title": f"note {sequence}"}]
        if draw.random() < 0.04:
            body["rewind_to"] = draw.randint(100, 400)
        batches.append((run, body))
    return batches


def read_everything(client: TestClient, parts: Monitor) -> dict[str, Any]:
    """Everything readable of each run: its table, its series, and the backlog at any cursor."""
    told: dict[str, Any] = {}
    for run in RUNS:
        newest = client.get(f"/api/runs/{run}/series").json()["last_seq"]
        told[f"{run} table"] = client.get(f"/api/runs/{run}/export?format=csv").text
        told[f"{run} series"] = client.get(f"/api/runs/{run}/series").json()
        for after in range(0, newest, 7):
            told[f"{run} after {after}"] = parsed(read_backlog(parts.engine, run, after, newest))
        middle = newest // 2
        told[f"{run} until {middle}"] = parsed(read_backlog(parts.engine, run, 3, middle))
    return told


def parsed(messages: list[str]) -> list[Any]:
    """Messages with unordered values: a pack has one order of metrics for all its points."""
    return [json.loads(message) for message in messages]


def open_monitor(settings: Settings) -> TestClient:
    quiet = settings.model_copy(update={"sample_interval_seconds": 3600})
    return TestClient(create_app(quiet), base_url=f"http://127.0.0.1:{settings.monitor_port}")


def count_rows(parts: Monitor) -> int:
    with parts.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM metric_batch")).scalar_one())


@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_stays_the_same(settings: Settings, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(compaction, "PACK_ROWS", 8)
    monkeypatch.setattr(compaction, "PACK_POINTS", 100)
    batches = make_batches(seed, 150)
    with open_monitor(settings) as client:
        parts: Monitor = client.app.state.monitor  # type: ignore[attr-defined]
        for run in RUNS:
            create_run(client, id=run)
        for run, body in batches[:100]:
            client.post(f"/api/runs/{run}/batches", json=body).raise_for_status()
        parts.histories.evict(RUNS[0])
        client.get(f"/api/runs/{RUNS[1]}/series")  # one history is in memory up to here, the other is not
        before = count_rows(parts)
        parts.maintenance.run_once()
        assert count_rows(parts) < before
        for run, body in batches[100:]:
            client.post(f"/api/runs/{run}/batches", json=body).raise_for_status()
        told = read_everything(client, parts)
    with open_monitor(settings) as client:
        parts = client.app.state.monitor  # type: ignore[attr-defined]
        client.patch("/api/runs/run-alpha", json={"status": "finished"})
        parts.maintenance.run_once()
        assert read_everything(client, parts) == told
        for run, body in batches:  # a client that got no response repeats all batches
            client.post(f"/api/runs/{run}/batches", json=body).raise_for_status()
        assert read_everything(client, parts) == told
        assert integrity.find_damaged_batches(parts.engine) == []


def test_packed_points_equal_those_of_a_log_never_packed(settings: Settings, tmp_path: Any) -> None:
    batches = make_batches(99, 200)
    tables = []
    for home, is_packed in ((tmp_path / "packed", True), (tmp_path / "plain", False)):
        with open_monitor(settings.model_copy(update={"home": home})) as client:
            parts: Monitor = client.app.state.monitor  # type: ignore[attr-defined]
            for run in RUNS:
                create_run(client, id=run)
            for run, body in batches:
                client.post(f"/api/runs/{run}/batches", json=body).raise_for_status()
            for run in RUNS:
                client.patch(f"/api/runs/{run}", json={"status": "finished"})
            if is_packed:
                parts.maintenance.run_once()
                assert count_rows(parts) < 150
            for run in RUNS:
                parts.histories.evict(run)
            told = read_everything(client, parts)
            tables.append({name: told[name] for name in told if "table" in name or "after" in name})
    assert tables[0] == tables[1]


def test_a_damaged_batch_is_left_where_it_is(settings: Settings) -> None:
    with open_monitor(settings) as client:
        parts: Monitor = client.app.state.monitor  # type: ignore[attr-defined]
        create_run(client)
        for step in range(1, 10):
            train(client, "run-alpha", step, step)
        client.get("/api/runs/run-alpha/series")  # loads the history into memory
        parts.writer.call(
            lambda connection: connection.execute(text("UPDATE metric_batch SET payload = x'00ff' WHERE first_seq = 5"))
        )
        client.patch("/api/runs/run-alpha", json={"status": "finished"})
        parts.maintenance.run_once()
        assert count_rows(parts) == 3
        series = client.get("/api/runs/run-alpha/series").json()["series"]["train_loss"]
        assert series["x"] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
        parts.histories.evict("run-alpha")
        series = client.get("/api/runs/run-alpha/series").json()["series"]["train_loss"]
        assert series["x"] == [1, 2, 3, 4, 6, 7, 8, 9]
        assert len(integrity.find_damaged_batches(parts.engine)) == 1


def test_space_goes_back_to_the_file_system(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.metrics.maintenance.thread.FREE_PAGES_KEPT", 10)
    with open_monitor(settings) as client:
        parts: Monitor = client.app.state.monitor  # type: ignore[attr-defined]

        def pages(connection: Any) -> tuple[int, int]:
            return tuple(
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "freelist_count")
            )  # type: ignore[return-value]

        parts.writer.call(lambda connection: connection.execute(text("CREATE TABLE filler (data)")))
        parts.writer.call(lambda connection: connection.execute(text("INSERT INTO filler VALUES (zeroblob(8000000))")))
        full, _ = parts.writer.call(pages)
        parts.writer.call(lambda connection: connection.execute(text("DROP TABLE filler")))
        parts.maintenance.run_once()
        count, free = parts.writer.call(pages)
        assert free <= 10
        assert count < full - 1500
