"""Password hashing with Argon2. Slow on purpose and 64 MiB per hash: never call it on the event loop."""

from __future__ import annotations

import secrets
import threading
from functools import cached_property
from typing import Protocol

MAX_CONCURRENT_HASHES = 2
"""Limits memory and threads during a flood of sign-ins; further ones wait."""


class Hasher(Protocol):
    """The interface of `pwdlib.PasswordHash`."""

    def hash(self, password: str) -> str: ...

    def verify_and_update(self, password: str, hash: str) -> tuple[bool, str | None]: ...


class Passwords:
    """Hashes and verifies passwords; `hasher` defaults to Argon2id with the library's parameters."""

    def __init__(self, hasher: Hasher | None = None) -> None:
        self._given = hasher
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """The hash to store."""
        return self._hasher.hash(password)

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """(whether the password matches, a new hash if the stored one uses outdated parameters)

        Without a stored hash (unknown user) a decoy is verified, so that the response time does not reveal which names exist.
        """
        with self._lock:
            decoy = self._decoy
        is_right, renewed = self._hasher.verify_and_update(password, stored or decoy)
        return (is_right, renewed) if stored else (False, None)

    @cached_property
    def _hasher(self) -> Hasher:
        if self._given is not None:
            return self._given
        from pwdlib import PasswordHash  # noqa: PLC0415 - only needed once somebody signs in

        return PasswordHash.recommended()

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(16))
