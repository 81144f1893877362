"""What both services have alike: probes, the description of the API, access to them, and that none holds the loop."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import event

from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from pegbox.settings import Settings

APPS: dict[str, Callable[[Settings], FastAPI]] = {"backend": create_backend, "monitor": create_monitor}
GUARDED = ("/metrics", "/openapi.json", "/openapi.yaml", "/docs", "/api/docs")


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest, settings: Settings) -> FastAPI:
    return APPS[request.param](settings)


@pytest.fixture
def client(app: FastAPI, settings: Settings) -> Iterator[TestClient]:
    with TestClient(app, base_url=f"http://127.0.0.1:{settings.port}") as client:
        yield client


def engine_of(app: FastAPI) -> object:
    return app.state.engine if hasattr(app.state, "engine") else app.state.monitor.engine


def test_alive(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    body = answer.json()
    assert answer.status_code == 200
    assert {"status": "ready", "database": True, "redis": None, "celery": None}.items() <= body.items()
    parts = {name: value for name, value in body.items() if name not in ("status", "database", "redis", "celery")}
    assert parts in ({"queue": True, "worker": False}, {"writer": True, "sampler": True})


def test_not_ready_without_its_database(app: FastAPI, client: TestClient) -> None:
    def fail(*_: object) -> None:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("SELECT 1", {}, Exception("unable to open database file"))

    event.listen(engine_of(app), "before_cursor_execute", fail)
    answer = client.get("/readyz")
    event.remove(engine_of(app), "before_cursor_execute", fail)
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("not ready", False)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_yaml_and_json_are_the_same_document(client: TestClient) -> None:
    document = client.get("/openapi.json")
    assert document.headers["Content-Type"] == "application/json"
    text = client.get("/openapi.yaml")
    assert text.headers["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(text.text) == document.json()
    assert document.json()["openapi"].startswith("3.1")
    assert {"/healthz", "/readyz", "/metrics"} <= document.json()["paths"].keys()


class Page(HTMLParser):
    """Targets of links, ids, and everything that a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.targets.add(found["href"])
        elif "href" in found:
            self.fetched.append(found["href"])
        self.fetched += [found[name] for name in ("src", "srcset", "action", "data", "style") if name in found]
        if "id" in found:
            self.ids.append(found["id"])


@pytest.mark.parametrize("path", ["/docs", "/api/docs"])
def test_the_page_needs_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert Page(answer.text).fetched == ["data:,"]
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_the_page_has_every_operation_and_its_links_lead_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    page = Page(client.get("/api/docs").text)
    assert len(set(page.ids)) == len(page.ids)
    operations = {f"{method.upper()}:{path}" for path, methods in document["paths"].items() for method in methods}
    schemas = {f"schema:{name}" for name in document["components"]["schemas"]}
    assert set(page.ids) == operations | schemas
    assert page.targets - {f"#{name}" for name in page.ids} == {"/openapi.json", "/openapi.yaml"}


def test_probes_need_no_token_and_the_rest_does(
    settings: Settings, request: pytest.FixtureRequest, app: FastAPI
) -> None:
    name = request.node.callspec.params["app"]
    guarded = APPS[name](settings.model_copy(update={"token": SecretStr("right")}))
    with TestClient(guarded, base_url=f"http://127.0.0.1:{settings.port}") as client:
        for path in ("/healthz", "/readyz", "/api/health"):
            assert client.get(path).status_code == 200, path
        more = ("/api/gpus", "/api/metrics") if name == "backend" else ()
        for path in (*GUARDED, *more):
            assert client.get(path).status_code == 401, path
            assert client.get(path, headers={"Authorization": "Bearer right"}).status_code == 200, path
        assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


def test_a_slow_database_holds_up_nobody_else(app: FastAPI, client: TestClient) -> None:
    """While the database keeps silent, whoever does not need it is answered."""
    paths = ["/readyz", "/metrics"]
    if app.title == "Pegbox":
        paths += ["/api/gpus", "/api/metrics"]
    for path in paths:
        is_waiting, may_go_on = threading.Event(), threading.Event()

        def wait(*_: object, is_waiting: threading.Event = is_waiting, go_on: threading.Event = may_go_on) -> None:
            is_waiting.set()
            assert go_on.wait(60)

        event.listen(engine_of(app), "before_cursor_execute", wait)
        try:
            with ThreadPoolExecutor(1) as pool:
                slow = pool.submit(client.get, path)
                assert is_waiting.wait(60), path
                assert client.get("/healthz").status_code == 200
                assert not slow.done(), path
                may_go_on.set()
                assert slow.result(60).status_code == 200, path
        finally:
            may_go_on.set()
            event.remove(engine_of(app), "before_cursor_execute", wait)


def test_making_the_document_holds_up_nobody(app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    is_waiting, may_go_on = threading.Event(), threading.Event()
    document = json.loads(client.get("/openapi.json").content)

    def make_slowly() -> dict[str, object]:
        is_waiting.set()
        assert may_go_on.wait(60)
        found: dict[str, object] = document
        return found

    monkeypatch.setattr(app, "openapi", make_slowly)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.get, "/openapi.yaml")
        assert is_waiting.wait(60)
        assert client.get("/healthz").status_code == 200
        assert not slow.done()
        may_go_on.set()
        assert slow.result(60).status_code == 200


def test_on_another_port_the_published_addresses_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEGBOX_PORT", "5001")
    settings = Settings()
    assert settings.port == 5001
    with TestClient(create_backend(settings), base_url="http://localhost:5001") as client:
        for path in ("/docs", "/api/docs", "/openapi.json", "/openapi.yaml"):
            assert client.get(path).status_code == 200, path
        own_page = {"Origin": "http://localhost:5001"}
        assert client.post("/api/experiments", json={"name": "x"}, headers=own_page).status_code == 201
