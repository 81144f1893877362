"""Every route × every role: the table knows each, and the guard does what it says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from pegbox.errors import AuthenticationError, PermissionDeniedError
from pegbox.schemas.account import ROLES, may
from pegbox.settings import Settings
from pegbox.web.access.route_rules import RULES, find_rule
from tests.event_loop import run
from tests.security.house import House, bearer
from tests.security.routes import address, nameless, routes_of

READS_BY_POST = {"POST /api/experiments/{experiment_id}/compare", "POST /api/jobs/compare"}
"""What changes nothing although its method says so. Anything else that viewers may post is about themselves."""

OWN = ("/api/auth/", "/api/tokens", "/account")


def all_routes(settings: Settings) -> set[str]:
    return routes_of(create_backend(settings)) | routes_of(create_monitor(settings))


def test_every_route_has_its_rule_and_every_rule_its_route(settings: Settings) -> None:
    wanted = {nameless(route) for route in all_routes(settings)}
    written = [nameless(rule.name) for rule in RULES]
    assert sorted(set(written)) == sorted(written), "a route has two rules"
    assert wanted - set(written) == set(), "no rule in pegbox/web/access/route_rules.py"
    assert set(written) - wanted == set(), "a rule without a route"


def test_a_rule_is_found_by_the_address_of_its_route() -> None:
    wrong = []
    for rule in RULES:
        found = find_rule(rule.method, address(rule.template))
        if found is None or found.access != rule.access:
            wrong.append((rule.name, found))
    assert wrong == []


def test_viewers_change_nothing_but_what_is_theirs() -> None:
    changing = {rule.name for rule in RULES if rule.access == "viewer" and rule.method not in ("GET", "WEBSOCKET")}
    assert {name for name in changing - READS_BY_POST if not name.split()[1].startswith(OWN)} == set()


def test_only_the_ways_in_and_probes_are_open() -> None:
    assert {rule.name for rule in RULES if rule.access == "open"} == {
        *("GET /healthz", "GET /readyz", "GET /api/health", "GET /tracker/api/v1/health", "GET /api/v1/health"),
        *("GET /static/app/{file:path}", "GET /login", "GET /setup"),
        *("POST /login", "POST /logout", "POST /setup", "POST /api/auth/login", "POST /api/auth/refresh"),
    }


def scope_of(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    sent = {"host": "127.0.0.1", **{name.lower(): value for name, value in headers.items()}}
    return {
        "type": "websocket" if method == "WEBSOCKET" else "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "app": app,
    }


async def verdict(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> str:
    try:
        await app.state.guard.admit(scope_of(app, method, path, headers))
    except AuthenticationError:
        return "who?"
    except PermissionDeniedError:
        return "no"
    return "yes"


def test_every_route_lets_in_whom_it_should_and_nobody_else(house: House) -> None:
    """The guard of each service, with real tokens of real users, for each of its routes."""

    async def look() -> list[str]:
        wrong = []
        for app in (house.backend_app, house.monitor_app):
            for route in sorted(routes_of(app)):
                method, template = route.split(" ", 1)
                rule = find_rule(method, address(template))
                assert rule is not None, route
                expected = {
                    "": "yes" if rule.access == "open" else "who?",
                    "forged": "yes" if rule.access == "open" else "who?",
                }
                for role in ROLES:
                    expected[role] = "yes" if rule.access == "open" or may(role, rule.access) else "no"
                for who, answer in expected.items():
                    headers = {} if not who else bearer("pb_000000000000_forged") if who == "forged" else house.as_(who)
                    found = await verdict(app, method, address(template), headers)
                    if found != answer:
                        wrong.append(f"{route} as {who or 'nobody'}: {found} instead of {answer}")
        return wrong

    assert run(look()) == []


def test_a_route_that_the_table_does_not_know_is_for_admins(settings: Settings) -> None:
    with House(settings) as house:

        @house.backend_app.get("/new-and-forgotten")
        def new() -> dict[str, bool]:
            return {"ok": True}

        answers = {role: house.backend.get("/new-and-forgotten", headers=house.as_(role)).status_code for role in ROLES}
    assert answers == {"viewer": 403, "maintainer": 403, "admin": 200}


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere/at/all"])
def test_what_does_not_exist_is_told_so_to_everybody_who_is_in(house: House, path: str) -> None:
    assert house.backend.get(path, headers=house.as_("viewer")).status_code == 404
    assert house.backend.get(path).status_code == 401


def test_a_refusal_says_which_role_it_takes(house: House) -> None:
    answer = house.backend.post("/api/experiments", json={"name": "x"}, headers=house.as_("viewer"))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This takes the role maintainer; viewer is viewer here"
    assert (
        house.backend.post("/api/experiments", json={"name": "x"}, headers=house.as_("maintainer")).status_code == 201
    )
    assert house.backend.get("/api/users", headers=house.as_("maintainer")).status_code == 403
    assert house.monitor.post("/api/training/mode/manual", headers=house.as_("viewer")).status_code == 403
    assert house.monitor.post("/api/training/mode/manual", headers=house.as_("maintainer")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/jobs", 200),
        ("POST", "/api/experiments", 422),
        ("POST", "/api/jobs/compare", 422),
        ("GET", "/healthz", 200),
        ("GET", "/static/app/missing.js", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/api/jobs", 405),
    ],
)
def test_each_request_looks_up_its_rule_once(house: House, method: str, path: str, status: int) -> None:
    before = find_rule.cache_info()
    assert house.backend.request(method, path, headers=house.as_("maintainer")).status_code == status
    after = find_rule.cache_info()
    assert after.hits + after.misses - before.hits - before.misses == 1


def test_each_websocket_looks_up_its_rule_once(house: House) -> None:
    before = find_rule.cache_info()
    with house.monitor.websocket_connect("/ws/live", headers=house.as_("viewer")):
        pass
    after = find_rule.cache_info()
    assert after.hits + after.misses - before.hits - before.misses == 1


def test_batches_that_pass_by_the_middleware_ask_for_the_same_role(house: House) -> None:
    run_id = house.monitor.post("/api/runs", json={"name": "r"}, headers=house.as_("maintainer")).json()["id"]
    batch = {"writer": "w", "sequence": 1}
    for role, status in (("viewer", 403), ("maintainer", 200)):
        answer = house.monitor.post(f"/api/runs/{run_id}/batches", json=batch, headers=house.as_(role))
        assert answer.status_code == status, answer.text
    assert house.monitor.post(f"/api/runs/{run_id}/batches", json=batch).status_code == 401


def test_asyncio_is_not_blocked_by_a_look_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request of a token asks the database in a thread, the next one within two seconds asks nothing."""
    token_id = house.tokens["viewer"].split("_")[1]
    asked: list[Any] = []
    identities = house.backend_app.state.identities
    look_up = identities.look_up

    def counted(key: Any) -> Any:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        asked.append(key)
        return look_up(key)

    monkeypatch.setattr(identities, "look_up", counted)
    identities.forget()
    scope = scope_of(house.backend_app, "GET", "/api/jobs", house.as_("viewer"))

    async def twice() -> None:
        await house.backend_app.state.guard.admit(dict(scope))
        await house.backend_app.state.guard.admit(dict(scope))

    run(twice())
    assert asked == [("api_token", token_id)]
