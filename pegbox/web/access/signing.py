"""Signed tokens: what they say, who made them, and the key that both services share.

The key lies in the data folder, readable by its owner only, and is made by whichever process needs it first. Whoever deletes it
signs everybody out.
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
"""Clocks of two machines differ a little."""

Use = Literal["access", "refresh", "browser", "ticket"]
"""What a token is for: none of them is taken for another."""

EXPIRED = "The token has expired"
INVALID = "The token is not valid"


@dataclass(frozen=True, slots=True)
class Claims:
    """`subject` is `login:<id>`, `api_token:<prefix>`, `shared` or `open`; `token_id` is different for every token."""

    use: Use
    subject: str
    token_id: str


class Signer:
    """Makes and reads the signed tokens of one data folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._kept_key: bytes | None = None

    def issue(self, use: Use, subject: str, seconds: int, token_id: str | None = None) -> str:
        """A token that counts for so many seconds from now."""
        import jwt  # noqa: PLC0415 - a service that nobody signs in to does without

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
        """What a token of one of these uses says. Raises AuthenticationError for any other, and for one that is over."""
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

    def mark(self, secret: str) -> str:
        """Stands for a secret where the secret itself may not be kept."""
        return hmac.new(self._key(), secret.encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        if self._kept_key is None:
            self._kept_key = load_key(self._home)
        return self._kept_key


def new_token_id() -> str:
    """Random, 128 bits."""
    return secrets.token_hex(16)


def load_key(home: Path) -> bytes:
    """The data folder's signing key; made under a lock when there is none yet."""
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
