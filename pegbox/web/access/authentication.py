"""Authenticates requests: the shared token, API tokens, tokens of a login, tickets, or local access without a token."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.types import Scope

from pegbox.errors import AuthenticationError
from pegbox.schemas.account import Principal
from pegbox.settings import Settings
from pegbox.web.access.credentials import (
    API_TOKEN_PREFIX,
    SIGNED_TOKEN_PREFIX,
    Credential,
    credentials_of,
    hash_secret,
    split_api_token,
)
from pegbox.web.access.hosts import is_local_host
from pegbox.web.access.identities import Identities, Identity
from pegbox.web.access.signing import INVALID, Signer

MAX_TOKEN_LENGTH = 4096

SHARED = Principal("shared token", "admin", "shared")
WORKER = Principal("worker", "maintainer", "shared")
"""The worker that `pegbox up` starts."""

OPEN = Principal("local", "admin", "open")
"""Any caller of a service that requires no authentication."""


class Authenticator:
    """Finds the `Principal` of a request.

    `accepts_foreign_tokens`: the service also has clients of other trackers, whose tokens are ignored rather than refused.
    """

    def __init__(self, settings: Settings, *, accepts_foreign_tokens: bool = False) -> None:
        self.settings = settings
        self.signer = Signer(settings.home)
        self._accepts_foreign_tokens = accepts_foreign_tokens
        self._shared = settings.token.get_secret_value() if settings.token else ""
        self._worker = settings.worker_token.get_secret_value() if settings.worker_token else ""

    async def authenticate(self, scope: Scope, headers: Headers) -> Principal:
        """The principal of the first valid credential. Raises AuthenticationError without one."""
        if self.settings.access == "off":
            return OPEN
        refusal: AuthenticationError | None = None
        for credential in credentials_of(scope, headers):
            try:
                return await self._identify(credential, scope)
            except AuthenticationError as error:
                if self._must_be_valid(credential):
                    refusal = refusal or error
        if refusal is not None:
            raise refusal
        if self.settings.access == "optional" and is_local_host(headers.get("host", "")):
            return OPEN
        raise AuthenticationError("Authentication required: send 'Authorization: Bearer <token>'")

    def principal_of(self, token: str, identities: Identities) -> Principal:
        """The principal of the shared token or an API token. Reads the database; raises AuthenticationError."""
        if self._is_shared(token):
            return SHARED
        token_id, secret = split_api_token(token)
        return _verified(identities.look_up(("api_token", token_id)) if token_id else None, secret)

    def subject_of(self, principal: Principal) -> str:
        """The subject of a ticket for this principal."""
        if principal.login_id:
            return f"login:{principal.login_id}"
        if principal.via == "api_token":
            return f"api_token:{principal.api_token_id}"
        return f"shared:{self.signer.fingerprint(self._shared)}" if principal.via == "shared" else "open"

    def _must_be_valid(self, credential: Credential) -> bool:
        """An open service still refuses an invalid token that was sent explicitly; a stale cookie is ignored."""
        if self.settings.access == "required":
            return True
        is_ours = credential.token.startswith((API_TOKEN_PREFIX, SIGNED_TOKEN_PREFIX))
        return credential.source != "cookie" and (is_ours or not self._accepts_foreign_tokens)

    async def _identify(self, credential: Credential, scope: Scope) -> Principal:
        token, source = credential
        if self._is_shared(token):
            if source == "query" and scope["type"] != "websocket":
                raise AuthenticationError("A token in an address ends up in logs; ask for a ticket")
            return SHARED
        if source == "header" and _equal(token, self._worker):
            return WORKER
        if len(token) > MAX_TOKEN_LENGTH:
            raise AuthenticationError(INVALID)
        if token.startswith(API_TOKEN_PREFIX) and source == "header":
            return await self._by_api_token(token, scope["app"].state.identities)
        if not token.startswith(SIGNED_TOKEN_PREFIX):
            raise AuthenticationError(INVALID)
        claims = self.signer.read(
            token, "ticket" if source == "query" else "browser" if source == "cookie" else "access"
        )
        return await self._by_subject(claims.subject, scope)

    async def _by_api_token(self, token: str, identities: Identities) -> Principal:
        token_id, secret = split_api_token(token)
        principal = _verified(await identities.find(("api_token", token_id)), secret)
        identities.note_use(token_id)
        return principal

    async def _by_subject(self, subject: str, scope: Scope) -> Principal:
        kind, _, value = subject.partition(":")
        if kind == "open" and self.settings.access == "optional":
            return OPEN
        if kind == "shared" and self._is_fingerprint_of_shared(value):
            return SHARED
        identity: Identity | None = None
        if kind in ("login", "api_token"):
            identity = await scope["app"].state.identities.find((kind, value))
        if identity is None:
            raise AuthenticationError("The login is over: sign in again")
        if identity.principal.via == "shared" and not self._is_fingerprint_of_shared(identity.secret):
            raise AuthenticationError("The shared token has changed: sign in again")
        return identity.principal

    def _is_shared(self, token: str) -> bool:
        return _equal(token, self._shared)

    def _is_fingerprint_of_shared(self, fingerprint: str) -> bool:
        return bool(self._shared) and _equal(fingerprint, self.signer.fingerprint(self._shared))


def _equal(given: str, secret: str) -> bool:
    """Compares in constant time. A secret that is not set equals nothing."""
    return bool(secret) and hmac.compare_digest(given.encode(), secret.encode())


def _verified(identity: Identity | None, secret: str) -> Principal:
    if identity is None or not hmac.compare_digest(identity.secret, hash_secret(secret)):
        raise AuthenticationError("The token is not valid: it was revoked, has expired, or never existed")
    return identity.principal
