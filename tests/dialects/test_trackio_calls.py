"""Trackio's calls one by one: forms of a body, records that come again, what is refused and how."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.app import create_app
from monitor.dialects import request_bodies
from pegbox.settings import Settings
from tests.stack import ROOT, wait_until

RUN = {"project": "proj", "run": "first", "run_id": "a4a9" * 8}


@pytest.fixture
def client(monitor_client: TestClient) -> TestClient:
    return monitor_client


def call(client: TestClient, name: str, /, *args: Any, **kwargs: Any) -> Any:
    answer = client.post(f"/api/{name}", json={"args": args, "kwargs": kwargs})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"data"}
    return answer.json()["data"]


def refused(client: TestClient, status: int, name: str, /, **kwargs: Any) -> str:
    answer = client.post(f"/api/{name}", json={"args": [], "kwargs": kwargs})
    assert answer.status_code == status, answer.text
    message: str = answer.json()["message"]
    return message


def entry(step: int | None, log_id: str | None = None, **values: Any) -> dict[str, Any]:
    metrics = values or {"loss": (step or 0) / 2}
    return {**RUN, "metrics": metrics, "step": step, "config": None, "log_id": log_id or f"id{step}"}


def steps(client: TestClient, metric: str = "loss") -> list[int]:
    return [row["step"] for row in call(client, "get_metric_values", "proj", "first", metric)]


def upload(client: TestClient, content: bytes = b"hello", name: str = "note.txt") -> dict[str, str]:
    [path] = client.post("/api/upload", files={"files": (name, content)}).json()["paths"]
    return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}  # type: ignore[dict-item]


def test_the_version_selects_trackios_http_client(client: TestClient) -> None:
    assert client.get("/version").json() == {
        "version": "0.43.0",
        "api_version": 1,
        "writes_paused": False,
        "api_transport": "http",
        "mcp_enabled": False,
        "mcp_path": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"args": ["proj"], "kwargs": {}},
        {"args": [], "kwargs": {"project": "proj"}},
        {"project": "proj"},
        {"data": ["proj"]},
        ["proj"],
        {"project": "proj", "something": "newer"},
    ],
)
def test_every_form_of_a_body(client: TestClient, body: Any) -> None:
    call(client, "bulk_log", logs=[entry(0)], hf_token=None)
    [run] = client.post("/api/get_runs_for_project", json=body).json()["data"]
    assert (run["id"], run["name"]) == (RUN["run_id"], "first")
    assert run["created_at"].endswith("+00:00")


def test_an_answer_without_trouble_is_null(client: TestClient) -> None:
    assert call(client, "bulk_log", logs=[entry(0), entry(1)], hf_token=None) is None


def test_entries_that_come_again_count_once_also_after_a_restart(client: TestClient, settings: Settings) -> None:
    call(client, "bulk_log", logs=[entry(0), entry(1)])
    call(client, "bulk_log", logs=[entry(1), entry(2), entry(2)])
    wait_until(lambda: client.get(f"/api/runs/{RUN['run_id']}").json()["record_count"] == 3)
    with TestClient(create_app(settings), base_url=client.base_url) as restarted:
        call(restarted, "bulk_log", logs=[entry(number) for number in range(5)])
        assert steps(restarted) == [0, 1, 2, 3, 4]
        assert client.get(f"/api/runs/{RUN['run_id']}/series").json()["series"]["loss"]["count"] == [1] * 5


def test_a_replayed_entry_keeps_its_time(client: TestClient) -> None:
    call(client, "bulk_log", logs=[{**entry(0), "timestamp": "2026-11-20T15:05:08.463250+00:00"}])
    [value] = call(client, "get_metric_values", "proj", "first", "loss")
    assert value == {"timestamp": "2026-11-20T15:05:08.463250+00:00", "step": 0, "value": 0.0}


def test_steps_are_counted_where_none_is_given(client: TestClient) -> None:
    call(client, "bulk_log", logs=[entry(7)])
    call(client, "bulk_log", logs=[entry(None, "a"), entry(None, "b")])
    assert steps(client) == [7, 8, 9]
    call(client, "log", "proj", "first", {"loss": 1.0}, None, None, RUN["run_id"])
    assert steps(client) == [7, 8, 9, 10]


def test_one_run_id_in_two_projects_is_two_runs(client: TestClient) -> None:
    call(client, "bulk_log", logs=[entry(0), {**entry(1), "project": "other"}])
    assert steps(client) == [0]
    assert [row["step"] for row in call(client, "get_metric_values", "other", "first", "loss")] == [1]


def test_the_summary_tells_a_resumed_run_where_it_was(client: TestClient) -> None:
    unknown = call(client, "get_run_summary", project="proj", run="first")
    assert (unknown["num_logs"], unknown["last_step"]) == (0, None)
    call(client, "bulk_log", logs=[{**entry(3), "config": {"lr": 1}}, entry(11)])
    assert call(client, "get_run_summary", project="proj", run_id=RUN["run_id"]) == {
        "project": "proj",
        "run": "first",
        "run_id": RUN["run_id"],
        "num_logs": 2,
        "metrics": ["loss"],
        "config": {"lr": 1},
        "last_step": 11,
    }
    assert call(client, "get_project_summary", "proj") == {
        "project": "proj", "num_runs": 1, "runs": ["first"], "last_activity": 11
    }  # fmt: skip


def test_thinned_logs_keep_a_peak(client: TestClient) -> None:
    values = [1.0] * 20_000
    values[12_345] = 99.0
    logs = [entry(step, loss=value) for step, value in enumerate(values)]
    assert call(client, "bulk_log", logs=logs) is None
    rows = call(client, "get_logs", "proj", "first")
    assert len(rows) <= 3000
    assert [row["step"] for row in rows if row["loss"] == 99.0] == [12_345]
    assert [row["step"] for row in rows] == sorted({row["step"] for row in rows})
    [batch] = call(client, "get_logs_batch", project="proj", runs=[{"run": "first"}], max_points=50)
    assert len(batch["logs"]) <= 50
    assert len(steps(client)) == 20_000


def test_values_around_a_step_and_a_time(client: TestClient) -> None:
    logs = [{**entry(step), "timestamp": f"2026-11-20T15:00:{step:02}+00:00"} for step in range(30)]
    call(client, "bulk_log", logs=logs)
    ask = {"project": "proj", "run": "first"}
    near = call(client, "get_metric_values", **ask, metric_name="loss", around_step=10, window=2)
    assert [row["step"] for row in near] == [8, 9, 10, 11, 12]
    at = call(client, "get_snapshot", **ask, at_time="2026-11-20T15:00:20+00:00", window=1)
    assert [row["step"] for row in at["loss"]] == [19, 20, 21]
    assert call(client, "get_snapshot", **ask, step=99) == {}


def test_alerts_come_once_and_by_level(client: TestClient) -> None:
    alert = {**RUN, "title": "t" * 600, "text": "up", "level": "warn", "step": 1, "alert_id": "a1"}
    call(client, "bulk_alert", alerts=[alert], hf_token=None)
    call(client, "bulk_alert", alerts=[alert, {**alert, "alert_id": "a2", "title": "other", "level": "info"}])
    assert len(call(client, "get_alerts", project="proj")) == 2
    [long] = call(client, "get_alerts", project="proj", level="warn")
    assert len(long["title"]) == 500
    assert long["text"] == "t" * 600 + "\nup"


@pytest.mark.parametrize(
    ("project", "run", "reason"),
    [
        ("p" * 300, "first", "at most 200 characters"),
        ("proj", "r" * 300, "at most 200 characters"),
        ("proj\nx", "first", "control characters"),
        ("proj", "fi\nrst", "control characters"),
        ("", "first", "at least 1 character"),
    ],
)
def test_names_that_cannot_be_kept(client: TestClient, project: str, run: str, reason: str) -> None:
    message = refused(client, 400, "bulk_log", logs=[{**entry(0), "project": project, "run": run}])
    assert reason in message
    assert call(client, "get_all_projects") == []


def test_a_bad_entry_costs_only_itself(client: TestClient) -> None:
    logs = [
        entry(0),
        {"project": "proj"},
        "nonsense",
        {**entry(1), "project": "p" * 300},
        entry(2, None, **{"loss": 1.0, "x" * 300: 1.0, "two\nlines": 2.0}),
    ]
    report = call(client, "bulk_log", logs=logs)
    assert report["left_out"] == 5
    assert any("300 characters" in problem for problem in report["problems"])
    assert any("control characters" in problem for problem in report["problems"])
    assert steps(client) == [0, 2]


def test_too_many_metrics_in_one_body(client: TestClient) -> None:
    logs = [entry(0, None, **{f"m{number}": 1.0 for number in range(10_000)})]
    assert "10000 metrics in one call; at most 5000" in refused(client, 413, "bulk_log", logs=logs)


def test_bodies_have_a_limit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "MAX_CALL_BYTES", 10_000)
    body = json.dumps({"logs": [entry(0, None, text="x" * 20_000)]})
    announced = client.post("/api/bulk_log", content=body)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000].encode()

    streamed = client.post("/api/bulk_log", content=pieces())
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["message"]) == (413, "A call must not exceed 10000 bytes")


def test_uploads_have_a_limit(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "small", max_artifact_bytes=1000)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        answer = client.post("/api/upload", files={"files": ("big.bin", bytes(100_000))})
        assert (answer.status_code, answer.json()["message"]) == (413, "An upload must not exceed 1000 bytes")
        assert client.post("/api/upload", files={"other": ("big.bin", b"x")}).status_code == 422
        assert client.post("/api/upload", content=b"x").status_code == 422


@pytest.mark.parametrize("handle", ["/etc/passwd", "upload-guessed", "../../pegbox.db", "", None, 7])
def test_forged_handles(client: TestClient, handle: Any) -> None:
    media = {**RUN, "step": 1, "uploaded_file": {"path": handle, "orig_name": "x.txt"}}
    message = refused(client, 400, "bulk_upload_media", uploads=[media])
    assert "not known here" in message or "uploads" in message
    blob = {"project": "proj", "digest": "0" * 64, "uploaded_file": {"path": handle, "orig_name": "x"}}
    refused(client, 400, "bulk_upload_artifact_blob", project="proj", uploads=[blob])


def test_names_of_files_are_never_paths(client: TestClient, home: Path) -> None:
    for name in ("../../evil.txt", "..\\..\\evil.txt", "/etc/evil.txt", "a/../../evil.txt"):
        file = {**upload(client), "orig_name": name}
        call(client, "bulk_upload_media", uploads=[{**RUN, "step": 1, "uploaded_file": file}])
    [kept] = client.get(f"/api/runs/{RUN['run_id']}/artifacts").json()
    assert kept["name"] == "step1-evil.txt"
    assert list(home.rglob("evil*")) == []


@pytest.mark.parametrize("folder", ["..", "../..", "a/../../b", "/../x", "..\\x", "a\\..\\..\\b"])
def test_files_of_a_project_stay_in_it(client: TestClient, folder: str) -> None:
    saved = {"project": "proj", "relative_path": folder, "uploaded_file": upload(client)}
    assert "not a path within" in refused(client, 400, "bulk_upload_media", uploads=[saved])


@pytest.mark.parametrize(
    "path",
    ["media/../pegbox.db", "../../pegbox.db", "/etc/passwd", "proj/first/1/../../x", "proj/first/²/x", "", "a" * 1999],
)
def test_only_files_of_runs_are_served(client: TestClient, path: str) -> None:
    call(client, "bulk_log", logs=[entry(0)])
    assert client.get("/file", params={"path": path}).status_code == 404


@pytest.mark.parametrize("digest", ["0" * 64, "..%2F..%2Fpegbox.db", "ABC", "0" * 63 + "g"])
def test_only_kept_files_are_served_by_their_hash(client: TestClient, digest: str) -> None:
    assert client.get(f"/artifact_blob/proj/{digest}").status_code == 404


def artifact(client: TestClient, **changes: Any) -> dict[str, Any]:
    file = upload(client)
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    blob = {"project": "proj", "digest": digest, "uploaded_file": file}
    call(client, "bulk_upload_artifact_blob", project="proj", uploads=[blob], hf_token=None)
    return {
        "project": "proj", "name": "weights", "type": "model", "description": None, "metadata": {"m": 1},
        "manifest": [{"path": "note.txt", "digest": digest, "size": 5}], "aliases": ["best"],
        "run_name": "first", "run_id": RUN["run_id"], "hf_token": None, **changes,
    }  # fmt: skip


def test_versions_of_an_artifact(client: TestClient) -> None:
    given = artifact(client)
    first = call(client, "artifact_log", **given)
    assert (first["version"], first["aliases"], first["metadata"]) == (0, ["latest", "best"], {"m": 1})
    elsewhere = {"path": "far.bin", "digest": "etag", "size": 7, "ref": "s3://bucket/far.bin"}
    second = call(client, "artifact_log", **{**given, "manifest": [*given["manifest"], elsewhere]})
    assert (second["version"], second["size_bytes"], second["manifest"][0]) == (1, 12, elsewhere)
    asked = {
        spec: call(client, "get_artifact_manifest", "proj", "weights", spec) for spec in ("v0", "best", None, "v9")
    }
    assert [found and found["version"] for found in asked.values()] == [0, 1, 1, None]
    assert call(client, "check_artifact_blobs", "proj", ["0" * 64, given["manifest"][0]["digest"]])["present"] == [
        given["manifest"][0]["digest"]
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "a/b"}, "must not hold"),
        ({"name": "x" * 300}, "at most 200"),
        ({"name": "two\nlines"}, "control characters"),
        ({"manifest": []}, "1 to 10000 entries"),
        ({"manifest": [{"path": "../x", "digest": "0" * 64, "size": 1}]}, "not a path within"),
        ({"manifest": [{"path": "x", "digest": "0" * 64, "size": 1}]}, "1 files are not here"),
        ({"manifest": [{"path": "x", "digest": "zz", "size": 1}]}, "not a SHA-256"),
        ({"manifest": [{"path": "x", "digest": "e", "size": 1, "ref": "s3://x"}] * 2}, "same path"),
    ],
)
def test_artifacts_that_cannot_be_kept(client: TestClient, changes: dict[str, Any], reason: str) -> None:
    assert reason in refused(client, 400, "artifact_log", **artifact(client, **changes))


def test_a_blob_must_be_what_it_claims(client: TestClient) -> None:
    blob = {"project": "proj", "digest": "0" * 64, "uploaded_file": upload(client)}
    assert "has the hash 2cf2" in refused(client, 400, "bulk_upload_artifact_blob", project="proj", uploads=[blob])


def test_calls_that_cannot_be_understood(client: TestClient) -> None:
    assert client.post("/api/nope", json={}).status_code == 404
    assert client.get("/api/bulk_log").status_code == 404
    assert "Missing required parameter: logs" in refused(client, 400, "bulk_log")
    assert "logs: Expected `array`" in refused(client, 400, "bulk_log", logs="x")
    for body in (b"{", b"\xff", b"[" * 100_000, b'{"args": 1}'):
        assert client.post("/api/bulk_log", content=body).status_code == 400
    too_many = client.post("/api/get_all_projects", json=["x"])
    assert too_many.json()["message"] == "get_all_projects takes 0 arguments, 1 were given"


def test_an_idle_monitor_loads_nothing_to_read_points_with() -> None:
    code = "import sys, monitor.app; print('numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
