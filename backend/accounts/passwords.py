"""Passwords as Argon2 hashes. Slow on purpose: never on the event loop, and a few at a time (each takes 64 MiB)."""

from __future__ import annotations

import secrets
import threading
from functools import cached_property
from typing import Protocol

AT_ONCE = 2
"""Further sign-ins wait; a flood of them shall not take all memory and every thread."""


class Hasher(Protocol):
    """What `pwdlib.PasswordHash` does."""

    def hash(self, password: str) -> str: ...

    def verify_and_update(self, password: str, hash: str) -> tuple[bool, str | None]: ...


class Passwords:
    """`hasher` is Argon2id with the library's own parameters unless given."""

    def __init__(self, hasher: Hasher | None = None) -> None:
        self._given = hasher
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        """What is kept instead of the password."""
        return self._hasher.hash(password)

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash where the stored one is of older parameters.

        Without a stored hash (no such user) the same work is done on a decoy, so that the time tells nothing.
        """
        with self._lock:
            decoy = self._decoy
        is_right, renewed = self._hasher.verify_and_update(password, stored or decoy)
        return (is_right, renewed) if stored else (False, None)

    @cached_property
    def _hasher(self) -> Hasher:
        if self._given is not None:
            return self._given
        from pwdlib import PasswordHash  # noqa: PLC0415 - a service that nobody signs in to does without

        return PasswordHash.recommended()

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(16))
