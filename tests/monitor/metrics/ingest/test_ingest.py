"""`POST /api/runs/{id}/batches`: deduplication, limits, error messages."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.metrics.ingest.batch_schema import MAX_BODY_BYTES
from tests.monitor.cast import START, create_run, send, train


def batch(**changes: Any) -> dict[str, Any]:
    return {
        "writer": "w",
        "sequence": 1,
        "points": {"step": [1, 2], "time": [START, START + 1], "metrics": {"train_loss": [1.0, 0.5]}},
        **changes,
    }


def points(client: TestClient, run_id: str = "run-alpha", name: str = "train_loss") -> dict[str, Any]:
    series: dict[str, Any] = client.get(f"/api/runs/{run_id}/series").json()["series"].get(name, {})
    return series


def test_a_batch_is_acknowledged_with_its_cursor(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    first = monitor_client.post("/api/runs/run-alpha/batches", json=batch())
    assert first.status_code == 200
    assert first.json() == {"acknowledged": 1, "seq": 2}
    second = monitor_client.post("/api/runs/run-alpha/batches", json=batch(sequence=2)).json()
    assert second == {"acknowledged": 2, "seq": 4}


def test_a_repeated_batch_counts_once(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    answers = [monitor_client.post("/api/runs/run-alpha/batches", json=batch()).json() for _ in range(3)]
    assert answers == [{"acknowledged": 1, "seq": 2}] * 3
    assert monitor_client.get("/api/runs/run-alpha").json()["record_count"] in (0, 2)  # the row is written with a delay
    assert points(monitor_client)["count"] == [1, 1]
    other_writer = monitor_client.post("/api/runs/run-alpha/batches", json=batch(writer="v")).json()
    assert other_writer["seq"] > 2


def test_a_late_batch_of_lower_sequence_still_counts(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    for sequence, step in ((5, 1), (3, 2), (5, 1), (3, 2), (4, 3)):
        body = batch(
            sequence=sequence, points={"step": [step], "time": [START], "metrics": {"train_loss": [float(step)]}}
        )
        assert monitor_client.post("/api/runs/run-alpha/batches", json=body).status_code == 200
    assert points(monitor_client)["x"] == [1, 2, 3]
    last = monitor_client.get("/api/runs/run-alpha/feed").json()[-1]["seq"]
    assert last == 3


def test_a_repeated_step_takes_the_newest_value(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, "run-alpha", {"train_loss": [1.0, 2.0, 3.0]}, [1, 2, 3])
    send(monitor_client, "run-alpha", {"train_loss": [20.0], "other": [7.0]}, [2])
    assert points(monitor_client)["mean"] == [1.0, 20.0, 3.0]
    assert points(monitor_client, name="other")["x"] == [2]


def test_numbers_that_are_not_finite_are_kept(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(
        monitor_client,
        "run-alpha",
        {"train_loss": [1.0, "NaN", "Infinity", None, "-Infinity", 2.0]},
        [1, 2, 3, 4, 5, 6],
    )
    series = points(monitor_client)
    assert series["x"] == [1, 6]
    assert series["nonfinite"] == [2, 3, 5]


def test_epochs_are_carried_to_records_without(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, "run-alpha", {"train_loss": [1.0, 2.0, 3.0], "epoch": [None, 0.5, None]}, [1, 2, 3])
    send(monitor_client, "run-alpha", {"train_loss": [4.0, 0.1]}, [4, 0])
    assert points(monitor_client)["epoch"] == [None, None, 0.5, 0.5, 0.5]  # steps 0 (late, unknown), 1, 2, 3, 4
    by_epoch = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss&x=epoch").json()["series"][
        "train_loss"
    ]
    assert by_epoch["x"] == [0.5, 0.5, 0.5]


def test_the_run_row_keeps_a_summary(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 4)
    send(monitor_client, "run-alpha", {"validation_loss": [2.0, 1.0, 1.5]}, [1, 2, 4])
    run = monitor_client.patch("/api/runs/run-alpha", json={"summary": {"note": "good"}}).json()
    assert run["summary"] == {
        "train_loss": 0.25,
        "learning_rate": 2e-4,
        "epoch": 0.8,
        "validation_loss": 1.5,
        "best_validation_loss": 1.0,
        "best_step": 2,
        "note": "good",
    }
    assert run["last_step"] == 4
    assert run["record_count"] == 7


def test_a_rewind_takes_back_points_samples_and_the_best(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 6)
    rows = [{"prompt": "p", "expected": "e", "answer": "a"}]
    send(
        monitor_client,
        "run-alpha",
        {"validation_loss": [1.0, 0.2]},
        [2, 6],
        samples=[{"step": step, "time": START, "name": "validation", "rows": rows} for step in (2, 6)],
        events=[
            {"step": 6, "time": START, "kind": "best", "title": "best so far"},
            {"step": 6, "time": START, "kind": "warning", "title": "hot"},
        ],
    )
    send(monitor_client, "run-alpha", {"train_loss": [0.9]}, [5], rewind_to=4)
    assert points(monitor_client)["x"] == [1, 2, 3, 4, 5]
    assert [sample["step"] for sample in monitor_client.get("/api/runs/run-alpha/samples").json()] == [2]
    assert [event["kind"] for event in monitor_client.get("/api/runs/run-alpha/events").json()] == ["warning"]
    run = monitor_client.patch("/api/runs/run-alpha", json={}).json()
    assert run["summary"]["best_validation_loss"] == 1.0
    assert run["summary"]["best_step"] == 2
    assert run["last_step"] == 5
    assert run["record_count"] == 6


def test_unknown_run(monitor_client: TestClient) -> None:
    answer = monitor_client.post("/api/runs/nothing/batches", json=batch())
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Run not found: nothing"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"writer":"w"}',
        b'{"writer":"w","sequence":-1}',
        b'{"writer":"","sequence":1}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[],"metrics":{}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[1],"metrics":{"a":[]}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1.5],"time":[1],"metrics":{}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":["now"],"metrics":{}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[1e300],"metrics":{}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[99999999999999999999],"time":[1],"metrics":{}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[1],"metrics":{"a":["nan"]}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[1],"metrics":{"a":[true]}}}',
        b'{"writer":"w","sequence":1,"points":{"step":[1],"time":[1],"metrics":{"":[1]}}}',
        b'{"writer":"w","sequence":1,"events":[{"time":1,"kind":"party","title":"x"}]}',
        b'\xff\xfe{"writer"',
        b"[" * 100_000,
    ],
)
def test_a_body_that_does_not_fit_is_refused(monitor_client: TestClient, body: bytes) -> None:
    create_run(monitor_client)
    answer = monitor_client.post("/api/runs/run-alpha/batches", content=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error_type"] == "ValidationError"
    assert points(monitor_client) == {}


def test_a_name_may_have_200_characters(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, "run-alpha", {"n" * 200: [1.0]}, [1])
    body = batch(points={"step": [1], "time": [1], "metrics": {"n" * 201: [1.0]}})
    assert monitor_client.post("/api/runs/run-alpha/batches", json=body).status_code == 422


def test_limits(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    many_values = batch(
        points={"step": [1] * 25_001, "time": [1] * 25_001, "metrics": {"a": [1] * 25_001, "b": [1] * 25_001}}
    )
    many_names = batch(points={"step": [1], "time": [1], "metrics": {f"m{index}": [1] for index in range(10_001)}})
    for body in (many_values, many_names):
        answer = monitor_client.post("/api/runs/run-alpha/batches", json=body)
        assert answer.status_code == 413
        assert answer.json()["error_type"] == "PayloadTooLargeError"
    wide = {"step": [1], "time": [1], "metrics": {f"m{index}": [index] for index in range(10_000)}}
    assert monitor_client.post("/api/runs/run-alpha/batches", json=batch(points=wide)).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_8_mib(monitor_client: TestClient, chunked: bool) -> None:
    create_run(monitor_client)
    body = b" " * (MAX_BODY_BYTES + 1)
    content = iter([body[: 1 << 20]] * 9) if chunked else body
    answer = monitor_client.post("/api/runs/run-alpha/batches", content=content)
    assert answer.status_code == 413
    assert str(MAX_BODY_BYTES) in answer.json()["detail"]


def test_a_writer_learns_how_far_it_has_come(monitor_client: TestClient) -> None:
    run_id = create_run(monitor_client)

    def stands_at(writer: str) -> int:
        answer = monitor_client.get(f"/api/runs/{run_id}/writers/{writer}")
        assert answer.json()["writer"] == writer
        return int(answer.json()["sequence"])

    assert stands_at("w") == -1
    for sequence in (3, 2**53, 70):
        assert monitor_client.post(f"/api/runs/{run_id}/batches", json=batch(sequence=sequence)).status_code == 200
    assert (stands_at("w"), stands_at("other")) == (2**53, -1)
    assert monitor_client.get("/api/runs/nobody/writers/w").status_code == 404
