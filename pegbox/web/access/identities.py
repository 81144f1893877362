"""The principals of logins and API tokens, read from the database and cached for two seconds.

With the cache most requests need no query, and a disabled user, a revoked token or a changed role still takes effect almost at
once. Both services write when API tokens were last used; the backend alone writes everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import Engine
from sqlmodel import col, select, update
from starlette.concurrency import run_in_threadpool

from pegbox.schemas.account import Principal, Role, Tier, lower_of
from pegbox.store.database import begin_write, open_session
from pegbox.store.tables import ApiToken, Login, User

CACHE_SECONDS = 2.0
CACHE_SIZE = 10_000
"""Callers choose the keys, so the cache is emptied when it has this many."""

USES_SECONDS = 60.0
"""Interval between writes of the last uses of API tokens."""

Key = tuple[Literal["login", "api_token"], str]


@dataclass(frozen=True, slots=True)
class Identity:
    """`secret` is to be verified by the caller: the hash of an API token's secret, or the fingerprint of the shared token."""

    principal: Principal
    secret: str = ""


class Identities:
    """One per process."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._cache: dict[Key, tuple[float, Identity | None]] = {}
        self._used: dict[str, datetime] = {}

    async def find(self, key: Key) -> Identity | None:
        """As `look_up`, from the cache while it is fresh, else in a thread: the event loop never waits for the database."""
        cached = self._cache.get(key)
        if cached is not None and self._clock() < cached[0]:
            return cached[1]
        return await run_in_threadpool(self.look_up, key)

    def look_up(self, key: Key) -> Identity | None:
        """Reads the database. `None` for an unknown, revoked or expired login or token, and for those of a disabled user."""
        kind, value = key
        until = self._clock() + CACHE_SECONDS
        identity = self._login(value) if kind == "login" else self._api_token(value)
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = (until, identity)
        return identity

    def forget(self) -> None:
        """Empties the cache: call it after a change of users, logins or tokens in this process."""
        self._cache.clear()

    def note_use(self, token_id: str) -> None:
        """Notes that an API token was used now; `record_uses` writes it."""
        self._used[token_id] = datetime.now(UTC)

    def record_uses(self) -> None:
        """Writes the uses since the last call, unless the other service has written a later one."""
        used, self._used = self._used, {}
        if not used:
            return
        last_used_at = col(ApiToken.last_used_at)
        with open_session(self._engine) as db:
            begin_write(db)
            for token_id, at in sorted(used.items()):
                is_later = last_used_at.is_(None) | (last_used_at < at)
                db.exec(update(ApiToken).where(col(ApiToken.id) == token_id, is_later).values(last_used_at=at))
            db.commit()

    def _login(self, login_id: str) -> Identity | None:
        with open_session(self._engine) as db:
            login = db.get(Login, login_id)
            if login is None or login.revoked_at is not None or login.expires_at <= datetime.now(UTC):
                return None
            user = db.get(User, login.user_id) if login.user_id else None
        if login.shared_mark is not None:
            return Identity(Principal("shared token", "admin", "shared", login_id=login.id), login.shared_mark)
        if login.api_token_id is not None:
            token = self._api_token(login.api_token_id)
            return token and Identity(replace(token.principal, via="browser", login_id=login.id))
        if user is None or user.disabled:
            return None
        return Identity(
            Principal(
                user.name,
                cast(Role, user.role),
                "password" if login.refresh_id else "browser",
                cast(Tier, user.tier),
                user_id=user.id,
                login_id=login.id,
            )
        )

    def _api_token(self, token_id: str) -> Identity | None:
        owner = col(User.id) == col(ApiToken.user_id)
        query = select(ApiToken, User).join(User, owner).where(col(ApiToken.id) == token_id)
        with open_session(self._engine) as db:
            row = db.exec(query).first()
        if row is None:
            return None
        token, user = row
        is_expired = token.expires_at is not None and token.expires_at <= datetime.now(UTC)
        if token.revoked_at is not None or is_expired or user.disabled:
            return None
        role = lower_of(cast(Role, user.role), cast(Role, token.role))
        principal = Principal(
            user.name, role, "api_token", cast(Tier, user.tier), user_id=user.id, api_token_id=token.id
        )
        return Identity(principal, token.secret_hash)


def has_active_users(engine: Engine) -> bool:
    """Whether at least one user is not disabled and can sign in."""
    with open_session(engine) as db:
        return db.exec(select(User.id).where(col(User.disabled).is_(False)).limit(1)).first() is not None
