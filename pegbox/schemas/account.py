"""Users, what they may do, and how they prove who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from pegbox.schemas.base import Instant, Label, Name, Wire

Role = Literal["viewer", "maintainer", "admin"]
"""A viewer reads; a maintainer also changes data, jobs, experiments and models; an admin also users and everybody's tokens."""

Tier = Literal["standard", "premium"]
"""How many requests a user may send."""

Via = Literal["password", "browser", "api_token", "shared", "open", "command"]
"""How somebody is known: tokens for a password, the login page, an API token, the shared token, by being on this machine, by its
shell."""

ROLES: tuple[Role, ...] = ("viewer", "maintainer", "admin")
"""Each may do what those before it may."""


def may(role: Role, needed: Role) -> bool:
    """Whether who has `role` may do what takes `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


def lower_of(first: Role, second: Role) -> Role:
    """The one that may do less."""
    return min(first, second, key=ROLES.index)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request. Only a user has a `user_id`; the shared token and an open service act for nobody in particular."""

    name: str
    role: Role
    via: Via
    tier: Tier = "premium"
    user_id: str | None = None
    api_token_id: str | None = None
    login_id: str | None = None


MIN_PASSWORD = 8
MAX_PASSWORD = 256

UserName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$", min_length=1, max_length=64
    ),
]
"""Letters, digits and `._@+-`, up to 64; upper case counts as lower."""


def _reject_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Password = Annotated[
    str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD), AfterValidator(_reject_blank)
]
"""A new one: 8 to 256 characters of any kind."""


class LoginRequest(Wire):
    """Nothing is said of how a name or password must look: a wrong one is wrong."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000, json_schema_extra={"format": "password"})


class TokenPair(Wire):
    """`access_token` goes into `Authorization: Bearer` for `expires_in` seconds; `refresh_token` gets the next pair, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the word of the standard
    expires_in: int = Field(examples=[3600])


class RefreshRequest(Wire):
    """The token of the last answer; an older one ends the login."""

    refresh_token: str = Field(max_length=4000)


class Me(Wire):
    """Who the request's credentials stand for."""

    name: str
    role: Role
    tier: Tier
    via: Via
    user_id: str | None = None
    auth: Literal["off", "optional", "required"]


class Ticket(Wire):
    """For `?token=` of one WebSocket or event stream, which browsers cannot give a header."""

    ticket: str
    expires_in: int = Field(examples=[60])


class UserCreate(Wire):
    """A new user."""

    name: UserName
    password: Password
    role: Role = "viewer"
    tier: Tier = "standard"


class UserUpdate(Wire):
    """What is not given stays. A new password, or disabling, ends the user's logins."""

    password: Password | None = None
    role: Role | None = None
    tier: Tier | None = None
    disabled: bool | None = None


class PasswordChange(Wire):
    """One's own."""

    current_password: str = Field(max_length=1000)
    new_password: Password


class UserView(Wire):
    """A user, without anything secret."""

    id: str
    name: str
    role: Role
    tier: Tier
    disabled: bool
    created_at: Instant
    last_login_at: Instant | None


class UserPage(Wire):
    """A page of users by name; `total` is how many match."""

    users: list[UserView]
    total: int
    limit: int
    offset: int


class ApiTokenCreate(Wire):
    """`role` caps what the token may do; without it, it may do what its user may. Without `expires_in_days` it does not expire."""

    name: Name
    user: UserName | None = Field(default=None, description="Whose, when an admin makes it for somebody else.")
    role: Role | None = None
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 100:
            raise ValueError("must have at most 100 characters")
        return value


class ApiTokenView(Wire):
    """A token, without its secret. `prefix` is the part of it that may be shown."""

    id: str
    name: str
    prefix: str
    user: str
    role: Role
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class ApiTokenCreated(ApiTokenView):
    """With the `token` itself, which is shown this once."""

    token: str


class ApiTokenPage(Wire):
    """A page of tokens, newest first; `total` is how many there are."""

    tokens: list[ApiTokenView]
    total: int
    limit: int
    offset: int


class AuditEntryView(Wire):
    """`status` is that of the answer: below 400 it was done, else it was refused."""

    id: int
    at: Instant
    actor: Label
    via: str
    action: str
    target: str
    address: str
    status: int
    detail: str
    request_id: str


class AuditPage(Wire):
    """A page, newest first. `next_before` is `before` of the next one, `null` on the last."""

    entries: list[AuditEntryView]
    next_before: int | None
