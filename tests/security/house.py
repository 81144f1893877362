"""Both services with everybody asked who they are, one user per role, and quick password hashes."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from backend.accounts import api_tokens, users
from backend.accounts.passwords import Passwords
from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from pegbox.schemas.account import ROLES, ApiTokenCreate, Principal, Role, UserCreate
from pegbox.settings import Settings
from pegbox.store.database import open_session

SHARED = "shared-token-of-the-house"
PASSWORD = "correct horse battery"
QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
"""Argon2 all the same, with the smallest parameters it takes."""

ADMIN = Principal("tests", "admin", "command")
Headers = dict[str, str]


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


class House:
    """Users are named after their roles. `backend` and `monitor` are clients that follow no redirect."""

    def __init__(self, settings: Settings, **changes: Any) -> None:
        self.settings = settings.model_copy(update={"token": SecretStr(SHARED), "auth": "required", **changes})
        self.backend_app: FastAPI = create_backend(self.settings)
        self.monitor_app: FastAPI = create_monitor(self.settings)
        self._open = ExitStack()
        self.tokens: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.backend = self._open.enter_context(self._client(self.backend_app, self.settings.port))
        self.monitor = self._open.enter_context(self._client(self.monitor_app, self.settings.monitor_port))
        self.sign_in_context = self.backend_app.state.sign_in_context
        self.sign_in_context.passwords = Passwords(QUICK)
        with open_session(self.backend_app.state.engine) as db:
            for role in ROLES:
                users.create_user(
                    db, self.sign_in_context.passwords, UserCreate(name=role, password=PASSWORD, role=role)
                )
            # A second admin, so that the first may be disabled.
            users.create_user(
                db, self.sign_in_context.passwords, UserCreate(name="owner", password=PASSWORD, role="admin")
            )
            for role in ROLES:
                self.tokens[role] = api_tokens.create_token(db, ADMIN, ApiTokenCreate(name="tests", user=role)).token
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @staticmethod
    def _client(app: FastAPI, port: int) -> TestClient:
        return TestClient(
            app, base_url=f"http://127.0.0.1:{port}", follow_redirects=False, raise_server_exceptions=False
        )

    def as_(self, role: str) -> Headers:
        """The headers of the user of this role."""
        return bearer(self.tokens[role])

    def make_user(self, name: str, role: Role = "maintainer") -> Headers:
        """A user more, with a token."""
        with open_session(self.backend_app.state.engine) as db:
            users.create_user(db, self.sign_in_context.passwords, UserCreate(name=name, password=PASSWORD, role=role))
            return bearer(api_tokens.create_token(db, ADMIN, ApiTokenCreate(name="own", user=name)).token)

    def forget(self) -> None:
        """Neither service remembers an answer, and no client a cookie."""
        for app in (self.backend_app, self.monitor_app):
            app.state.identities.forget()
        for client in (self.backend, self.monitor):
            client.cookies.clear()

    def log_in(self, name: str = "maintainer", password: str = PASSWORD) -> dict[str, Any]:
        """The pair of tokens."""
        answer = self.backend.post("/api/auth/login", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        pair: dict[str, Any] = answer.json()
        return pair
