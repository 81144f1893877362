"""Signed tokens (JWT), and the key that both services sign them with.

The key is a file in the data folder, readable by its owner only, created by the first process that needs it. Deleting the file
signs all users out.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from pegbox.errors import AuthenticationError, PegboxError

ISSUER, AUDIENCE = "pegbox", "pegbox"
ALGORITHM = "HS256"
KEY_BYTES = 32
LEEWAY_SECONDS = 5
"""Tolerance for the difference between the clocks of two machines."""

Use = Literal["access", "refresh", "browser", "ticket"]
"""The purpose of a token; a token is accepted for its own purpose only."""

EXPIRED = "The token has expired"
INVALID = "The token is not valid"


@dataclass(frozen=True, slots=True)
class Claims:
    """`subject` is `login:<id>`, `api_token:<id>`, `shared:<fingerprint>` or `open`; `token_id` is unique."""

    use: Use
    subject: str
    token_id: str


class Signer:
    """Issues and reads the signed tokens of one data folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._cached_key: bytes | None = None

    def issue(self, use: Use, subject: str, seconds: int, token_id: str | None = None) -> str:
        """A token that expires after this many seconds."""
        import jwt  # noqa: PLC0415 - a service without sign-in never loads it

        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "jti": token_id or new_token_id(),
            "type": use,
        }
        return jwt.encode(claims, self._key(), algorithm=ALGORITHM)

    def read(self, token: str, *uses: Use) -> Claims:
        """The claims of a token for one of these uses. Raises AuthenticationError for any other token, and for an expired one."""
        import jwt  # noqa: PLC0415

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "jti", "type"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise AuthenticationError(EXPIRED) from error
        except jwt.PyJWTError as error:
            raise AuthenticationError(INVALID) from error
        use = claims["type"]
        if use not in get_args(Use) or use not in uses:
            raise AuthenticationError(INVALID)
        return Claims(cast(Use, use), str(claims["sub"]), str(claims["jti"]))

    def fingerprint(self, secret: str) -> str:
        """A keyed hash of a secret, for storage in place of the secret."""
        return hmac.new(self._key(), secret.encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        if self._cached_key is None:
            self._cached_key = load_key(self._home)
        return self._cached_key


def new_token_id() -> str:
    """A random id of 128 bits."""
    return secrets.token_hex(16)


def load_key(home: Path) -> bytes:
    """The signing key of a data folder, created under a lock when there is none. Raises PegboxError for a damaged file."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "signing.key"
    with (home / ".signing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            fresh = path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(secrets.token_bytes(KEY_BYTES))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.rename(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise PegboxError(f"{path} is damaged: delete it, and everybody signs in again")
    return key
