"""`GET /api/runs/{id}/export`: the file contains all points as logged."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.export.formats import file_name, write_csv, write_jsonl
from monitor.metrics.export.parquet import write_parquet
from monitor.metrics.export.table import Table
from monitor.metrics.log.nonfinite import NONFINITE_VALUES, json_number
from monitor.metrics.series.history import RunHistory
from tests.monitor.cast import START, create_run, evaluate, send, train
from tests.monitor.metrics.series.test_history import columns_of

NUMBER = st.one_of(st.none(), st.floats(width=64).map(json_number))
NAMES = ("loss", 'odd "name",\r\nof two lines', "=1+1")
RECORDS = st.lists(
    st.tuples(st.integers(-5, 40), st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, NUMBER))), max_size=40
)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def table_of(records: list[tuple[int, dict[str, Any]]]) -> Table:
    history = RunHistory("run")
    history.apply(1, max(len(records), 1), columns_of(records), None)
    return Table({name: view for name in history.names if (view := history.series(name)) is not None})


def expected(records: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """Rows by step; a repeated step has the newest value of each metric."""
    kept: dict[int, dict[str, Any]] = {}
    for step, values in records:
        present = {name: value for name, value in values.items() if value is not None}
        if present:
            kept.setdefault(step, {}).update(present)
    return sorted(kept.items())


def plain(values: dict[str, Any]) -> dict[str, str]:
    """Converts numbers to comparable values, including -0.0 and NaN."""
    numbers = {name: float(NONFINITE_VALUES.get(value, value)) for name, value in values.items()}
    return {name: repr(number) for name, number in numbers.items()}


@given(RECORDS)
def test_csv_and_json_lines_round_trip(records: list[tuple[int, dict[str, Any]]]) -> None:
    table = table_of(records)
    wanted = [(step, plain(values)) for step, values in expected(records)]
    read = rows_of(b"".join(write_csv(table)).decode())
    from_csv = [
        (int(row["step"]), plain({name: row[name] for name in NAMES if row.get(name, "") != ""})) for row in read
    ]
    assert from_csv == wanted
    lines = [json.loads(line) for line in b"".join(write_jsonl(table)).splitlines()]
    assert [(row["step"], plain({name: row[name] for name in NAMES if name in row})) for row in lines] == wanted


@given(RECORDS)
def test_parquet_round_trips(records: list[tuple[int, dict[str, Any]]]) -> None:
    read = pq.read_table(io.BytesIO(b"".join(write_parquet(table_of(records))))).to_pylist()
    found = [(row["step"], plain({name: row[name] for name in NAMES if row.get(name) is not None})) for row in read]
    assert found == [(step, plain(values)) for step, values in expected(records)]


@given(RECORDS, st.integers(1, 5))
def test_pieces_make_the_whole(records: list[tuple[int, dict[str, Any]]], rows: int) -> None:
    table = table_of(records)
    whole = [row for chunk in table.chunks() for row in zip(*chunk.cells(), strict=True)]
    pieces = [list(zip(*chunk.cells(), strict=True)) for chunk in table.chunks(1, rows)]
    assert [row for piece in pieces for row in piece] == whole
    assert all(len(piece) <= rows for piece in pieces)


def test_csv(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 3)
    send(monitor_client, "run-alpha", {"validation_loss": ["NaN", "-Infinity"], "spike": [None, "Infinity"]}, [3, 4])
    answer = monitor_client.get("/api/runs/run-alpha/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="run-alpha.csv"'
    assert answer.text.splitlines() == [
        "step,time,epoch,train_loss,learning_rate,validation_loss,spike",
        "1,2025-07-03T12:45:01.000000Z,0.2,1.0,0.0002,,",
        "2,2025-07-03T12:45:02.000000Z,0.4,0.5,0.0002,,",
        f"3,2025-07-03T12:45:03.000000Z,0.6,{1 / 3},0.0002,NaN,",
        "4,2025-07-03T12:45:04.000000Z,0.6,,,-Infinity,Infinity",
    ]
    assert datetime.fromisoformat(rows_of(answer.text)[0]["time"]).timestamp() == START + 1


def test_json_lines(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 1)
    send(monitor_client, "run-alpha", {"validation_loss": ["Infinity"]}, [2])
    answer = monitor_client.get("/api/runs/run-alpha/export?format=jsonl")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="run-alpha.jsonl"'
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {
            "step": 1,
            "time": "2025-07-03T12:45:01.000000Z",
            "epoch": 0.2,
            "train_loss": 1.0,
            "learning_rate": 2e-4,
        },
        {"step": 2, "time": "2025-07-03T12:45:02.000000Z", "epoch": 0.2, "validation_loss": "Infinity"},
    ]


def test_parquet(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 2)
    evaluate(monitor_client, "run-alpha", 2, 0.75)
    answer = monitor_client.get("/api/runs/run-alpha/export?format=parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.column_names == ["step", "time", "epoch", "train_loss", "learning_rate", "validation_loss"]
    assert table["step"].to_pylist() == [1, 2]
    assert [moment.timestamp() for moment in table["time"].to_pylist()] == [START + 1, START + 2]
    assert table["validation_loss"].to_pylist() == [None, 0.75]


def test_parquet_without_its_package(monitor_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    create_run(monitor_client)
    monkeypatch.delitem(sys.modules, "monitor.metrics.export.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = monitor_client.get("/api/runs/run-alpha/export?format=parquet")
    assert answer.status_code == 503
    assert "pip install pyarrow" in answer.json()["detail"]
    assert monitor_client.get("/api/runs/run-alpha/export").status_code == 200


def test_metrics_and_range(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 9)
    evaluate(monitor_client, "run-alpha", 5, 0.5)
    path = "/api/runs/run-alpha/export?metrics=validation_loss,train_loss,nothing,train_loss&from=4.5&to=6"
    rows = rows_of(monitor_client.get(path).text)
    assert list(rows[0]) == ["step", "time", "epoch", "validation_loss", "train_loss"]
    assert [(row["step"], row["validation_loss"]) for row in rows] == [("5", "0.5"), ("6", "")]
    assert rows_of(monitor_client.get("/api/runs/run-alpha/export?from=7&to=2").text) == []
    assert rows_of(monitor_client.get("/api/runs/run-alpha/export?from=-1e300&to=1e300&metrics=epoch").text)[8] == {
        "step": "9",
        "time": "2025-07-03T12:45:09.000000Z",
        "epoch": "1.8",
    }


def test_what_was_taken_back_or_logged_again(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, "run-alpha", {"a": [1, 2, 3], "b": [10, 20, 30]}, [1, 2, 3])
    send(monitor_client, "run-alpha", {"a": [2.5]}, [2], rewind_to=2)
    rows = rows_of(monitor_client.get("/api/runs/run-alpha/export").text)
    assert [(row["step"], row["a"], row["b"]) for row in rows] == [("1", "1.0", "10.0"), ("2", "2.5", "20.0")]


def test_metrics_named_like_the_first_columns(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    metrics = {"step": [1], "time": [2], "metric.step": [3], "epoch": ["NaN"]}
    send(monitor_client, "run-alpha", metrics, [7])
    row = rows_of(monitor_client.get("/api/runs/run-alpha/export").text)[0]
    del row["time"]
    assert row == {
        "step": "7",
        "epoch": "NaN",
        "metric.metric.step": "1.0",
        "metric.time": "2.0",
        "metric.step": "3.0",
    }


def test_a_long_run_comes_in_order(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    for first in range(0, 100_000, 25_000):
        steps = list(range(first, first + 25_000))
        every = [step / 7 if step % 3 else None for step in steps]
        send(monitor_client, "run-alpha", {"y": [math.sin(step) for step in steps], "z": every}, steps)
    with monitor_client.stream("GET", "/api/runs/run-alpha/export") as answer:
        pieces = list(answer.iter_bytes())
    rows = list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))[1:]
    assert [int(row[0]) for row in rows] == list(range(100_000))
    assert np.array_equal([float(row[3]) for row in rows], [math.sin(step) for step in range(100_000)])
    assert [row[4] for row in rows[:4]] == ["", repr(1 / 7), repr(2 / 7), ""]


def test_nothing_logged(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    assert monitor_client.get("/api/runs/run-alpha/export").text == "step,time,epoch\r\n"
    assert monitor_client.get("/api/runs/run-alpha/export?format=jsonl").text == ""
    empty = monitor_client.get("/api/runs/run-alpha/export?format=parquet").content
    assert pq.read_table(io.BytesIO(empty)).num_rows == 0


def test_a_job_stands_for_its_newest_run(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", job_uid="job_1")
    answer = monitor_client.get("/api/runs/job_1/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="run-one.csv"'
    assert monitor_client.get("/api/runs/nothing/export").status_code == 404


@pytest.mark.parametrize("query", ["format=xlsx", "from=nan", "to=inf", "from=a"])
def test_bad_queries(monitor_client: TestClient, query: str) -> None:
    create_run(monitor_client)
    assert monitor_client.get(f"/api/runs/run-alpha/export?{query}").status_code == 422


def test_file_names_are_plain() -> None:
    assert file_name('a/"b"\r\nü', "csv") == "a__b____.csv"
