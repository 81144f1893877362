"""Who sends a request: the shared token, an API token, a login's token, a ticket, or anybody on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from pegbox.errors import AuthenticationError
from pegbox.schemas.account import Principal
from pegbox.settings import Settings
from pegbox.web.access.hosts import is_local_host
from pegbox.web.access.route_rules import accepts_ticket
from pegbox.web.access.signing import INVALID, Signer

COOKIE = "pegbox_token"
TOKEN_HEADERS = ("authorization", "x-hf-authorization")
TRACKIO_HEADER = "x-trackio-write-token"
API_TOKEN_FORM = "pb_"  # noqa: S105 - how every API token begins
SIGNED_FORM = "eyJ"
"""How every signed token begins: the Base64 of a JSON object."""

LONGEST_TOKEN = 4096

SHARED = Principal("shared token", "admin", "shared")
WORKER = Principal("worker", "maintainer", "shared")
"""The one that `pegbox up` has started."""

OPEN = Principal("local", "admin", "open")
"""Whoever reaches a service that asks for nothing."""


class Identity(Protocol):
    """Whom an id stands for, and what must still be proved."""

    @property
    def principal(self) -> Principal: ...
    @property
    def secret(self) -> str: ...


class Identities(Protocol):
    """The accounts, as a service knows them (`app.state.identities`)."""

    def remembered(self, key: Any) -> tuple[bool, Identity | None]: ...
    def look_up(self, key: Any) -> Identity | None: ...
    def note_use(self, token_id: str) -> None: ...


class Given(NamedTuple):
    """A token as it was sent."""

    token: str
    source: Literal["header", "cookie", "query"]


class Authenticator:
    """`knows_foreign`: clients of other services come here too and bring tokens of their own, which say nothing to us."""

    def __init__(self, settings: Settings, *, knows_foreign: bool = False) -> None:
        self.settings = settings
        self.signer = Signer(settings.home)
        self._knows_foreign = knows_foreign
        self._shared = settings.token.get_secret_value() if settings.token else ""
        self._worker = settings.worker_token.get_secret_value() if settings.worker_token else ""

    async def authenticate(self, scope: Scope, headers: Headers) -> Principal:
        """Raises AuthenticationError when nothing that was sent will do."""
        if self.settings.access == "off":
            return OPEN
        refusal: AuthenticationError | None = None
        for given in given_tokens(scope, headers):
            try:
                return await self._identify(given, scope)
            except AuthenticationError as error:
                if self._must_be_ours(given):
                    refusal = refusal or error
        if refusal is not None:
            raise refusal
        if self.settings.access == "optional" and is_local_host(headers.get("host", "")):
            return OPEN
        raise AuthenticationError("Authentication required: send 'Authorization: Bearer <token>'")

    def _must_be_ours(self, given: Given) -> bool:
        """An open service still refuses a wrong token that somebody sent on purpose; a cookie only lies about."""
        if self.settings.access == "required":
            return True
        has_our_form = given.token.startswith((API_TOKEN_FORM, SIGNED_FORM))
        return given.source != "cookie" and (has_our_form or not self._knows_foreign)

    async def _identify(self, given: Given, scope: Scope) -> Principal:
        token, source = given
        if self._is_shared(token):
            if source == "query" and scope["type"] != "websocket":
                raise AuthenticationError("A token in an address ends up in logs; ask for a ticket")
            return SHARED
        if source == "header" and _equal(token, self._worker):
            return WORKER
        if len(token) > LONGEST_TOKEN:
            raise AuthenticationError(INVALID)
        if token.startswith(API_TOKEN_FORM) and source == "header":
            token_id, secret = split_api_token(token)
            principal = _proved(await _find(scope, ("api_token", token_id)), secret)
            scope["app"].state.identities.note_use(token_id)
            return principal
        if not token.startswith(SIGNED_FORM):
            raise AuthenticationError(INVALID)
        if source == "query":
            return await self._by_subject(self.signer.read(token, "ticket").subject, scope)
        return await self._by_subject(
            self.signer.read(token, "browser" if source == "cookie" else "access").subject, scope
        )

    def principal_of(self, token: str, identities: Identities) -> Principal:
        """Whom the shared token or an API token stands for; asks the database. Raises AuthenticationError."""
        if self._is_shared(token):
            return SHARED
        token_id, secret = split_api_token(token)
        return _proved(identities.look_up(("api_token", token_id)) if token_id else None, secret)

    def _is_shared(self, token: str) -> bool:
        return _equal(token, self._shared)

    async def _by_subject(self, subject: str, scope: Scope) -> Principal:
        kind, _, value = subject.partition(":")
        if kind == "open" and self.settings.access == "optional":
            return OPEN
        if kind == "shared" and self._is_marked(value):
            return SHARED
        identity = await _find(scope, (kind, value)) if kind in ("login", "api_token") else None
        if identity is None:
            raise AuthenticationError("The login is over: sign in again")
        if identity.principal.via == "shared" and not self._is_marked(identity.secret):
            raise AuthenticationError("The shared token has changed: sign in again")
        return identity.principal

    def _is_marked(self, mark: str) -> bool:
        return bool(self._shared) and hmac.compare_digest(mark.encode(), self.signer.mark(self._shared).encode())

    def subject_of(self, principal: Principal) -> str:
        """What a ticket says of whoever asked for it."""
        if principal.login_id:
            return f"login:{principal.login_id}"
        if principal.via == "api_token":
            return f"api_token:{principal.api_token_id}"
        return f"shared:{self.signer.mark(self._shared)}" if principal.via == "shared" else "open"


def _equal(given: str, secret: str) -> bool:
    """Without telling by its time how much of it was right; nothing equals a secret that is not set."""
    return bool(secret) and hmac.compare_digest(given.encode(), secret.encode())


async def _find(scope: Scope, key: tuple[str, str]) -> Identity | None:
    """Without a query where the answer is fresh, else in a thread: the event loop waits for no database."""
    identities: Identities | None = getattr(scope["app"].state, "identities", None)
    if identities is None:
        return None
    is_known, identity = identities.remembered(key)
    return identity if is_known else await run_in_threadpool(identities.look_up, key)


def split_api_token(token: str) -> tuple[str, str]:
    """Id and secret of `pb_<id>_<secret>`; empty for anything else."""
    if not token.startswith(API_TOKEN_FORM):
        return "", ""
    token_id, _, secret = token.removeprefix(API_TOKEN_FORM).partition("_")
    return token_id, secret


def _proved(identity: Identity | None, secret: str) -> Principal:
    if identity is None or not hmac.compare_digest(identity.secret, hash_secret(secret)):
        raise AuthenticationError("The token is not valid: it was revoked, has expired, or never existed")
    return identity.principal


def hash_secret(secret: str) -> str:
    """Of an API token. Fast on purpose: 256 random bits cannot be guessed, and every request needs it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def given_tokens(scope: Scope, headers: Headers) -> Iterator[Given]:
    """The tokens a request carries: header, those of Gradio's and Trackio's clients (which may send one of the model hub
    beside), cookie, or for streams `?token=` (browsers cannot set headers there)."""
    for name in TOKEN_HEADERS:
        scheme, _, value = headers.get(name, "").partition(" ")
        if scheme.lower() == "bearer" and value.strip():
            yield Given(value.strip(), "header")
        elif scheme.lower() == "basic" and (password := _password(value.strip())) is not None:
            yield Given(password, "header")
    if value := headers.get(TRACKIO_HEADER, "").strip():
        yield Given(value, "header")
    if token := cookie_token(headers):
        yield Given(token, "cookie")
    query: bytes = scope.get("query_string", b"")
    if query and accepts_ticket(scope):
        for value in parse_qs(query.decode("latin-1")).get("token", ()):
            yield Given(value, "query")


def cookie_token(headers: Headers) -> str:
    """The login page's cookie; empty when there is none."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _password(credentials: str) -> str | None:
    """Of `Basic` credentials; the user's name does not matter."""
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return None
