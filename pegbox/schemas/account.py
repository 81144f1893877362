"""Users, roles, credentials and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from pegbox.schemas.base import Instant, Label, Name, Wire

Role = Literal["viewer", "maintainer", "admin"]
"""A viewer reads; a maintainer also changes data, jobs, experiments and models; an admin also manages users and all tokens."""

Tier = Literal["standard", "premium"]
"""Rate limit of a user's requests."""

Via = Literal["password", "browser", "api_token", "shared", "open", "command"]
"""Kind of credentials: tokens for a password, the login page, an API token, the shared token, none on an open service, the command
line."""

ROLES: tuple[Role, ...] = ("viewer", "maintainer", "admin")
"""Ascending: each role includes the permissions of the roles before it."""


def may(role: Role, needed: Role) -> bool:
    """Whether `role` includes the permissions of `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


def lower_of(first: Role, second: Role) -> Role:
    """Returns the role with fewer permissions."""
    return min(first, second, key=ROLES.index)


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated sender of a request. `user_id` is None for the shared token and on an open service."""

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
"""Letters, digits and `._@+-`, up to 64 characters; converted to lower case."""


def _reject_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Password = Annotated[
    str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD), AfterValidator(_reject_blank)
]
"""A new password: 8 to 256 characters of any kind."""


class LoginRequest(Wire):
    """Credentials. Names and passwords are not validated here, so that errors reveal no rules."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000, json_schema_extra={"format": "password"})


class TokenPair(Wire):
    """`access_token` goes into `Authorization: Bearer` for `expires_in` seconds; `refresh_token` gets the next pair, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the word of the standard
    expires_in: int = Field(examples=[3600])


class RefreshRequest(Wire):
    """The newest refresh token; an older token ends the login."""

    refresh_token: str = Field(max_length=4000)


class Me(Wire):
    """The principal of the request."""

    name: str
    role: Role
    tier: Tier
    via: Via
    user_id: str | None = None
    auth: Literal["off", "optional", "required"]


class Ticket(Wire):
    """A one-time token for `?token=` of a WebSocket or event stream, where browsers cannot set headers."""

    ticket: str
    expires_in: int = Field(examples=[60])


class UserCreate(Wire):
    """A new user."""

    name: UserName
    password: Password
    role: Role = "viewer"
    tier: Tier = "standard"


class UserUpdate(Wire):
    """Absent fields stay unchanged. A new password, or disabling, ends the user's logins."""

    password: Password | None = None
    role: Role | None = None
    tier: Tier | None = None
    disabled: bool | None = None


class PasswordChange(Wire):
    """A change of the user's own password."""

    current_password: str = Field(max_length=1000)
    new_password: Password


class UserView(Wire):
    """A user without secrets."""

    id: str
    name: str
    role: Role
    tier: Tier
    disabled: bool
    created_at: Instant
    last_login_at: Instant | None


class UserPage(Wire):
    """A page of users sorted by name; `total` is the number of matches."""

    users: list[UserView]
    total: int
    limit: int
    offset: int


class ApiTokenCreate(Wire):
    """`role` limits the token; by default it has the role of its user. Without `expires_in_days` the token does not expire."""

    name: Name
    user: UserName | None = Field(default=None, description="Owner, when an admin creates the token for another user.")
    role: Role | None = None
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 100:
            raise ValueError("must have at most 100 characters")
        return value


class ApiTokenView(Wire):
    """A token without its secret. `prefix` is the part of the token that may be shown."""

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
    """A new token with its secret in `token`, which is shown only once."""

    token: str


class ApiTokenPage(Wire):
    """A page of tokens, newest first; `total` counts all tokens."""

    tokens: list[ApiTokenView]
    total: int
    limit: int
    offset: int


class AuditEntryView(Wire):
    """An entry of the audit log. `status` is the HTTP status: below 400 the action succeeded, else it was refused."""

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
    """A page of entries, newest first. `next_before` is `before` of the next page, null on the last page."""

    entries: list[AuditEntryView]
    next_before: int | None
