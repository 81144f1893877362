"""MessagePack batches: series return the arrays unchanged; errors of invalid bytes name their field."""

from __future__ import annotations

import contextlib
import math
import struct
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.ingest.batch_schema import decode_batch
from monitor.metrics.ingest.messagepack import decode_binary
from pegbox.errors import ValidationError
from tests.monitor.cast import START, create_run

MSGPACK = {"Content-Type": "application/msgpack"}


def packed(code: str, values: list[Any]) -> bytes:
    return struct.pack(f"<{len(values)}{code}", *values)


def body(**points: Any) -> bytes:
    whole = {
        "step": packed("q", [1, 2, 3]),
        "time": packed("d", [START, START + 1, START + 2]),
        "metrics": {"train_loss": packed("d", [3.0, math.nan, 1.0])},
        **points,
    }
    return msgspec.msgpack.encode({"writer": "w", "sequence": 1, "points": whole})


def test_arrays_arrive_as_they_were(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    answer = monitor_client.post("/api/runs/run-alpha/batches", content=body(), headers=MSGPACK)
    assert (answer.status_code, answer.json()) == (200, {"acknowledged": 1, "seq": 3})
    series = monitor_client.get("/api/runs/run-alpha/series").json()["series"]["train_loss"]
    assert (series["x"], series["mean"], series["nonfinite"]) == ([1, 3], [3.0, 1.0], [2])


def test_a_sparse_column_has_gaps(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    sparse = {"values": packed("d", [0.0, 5.0, 0.0]), "present": b"\0\1\0"}
    content = body(metrics={"validation_loss": sparse, "as_list": [None, "Infinity", 2.5]})
    assert monitor_client.post("/api/runs/run-alpha/batches", content=content, headers=MSGPACK).status_code == 200
    series = monitor_client.get("/api/runs/run-alpha/series").json()["series"]
    assert (series["validation_loss"]["x"], series["validation_loss"]["mean"]) == ([2], [5.0])
    assert (series["as_list"]["x"], series["as_list"]["nonfinite"]) == ([3], [2])


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ({"step": b"1234567"}, "points.step: 7 bytes"),
        ({"time": packed("d", [START, math.nan, START])}, "points.time"),
        ({"time": packed("d", [START, START, 1e12])}, "points.time"),
        ({"step": packed("q", [1, 2, 2**53 + 1])}, "points.step"),
        ({"step": packed("q", [1, 2])}, "same length"),
        ({"metrics": {"a": {"values": packed("d", [1.0, 2.0, 3.0]), "present": b"\0\1\2"}}}, "points.metrics.a"),
        ({"metrics": {"a": "text"}}, "body"),
        ({"metrics": {"": packed("d", [1.0, 2.0, 3.0])}}, "body"),
    ],
)
def test_what_is_wrong_is_named(monitor_client: TestClient, points: dict[str, Any], says: str) -> None:
    create_run(monitor_client)
    answer = monitor_client.post("/api/runs/run-alpha/batches", content=body(**points), headers=MSGPACK)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    with contextlib.suppress(ValidationError):
        decode_binary(data)


number = (
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"]) | st.none()
)


@given(st.lists(st.tuples(st.integers(-(2**53), 2**53), st.floats(0, 1e11), number), min_size=1, max_size=40))
def test_both_forms_say_the_same(records: list[tuple[int, float, Any]]) -> None:
    steps, times, values = map(list, zip(*records, strict=True))
    whole = {"writer": "w", "sequence": 1, "points": {"step": steps, "time": times, "metrics": {"m": values}}}
    _, plain = decode_batch(msgspec.json.encode(whole))
    floats = [float("nan") if value is None else float(value) for value in values]
    whole["points"] = {
        "step": packed("q", steps),
        "time": packed("d", times),
        "metrics": {
            "m": {"values": packed("d", floats), "present": bytes(value is not None for value in values)},
        },
    }
    _, raw = decode_binary(msgspec.msgpack.encode(whole))
    assert (raw.steps, raw.times) == (plain.steps, plain.times)
    assert raw.metrics["m"].values.tobytes() == plain.metrics["m"].values.tobytes()
    assert raw.metrics["m"].present == plain.metrics["m"].present
