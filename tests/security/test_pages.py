"""The pages about accounts: what each role finds there, and the forms without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.accounts.passwords import Passwords
from backend.app import create_app
from pegbox.settings import Settings
from tests.security.house import PASSWORD, QUICK, House

HTML = {"Accept": "text/html"}


def page(house: House, path: str, role: str) -> Any:
    return house.backend.get(path, headers={**house.as_(role), **HTML})


def send(house: House, path: str, role: str, form: dict[str, str]) -> Any:
    return house.backend.post(path, data=form, headers={**house.as_(role), **HTML})


def test_a_viewer_is_told_why_buttons_are_off_and_has_no_page_of_admins(house: House) -> None:
    jobs = page(house, "/jobs", "viewer")
    assert 'data-role="viewer"' in jobs.text
    assert 'id="role-notice"' in jobs.text
    assert 'href="/users"' not in jobs.text
    assert 'id="role-notice"' not in page(house, "/jobs", "maintainer").text
    for path in ("/users", "/audit"):
        refused = page(house, path, "viewer")
        assert refused.status_code == 403
        assert "<h1>Not allowed</h1>" in refused.text
        assert "This takes the role admin" in refused.text
        assert page(house, path, "admin").status_code == 200
    assert 'href="/users"' in page(house, "/jobs", "admin").text


def test_a_refused_form_ends_on_a_page_and_a_refused_program_gets_the_error(house: House) -> None:
    refused = send(house, "/jobs/job_1/cancel", "viewer", {})
    assert (refused.status_code, "<h1>Not allowed</h1>" in refused.text) == (403, True)
    assert house.backend.post("/jobs/job_1/cancel", headers=house.as_("viewer")).json()["status"] == 403
    foreign = house.backend.get("/jobs", headers={**house.as_("viewer"), **HTML, "Host": "evil.example"})
    assert foreign.json()["status"] == 403


def test_a_token_is_shown_once_and_revoked(house: House) -> None:
    made = send(house, "/account/tokens", "maintainer", {"name": "nightly", "role": "viewer", "days": "30"})
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    found = re.search(r"pb_([0-9a-f]+)_[0-9a-f]{64}", made.text)
    assert found
    assert house.backend.get("/api/auth/me", headers={"Authorization": f"Bearer {found[0]}"}).json()["role"] == "viewer"
    again = page(house, "/account", "maintainer").text
    assert found[0] not in again
    assert f"pb_{found[1]}" in again
    assert send(house, f"/account/tokens/{found[1]}/revoke", "maintainer", {}).status_code == 303
    assert house.backend.get("/api/auth/me", headers={"Authorization": f"Bearer {found[0]}"}).status_code == 401


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x", "role": "admin"}, {"name": "x", "role": "root"}])
def test_a_token_that_cannot_be_is_said_at_the_form(house: House, form: dict[str, str]) -> None:
    answer = send(house, "/account/tokens", "viewer", form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_password_is_changed_with_the_old_one_typed_twice(house: House) -> None:
    own = house.make_user("page-user")

    def change(**form: str) -> Any:
        return house.backend.post("/account/password", data=form, headers={**own, **HTML})

    new = "another password"
    assert "differ" in change(current_password=PASSWORD, new_password=new, again="x").text
    assert "current password is wrong" in change(current_password="wrong", new_password=new, again=new).text
    assert "at least 8" in change(current_password=PASSWORD, new_password="short", again="short").text
    assert (
        change(current_password=PASSWORD, new_password=new, again=new).headers["Location"] == "/account?done=password"
    )
    assert house.log_in("page-user", new)


def test_users_are_made_changed_and_kept_out(house: House) -> None:
    form = {"name": "newcomer", "password": PASSWORD, "role": "viewer", "tier": "premium"}
    assert send(house, "/users", "admin", form).status_code == 303
    assert "already exists" in send(house, "/users", "admin", form).text
    assert "newcomer" in page(house, "/users", "admin").text
    assert send(house, "/users/newcomer", "admin", {"role": "maintainer", "tier": "standard"}).status_code == 303
    user = house.backend.get("/api/users/newcomer", headers=house.as_("admin")).json()
    assert (user["role"], user["tier"], user["disabled"]) == ("maintainer", "standard", False)
    assert send(house, "/users/newcomer/password", "admin", {"password": "short"}).status_code == 422
    assert send(house, "/users/newcomer/password", "admin", {"password": "a fresh password"}).status_code == 303
    assert house.log_in("newcomer", "a fresh password")
    assert send(house, "/users/newcomer", "admin", {"disabled": "yes"}).status_code == 303
    assert house.backend.get("/api/users/newcomer", headers=house.as_("admin")).json()["disabled"] is True
    assert send(house, "/users/newcomer", "admin", {"disabled": "no"}).status_code == 303
    assert send(house, "/users/newcomer", "maintainer", {"role": "admin"}).status_code == 403


def test_the_audit_log_is_filtered_and_paged(house: House) -> None:
    for number in range(60):
        house.backend.post("/api/experiments", json={"name": f"many-{number}"}, headers=house.as_("maintainer"))
    first = page(house, "/audit?actor=maintainer&action=create_experiment&outcome=done", "admin").text
    assert first.count("<td>maintainer</td>") == 50
    older = re.search(r'href="(/audit\?[^"]*before=\d+)"', first)
    assert older
    second = page(house, older[1].replace("&amp;", "&"), "admin").text
    assert second.count("<td>maintainer</td>") >= 10
    assert "Newest" in second
    assert "No entry matches" in page(house, "/audit?actor=nobody-like-that", "admin").text


@pytest.fixture
def fresh(settings: Settings) -> Iterator[TestClient]:
    """A server that has nobody yet and asks everybody."""
    app = create_app(settings.model_copy(update={"auth": "required"}))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        app.state.sign_in_context.passwords = Passwords(QUICK)
        yield client


FIRST = {"username": "Ada", "password": PASSWORD, "again": PASSWORD}


def test_the_first_visit_makes_the_admin_and_only_the_first(fresh: TestClient) -> None:
    assert fresh.get("/", headers=HTML).headers["Location"] == "/login?next=/"
    assert fresh.get("/login").headers["Location"] == "/setup"
    assert "Make the first account" in fresh.get("/setup").text
    assert "differ" in fresh.post("/setup", data={**FIRST, "again": "x"}).text
    assert "at least 8" in fresh.post("/setup", data={**FIRST, "password": "short", "again": "short"}).text
    assert fresh.post("/setup", data=FIRST).status_code == 303
    me = fresh.get("/api/auth/me").json()
    assert (me["name"], me["role"], me["via"]) == ("ada", "admin", "browser")
    assert fresh.get("/setup").headers["Location"] == "/login"
    assert fresh.post("/setup", data={**FIRST, "username": "eve"}).status_code == 403
    assert [user["name"] for user in fresh.get("/api/users").json()["users"]] == ["ada"]


@pytest.mark.parametrize(
    "sent",
    [{"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"Host": "192.0.2.1"}, {"Via": "1.1 x"}],
)
def test_the_first_account_is_not_for_whoever_comes_first_over_the_network(
    fresh: TestClient, sent: dict[str, str]
) -> None:
    for answer in (fresh.get("/setup", headers=sent), fresh.post("/setup", data=FIRST, headers=sent)):
        assert answer.status_code == 403
    assert fresh.post("/setup", data=FIRST).status_code == 303


def test_two_first_visitors_make_one_account(fresh: TestClient) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda n: fresh.post("/setup", data={**FIRST, "username": f"u{n}"}).status_code, range(4))
        assert sorted(answers) == [303, 403, 403, 403]
