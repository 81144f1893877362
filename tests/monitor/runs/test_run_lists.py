"""`GET /api/runs`: filters, search, sorting, pagination."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from monitor.runs.filters import RunFilter
from monitor.runs.sorting import RunSort
from pegbox.store.tables import Run
from tests.monitor.cast import add_job, create_run, set_state


def ids(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/api/runs", params=query)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()]


def pages(client: TestClient, **query: Any) -> list[list[str]]:
    """Returns all pages, following their cursors."""
    found: list[list[str]] = []
    cursor = None
    while True:
        answer = client.get("/api/runs", params={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found.append([run["id"] for run in answer.json()])
        cursor = answer.headers.get("X-Next-Cursor")
        if cursor is None:
            return found


def summarize(client: TestClient, run_id: str, **summary: Any) -> None:
    assert client.patch(f"/api/runs/{run_id}", json={"summary": summary}).status_code == 200


def test_by_experiment_and_tag(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", experiment="digits", tags=["a", 'say "b"'])
    create_run(monitor_client, "run-two", experiment="digits 2", tags=["ab"])
    create_run(monitor_client, "run-three", experiment="digits", tags=[", ", "A", "ü"])
    assert ids(monitor_client, experiment="digits") == ["run-three", "run-one"]
    assert ids(monitor_client, experiment="digit") == []
    assert ids(monitor_client, tag="a") == ["run-one"]
    assert ids(monitor_client, tag='say "b"') == ["run-one"]
    assert ids(monitor_client, tag="b") == []
    assert ids(monitor_client, tag=", ") == ["run-three"]
    assert ids(monitor_client, tag="ü") == ["run-three"]
    assert ids(monitor_client, tag="ab", experiment="digits") == []


def test_status_is_the_one_that_is_shown(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db, state="running")
    create_run(monitor_client, job.run_id, job_uid=job.uid)
    create_run(monitor_client, "run-alone")
    assert ids(monitor_client, status="running") == ["run-alone", job.run_id]
    for state, status in (("failed", "failed"), ("completed", "finished"), ("paused", "paused")):
        set_state(db, job.uid, state)
        assert ids(monitor_client, status=status) == [job.run_id]
        assert ids(monitor_client, status="running") == ["run-alone"]


def test_search(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", name="First Try", experiment="digits", config={"model": "Starter"})
    create_run(monitor_client, "run-two", name="50% off", experiment="Letters", config={"note": 'a "quote", größer'})
    summarize(monitor_client, "run-two", verdict="Promising_one")
    for word in ("first", "FIRST", "try first", "starter", "RUN-ONE", "digits model"):
        assert ids(monitor_client, q=word) == ["run-one"], word
    for word in ("50%", "letters", "promising_", '"quote"', "größer", "verdict 50%"):
        assert ids(monitor_client, q=word) == ["run-two"], word
    assert ids(monitor_client, q="run-") == ["run-two", "run-one"]
    assert ids(monitor_client, q="  ") == ["run-two", "run-one"]
    for word in ("%", "_"):
        assert ids(monitor_client, q=word) == ["run-two"], word
    for word in ("first letters", "f%t", "/", "\\", "'"):
        assert ids(monitor_client, q=word) == [], word


def test_sort(monitor_client: TestClient) -> None:
    for run_id, name, experiment in (("run-b", "x", "two"), ("run-a", "x", "one"), ("run-c", "a", "one")):
        create_run(monitor_client, run_id, name=name, experiment=experiment)
    assert ids(monitor_client, sort="name") == ["run-c", "run-a", "run-b"]
    assert ids(monitor_client, sort="-name") == ["run-a", "run-b", "run-c"]
    assert ids(monitor_client, sort="created_at") == ["run-b", "run-a", "run-c"]
    assert ids(monitor_client, sort="experiment") == ["run-a", "run-c", "run-b"]
    assert ids(monitor_client, sort="-id") == ["run-c", "run-b", "run-a"]
    summarize(monitor_client, "run-b", score=1)
    assert ids(monitor_client, sort="-updated_at")[0] == "run-b"
    monitor_client.patch("/api/runs/run-a", json={"status": "finished"})
    assert ids(monitor_client, sort="finished_at") == ["run-a", "run-b", "run-c"]


def test_sort_by_a_metric(monitor_client: TestClient) -> None:
    values: dict[str, Any] = {"run-a": 3, "run-b": 0.5, "run-c": "NaN", "run-d": None, "run-e": 10.25, "run-f": "9"}
    for run_id, value in values.items():
        create_run(monitor_client, run_id)
        summarize(monitor_client, run_id, **{"eval/loss.best": value})
    create_run(monitor_client, "run-g")
    # Python reads and writes NaN without quotes, which is invalid JSON.
    bad = monitor_client.patch(
        "/api/runs/run-g", content=b'{"summary": {"x": NaN}}', headers={"Content-Type": "application/json"}
    )
    assert bad.status_code in (200, 422)
    missing = ["run-c", "run-d", "run-f", "run-g"]
    assert ids(monitor_client, sort="summary.eval/loss.best") == ["run-b", "run-a", "run-e", *missing]
    assert ids(monitor_client, sort="-summary.eval/loss.best") == ["run-e", "run-a", "run-b", *missing]
    assert ids(monitor_client, sort="summary.nothing") == [
        "run-a",
        "run-b",
        "run-c",
        "run-d",
        "run-e",
        "run-f",
        "run-g",
    ]


@pytest.mark.parametrize(
    "sort",
    ["-created_at", "created_at", "name", "-name", "summary.score", "-summary.score", "-updated_at", "last_step"],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_make_the_whole_list(monitor_client: TestClient, sort: str, limit: int) -> None:
    for number in range(7):
        create_run(monitor_client, f"run-{number}", name=f"näme {number % 3}")
        if number % 2:
            summarize(monitor_client, f"run-{number}", score=number % 3 / 3)
    whole = ids(monitor_client, sort=sort)
    assert sorted(whole) == [f"run-{number}" for number in range(7)]
    found = pages(monitor_client, sort=sort, limit=limit)
    assert [run_id for page in found for run_id in page] == whole
    assert {len(page) for page in found[:-1]} <= {limit}
    assert found[-1]


def test_pages_of_a_filtered_list_while_runs_come(monitor_client: TestClient) -> None:
    for number in range(4):
        create_run(monitor_client, f"run-{number}", tags=["even"] if number % 2 == 0 else [])
    first = monitor_client.get("/api/runs", params={"tag": "even", "limit": 1})
    assert [run["id"] for run in first.json()] == ["run-2"]
    create_run(monitor_client, "run-4", tags=["even"])
    cursor = first.headers["X-Next-Cursor"]
    second = monitor_client.get("/api/runs", params={"tag": "even", "limit": 1, "cursor": cursor})
    assert [run["id"] for run in second.json()] == ["run-0"]
    assert "X-Next-Cursor" not in second.headers


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("-created_at", "nonsense"),
        ("-created_at", "ü"),
        ("-created_at", ""),
        ("-created_at", encoded({})),
        ("-created_at", encoded(["-created_at", 5, "run"])),
        ("-created_at", encoded(["-created_at", "2025-01-01", "run"])),
        ("-created_at", encoded(["-created_at", "0001-01-01T00:00:00+14:00", "run"])),
        ("-created_at", encoded(["name", "x", "run"])),
        ("name", encoded(["name", "x", 7])),
        ("name", encoded(["name", ["x"], "run"])),
        ("last_step", encoded(["last_step", 2**70, "run"])),
        ("last_step", encoded(["last_step", True, "run"])),
        ("summary.a", encoded(["summary.a", "1", "run"])),
        ("summary.a", encoded(["summary.a", float("nan"), "run"])),
    ],
)
def test_a_cursor_that_is_none(monitor_client: TestClient, sort: str, cursor: str) -> None:
    answer = monitor_client.get("/api/runs", params={"sort": sort, "cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["error_type"] == "ValidationError"
    assert answer.json()["detail"].startswith("cursor: ")


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "colour"},
        {"sort": ""},
        {"sort": "--name"},
        {"sort": "summary."},
        {"sort": 'summary.a"b'},
        {"sort": "summary.a\\b"},
        {"sort": "summary.a\nb"},
        {"limit": 0},
        {"limit": 201},
        {"status": "lost"},
        {"q": "x" * 201},
        {"tag": "x" * 101},
    ],
)
def test_bad_queries(monitor_client: TestClient, query: dict[str, Any]) -> None:
    assert monitor_client.get("/api/runs", params=query).status_code == 422


def test_the_same_words_for_postgresql() -> None:
    """The query compiles with the functions of PostgreSQL."""
    which = RunFilter(status="failed", tag="a", q="one two", experiment="digits")
    sort = RunSort.parse("-summary.loss", "postgresql")
    query = select(Run.__table__).where(*which.conditions("postgresql")).order_by(*sort.order)  # type: ignore[attr-defined]
    query = query.where(sort.after(sort.cursor(0.5, "run")))
    text = str(query.compile(dialect=postgresql.dialect()))
    assert "json_array_elements_text(run.tags)" in text
    assert "json_typeof((run.summary" in text
    assert "ILIKE" in text
    assert "json_each" not in text
