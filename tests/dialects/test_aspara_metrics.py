"""Aspara's metrics and artifacts: kept whatever they look like, refused only beyond a limit."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.app import create_app
from monitor.dialects.aspara.names import RunPath
from pegbox.settings import Settings

Json = dict[str, Any]
RUN = "/tracker/api/v1/projects/demo/runs/r"
RUN_ID = RunPath("demo", "r").run_id


def log(client: TestClient, *, status: int = 200, **body: Any) -> Json:
    answer = client.post(f"{RUN}/metrics", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def series(client: TestClient, name: str) -> Json:
    found: Json = client.get(f"/api/runs/{RUN_ID}/series").json()["series"][name]
    return found


def test_numbers_are_kept_and_the_rest_is_named(monitor_client: TestClient) -> None:
    answer = log(
        monitor_client,
        step=0,
        metrics={
            "a": 1,
            "b": 0.5,
            "yes": True,
            "text": "fine",
            "nested": {"x": 1},
            "": 1,
            "n" * 201: 1,
            "huge": 10**400,
            "tab\t": 1,
            "half\ud800": 1,
            "large": 10**300,
        },
    )
    assert answer["status"] == "ok"
    assert answer["left_out"] == {
        "text": "not a number",
        "nested": "not a number",
        "": "a metric's name has 1 to 200 characters",
        "n" * 100: "a metric's name has 1 to 200 characters",
        "huge": "the number is too large",
        "tab\t": "a metric's name has no control characters",
        "half?": "a metric's name has no control characters",
    }
    names = monitor_client.get(f"/api/runs/{RUN_ID}/series").json()["series"]
    assert set(names) == {"a", "b", "yes", "large"}


def test_what_is_not_finite_stays_a_point(monitor_client: TestClient) -> None:
    values = [1.0, float("nan"), None, float("inf"), float("-inf"), "NaN", "Infinity", "-Infinity", 2.0]
    for step, value in enumerate(values):
        assert log(monitor_client, step=step, metrics={"m": value}) == {"status": "ok"}
    found = series(monitor_client, "m")
    assert (found["x"], found["nonfinite"]) == ([0, 8], [1, 2, 3, 4, 5, 6, 7])


def test_metrics_get_the_names_that_the_dashboard_draws(monitor_client: TestClient) -> None:
    log(monitor_client, step=1, metrics={"loss": 1, "val_loss": 2, "lr": 3, "train/loss": 4})
    log(monitor_client, step=2, metrics={"loss": 5, "train_loss": 6, "eval_loss": 7, "val_loss": 8})
    found = monitor_client.get(f"/api/runs/{RUN_ID}/series").json()["series"]
    assert {name: (of["x"], of["mean"]) for name, of in found.items()} == {
        "train_loss": ([1, 2], [1, 6]),
        "validation_loss": ([1, 2], [2, 7]),
        "learning_rate": ([1], [3]),
        "train/loss": ([1], [4]),
        "loss": ([2], [5]),
        "val_loss": ([2], [8]),
    }


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()),
        ("2026-01-02T12:04:05+09:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5).timestamp()),  # noqa: DTZ001 - local time is the point
        (1767323045, 1767323045.0),
        (1767323045.5, 1767323045.5),
        (1767323045500, 1767323045.5),
    ],
)
def test_times(monitor_client: TestClient, timestamp: object, seconds: float) -> None:
    log(monitor_client, step=1, metrics={"m": 1}, timestamp=timestamp)
    assert series(monitor_client, "m")["time"] == [seconds]


def test_now_is_utc(monitor_client: TestClient) -> None:
    before = datetime.now(UTC).timestamp()
    log(monitor_client, metrics={"m": 1})
    assert before <= series(monitor_client, "m")["time"][0] <= datetime.now(UTC).timestamp()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"metrics": []},
        {"metrics": {}, "step": 1.5},
        {"metrics": {}, "step": 10**30},
        {"metrics": {}, "timestamp": "soon"},
        {"metrics": {"m": 1}, "timestamp": "9999-12-31T23:59:59Z"},
        {"metrics": {"m": 1}, "timestamp": "0001-01-01T00:00:00"},
    ],
)
def test_a_record_that_cannot_be_read_is_refused(monitor_client: TestClient, body: Json) -> None:
    log(monitor_client, status=422, **body)
    assert monitor_client.get("/api/runs").json() == []


def test_an_empty_record_is_taken(monitor_client: TestClient) -> None:
    assert log(monitor_client, step=4, metrics={}) == {"status": "ok"}


def test_steps_left_out_follow_one_another(monitor_client: TestClient) -> None:
    """Also when many post at once: no two records take the same step."""
    log(monitor_client, step=-5, metrics={"m": 1})
    log(monitor_client, step=10, metrics={"m": 1})
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda number: log(monitor_client, metrics={"m": number}), range(40)):
            pass
    assert series(monitor_client, "m")["x"] == [-5, *range(10, 51)]


def test_a_batch_is_kept_whole_or_not_at_all(monitor_client: TestClient) -> None:
    def batch(*records: Json) -> tuple[int, Json]:
        answer = monitor_client.post(f"{RUN}/metrics/batch", json={"records": records})
        return answer.status_code, answer.json()

    log(monitor_client, step=1, metrics={"m": 0})
    records = ({"metrics": {"m": 1}}, {"step": 7, "metrics": {"m": 2, "n": None}}, {"metrics": {"m": "x"}})
    assert batch(*records) == (200, {"status": "ok", "left_out": {"m": "not a number"}})
    assert batch({"metrics": {"m": 9}}, {"metrics": {"m": 9}, "step": "x"})[0] == 422
    assert batch()[0] == 422
    assert batch(*[{"metrics": {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}}] * 10_000)[0] == 413
    assert (series(monitor_client, "m")["x"], series(monitor_client, "m")["mean"]) == ([1, 2, 7], [0, 1, 2])
    assert series(monitor_client, "n")["nonfinite"] == [7]


def test_ten_thousand_names_are_kept_and_more_refused_with_a_clear_word(monitor_client: TestClient) -> None:
    assert log(monitor_client, step=1, metrics={f"m{number}": 1 for number in range(10_000)}) == {"status": "ok"}
    refused = log(monitor_client, status=413, step=2, metrics={f"m{number}": 1 for number in range(10_001)})
    assert refused["detail"] == "A batch carries at most 10000 metrics"
    refused = log(monitor_client, status=413, metrics={"m": "x" * 9_000_000})
    assert refused["detail"] == "The request body must not exceed 8388608 bytes"
    assert monitor_client.get(f"/api/runs/{RUN_ID}/feed").json()[-1]["seq"] == 1


def test_broken_json_is_refused(monitor_client: TestClient) -> None:
    for content in (b"{", b"[" * 100_000, b'{"metrics": {"m": ' + b"9" * 5_000 + b"}}"):
        answer = monitor_client.post(f"{RUN}/metrics", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), answer.text


def test_files_replace_those_of_the_same_name(monitor_client: TestClient) -> None:
    for content in (b"first", b"second one"):
        answer = monitor_client.post(
            f"{RUN}/artifacts",
            files={"file": ("local name.bin", content)},
            data={"name": ".best-model_1.bin", "description": "ä", "category": "model"},
        )
        assert answer.json() == {"status": "ok", "artifact_name": ".best-model_1.bin", "file_size": len(content)}
    (artifact,) = monitor_client.get(f"/api/runs/{RUN_ID}/artifacts").json()
    assert (artifact["description"], artifact["category"], artifact["size_bytes"]) == ("ä", "model", 10)
    assert monitor_client.get(f"/api/runs/{RUN_ID}/artifacts/.best-model_1.bin").content == b"second one"


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"name": "a/b"}, "Invalid artifact name: 'a/b'."),
        ({"name": "../etc"}, "Invalid artifact name: '../etc'."),
        ({"name": ".."}, "cannot start with '..'"),
        ({"name": "..hidden"}, "cannot start with '..'"),
        ({"name": "."}, "Invalid artifact name"),
        ({"name": "a b"}, "Invalid artifact name: 'a b'."),
        ({"name": "x\n"}, "Invalid artifact name"),
        ({"name": "n" * 256}, "exceeds maximum length of 255 characters"),
        (
            {"name": "n", "category": "weights"},
            "Invalid category: weights. Must be one of: code, model, config, data, other",
        ),
        ({"name": "n", "description": "d" * 2001}, "Invalid description"),
        ({}, "Invalid artifact name: '../../evil'."),
    ],
)
def test_a_file_that_cannot_be_kept_leaves_nothing(
    monitor_client: TestClient, settings: Settings, form: Json, word: str
) -> None:
    answer = monitor_client.post(f"{RUN}/artifacts", files={"file": ("../../evil", b"abc")}, data=form)
    assert answer.status_code == 400
    assert word in answer.json()["detail"]
    assert list(settings.artifacts_dir.iterdir()) == []
    assert monitor_client.get("/api/runs").json() == []


def test_a_form_without_its_file_is_refused(monitor_client: TestClient) -> None:
    without_file = monitor_client.post(f"{RUN}/artifacts", files={"other": ("x", b"abc")})
    assert (without_file.status_code, without_file.json()["errors"][0]["loc"]) == (422, ["body", "file"])
    assert monitor_client.post(f"{RUN}/artifacts", json={}).status_code == 422


def test_a_file_beyond_the_limit_is_refused_and_gone(settings: Settings) -> None:
    small = settings.model_copy(update={"max_artifact_bytes": 1000})
    with TestClient(create_app(small), base_url=f"http://127.0.0.1:{small.monitor_port}") as client:
        answer = client.post(f"{RUN}/artifacts", files={"file": ("n.bin", b"x" * 1001)})
        assert (answer.status_code, "1000 bytes" in answer.json()["detail"]) == (413, True)
        assert client.post(f"{RUN}/artifacts", files={"file": ("n.bin", b"x" * 1000)}).status_code == 200
    assert [path.stat().st_size for path in Path(settings.artifacts_dir).iterdir()] == [1000]
