"""Signing in with the shared token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from pegbox.settings import Settings
from tests.apps import open_backend

HTML = {"Accept": "text/html"}
TOKEN = "open-sesame"


@pytest.fixture
def guarded(settings: Settings) -> Iterator[TestClient]:
    changed = settings.model_copy(update={"token": SecretStr(TOKEN)})
    with open_backend(changed, follow_redirects=False) as client:
        yield client


def test_pages_lead_to_the_form(guarded: TestClient) -> None:
    answer = guarded.get("/jobs", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/jobs"


def test_a_wrong_token_is_said_at_the_form(guarded: TestClient) -> None:
    answer = guarded.post("/login", data={"token": "wrong"})
    assert answer.status_code == 401
    assert "not a token of this server" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_right_token_opens_and_signing_out_closes(guarded: TestClient) -> None:
    answer = guarded.post("/login", data={"token": TOKEN, "next": "/models"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/models"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert guarded.get("/jobs", headers=HTML).status_code == 200
    guarded.post("/logout")
    guarded.cookies.clear()
    assert guarded.get("/jobs", headers=HTML).status_code == 303


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_never_leads_to_another_site(guarded: TestClient, path: str) -> None:
    assert guarded.post("/login", data={"token": TOKEN, "next": path}).headers["location"] == "/"


def test_a_server_without_a_token_lets_nobody_in_by_an_empty_one(backend_client: TestClient) -> None:
    assert backend_client.post("/login", data={"token": ""}).status_code == 401
