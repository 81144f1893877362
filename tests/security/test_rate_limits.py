"""How many requests somebody may send: the seed's numbers, its three headers, and what does not count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from limits import RateLimitItemPerMinute

from pegbox.schemas.account import Principal
from pegbox.settings import Settings
from pegbox.web.access import rate_limit
from pegbox.web.access.rate_limit import RateLimits
from pegbox.web.access.route_rules import Rule, find_rule
from tests.security.house import SHARED, House, bearer

ADA = Principal("ada", "maintainer", "password", "standard", user_id="1")
READ = find_rule("GET", "/api/jobs")
ERROR = {"detail", "status_code", "error_type", "error", "message", "status", "errors", "request_id"}


@pytest.fixture
def limits() -> RateLimits:
    return RateLimits()


def count(
    limits: RateLimits, who: Principal | None, rule: Rule | None = READ, *, times: int, address: str = "a"
) -> list[str]:
    """The refusals of so many requests; empty for those that pass."""
    return [limits.count(rule, who, address)[1] for _ in range(times)]


def passed(refusals: list[str]) -> int:
    return sum(not refusal for refusal in refusals)


def test_a_standard_user_has_100_a_minute_a_premium_user_1000(limits: RateLimits) -> None:
    assert passed(count(limits, ADA, times=120)) == 100
    premium = Principal("grace", "maintainer", "api_token", "premium", user_id="2")
    assert passed(count(limits, premium, times=1100)) == 1000


def test_all_tokens_and_addresses_of_a_user_count_together_and_users_apart(limits: RateLimits) -> None:
    other_token = Principal("ada", "viewer", "api_token", "standard", user_id="1", api_token_id="t")
    assert passed(count(limits, ADA, times=60)) + passed(count(limits, other_token, times=60, address="b")) == 100
    assert passed(count(limits, Principal("joan", "viewer", "password", "standard", user_id="3"), times=60)) == 60


def test_the_dashboard_of_a_standard_user_has_room_of_its_own(limits: RateLimits) -> None:
    assert passed(count(limits, ADA, times=100)) == 100
    browser = Principal("ada", "maintainer", "browser", "standard", user_id="1")
    assert passed(count(limits, browser, times=1100)) == 1000


def test_searches_count_per_address(limits: RateLimits) -> None:
    search = find_rule("GET", "/api/models/search")
    shared = Principal("shared token", "admin", "shared")
    assert passed(count(limits, shared, search, times=120)) == 100
    assert passed(count(limits, shared, search, times=50, address="b")) == 50


def test_uploads_count_per_user(limits: RateLimits) -> None:
    upload = find_rule("POST", "/api/datasets")
    refusals = count(limits, ADA, upload, times=12)
    assert passed(refusals) == 10
    assert refusals[-1].startswith("More than 10 uploads per hour; try again in ")
    assert (
        passed(count(limits, Principal("g", "maintainer", "api_token", "premium", user_id="2"), upload, times=12)) == 12
    )


def test_1000_an_hour_for_standard_users(limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.time()
    moment = [started]
    monkeypatch.setattr(time, "time", lambda: moment[0])
    found = 0
    for minute in range(12):
        moment[0] = started + 61 * minute
        found += passed(count(limits, ADA, times=100))
    assert found == 1000
    moment[0] = started + 3700
    assert passed(count(limits, ADA, times=1)) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/queue/claim"),
        ("POST", "/api/queue/job_1/heartbeat"),
        ("POST", "/api/runs/run_1/batches"),
        ("POST", "/api/bulk_log"),
        ("POST", "/api/v1/projects/p/runs/r/metrics"),
        ("GET", "/api/health"),
    ],
)
def test_workers_trainings_and_probes_do_not_count(limits: RateLimits, method: str, path: str) -> None:
    rule = find_rule(method, path)
    assert rule
    assert passed(count(limits, ADA, rule, times=200)) == 200
    assert limits.count(READ, ADA, "a")[0].remaining == 99


def test_every_answer_of_the_api_says_where_one_stands(house: House) -> None:
    who = house.make_user("counted")
    for number, client in ((0, house.backend), (1, house.backend), (0, house.monitor)):
        path = "/api/jobs" if client is house.backend else "/api/runs"
        answer = client.get(path, headers=who)
        assert answer.headers["X-RateLimit-Limit"] == "100"
        assert answer.headers["X-RateLimit-Remaining"] == str(99 - number)
        assert 0 < int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 62
    missing = house.backend.get("/api/jobs/job_none", headers=who)
    assert missing.status_code == 404
    assert missing.headers["X-RateLimit-Remaining"] == "97"
    assert house.backend.get("/api/jobs", headers=bearer(SHARED)).headers["X-RateLimit-Limit"] == "1000"


def test_beyond_the_limit_429_says_when_to_come_back(house: House) -> None:
    who = house.make_user("eager")
    answers = [house.backend.get("/api/auth/me", headers=who) for _ in range(102)]
    assert [answer.status_code for answer in answers[:100]] == [200] * 100
    refused = answers[101]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    body = refused.json()
    assert (body["status"], body["error_type"]) == (429, "TooManyRequestsError")
    assert body["detail"].startswith("More than 100 requests per minute; try again in ")
    assert house.backend.get("/healthz").status_code == 200
    assert house.backend.get("/jobs", headers={**who, "Accept": "text/html"}).status_code == 200, "pages do not count"


@pytest.fixture
def open_backend(settings: Settings) -> Iterator[TestClient]:
    with House(settings, auth="optional", token=None) as house:
        yield house.backend


def test_where_nobody_must_sign_in_it_is_counted_and_never_refused(
    open_backend: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "PREMIUM", RateLimitItemPerMinute(5, namespace="few"))
    answers: list[Any] = [open_backend.get("/api/auth/me") for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["X-RateLimit-Remaining"] == "4"
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"


def test_refusals_before_any_route_have_the_one_body(house: House) -> None:
    who = house.make_user("refused")
    while (refused := house.backend.get("/api/auth/me", headers=who)).status_code == 200:
        pass
    viewer = house.as_("viewer")
    answers = {
        "AuthenticationError": house.backend.get("/api/jobs"),
        "PermissionDeniedError": house.backend.post("/api/experiments", json={"name": "x"}, headers=viewer),
        "NotFoundError": house.backend.get("/api/nowhere", headers=viewer),
        "TooManyRequestsError": refused,
    }
    reasons = []
    for kind, answer in answers.items():
        body = answer.json()
        assert body.keys() == ERROR
        assert body["error_type"] == kind
        assert body["detail"] == body["message"] != ""
        assert body["status"] == body["status_code"] == answer.status_code
        assert (body["errors"], body["request_id"]) == ([], answer.headers["X-Request-ID"])
        reasons.append(body["error"])
    assert reasons == ["Unauthorized", "Forbidden", "Not Found", "Too Many Requests"]
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"):
        assert int(refused.headers[name]) >= 0
