"""Requests are counted by the route's template, never by what was asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.staticfiles import StaticFiles

from pegbox.settings import Settings
from pegbox.web import service
from pegbox.web.metrics.exposition import render
from pegbox.web.metrics.request_meter import BOUNDS, RequestCounts
from tests.exposition import ReadFamily, read_exposition


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    app = FastAPI(openapi_url=None)
    service.install(app, settings)
    service.count_requests(app)
    things = APIRouter(prefix="/things")

    @things.get("/{name}")
    def read(name: str) -> str:
        return name

    @things.get("/{name}/rows/{row:path}")
    def read_row(name: str, row: str) -> str:
        return name + row

    @things.post("/boom")
    def boom() -> None:
        raise RuntimeError("broken")

    @things.get("/{name}/stream")
    def stream(name: str) -> StreamingResponse:
        def parts() -> Iterator[str]:
            yield f"{requests_of(app)['pegbox_http_requests_in_progress'].value():.0f}"

        return StreamingResponse(parts())

    app.include_router(things)
    app.include_router(things, prefix="/old/v1")
    app.mount("/static", StaticFiles(directory=settings.home))
    (settings.home / "a.txt").write_text("a")
    return app


def requests_of(app: FastAPI) -> dict[str, ReadFamily]:
    return read_exposition(render(app.state.requests.families()))


def test_labels_are_templates(app: FastAPI, settings: Settings) -> None:
    base = f"http://127.0.0.1:{settings.port}"
    with TestClient(app, base_url=base, raise_server_exceptions=False) as client:
        for name in range(20):
            client.get(f"/things/{name}")
            client.get(f"/old/v1/things/{name}")
            client.get(f"/nowhere/{name}")
            client.get(f"/things/{name}/rows/a/b/{name}")
            client.request(f"ODD{name}", f"/things/{name}")
        client.post("/things/boom")
        client.get("/static/a.txt")
        client.get("/things/x", headers={"Host": "evil.example"})
        assert client.get("/things/x/stream").text == "1"
    families = requests_of(app)
    total = families["pegbox_http_requests_total"]
    assert {(dict(labels)["method"], dict(labels)["route"], dict(labels)["status"]) for _, labels in total.samples} == {
        ("GET", "/things/{name}", "200"),
        ("GET", "/old/v1/things/{name}", "200"),
        ("GET", "/things/{name}/rows/{row:path}", "200"),
        ("GET", "/things/{name}/stream", "200"),
        ("GET", "/static", "200"),
        ("GET", "unmatched", "403"),
        ("GET", "unmatched", "404"),
        ("other", "/things/{name}", "405"),
        ("POST", "/things/boom", "500"),
    }
    assert total.value(route="/things/{name}", status="200") == 20
    assert total.value(route="unmatched", status="404") == 20
    assert families["pegbox_http_requests_in_progress"].value() == 0


def test_every_answer_is_in_one_bucket() -> None:
    counts = RequestCounts()
    for seconds in (0.0, 0.005, 0.3, 99.0):
        counts.observe("GET", "/", 200, seconds)
    histogram = read_exposition(render(counts.families()))["pegbox_http_request_duration_seconds"]
    found = {dict(labels)["le"]: value for (name, labels), value in histogram.samples.items() if "_bucket" in name}
    assert found == {f"{bound:g}": 2 if bound < 0.3 else 3 for bound in BOUNDS} | {"+Inf": 4}
    assert sum(value for (name, _), value in histogram.samples.items() if name.endswith("_sum")) == pytest.approx(
        99.305
    )
