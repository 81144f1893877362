"""One error body, whatever goes wrong: ours, the framework's, and what no route has foreseen."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from pegbox.settings import Settings

KEYS = {"detail", "status_code", "error_type", "error", "message", "status", "errors", "request_id"}


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/nothing", 404, "NotFoundError"),
        ("GET", "/api/datasets/nope", 404, "NotFoundError"),
        ("PATCH", "/api/jobs", 405, "PegboxError"),
        ("GET", "/api/models/search", 422, "ValidationError"),
        ("POST", "/api/jobs", 422, "ValidationError"),
        ("POST", "/api/preview-csv", 422, "ValidationError"),
    ],
)
def test_shape(client: TestClient, method: str, path: str, status: int, kind: str) -> None:
    answer = client.request(method, path)
    body = answer.json()
    assert answer.status_code == status
    assert set(body) == KEYS
    assert body["detail"] == body["message"]
    assert isinstance(body["detail"], str)
    assert body["status_code"] == body["status"] == status
    assert body["error_type"] == kind
    assert answer.headers["x-request-id"] == body["request_id"] != ""


@pytest.fixture
def breaking_client(settings: Settings) -> Iterator[TestClient]:
    """A backend whose database file is taken away while it runs."""
    with TestClient(
        create_app(settings), base_url=f"http://127.0.0.1:{settings.port}", raise_server_exceptions=False
    ) as client:
        yield client


def test_a_broken_database_is_a_500_of_the_same_shape(breaking_client: TestClient, settings: Settings) -> None:
    for path in settings.home.glob("pegbox.db*"):
        path.unlink()
    breaking_client.app.state.engine.dispose()  # type: ignore[attr-defined]
    answer = breaking_client.get("/api/jobs")
    assert answer.status_code == 500
    assert set(answer.json()) == KEYS


def test_plain_text_cannot_smuggle_json(client: TestClient) -> None:
    answer = client.post("/api/jobs", content=b'{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/api/jobs", "/api/models", "/api/datasets"])
def test_lone_surrogates_are_refused(client: TestClient, path: str) -> None:
    body = rb'{"id": "\ud800", "name": "\ud800", "description": "\ud800"}'
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert set(answer.json()) == KEYS


def test_huge_bodies_are_refused_unread(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 1_000_000

    answer = client.post("/api/jobs", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert set(answer.json()) == KEYS


def test_findings_are_listed_and_the_detail_stays_a_sentence(client: TestClient) -> None:
    body = client.get("/api/jobs?limit=0&offset=-1").json()
    assert isinstance(body["detail"], str)
    assert [finding["loc"] for finding in body["errors"]] == [["query", "limit"], ["query", "offset"]]
    assert body["error"] == HTTPStatus(422).phrase


def test_the_schema_is_422_and_content_that_parses_but_cannot_be_used_400(client: TestClient) -> None:
    assert client.post("/api/datasets", json={"name": ["x"]}).status_code == 422
    assert client.get("/api/jobs?status=wip").status_code == 422
    answer = client.post("/api/datasets", files={"file": ("x.csv", b"a,b\n1,2\n")}, data={"strict": "true"})
    assert answer.status_code == 400
    assert answer.json()["error_type"] == "ValidationError"
