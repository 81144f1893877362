"""The audit log: every change and every refusal of one, who and from where, and no secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backend.audit import service
from pegbox.store.database import open_session
from pegbox.store.tables import AuditEntry, now
from tests.security.house import PASSWORD, SHARED, House, bearer


def entries(house: House, **query: Any) -> list[dict[str, Any]]:
    answer = house.backend.get("/api/audit", params={"limit": 500, **query}, headers=house.as_("admin"))
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_a_change_is_recorded_with_who_what_where_and_how_it_ended(house: House) -> None:
    done = house.backend.post("/api/experiments", json={"name": "audited"}, headers=house.as_("maintainer"))
    entry = entries(house)[0]
    assert entry["request_id"] == done.headers["X-Request-ID"]
    assert (entry["actor"], entry["via"], entry["action"]) == ("maintainer", "api_token", "create_experiment")
    assert (entry["target"], entry["status"], entry["address"]) == ("/api/experiments", 201, "testclient")
    path = f"/api/experiments/{done.json()['id']}"
    house.backend.delete(path, headers=bearer(SHARED))
    entry = entries(house)[0]
    assert (entry["actor"], entry["via"], entry["action"]) == ("shared token", "shared", "delete_experiment")
    assert (entry["target"], entry["status"]) == (path, 200)


def test_refusals_are_recorded_too(house: House) -> None:
    house.backend.post("/api/experiments", json={"name": "x"}, headers=house.as_("viewer"))
    assert (entries(house)[0]["actor"], entries(house)[0]["status"]) == ("viewer", 403)
    house.backend.post("/api/experiments", json={"name": "x"})
    assert (entries(house)[0]["actor"], entries(house)[0]["action"], entries(house)[0]["status"]) == ("", "POST", 401)
    house.backend.post("/api/experiments", json={"name": "x"}, headers={"Origin": "http://evil.example"})
    assert entries(house, refused=True)[0]["status"] == 403
    assert all(entry["status"] < 400 for entry in entries(house, refused=False))


def test_sign_ins_are_recorded_with_the_name_that_was_tried(house: House) -> None:
    house.backend.post("/api/auth/login", json={"username": "nobody", "password": "wrong-password"})
    assert (entries(house)[0]["actor"], entries(house)[0]["status"]) == ("nobody", 401)
    house.backend.post("/login", data={"username": "viewer", "password": PASSWORD})
    assert (entries(house)[0]["actor"], entries(house)[0]["action"], entries(house)[0]["status"]) == (
        "viewer",
        "sign_in",
        303,
    )
    pair = house.log_in("viewer")
    house.backend.post("/api/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    house.backend.post("/api/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert [entry["status"] for entry in entries(house, action="refresh_tokens")[:2]] == [401, 200]


def test_reading_is_not_recorded_nor_what_workers_say_all_the_time(house: House) -> None:
    before = len(entries(house))
    house.backend.get("/api/jobs", headers=house.as_("viewer"))
    house.backend.post("/api/jobs/compare", json={"job_ids": ["a", "b"]}, headers=house.as_("viewer"))
    body = {"worker_id": "w", "hostname": "h", "wait_seconds": 0}
    house.backend.post("/api/queue/claim", json=body, headers=house.as_("maintainer"))
    new = entries(house)[: len(entries(house)) - before]
    assert [entry for entry in new if entry["status"] < 400] == []


def test_no_secret_gets_into_it(house: House) -> None:
    house.backend.post("/api/users", json={"name": "secretive", "password": PASSWORD}, headers=house.as_("admin"))
    house.log_in("secretive")
    made = house.backend.post("/api/tokens", json={"name": "x"}, headers=house.as_("maintainer")).json()["token"]
    house.backend.post("/login", data={"token": SHARED})
    house.backend.post(f"/api/experiments?token={made}", json={"name": "y"}, headers=bearer(made))
    text = str(entries(house))
    for secret in (PASSWORD, SHARED, made, made.split("_")[2]):
        assert secret not in text


def test_it_is_read_page_by_page_and_by_filter(house: House) -> None:
    for number in range(7):
        house.backend.post("/api/experiments", json={"name": f"page-{number}"}, headers=house.as_("maintainer"))
    seen: list[int] = []
    before = None
    while True:
        query = {
            "limit": 3,
            "actor": "maintainer",
            "action": "create_experiment",
            **({"before": before} if before else {}),
        }
        page = house.backend.get("/api/audit", params=query, headers=house.as_("admin")).json()
        seen += [entry["id"] for entry in page["entries"]]
        before = page["next_before"]
        if before is None:
            break
    assert len(seen) >= 7
    assert seen == sorted(set(seen), reverse=True)


def test_a_flood_of_refusals_does_not_fill_the_disk(house: House) -> None:
    before = len(entries(house, refused=True))
    for _ in range(100):
        house.backend.post("/api/experiments", json={"name": "x"})
    assert len(entries(house, refused=True)) - before <= 60


def test_what_is_too_old_goes(house: House) -> None:
    with open_session(house.backend_app.state.engine) as db:
        service.record(db, AuditEntry(action="ancient", at=now() - timedelta(days=400)))
        service.record(db, AuditEntry(action="recent", at=now() - timedelta(days=300)))
        service.forget_older_than(db, 365)
    assert entries(house, action="ancient") == []
    assert len(entries(house, action="recent")) == 1
