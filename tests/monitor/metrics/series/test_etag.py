"""`GET /api/runs/{id}/series` responds 304 to clients with the current series."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from monitor.app import create_app
from monitor.metrics.series.etag import etag_matches, series_etag
from pegbox.settings import Settings
from tests.monitor.cast import create_run, send, train

PATH = "/api/runs/run-alpha/series"


def ask(client: TestClient, etag: str, query: str = "") -> int:
    answer = client.get(f"{PATH}?{query}", headers={"If-None-Match": etag})
    if answer.status_code == 304:
        assert answer.content == b""
        assert answer.headers["cache-control"] == "private, no-cache"
    assert (answer.headers["etag"] == etag) == (answer.status_code == 304)
    return answer.status_code


def test_nothing_new(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    first = monitor_client.get(PATH)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert ask(monitor_client, etag) == 304
    assert monitor_client.get(PATH, headers={"If-None-Match": f'"other", {etag}'}).status_code == 304
    assert monitor_client.get(PATH, headers={"If-None-Match": "*"}).status_code == 304
    assert monitor_client.get(PATH, headers={"If-None-Match": '"other"'}).json() == first.json()


def test_every_batch_makes_another_answer(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    etags = [monitor_client.get(PATH).headers["etag"]]
    for send_more in (
        lambda: train(monitor_client, "run-alpha", 1, 5),
        lambda: train(monitor_client, "run-alpha", 6, 6),
        lambda: send(monitor_client, "run-alpha", {}, [], rewind_to=3),
    ):
        send_more()
        assert ask(monitor_client, etags[-1]) == 200
        etags.append(monitor_client.get(PATH).headers["etag"])
        assert ask(monitor_client, etags[-1]) == 304
    assert len(set(etags)) == 4


def test_points_of_another_run_change_nothing(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    create_run(monitor_client, "run-beta")
    train(monitor_client, "run-alpha", 1, 5)
    etag = monitor_client.get(PATH).headers["etag"]
    train(monitor_client, "run-beta", 1, 5)
    assert ask(monitor_client, etag) == 304
    assert monitor_client.get("/api/runs/run-beta/series", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("query", ["cols=3", "metrics=train_loss", "x=time", "from=2", "to=2"])
def test_another_question_has_another_answer(monitor_client: TestClient, query: str) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    etag = monitor_client.get(PATH).headers["etag"]
    assert ask(monitor_client, etag, query) == 200
    assert ask(monitor_client, monitor_client.get(f"{PATH}?{query}").headers["etag"], query) == 304


def test_a_job_stands_for_its_newest_run(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", job_uid="job_1")
    path = "/api/runs/job_1/series"
    etag = monitor_client.get(path).headers["etag"]
    assert monitor_client.get(path, headers={"If-None-Match": etag}).status_code == 304
    create_run(monitor_client, "run-two", job_uid="job_1")
    assert monitor_client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_no_point_is_read_to_find_that_nothing_is_new(settings: Settings) -> None:
    address = f"http://127.0.0.1:{settings.monitor_port}"
    with TestClient(create_app(settings), base_url=address) as client:
        create_run(client)
        train(client, "run-alpha", 1, 5)
        etag = client.get(PATH).headers["etag"]
    with TestClient(create_app(settings), base_url=address) as restarted:
        engine: Engine = restarted.app.state.monitor.engine  # type: ignore[attr-defined]
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        assert ask(restarted, etag) == 304
        event.remove(engine, "before_cursor_execute", note)
        assert any("metric_batch" in statement for statement in statements)
        assert not any("payload" in statement for statement in statements)
        train(restarted, "run-alpha", 6, 6)
        assert ask(restarted, etag) == 200


def test_the_header_is_read_as_the_standard_says() -> None:
    etag = series_etag("run-alpha", 5, None, 1200)
    strong = etag.removeprefix("W/")
    assert etag_matches(etag, strong)
    assert etag_matches(etag, f'W/"a",{etag} , "b"')
    assert etag_matches(etag, " * ")
    assert not etag_matches(etag, "")
    assert not etag_matches(etag, strong.strip('"'))
    assert etag != series_etag("run-alpha", 6, None, 1200)
