"""What every page answers besides its content: policy, caching, who gets HTML and who gets JSON."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from frontend import DIST
from pegbox.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml"}
PAGES = ("/", "/datasets", "/models", "/jobs", "/jobs/new", "/login")


@pytest.fixture(autouse=True)
def _built_assets() -> None:
    if not (DIST / "manifest.json").is_file():
        pytest.fail("the dashboard is not built; run: python hatch_build.py")


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_under_a_strict_policy(backend_client: TestClient, settings: Settings, path: str) -> None:
    answer = backend_client.get(path, headers=HTML)
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    nonce = re.search(r"'nonce-([^']+)'", policy["script-src"])
    assert nonce
    assert f'<script nonce="{nonce[1]}">' in answer.text
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    if path != "/login":
        assert f"http://127.0.0.1:{settings.monitor_port}" in policy["connect-src"]
        assert f"ws://127.0.0.1:{settings.monitor_port}" in policy["connect-src"]
        assert f'data-monitor="http://127.0.0.1:{settings.monitor_port}"' in answer.text
    assert "style=" not in answer.text, "inline styles are refused by the policy"


def test_each_answer_has_its_own_nonce(backend_client: TestClient) -> None:
    policies = {backend_client.get("/jobs", headers=HTML).headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3


def test_the_root_answers_browsers_and_programs_differently(backend_client: TestClient) -> None:
    page = backend_client.get("/", headers=HTML)
    data = backend_client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert data.json() == {"message": "CSV Preview API is running", "status": "healthy"}
    assert "Accept" in page.headers["vary"]
    assert "Accept" in data.headers["vary"]


def test_a_configured_monitor_address_wins(settings: Settings) -> None:
    from backend.app import create_app

    changed = settings.model_copy(update={"public_monitor_url": "https://monitor.example.org/"})
    with TestClient(create_app(changed), base_url="http://127.0.0.1") as client:
        answer = client.get("/jobs", headers=HTML)
    assert 'data-monitor="https://monitor.example.org"' in answer.text
    assert "wss://monitor.example.org" in answer.headers["content-security-policy"]


def test_assets_are_kept_for_ever_and_the_manifest_is_private(backend_client: TestClient) -> None:
    script = re.search(r'src="(/static/app/assets/base-[^"]+\.js)"', backend_client.get("/login", headers=HTML).text)
    assert script
    answer = backend_client.get(script[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert backend_client.get("/static/app/manifest.json").status_code == 404
    assert backend_client.get("/static/app/.fingerprint").status_code == 404
    assert backend_client.get("/static/app/assets/../manifest.json").status_code == 404


@pytest.mark.parametrize("path", ["/jobs/job_of_nobody", "/datasets/none", "/nowhere"])
def test_people_get_errors_as_pages_and_programs_as_json(backend_client: TestClient, path: str) -> None:
    page = backend_client.get(path, headers=HTML)
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    data = backend_client.get(path)
    assert data.status_code == 404
    assert data.json()["error_type"] == "NotFoundError"


def test_the_api_keeps_its_errors_even_for_a_browser(backend_client: TestClient) -> None:
    assert backend_client.get("/api/jobs/none", headers=HTML).json()["status_code"] == 404


def test_pages_are_no_part_of_the_api_document(backend_client: TestClient) -> None:
    paths = backend_client.get("/openapi.json").json()["paths"]
    assert "/jobs/new" not in paths
    assert set(paths["/"]) == {"get"}


def test_without_a_build_it_says_what_to_run(
    backend_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.pages.frame import rendering

    monkeypatch.setattr(rendering, "DIST", tmp_path)
    answer = backend_client.get("/jobs", headers=HTML)
    assert answer.status_code == 503
    assert "hatch_build.py" in answer.text
