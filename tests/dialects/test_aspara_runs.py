"""Aspara's runs: announced, resumed, changed and ended, as scripts post them by hand."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from monitor.dialects.aspara.names import RunPath

Json = dict[str, Any]
RUNS = "/tracker/api/v1/projects/demo/runs"


def announce(client: TestClient, name: str = "r", **body: Any) -> Json:
    answer = client.post(RUNS, json={"name": name, **body})
    assert answer.status_code == 200, answer.text
    announced: Json = answer.json()
    return announced


def post(client: TestClient, word: str, body: Json, name: str = "r") -> None:
    answer = client.post(f"{RUNS}/{name}/{word}", json=body)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def show(client: TestClient, name: str = "r", project: str = "demo") -> Json:
    run: Json = client.get(f"/api/runs/{RunPath(project, name).run_id}").json()
    return run


@pytest.mark.parametrize("base", ["/tracker/api/v1", "/api/v1"])
def test_both_addresses_are_one_tracker(monitor_client: TestClient, base: str) -> None:
    assert monitor_client.get(f"{base}/health").json() == {"status": "ok"}
    answer = monitor_client.post(f"{base}/projects/demo/runs", json={"name": "r"}).json()
    assert answer == {"status": "ok", "project": "demo", "name": "r", "run_id": RunPath("demo", "r").run_id}
    assert monitor_client.post("/api/v1/projects/demo/runs", json={"name": "r"}).status_code == 409


def test_a_name_is_unique_within_its_project_only(monitor_client: TestClient) -> None:
    announce(monitor_client)
    refused = monitor_client.post(RUNS, json={"name": "r"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Run already exists")
    other = monitor_client.post("/tracker/api/v1/projects/other/runs", json={"name": "r"}).json()
    assert other["run_id"] != RunPath("demo", "r").run_id
    names = [RunPath("a", "b-c"), RunPath("a-b", "c"), RunPath("ab", "c"), RunPath("a", "bc"), RunPath("A", "bc")]
    assert len({place.run_id for place in names}) == len(names)
    assert {len(place.run_id) for place in [*names, RunPath("p" * 200, "r" * 200)]} == {39}


def test_resuming_merges_settings_and_keeps_tags_and_notes(monitor_client: TestClient) -> None:
    first = announce(
        monitor_client, config={"lr": 1, "seed": 7}, tags=["a"], notes="first", project_tags=["team"], resume=True
    )
    post(monitor_client, "finish", {"exit_code": 1})
    again = announce(
        monitor_client, config={"lr": 2}, tags=["b"], notes="second", project_tags=["team", "gpu"], resume=True
    )
    assert again == first
    run = show(monitor_client)
    assert (run["status"], run["finished_at"], run["tags"]) == ("running", None, ["a"])
    assert run["config"] == {
        "lr": 2,
        "seed": 7,
        "_notes": "first",
        "_project_tags": ["team", "gpu"],
        "_origin": "aspara",
    }


def test_whatever_stands_where_the_projects_tags_were_does_not_keep_a_run_from_going_on(
    monitor_client: TestClient,
) -> None:
    announce(monitor_client)
    for forged in (5, "text", [{"a": 1}, "kept"]):
        post(monitor_client, "config", {"config": {"_project_tags": forged}})
        announce(monitor_client, project_tags=["new"], resume=True)
    assert show(monitor_client)["config"]["_project_tags"] == ["kept", "new"]


def test_settings_and_results_are_merged_and_tags_replaced(monitor_client: TestClient) -> None:
    announce(monitor_client, config={"a": 1, "b": {"c": 1}}, tags=["x"])
    post(monitor_client, "config", {"config": {"b": {"d": 2}, "_origin": "forged"}})
    post(monitor_client, "summary", {"summary": {"best": 1}})
    post(monitor_client, "summary", {"summary": {"worst": [2]}})
    post(monitor_client, "tags", {"tags": ["y", "z"]})
    run = show(monitor_client)
    assert run["config"] == {"a": 1, "b": {"d": 2}, "_origin": "aspara"}
    assert run["summary"] == {"best": 1, "worst": [2]}
    assert run["tags"] == ["y", "z"]


def test_the_last_word_on_the_end_counts_and_late_points_too(monitor_client: TestClient) -> None:
    announce(monitor_client)
    for exit_code, status in ((0, "finished"), (-9, "failed"), (0, "finished")):
        post(monitor_client, "finish", {"exit_code": exit_code})
        assert show(monitor_client)["status"] == status
    post(monitor_client, "finish", {})
    post(monitor_client, "metrics", {"metrics": {"loss": 1}})
    post(monitor_client, "finish", {})
    run = show(monitor_client)
    assert (run["status"], run["summary"], run["record_count"]) == ("finished", {"train_loss": 1.0}, 1)


@pytest.mark.parametrize(
    ("word", "body"), [("config", {"config": {}}), ("summary", {"summary": {}}), ("tags", {"tags": []}), ("finish", {})]
)
def test_what_changes_a_run_wants_it_to_exist(monitor_client: TestClient, word: str, body: Json) -> None:
    answer = monitor_client.post(f"{RUNS}/nobody/{word}", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (404, "Run not found")


def test_points_and_files_make_a_run_that_may_still_be_announced(monitor_client: TestClient) -> None:
    post(monitor_client, "metrics", {"step": 3, "metrics": {"loss": 1}}, "by-points")
    saved = monitor_client.post(f"{RUNS}/by-file/artifacts", files={"file": ("n.bin", b"abc")})
    assert saved.json() == {"status": "ok", "artifact_name": "n.bin", "file_size": 3}
    for name in ("by-points", "by-file"):
        assert show(monitor_client, name)["status"] == "running"
        announce(monitor_client, name, config={"lr": 1}, tags=["t"], notes="late")
        run = show(monitor_client, name)
        assert (run["experiment"], run["name"], run["tags"]) == ("demo", name, ["t"])
        assert run["config"].items() >= {"lr": 1, "_notes": "late", "_origin": "aspara"}.items()
        assert monitor_client.post(RUNS, json={"name": name}).status_code == 409
    assert show(monitor_client, "by-points")["last_step"] == 3


@pytest.mark.parametrize("name", ["", "a b", "abc\n", "../x", "ä", "a/b", "a" * 300, "\0"])
def test_a_name_that_is_none_is_refused_with_a_clear_word(monitor_client: TestClient, name: str) -> None:
    from urllib.parse import quote

    answers = {"run name": monitor_client.post(RUNS, json={"name": name})}
    if name and "/" not in name:  # those are other paths
        answers["project name"] = monitor_client.post(
            f"/tracker/api/v1/projects/{quote(name)}/runs", json={"name": "r"}
        )
        points = monitor_client.post(f"{RUNS}/{quote(name)}/metrics", json={"metrics": {}})
        assert (points.status_code, points.json()["detail"]) == (400, answers["run name"].json()["detail"])
    for what, answer in answers.items():
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(f"Invalid {what}. ")


@pytest.mark.parametrize("path", ["..%2Fx/metrics", "%2e%2e/metrics", "a%2Fb/metrics"])
def test_a_path_out_of_the_project_leads_nowhere(monitor_client: TestClient, path: str) -> None:
    answer = monitor_client.post(f"{RUNS}/{path}", json={"metrics": {"loss": 1}})
    assert answer.status_code in (400, 404, 405)
    assert monitor_client.get("/api/runs").json() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": "r", "tags": ["t"] * 101},
        {"name": "r", "tags": ["t" * 101]},
        {"name": "r", "notes": "n" * 10_241},
        {"name": "r", "notes": "\0"},
        {"name": "r", "config": []},
        {"name": "r", "config": {"key": "\0"}},
    ],
)
def test_a_body_that_does_not_fit_is_refused(monitor_client: TestClient, body: Json) -> None:
    assert monitor_client.post(RUNS, json=body).status_code == 422
    assert monitor_client.get("/api/runs").json() == []


def test_pages_of_other_sites_may_not_write(monitor_client: TestClient) -> None:
    def status(**headers: str) -> int:
        name = f"r{len(monitor_client.get('/api/runs').json())}"
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        return monitor_client.post(RUNS, json={"name": name}, headers=given).status_code

    assert status() == 200
    assert status(X_Requested_With="XMLHttpRequest") == 200
    assert status(Sec_Fetch_Site="cross-site", X_Requested_With="XMLHttpRequest") == 200
    assert status(Sec_Fetch_Site="same-origin") == 200
    assert status(Sec_Fetch_Site="cross-site") == 403
    assert status(Sec_Fetch_Site="cross-site", X_Requested_With="xmlhttprequest") == 403
    assert status(Origin="http://evil.example") == 403
    assert status(Origin="http://evil.example", X_Requested_With="XMLHttpRequest") == 403
    assert status(Origin="null") == 403
    assert status(Host="evil.example") == 403
    refused = monitor_client.post(RUNS, json={"name": "r"}, headers={"Sec-Fetch-Site": "cross-site"}).json()
    assert refused["detail"] == "Missing or invalid X-Requested-With header"
    assert len(monitor_client.get("/api/runs").json()) == 4


def test_a_body_is_read_no_further_than_its_limit(monitor_client: TestClient) -> None:
    announce(monitor_client)

    def pieces() -> Any:
        yield b'{"config": {"key": "'
        for _ in range(100):
            yield b"x" * 65_536
        yield b'"}}'

    json_type = {"Content-Type": "application/json"}
    for content in (pieces(), b"".join(pieces())):
        answer = monitor_client.post(f"{RUNS}/r/config", content=content, headers=json_type)
        assert (answer.status_code, "1048576 bytes" in answer.json()["detail"]) == (413, True)
    assert show(monitor_client)["config"] == {"_origin": "aspara"}
