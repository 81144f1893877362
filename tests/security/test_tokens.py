"""Signed tokens and API tokens: what is not exactly right does not count, and what was taken back does not any more."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from pegbox.errors import AuthenticationError, PegboxError
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import ApiToken, Login, now
from pegbox.web.access.credentials import split_api_token
from pegbox.web.access.signing import KEY_BYTES, Signer, load_key
from tests.security.house import PASSWORD, SHARED, House, bearer


def status(house: House, token: str) -> int:
    return house.backend.get("/api/auth/me", headers=bearer(token)).status_code


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def forged(pair: dict[str, Any], key: bytes | str, *, algorithm: str = "HS256", **changes: Any) -> str:
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    left = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(left, key, algorithm=algorithm)


def test_the_seeds_login_gives_a_pair_that_opens_both_services(house: House) -> None:
    pair = house.log_in()
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 3600)
    assert pair["access_token"].startswith("eyJ")
    assert pair["refresh_token"].startswith("eyJ")
    assert house.backend.get("/api/jobs", headers=bearer(pair["access_token"])).status_code == 200
    assert house.monitor.get("/api/runs", headers=bearer(pair["access_token"])).status_code == 200


def test_an_access_token_ends_after_its_hour(house: House) -> None:
    pair = house.log_in()
    key = load_key(house.settings.home)
    past = int(time.time()) - 10
    assert status(house, forged(pair, key)) == 200, "the test can sign what counts"
    assert status(house, forged(pair, key, exp=past)) == 401
    assert "expired" in house.backend.get("/api/auth/me", headers=bearer(forged(pair, key, exp=past))).json()["detail"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "somebody"},
        {"type": "refresh"},
        {"type": "browser"},
        {"type": "ticket"},
        {"type": ["access"]},
        {"sub": "login:somebody"},
        {"sub": "user:admin"},
        {"sub": "shared:0"},
        {"sub": "open"},
        {"sub": ""},
        *({name: None} for name in ("iss", "aud", "exp", "iat", "sub", "jti", "type")),
    ],
    ids=str,
)
def test_every_claim_is_checked(house: House, changes: dict[str, Any]) -> None:
    assert status(house, forged(house.log_in(), load_key(house.settings.home), **changes)) == 401


def test_a_forged_signature_does_not_count(house: House) -> None:
    pair = house.log_in()
    head, body, signature = pair["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    for token in (
        forged(pair, b"x" * KEY_BYTES),
        forged(pair, load_key(house.settings.home) * 2, algorithm="HS512"),
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{part({'alg': 'None', 'typ': 'JWT'})}.{body}.{signature}",
        f"{head}.{part({**claims, 'sub': 'login:other'})}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "eyJ.eyJ.eyJ",
        "eyJ" + "A" * 100_000,
    ):
        assert status(house, token) == 401, token[:80]


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_none_but_never_an_accident(text: str) -> None:
    token_id, secret = split_api_token(text)
    assert (token_id, secret) == ("", "") or f"pb_{token_id}_{secret}".rstrip("_") == text.rstrip("_")


def test_any_bytes_are_refused_in_the_one_way(tmp_path: Path) -> None:
    signer = Signer(tmp_path)

    @given(st.text(max_size=300) | st.builds(lambda a, b: f"eyJ{a}.eyJ{b}.x", st.text(), st.text()))
    def refused(token: str) -> None:
        with pytest.raises(AuthenticationError):
            signer.read(token, "access")

    refused()


def test_a_refresh_token_works_once_and_its_reuse_ends_the_login(house: House) -> None:
    first = house.log_in()
    second = house.backend.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert status(house, second["access_token"]) == 200
    reused = house.backend.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert reused.status_code == 401
    assert "used before" in reused.json()["detail"]
    # Whoever has the newer one may be the thief: neither goes on.
    newer = house.backend.post("/api/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert newer.status_code == 401
    assert [status(house, pair["access_token"]) for pair in (first, second)] == [401, 401]


def test_of_two_refreshes_at_once_at_most_one_succeeds(house: House) -> None:
    token = house.log_in()["refresh_token"]

    def refresh(_: int) -> int:
        return int(house.backend.post("/api/auth/refresh", json={"refresh_token": token}).status_code)

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(refresh, range(4)))
    assert answers == [200, 401, 401, 401]


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(house: House) -> None:
    pair = house.log_in()
    assert house.backend.post("/api/auth/refresh", json={"refresh_token": pair["access_token"]}).status_code == 401
    assert status(house, pair["refresh_token"]) == 401
    assert house.backend.post("/api/auth/refresh", json={"refresh_token": "nonsense"}).status_code == 401


def test_signing_out_ends_every_token_of_the_login_and_no_other(house: House) -> None:
    mine, other = house.log_in(), house.log_in()
    assert house.backend.post("/api/auth/logout", headers=bearer(mine["access_token"])).status_code == 200
    assert (status(house, mine["access_token"]), status(house, other["access_token"])) == (401, 200)
    assert house.backend.post("/api/auth/refresh", json={"refresh_token": mine["refresh_token"]}).status_code == 401
    house.monitor_app.state.identities.forget()
    assert house.monitor.get("/api/runs", headers=bearer(mine["access_token"])).status_code == 401


def test_a_login_ends_by_itself(house: House) -> None:
    pair = house.log_in()
    subject = jwt.decode(pair["access_token"], options={"verify_signature": False})["sub"]
    with open_session(house.backend_app.state.engine) as db:
        login = db.get(Login, subject.removeprefix("login:"))
        assert login
        login.expires_at = now() - timedelta(seconds=1)
        db.add(login)
        db.commit()
    house.sign_in_context.identities.forget()
    assert status(house, pair["access_token"]) == 401
    assert house.backend.post("/api/auth/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 401


def test_a_disabled_user_is_out_with_logins_and_tokens_and_a_new_role_counts_at_once(house: House) -> None:
    own = house.make_user("ada")["Authorization"].split()[1]
    pair = house.log_in("ada")

    def change(body: dict[str, Any]) -> Any:
        return house.backend.patch("/api/users/ada", json=body, headers=house.as_("admin"))

    assert change({"role": "viewer"}).status_code == 200
    for token in (pair["access_token"], own):
        assert house.backend.post("/api/experiments", json={"name": "x"}, headers=bearer(token)).status_code == 403
    assert change({"disabled": True}).json()["disabled"] is True
    for token in (pair["access_token"], own):
        assert status(house, token) == 401
    assert house.backend.post("/api/auth/login", json={"username": "ada", "password": PASSWORD}).status_code == 401


def test_what_the_other_service_was_told_is_believed_for_seconds_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor learns of a revocation by itself, as soon as what it remembers is two seconds old."""
    clock = [0.0]
    monkeypatch.setattr(house.monitor_app.state.identities, "_clock", lambda: clock[0])
    own = house.make_user("grace", "viewer")
    assert house.monitor.get("/api/runs", headers=own).status_code == 200
    token_id = own["Authorization"].split("_")[1]
    assert house.backend.delete(f"/api/tokens/{token_id}", headers=house.as_("admin")).status_code == 200
    clock[0] = 1.9
    assert house.monitor.get("/api/runs", headers=own).status_code == 200
    clock[0] = 2.1
    assert house.monitor.get("/api/runs", headers=own).status_code == 401


def test_an_api_token_does_what_its_role_says_until_it_is_revoked_or_over(house: House) -> None:
    made = house.backend.post(
        "/api/tokens", json={"name": "reader", "role": "viewer", "expires_in_days": 1}, headers=house.as_("maintainer")
    )
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token, token_id = made.json()["token"], made.json()["id"]
    assert token.startswith(f"pb_{token_id}_")
    assert house.backend.get("/api/auth/me", headers=bearer(token)).json()["role"] == "viewer"
    listed = house.backend.get("/api/tokens", headers=house.as_("maintainer")).json()
    assert listed["tokens"][0]["name"] == "reader"
    assert {entry["user"] for entry in listed["tokens"]} == {"maintainer"}
    assert token.split("_")[2] not in str(listed)
    with open_session(house.backend_app.state.engine) as db:
        kept = db.get(ApiToken, token_id)
        assert kept
        assert token.split("_")[2] not in str(kept.model_dump())
        kept.expires_at = now() - timedelta(seconds=1)
        db.add(kept)
        db.commit()
    house.sign_in_context.identities.forget()
    assert status(house, token) == 401


def test_the_list_says_when_a_token_was_last_used(house: House) -> None:
    own = house.make_user("used")
    wrong = {"Authorization": own["Authorization"][:-1] + "x"}
    token_id = own["Authorization"].split("_")[1]

    def used() -> dict[str, str]:
        listed = house.backend.get("/api/tokens", headers=house.as_("admin"), params={"user": "used"}).json()["tokens"]
        return {entry["id"]: entry["last_used_at"] for entry in listed if entry["last_used_at"]}

    assert house.backend.get("/api/auth/me", headers=wrong).status_code == 401
    house.backend_app.state.identities.record_uses()
    assert used() == {}
    house.monitor.get("/api/runs", headers=own)
    house.monitor_app.state.identities.record_uses()
    on_the_monitor = used()
    assert set(on_the_monitor) == {token_id}
    house.backend.get("/api/auth/me", headers=own)
    house.backend_app.state.identities.record_uses()
    assert used()[token_id] > on_the_monitor[token_id]


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + "x", lambda t: t[:-1], lambda t: t + "0", lambda t: t[:15], lambda t: "pb__"]
)
def test_a_changed_api_token_does_not_count(house: House, change: Any) -> None:
    assert status(house, change(house.tokens["admin"])) == 401


def test_nobody_makes_a_token_that_may_do_more_than_they_may(house: House) -> None:
    def ask(role: str | None, headers: dict[str, str]) -> Any:
        return house.backend.post("/api/tokens", json={"name": "n", "role": role}, headers=headers)

    assert ask("admin", house.as_("maintainer")).status_code == 422
    capped = ask("viewer", house.as_("admin")).json()["token"]
    assert ask("admin", bearer(capped)).status_code == 422
    assert ask(None, bearer(capped)).json()["role"] == "viewer"


def test_tokens_of_others_are_for_admins(house: House) -> None:
    token_id = house.tokens["admin"].split("_")[1]
    assert house.backend.delete(f"/api/tokens/{token_id}", headers=house.as_("maintainer")).status_code == 404
    assert house.backend.get("/api/tokens?user=admin", headers=house.as_("maintainer")).status_code == 403
    assert house.backend.get("/api/tokens?user=*", headers=house.as_("maintainer")).status_code == 403
    assert (
        house.backend.post("/api/tokens", json={"name": "x", "user": "admin"}, headers=house.as_("viewer")).status_code
        == 403
    )
    assert house.backend.get("/api/tokens?user=*", headers=house.as_("admin")).json()["total"] >= 3


def test_a_ticket_opens_streams_for_a_minute_and_nothing_else(house: House) -> None:
    run_id = house.monitor.post("/api/runs", json={"name": "r"}, headers=house.as_("maintainer")).json()["id"]
    for headers in (house.as_("viewer"), bearer(house.log_in()["access_token"]), bearer(SHARED)):
        made = house.backend.post("/api/auth/ticket", headers=headers).json()
        assert made["expires_in"] == 60
        ticket = made["ticket"]
        with house.monitor.websocket_connect(f"/ws/runs/{run_id}?token={ticket}"):
            pass
        assert status(house, ticket) == 401
        assert house.backend.get(f"/api/jobs?token={ticket}").status_code == 401
        assert house.monitor.get("/api/runs", headers={"Cookie": f"pegbox_token={ticket}"}).status_code == 401
    signer = Signer(house.settings.home)
    stale = signer.issue("ticket", "shared:" + signer.fingerprint(SHARED), -10)
    for bad in (stale, house.log_in()["access_token"], house.tokens["viewer"], "x"):
        with (
            house.monitor.websocket_connect(f"/ws/runs/{run_id}?token={bad}") as socket,
            pytest.raises(WebSocketDisconnect) as refused,
        ):
            socket.receive_text()
        assert refused.value.code == 4401


def test_a_ticket_ends_with_what_it_was_made_from(house: House) -> None:
    pair = house.log_in()
    ticket = house.backend.post("/api/auth/ticket", headers=bearer(pair["access_token"])).json()["ticket"]
    house.backend.post("/api/auth/logout", headers=bearer(pair["access_token"]))
    address = f"/ws/live?token={ticket}"
    with house.monitor.websocket_connect(address) as socket, pytest.raises(WebSocketDisconnect) as refused:
        socket.receive_text()
    assert refused.value.code == 4401


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    os.umask(0o022)
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: load_key(tmp_path), range(16)))
    assert len(keys) == 1
    assert len(next(iter(keys))) == KEY_BYTES
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
    (tmp_path / "signing.key").write_bytes(b"short")
    with pytest.raises(PegboxError, match="is damaged"):
        load_key(tmp_path)


def test_the_shared_token_acts_as_an_admin(house: House) -> None:
    me = house.backend.get("/api/auth/me", headers=bearer(SHARED)).json()
    assert (me["name"], me["role"], me["via"], me["user_id"]) == ("shared token", "admin", "shared", None)


class TestOpen:
    """On loopback, where nobody must sign in."""

    def test_who_sends_nothing_may_do_everything(self, backend_client: TestClient) -> None:
        me = backend_client.get("/api/auth/me").json()
        assert (me["name"], me["role"], me["via"], me["auth"]) == ("local", "admin", "open", "optional")

    @pytest.mark.parametrize("token", ["pb_0_0", "eyJ0.eyJ1.x", "anything"])
    def test_a_sent_token_must_be_valid(self, backend_client: TestClient, token: str) -> None:
        assert backend_client.get("/api/jobs", headers=bearer(token)).status_code == 401

    @pytest.mark.parametrize(
        ("token", "expected"), [("hf_secret", 200), ("any", 200), ("pb_0_0", 401), ("eyJ0.eyJ1.x", 401)]
    )
    def test_tokens_of_other_services_say_nothing_to_the_monitor(
        self, monitor_client: TestClient, token: str, expected: int
    ) -> None:
        assert monitor_client.get("/api/runs", headers=bearer(token)).status_code == expected

    def test_a_cookie_that_lies_about_locks_nobody_out(self, backend_client: TestClient) -> None:
        assert backend_client.get("/api/jobs", headers={"Cookie": "pegbox_token=old"}).status_code == 200

    def test_a_sent_token_acts_for_its_user_here_too(self, settings: Settings) -> None:
        with House(settings, auth="optional", token=None) as house:
            assert house.backend.post("/api/experiments", json={"name": "x"}).status_code == 201
            answer = house.backend.post("/api/experiments", json={"name": "y"}, headers=house.as_("viewer"))
            assert answer.status_code == 403

    def test_another_name_of_this_machine_is_not_this_machine(self, settings: Settings) -> None:
        """Behind a proxy the service listens on loopback and still is reachable."""
        with House(settings, auth="optional", token=None, allowed_hosts=["box.example"]) as house:
            assert house.backend.get("/api/jobs", headers={"Host": "box.example"}).status_code == 401
            assert house.backend.get("/api/jobs", headers={"Host": "localhost"}).status_code == 200

    def test_off_asks_nobody(self, settings: Settings) -> None:
        with House(settings, auth="off") as house:
            assert house.backend.get("/api/jobs", headers=bearer("wrong")).status_code == 200
