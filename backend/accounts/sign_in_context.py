"""What signing in works with, made once per process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from backend.accounts.passwords import AT_ONCE, Passwords
from backend.accounts.sign_in_limiter import Attempts
from pegbox.web.access.authentication import Authenticator
from pegbox.web.access.identities import Identities


@dataclass(slots=True)
class Door:
    """`threads` bounds how many passwords are hashed at once."""

    authenticator: Authenticator
    identities: Identities
    passwords: Passwords = field(default_factory=Passwords)
    attempts: Attempts = field(default_factory=Attempts)
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))


async def get_door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


TheDoor = Annotated[Door, Depends(get_door)]
