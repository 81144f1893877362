"""Whom a login or an API token stands for. Both services ask, and note uses of tokens; the backend alone writes the rest.

Answers are kept for two seconds, so that most requests cost no query and a disabled user, a revoked token or a changed role
still takes effect at once for people.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import Engine
from sqlmodel import col, select, update

from pegbox.schemas.account import Principal, Role, Tier, lower_of
from pegbox.store.database import begin_write, open_session
from pegbox.store.tables import ApiToken, Login, User

KEPT_SECONDS = 2.0
USES_SECONDS = 60.0
"""How often uses of API tokens are written down."""

MOST_KEPT = 10_000
"""Strangers choose what is asked for: beyond this many answers all are forgotten."""

Key = tuple[Literal["login", "api_token"], str]


@dataclass(frozen=True, slots=True)
class Identity:
    """`secret` is what the caller must still prove: the hash of an API token's secret, the mark of the shared token."""

    principal: Principal
    secret: str = ""


class Identities:
    """One per process. `look_up` asks the database; `remembered` never does."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._kept: dict[Key, tuple[float, Identity | None]] = {}
        self._used: dict[str, datetime] = {}

    def remembered(self, key: Key) -> tuple[bool, Identity | None]:
        """Whether there is an answer that is fresh enough, and the answer."""
        kept = self._kept.get(key)
        if kept is None or self._clock() >= kept[0]:
            return False, None
        return True, kept[1]

    def look_up(self, key: Key) -> Identity | None:
        """`None` for what does not exist or no longer counts: revoked, expired, of a disabled user."""
        kind, value = key
        until = self._clock() + KEPT_SECONDS
        found = self._login(value) if kind == "login" else self._api_token(value)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (until, found)
        return found

    def forget(self) -> None:
        """After a change of users, logins or tokens in this process."""
        self._kept.clear()

    def note_use(self, token_id: str) -> None:
        """An API token has opened something."""
        self._used[token_id] = datetime.now(UTC)

    def record_uses(self) -> None:
        """Keeps when API tokens were last used since the last call. Either service may have seen the later use."""
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
            found = self._api_token(login.api_token_id)
            return found and Identity(replace(found.principal, via="browser", login_id=login.id))
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
            found = db.exec(query).first()
        if found is None:
            return None
        token, user = found
        is_over = token.expires_at is not None and token.expires_at <= datetime.now(UTC)
        if token.revoked_at is not None or is_over or user.disabled:
            return None
        role = lower_of(cast(Role, user.role), cast(Role, token.role))
        principal = Principal(
            user.name, role, "api_token", cast(Tier, user.tier), user_id=user.id, api_token_id=token.id
        )
        return Identity(principal, token.secret_hash)


def has_users(engine: Engine) -> bool:
    """Whether anybody could sign in with a password."""
    with open_session(engine) as db:
        return db.exec(select(User.id).where(col(User.disabled).is_(False)).limit(1)).first() is not None
