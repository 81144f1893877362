"""Guessing passwords: it takes as long for names that do not exist, and it is slowed down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.accounts.passwords import Passwords
from tests.security.house import PASSWORD, QUICK, House, bearer


class Counting:
    """A hasher that counts what it is asked; quick, and real."""

    def __init__(self) -> None:
        self.verified: list[str] = []

    def hash(self, password: str) -> str:
        return QUICK.hash(password)

    def verify_and_update(self, password: str, hash: str) -> tuple[bool, str | None]:
        self.verified.append(hash)
        return QUICK.verify_and_update(password, hash)


def log_in(house: House, name: str, password: str) -> Any:
    return house.backend.post("/api/auth/login", json={"username": name, "password": password})


@pytest.fixture
def counting(house: House, monkeypatch: pytest.MonkeyPatch) -> Counting:
    hasher = Counting()
    monkeypatch.setattr(house.sign_in_context, "passwords", Passwords(hasher))
    return hasher


def test_every_attempt_verifies_one_hash_of_the_same_cost(house: House, counting: Counting) -> None:
    house.make_user("ada")
    house.backend.patch("/api/users/ada", json={"disabled": True}, headers=house.as_("admin"))
    answers = []
    for name in ("viewer", "nobody-of-this-name", "ada"):
        before = len(counting.verified)
        answers.append(log_in(house, name, "wrong password"))
        assert len(counting.verified) == before + 1, name
    assert len({hash.rsplit("$", 2)[0] for hash in counting.verified}) == 1, "different parameters take different time"
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {401}


def test_the_library_hashes_with_argon2id_unless_told_otherwise() -> None:
    passwords = Passwords()
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert passwords.verify("correct horse", kept) == (True, None)
    assert passwords.verify("wrong", kept)[0] is False
    assert passwords.verify("wrong", None) == (False, None)


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.make_user("grace")
    renewed = Passwords()  # the library's parameters; the house has made its hashes with smaller ones
    monkeypatch.setattr(house.sign_in_context, "passwords", renewed)
    assert log_in(house, "grace", PASSWORD).status_code == 200
    monkeypatch.setattr(house.sign_in_context, "passwords", Passwords(Counting()))
    counting = house.sign_in_context.passwords._hasher
    assert log_in(house, "grace", PASSWORD).status_code == 200
    assert "m=65536" in counting.verified[-1]


def test_after_five_wrong_passwords_even_the_right_one_waits(house: House, counting: Counting) -> None:
    assert [log_in(house, "viewer", "wrong").status_code for _ in range(5)] == [401] * 5
    refused = log_in(house, "viewer", PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert refused.json()["error_type"] == "TooManyRequestsError"
    assert len(counting.verified) == 5, "a refused attempt costs no hash"
    assert log_in(house, "maintainer", PASSWORD).status_code == 200, "only this name has to wait"


def test_a_right_password_forgives_the_wrong_ones(house: House) -> None:
    for _ in range(3):
        assert [log_in(house, "viewer", "wrong").status_code for _ in range(4)] == [401] * 4
        assert log_in(house, "viewer", PASSWORD).status_code == 200


def test_attempts_side_by_side_do_not_slip_through(house: House, counting: Counting) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: log_in(house, "viewer", "wrong").status_code, range(16)))
    assert sorted(answers) == [401] * 5 + [429] * 11
    assert len(counting.verified) == 5


def test_names_tried_one_after_the_other_are_slowed_too(house: House, counting: Counting) -> None:
    answers = [log_in(house, f"name-{number}", "wrong").status_code for number in range(70)]
    assert answers == [401] * 60 + [429] * 10


def test_the_page_is_slowed_like_the_api(house: House) -> None:
    form = {"username": "viewer", "password": "wrong"}
    assert [house.backend.post("/login", data=form).status_code for _ in range(6)] == [401] * 5 + [429]
    assert [house.backend.post("/login", data={"token": "wrong"}).status_code for _ in range(6)] == [401] * 5 + [429]


def test_a_new_password_takes_the_old_one_and_ends_the_other_logins(house: House) -> None:
    house.make_user("joan")
    mine = bearer(house.log_in("joan")["access_token"])
    other = bearer(house.log_in("joan")["access_token"])
    body = {"current_password": "wrong", "new_password": "a new password"}
    assert house.backend.post("/api/auth/password", json=body, headers=mine).status_code == 422
    body["current_password"] = PASSWORD
    assert (
        house.backend.post("/api/auth/password", json={**body, "new_password": "short"}, headers=mine).status_code
        == 422
    )
    assert house.backend.post("/api/auth/password", json=body, headers=mine).status_code == 200
    assert house.backend.get("/api/auth/me", headers=mine).status_code == 200
    assert house.backend.get("/api/auth/me", headers=other).status_code == 401
    assert log_in(house, "joan", PASSWORD).status_code == 401
    assert log_in(house, "joan", "a new password").status_code == 200


def test_the_shared_token_has_no_password(house: House) -> None:
    body = {"current_password": "x", "new_password": "a new password"}
    answer = house.backend.post("/api/auth/password", json=body, headers=bearer("shared-token-of-the-house"))
    assert answer.status_code == 403


def test_somebody_is_always_left_who_can_let_others_in(house: House) -> None:
    as_admin = house.as_("admin")
    assert house.backend.patch("/api/users/owner", json={"role": "viewer"}, headers=as_admin).status_code == 200
    for method, body in (("PATCH", {"role": "viewer"}), ("PATCH", {"disabled": True}), ("DELETE", None)):
        answer = house.backend.request(method, "/api/users/admin", json=body, headers=as_admin)
        assert answer.status_code == 409
        assert "only admin" in answer.json()["detail"]
    assert house.backend.patch("/api/users/owner", json={"role": "admin"}, headers=as_admin).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "../admin"},
        {"name": "a b"},
        {"name": "a" * 65},
        {"name": "-x"},
        {"name": "é"},
        {"name": "x\n"},
        {"password": "short"},
        {"password": " " * 9},
        {"password": "x" * 257},
        {"role": "root"},
        {"tier": "gold"},
    ],
    ids=str,
)
def test_users_are_checked(house: House, change: dict[str, str]) -> None:
    body = {"name": "new", "password": PASSWORD, "role": "viewer", **change}
    if change == {"name": "x\n"}:  # trimmed, and fine
        assert house.backend.post("/api/users", json=body, headers=house.as_("admin")).json()["name"] == "x"
        return
    assert house.backend.post("/api/users", json=body, headers=house.as_("admin")).status_code == 422


def test_names_differ_by_more_than_case(house: House) -> None:
    body = {"name": "Hedy", "password": PASSWORD}
    assert house.backend.post("/api/users", json=body, headers=house.as_("admin")).json()["name"] == "hedy"
    taken = house.backend.post("/api/users", json={**body, "name": "HEDY"}, headers=house.as_("admin"))
    assert taken.status_code == 409
    assert log_in(house, " Hedy ", PASSWORD).status_code == 200
    assert house.backend.get("/api/users/HEDY", headers=house.as_("admin")).json()["name"] == "hedy"


def test_a_deleted_user_is_gone_with_everything(house: House) -> None:
    token = house.make_user("temp")
    pair = house.log_in("temp")
    assert house.backend.delete("/api/users/temp", headers=house.as_("admin")).status_code == 200
    assert house.backend.get("/api/auth/me", headers=token).status_code == 401
    assert house.backend.get("/api/auth/me", headers=bearer(pair["access_token"])).status_code == 401
    assert house.backend.get("/api/users/temp", headers=house.as_("admin")).status_code == 404


def test_no_answer_holds_a_hash(house: House) -> None:
    for path in ("/api/users", "/api/users/viewer", "/api/tokens?user=*"):
        assert "hash" not in house.backend.get(path, headers=house.as_("admin")).text
