"""The credentials that a request carries, and the format of API tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Literal, NamedTuple
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from pegbox.web.access.route_rules import accepts_ticket

COOKIE = "pegbox_token"
TOKEN_HEADERS = ("authorization", "x-hf-authorization")
TRACKIO_HEADER = "x-trackio-write-token"

API_TOKEN_PREFIX = "pb_"  # noqa: S105 - the prefix of every API token
SIGNED_TOKEN_PREFIX = "eyJ"  # noqa: S105 - the Base64 of a JSON object, with which every JWT starts


class Credential(NamedTuple):
    """A token, and the part of the request that carries it."""

    token: str
    source: Literal["header", "cookie", "query"]


def credentials_of(scope: Scope, headers: Headers) -> Iterator[Credential]:
    """All tokens of a request, in order of precedence.

    The headers come first, including those of Gradio's and Trackio's clients (which may also send a token of the model hub), then
    the cookie, then `?token=` where a ticket is accepted, because browsers cannot set headers on streams.
    """
    for name in TOKEN_HEADERS:
        scheme, _, value = headers.get(name, "").partition(" ")
        if scheme.lower() == "bearer" and value.strip():
            yield Credential(value.strip(), "header")
        elif scheme.lower() == "basic" and (password := _password(value.strip())) is not None:
            yield Credential(password, "header")
    if value := headers.get(TRACKIO_HEADER, "").strip():
        yield Credential(value, "header")
    if token := cookie_token(headers):
        yield Credential(token, "cookie")
    query: bytes = scope.get("query_string", b"")
    if query and accepts_ticket(scope):
        for value in parse_qs(query.decode("latin-1")).get("token", ()):
            yield Credential(value, "query")


def cookie_token(headers: Headers) -> str:
    """The token in the sign-in cookie; empty without a cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _password(credentials: str) -> str | None:
    """The password of `Basic` credentials; the user name is ignored."""
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return None


def split_api_token(token: str) -> tuple[str, str]:
    """Id and secret of `pb_<id>_<secret>`; two empty strings for any other text."""
    if not token.startswith(API_TOKEN_PREFIX):
        return "", ""
    token_id, _, secret = token.removeprefix(API_TOKEN_PREFIX).partition("_")
    return token_id, secret


def hash_secret(secret: str) -> str:
    """SHA-256 of an API token's secret. A fast hash is enough for 256 random bits, and each request computes one."""
    return hashlib.sha256(secret.encode()).hexdigest()
